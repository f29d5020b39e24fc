"""The form of an answer: what is left of it without the ids, times and signatures of one run."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contract.harness.client import Response
from contract.harness.jose import Malformed, Token, read_token
from contract.harness.redaction import plain

PROSE = frozenset({"error", "code", "message"})
"""Members of an error body that are compared as one machine code: the texts are for people."""
NEAR = 120
"""Seconds by which the `iat` of a new token may be off the service's time and still be "now"."""
DEEPEST = 12
"""Levels of a body that are compared."""
_RUN_NAME = re.compile(
    r"relayauth-contract-[0-9a-f]{8}((?:-agent)?)(?:-\d+)?(?:-[0-9a-f]{8}|-[0-9a-f]{4})?(?![0-9a-f])"
)
_RANDOM = re.compile(r"\b(random|agent)_[0-9a-f]{16}\b")
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_DIGIT = re.compile(r"\d")
_PREFIX = re.compile(r"(?:relay_(?:ag|pa|ws)_|[a-z]{2,8}_)?")
# A fixed id, such as `agent_cloud-orchestrator`, is compared as it is.
_WORDS = re.compile(r"[a-z]+(?:[-_][a-z]+)*")
_ORGS = frozenset({"org", "orgId", "wks", "workspaceId"})
_DRAWN_IDS = frozenset({"id", "jti", "sid", "prefix", "key"}) | _ORGS
_IDS = _DRAWN_IDS | {"sub", "sponsorChain"}
_TIMES = frozenset({"exp", "nbf", "iat"})
_UNORDERED = frozenset({"scopes", "aud", "audience", "accessScopes", "accessAudience"})
_EXPIRES = {"accessTokenExpiresAt": "accessToken", "refreshTokenExpiresAt": "refreshToken"}
_ENCODED = frozenset(
    {"accessScopes", "accessAudience", "paths"}
)  # docs/contract.md, Entries of meta: JSON text


@dataclass(frozen=True)
class Id:
    """An id: `form` is what it has in common with its counterpart, `text` is what only this run has."""

    form: str
    text: str = field(repr=False)


class Words(str):
    """What is said of a value instead of the value itself."""

    __slots__ = ()


class Anything:
    """Stands for what others may have put there: it is like everything."""


@dataclass(frozen=True)
class Answer:
    """What two targets have in common where they answer alike; `body` is a tree of values and ids."""

    status: int
    media: str | None
    code: str | None
    body: Any

    @property
    def accepted(self) -> bool:
        """Whether the request was granted."""
        return self.status < 300

    @property
    def summary(self) -> str:
        """Status and code, as a person reads them."""
        return f"{self.status} ({self.code})" if self.code else str(self.status)


def without_names(text: str) -> str:
    """Return `text` without what a run draws for its names."""
    return _RANDOM.sub(r"\1_…", _RUN_NAME.sub(r"relayauth-contract-…\1", text))


def without_id(text: str) -> str:
    """Return an id without what only this run has of it."""
    own, prefix = without_names(text), _PREFIX.match(text)
    return own if own != text else f"{prefix[0] if prefix else ''}…"


def answer(response: Response, moments: Mapping[int, str]) -> Answer:
    """Return the form of `response`; `moments` names the times, in Unix seconds, that were requested."""
    media = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Answer(
        response.status,
        plain(media) if response.content and media else None,
        response.code if response.status >= 400 else None,
        _body(response, _Form(response.request.sent_at, moments)),
    )


def _body(response: Response, form: "_Form") -> Any:
    if not response.content:
        return None
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return Words("no JSON")
    if not isinstance(body, dict):
        return form.value("", body)
    if response.status >= 400:
        return {name: _kind(value) for name, value in body.items() if name not in PROSE}
    if isinstance(body.get("data"), list):
        # Which identities an org has, and so whether there is another page, is not the run's affair.
        more = {name: _kind(value) for name, value in body.items() if name != "data"}
        return {"cursor": Anything(), **more, "data": _common_members(body["data"])}
    if isinstance(body.get("keys"), list):
        return {"keys": sorted({json.dumps(_key(each), sort_keys=True) for each in body["keys"]})}
    return form.value("", body)


def _kind(value: Any) -> Any:
    """Return a member of an error: what varies from one error to the next is compared by its type."""
    return value if isinstance(value, bool) or value is None else Words(f"a {type(value).__name__}")


