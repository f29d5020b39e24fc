"""What a proxy can get wrong between the harness and any server: each fault bends requests or answers."""

import functools
import importlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from contract.harness.jose import Malformed, SigningKey, Token, read_token
from contract.harness.spec import ENDPOINTS, routes

PAIR = ("accessToken", "refreshToken")
_MINT_PATHS = frozenset(mint.path for mint in ENDPOINTS.values())
TOKENS = re.compile(r"(?:relay_(?:ag|pa)_)?eyJ[\w-]+\.[\w-]+\.[\w-]+")
_ROOMS = ("lifetimes", "rotations", "sessions", "revocations", "doors")


def object_of(content: bytes) -> dict[str, Any]:
    """Return the JSON object in `content`, an empty one if there is none."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def token_of(text: object) -> Token | None:
    """Return the token that `text` is, None if it is none."""
    try:
        return read_token(text)
    except Malformed:
        return None


@dataclass(frozen=True, repr=False)
class Call:
    """A request on its way: `path` is raw and holds the query, `headers` are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    content: bytes

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object that is sent, an empty one if none is."""
        return object_of(self.content)

    @property
    def mints(self) -> bool:
        """Whether it asks a mint endpoint."""
        return self.method == "POST" and self.path in _MINT_PATHS

    @property
    def refreshes(self) -> bool:
        """Whether it asks for a refresh."""
        return (self.method, self.path) == ("POST", routes.REFRESH)

    @property
    def presented(self) -> Token | None:
        """The refresh token that it presents."""
        return token_of(self.body.get("refreshToken"))

    def saying(self, body: Mapping[str, Any]) -> "Call":
        """Return it with another body."""
        return replace(self, content=json.dumps(body).encode())


@dataclass(frozen=True, repr=False)
class Reply:
    """An answer on its way back."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object that is answered, an empty one if none is."""
        return object_of(self.content)

    def saying(self, body: Mapping[str, Any]) -> "Reply":
        """Return it with another body."""
        return replace(self, content=json.dumps(body).encode())


def refusal(code: str, status: int = 401) -> Reply:
    """Return what a service says that refuses."""
    return Reply(status, {"content-type": "application/json"}).saying({"error": code, "code": code})


class Fault:
    """Base of all faults: between harness and server each does one thing wrong.

    `breaks` are the clauses that see it. One of them serves one connection, so it may remember what passed;
    `one_by_one` says that a request has to wait until those before it are answered.
    """

    breaks: ClassVar[frozenset[str]] = frozenset()
    one_by_one: ClassVar[bool] = False

    def __init__(self, key: SigningKey, now: Callable[[], float]) -> None:
        self.key = key
        self.now = now

    def ask(self, call: Call) -> Call | Reply:
        """Return what the server is asked in place of `call`; a `Reply` where it is not asked at all."""
        return call

    def answer(self, call: Call, reply: Reply) -> Reply:
        """Return what the harness is told in place of `reply`, the server's answer to `call`."""
        return reply


class Retelling(Fault):
    """Base of the faults that sign tokens anew: the server never sees any but its own."""

    def __init__(self, key: SigningKey, now: Callable[[], float]) -> None:
        super().__init__(key, now)
        self._own: dict[str, str] = {}

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Return the claims that the token `name` (`accessToken`, `refreshToken`) gets."""
        raise NotImplementedError

    def prefix(self, call: Call, prefix: str) -> str:
        """Return the prefix that a token gets."""
        return prefix

    def ask(self, call: Call) -> Call:
        """Give the server its own token for each that was told anew."""
        if not self._own:
            return call
        return replace(
            call,
            path=self._meant(call.path),
            headers={name: self._meant(value) for name, value in call.headers.items()},
            content=self._meant(call.content.decode("latin-1")).encode("latin-1"),
        )

    def _meant(self, text: str) -> str:
        return TOKENS.sub(lambda found: self._own.get(found[0], found[0]), text)

    def answer(self, call: Call, reply: Reply) -> Reply:
        """Tell a pair anew, and the announced expiries with it."""
        body = reply.body
        if not (call.mints or call.refreshes) or not set(PAIR) <= set(body):
            return reply
        told = dict(body)
        for name in PAIR:
            token = token_of(body[name])
            if token is None:
                return reply
            claims = self.claims(call, name, json.loads(json.dumps(token.claims)))
            prefix = self.prefix(call, token.prefix)
            if claims == token.claims and prefix == token.prefix:
                continue
            told[name] = self.key.sign(claims, prefix=prefix, header=token.header)
            told[f"{name}ExpiresAt"] = iso(claims["exp"])
            self._own[told[name]] = body[name]
        return reply if told == body else reply.saying(told)


def iso(seconds: float) -> str:
    """Return a Unix time as the service writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@functools.cache
def faults() -> Mapping[str, type[Fault]]:
    """Return every fault by its name."""
    rooms = [importlib.import_module(f"{__name__}.{room}") for room in _ROOMS]
    return {
        name: value
        for room in rooms
        for name, value in vars(room).items()
        if getattr(value, "__module__", None) == room.__name__ and hasattr(value, "breaks") and name[0] != "_"
    }
