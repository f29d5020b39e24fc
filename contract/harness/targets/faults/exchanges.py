"""A request and a response on their way through the fault proxy, as values that a fault reads and changes."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from contract.harness.jose import Malformed, Token, read_token
from contract.harness.spec import ENDPOINTS, TOKEN_PREFIXES, routes

PAIR = ("accessToken", "refreshToken")
TOKENS = re.compile(rf"(?:{'|'.join(TOKEN_PREFIXES)})?eyJ[\w-]+\.[\w-]+\.[\w-]+")
_MINT_PATHS = frozenset(mint.path for mint in ENDPOINTS.values())


def object_of(content: bytes) -> dict[str, Any]:
    """Return the JSON object in `content`; an empty one if there is none."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def token_of(text: object) -> Token | None:
    """Return `text` as a token; None if it is not one."""
    try:
        return read_token(text)
    except Malformed:
        return None


def iso(seconds: float) -> str:
    """Return a Unix time as the service writes it: ISO 8601, UTC, milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, repr=False)
class Call:
    """A request; `path` is raw and includes the query, header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    content: bytes

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object that it carries; an empty one if it carries none."""
        return object_of(self.content)

    @property
    def mints(self) -> bool:
        """Whether it goes to a mint endpoint."""
        return self.method == "POST" and self.path in _MINT_PATHS

    @property
    def refreshes(self) -> bool:
        """Whether it is a refresh."""
        return (self.method, self.path) == ("POST", routes.REFRESH)

    @property
    def presented(self) -> Token | None:
        """The refresh token that it presents."""
        return token_of(self.body.get("refreshToken"))

    def with_body(self, body: Mapping[str, Any]) -> "Call":
        """Return it with another JSON body."""
        return replace(self, content=json.dumps(body).encode())


@dataclass(frozen=True, repr=False)
class Reply:
    """A response."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object that it carries; an empty one if it carries none."""
        return object_of(self.content)

    def with_body(self, body: Mapping[str, Any]) -> "Reply":
        """Return it with another JSON body."""
        return replace(self, content=json.dumps(body).encode())


def refusal(code: str, status: int = 401) -> Reply:
    """Return a refusal as the service writes one."""
    return Reply(status, {"content-type": "application/json"}).with_body({"error": code, "code": code})