def _common_members(items: list[Any]) -> Any:
    """Return the members that all items have, with their types."""
    found = [
        {(name, type(value).__name__) for name, value in each.items()}
        for each in items
        if isinstance(each, dict)
    ]
    return dict(sorted(set.intersection(*found))) if found else Anything()


def _key(key: Any) -> Any:
    """Return the form of a public key: its id and its modulus by their length."""
    if not isinstance(key, dict):
        return _kind(key)
    return {
        name: Words(f"{len(value)} characters") if name in ("kid", "n") and isinstance(value, str) else value
        for name, value in key.items()
    }


class _Form:
    """Reduces the values of one answer, given the service's time and the times that were requested."""

    def __init__(self, now: float, moments: Mapping[int, str]) -> None:
        self._now, self._moments = now, moments

    def value(self, name: str, value: Any, depth: int = 0) -> Any:
        """Return the form of the value of member `name`."""
        if depth > DEEPEST:
            return Words("…")
        if isinstance(value, dict):
            return self._object(value, depth)
        if isinstance(value, list):
            return self._list(name, value, depth)
        return self._text(name, value) if isinstance(value, str) else value

    def claims(self, claims: Mapping[str, Any], depth: int, *, new: bool) -> dict[str, Any]:
        """Return the form of the claims of a token, which was issued just now if it is `new`."""
        return {
            name: self._time(name, value, claims.get("iat"), new=new)
            if name in _TIMES and _is_number(value)
            else self.value(name, value, depth + 1)
            for name, value in claims.items()
        }

    def _object(self, value: dict[str, Any], depth: int) -> dict[str, Any]:
        if "exp" in value and "iat" in value:
            return self.claims(value, depth, new=False)
        found: dict[str, Any] = {}
        for name, each in value.items():
            token = _token(value.get(_EXPIRES.get(name, "")))
            found[name] = _announced(each, token) if token else self.value(name, each, depth + 1)
        return found

    def _list(self, name: str, value: list[Any], depth: int) -> list[Any]:
        items = [self.value(name, each, depth + 1) for each in value]
        return sorted(items, key=repr) if name in _UNORDERED else items

    def _text(self, name: str, text: str) -> Any:
        if name in _EXPIRES.values() or (text.count(".") == 2 and "eyJ" in text[:16]):
            return self._token(text)
        if name in _ENCODED and (items := _json_list(text)) is not None:
            return self._list(name, items, 0)
        if _ISO.fullmatch(text):
            requested = self._moments.get(int(datetime.fromisoformat(text).timestamp()))
            return Words(requested or f"a time, as {re.sub(_DIGIT, '0', text)}")
        if name == "kid":
            return Id(f"{len(text)} characters", text)
        own = without_names(text)
        named = name in _IDS or name.endswith("Id")
        if named and (name in _DRAWN_IDS or not _WORDS.fullmatch(own)):
            return Id(without_id(text), text)
        return plain(own)

    def _token(self, text: str) -> Any:
        try:
            token = read_token(text)
        except Malformed as reason:
            return Words(f"no token: {reason}")
        header = {name: self.value(name, each, 1) for name, each in token.header.items()}
        claims = self.claims(token.claims, 1, new=True)
        return {"prefix": token.prefix, "header": header, "claims": claims}

    def _time(self, name: str, value: float, iat: Any, *, new: bool) -> Words:
        if name == "iat":
            apart = value - self._now
            late = "now" if abs(apart) <= NEAR else "before now" if apart < 0 else "after now"
            return Words(late if new else "a time")
        if int(value) in self._moments:
            return Words(f"to {self._moments[int(value)]}")
        return Words(f"{value - iat:.15g} s" if _is_number(iat) else "a time")


def _announced(value: Any, token: Token) -> Any:
    """Return the form of an announced expiry: how far it is from the `exp` of its token."""
    if not isinstance(value, str) or not _ISO.fullmatch(value) or not _is_number(token.claims.get("exp")):
        return value
    apart = datetime.fromisoformat(value).timestamp() - token.claims["exp"]
    form = re.sub(_DIGIT, "0", value)
    return Words(f"its exp, as {form}" if not apart else f"its exp {apart:+.3f} s, as {form}")


def _token(text: Any) -> Token | None:
    try:
        return read_token(text)
    except Malformed:
        return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _json_list(text: str) -> list[Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) else None
