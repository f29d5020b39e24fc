"""What was asked and what came back: the evidence that a failure is told from."""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from contract.harness.errors import Violation
from contract.harness.jose import Malformed, Token, read_token
from contract.harness.redaction import Secret, plain, scrub

# Signs of a code that are told: it is a stranger's text, of any length.
LONGEST_CODE = 80


@dataclass(frozen=True)
class Request:
    """A request as it may be shown: of what is secret in it nothing is a part of the repr.

    `body` is the body as it was given, `key` and `bearer` are the credentials that were presented; `names`
    has the variables by which a shell line may call ids of the run, `sent_at` is the service's time in Unix
    seconds, and `scheme` is the authentication scheme of the bearer.
    """

    method: str
    path: str
    body: Any = field(repr=False)
    sent_at: float
    headers: Mapping[str, str] = field(default_factory=dict)
    key: Secret | None = None
    bearer: "Token | str | None" = field(default=None, repr=False)
    query: Mapping[str, Any] = field(default_factory=dict, repr=False)
    names: Mapping[str, str] = field(default_factory=dict, repr=False)
    scheme: str = "Bearer"

    @property
    def where(self) -> str:
        """Method and path, as a sentence names a request: `POST /v1/tokens`."""
        return f"{self.method} {self.path}"

    @property
    def text(self) -> str:
        """Path and body as the service reads them, secrets and all: to compare with, not to show."""
        if isinstance(self.body, Raw):
            body = self.body.content.decode("utf-8", "replace")
        else:
            body = json.dumps(on_the_wire(self.body), ensure_ascii=False)
        return f"{unquote(self.path)}\n{body}"


@dataclass(frozen=True, repr=False)
class Response:
    """One answer of the service; its repr shows the status alone."""

    request: Request
    status: int
    headers: Mapping[str, str]
    content: bytes
    seconds: float

    def __repr__(self) -> str:
        return f"<answer {self.status} to {self.request.where}>"

    @functools.cached_property
    def json(self) -> Any:
        """The body; a `Violation` if it is no JSON."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            raise Violation(
                f"asked {self.request.where}; the contract says a JSON body; "
                f"{self.status} came back with a body that is no JSON"
            ) from None

    @property
    def object(self) -> dict[str, Any]:
        """The body as a JSON object; a `Violation` if it is none."""
        body = self.json
        if not isinstance(body, dict):
            raise Violation(
                f"asked {self.request.where}; the contract says a JSON object; "
                f"{self.status} came back with a JSON {type(body).__name__}"
            )
        return body

    @property
    def code(self) -> str | None:
        """The `code` of an error body, if there is one, as it may be shown."""
        try:
            body = json.loads(self.content)
        except (ValueError, RecursionError):
            return None
        code = body.get("code") if isinstance(body, dict) else None
        return plain(code)[:LONGEST_CODE] if isinstance(code, str) else None

    @property
    def summary(self) -> str:
        """Status and code as a failure tells them: `401 (invalid_token)`."""
        return f"{self.status} ({self.code})" if self.code else str(self.status)

    @property
    def date(self) -> float | None:
        """The `Date` header in Unix seconds, if there is a readable one."""
        try:
            return parsedate_to_datetime(self.headers["date"]).timestamp()
        except (KeyError, ValueError):
            return None


@dataclass(frozen=True, repr=False)
class Pair:
    """A token pair as it was answered, read strictly."""

    response: Response
    access: Token
    refresh: Token

    def __repr__(self) -> str:
        return f"<pair {self.access!r} {self.refresh!r}>"

    @property
    def body(self) -> dict[str, Any]:
        """The whole answer."""
        return self.response.object

    @property
    def tokens(self) -> Mapping[str, Token]:
        """Both tokens by name: `access`, `refresh`."""
        return {"access": self.access, "refresh": self.refresh}


def pair_of(response: Response) -> Pair:
    """Read the pair in `answer`; a `Violation` says which of the tokens is no token."""
    body = response.object
    tokens = {}
    for name in ("accessToken", "refreshToken"):
        try:
            tokens[name] = read_token(body.get(name))
            _whole_times(tokens[name])
        except Malformed as reason:
            raise Violation(
                f"asked {response.request.where}; the contract says {name} is an RS256 JWT "
                f"with exp, iat and meta in their forms; {response.status} came back and {reason}"
            ) from None
    return Pair(response, tokens["accessToken"], tokens["refreshToken"])


def _whole_times(token: Token) -> None:
    """Touch what chapters read, so that a malformed claim is told here, once, with its reason."""
    _ = token.lifetime, token.mark


@dataclass(frozen=True, repr=False)
class Raw:
    """A body that is sent as it stands, JSON or not: text, bytes and tokens, end to end."""

    parts: tuple[Token | bytes | str, ...]

    @property
    def content(self) -> bytes:
        """The body as it goes over the wire."""
        return b"".join(
            part if isinstance(part, bytes) else str(on_the_wire(part)).encode() for part in self.parts
        )

    def text(self, names: Mapping[str, str] = MappingProxyType({})) -> str:
        """Return the body as `shown` shows it; what is no text is escaped."""
        return "".join(
            part.decode("utf-8", "backslashreplace")
            if isinstance(part, bytes)
            else str(displayable(part, names))
            for part in self.parts
        )


def called(kind: str) -> str:
    """Return what a shell calls a thing of this kind: `API_KEY`."""
    return kind.upper().replace(" ", "_")


class Variable(str):
    """The name of a shell's variable, `$` and all: no text of a service is one, whatever it looks like."""

    __slots__ = ()


def displayable(value: Any, names: Mapping[str, str] = MappingProxyType({})) -> Any:
    """Return `value` with every secret and token replaced by the `Variable` that stands for it.

    `names` has those of single texts; any other token or secret goes by its kind.
    """
    if isinstance(value, Token):
        kind = "REFRESH_TOKEN" if value.claims.get("token_type") == "refresh" else "ACCESS_TOKEN"
        return Variable(f"${names.get(value.text, kind)}")
    if isinstance(value, Secret):
        return Variable(f"${names.get(value.reveal(), called(value.kind))}")
    if isinstance(value, Mapping):
        return {name: displayable(item, names) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [displayable(item, names) for item in value]
    if isinstance(value, str):
        return Variable(f"${names[value]}") if value in names else scrub(value)
    return value


def on_the_wire(value: Any) -> Any:
    """Return `value` as it goes over the wire: tokens and secrets as their text."""
    if isinstance(value, Token):
        return value.text
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Mapping):
        return {name: on_the_wire(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [on_the_wire(item) for item in value]
    return value
