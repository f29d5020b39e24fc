"""Requests, responses and token pairs as a run records them, with every secret hidden from their repr."""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote

from contract.harness.client.bodies import Raw, json_object, on_the_wire
from contract.harness.errors import Violation
from contract.harness.jose import Malformed, Token, read_token
from contract.harness.redaction import Secret, plain

LONGEST_CODE = 80
"""Characters of an error code that are shown: the service may send a text of any length."""
# A machine code, as opposed to prose: docs/contract.md, Errors.
_CODE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
LONG_BEARER = 4096
"""Characters; a bearer that is longer may be refused by the HTTP server itself."""
_STORAGE = frozenset({"storage_overloaded", "storage_capacity_exhausted"})


@dataclass(frozen=True)
class Request:
    """A request as it may be shown: its repr holds no secret.

    `body` is the body as it was given, `key` and `bearer` are the credentials that were presented; `names`
    has the shell variables for ids of the run, `sent_at` is the service's time in Unix seconds, and `scheme`
    is the authentication scheme of the bearer.
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
    def has_long_bearer(self) -> bool:
        """Whether an HTTP server may refuse the request for its header before the service sees it."""
        return len(on_the_wire(self.bearer) or "") > LONG_BEARER

    @property
    def members(self) -> Mapping[str, Any]:
        """The members of the body if it is a JSON object, with tokens and secrets as such; else none."""
        body = self.body
        if isinstance(body, Raw):
            body = json_object(body.content)
        return body if isinstance(body, dict) else {}

    @property
    def text(self) -> str:
        """Path and body as the service reads them, with secrets: to compare with, never to show."""
        if isinstance(self.body, Raw):
            body = self.body.content.decode("utf-8", "replace")
        else:
            body = json.dumps(on_the_wire(self.body), ensure_ascii=False)
        return f"{unquote(self.path)}\n{body}"


@dataclass(frozen=True, repr=False)
class Response:
    """One response of the service; its repr shows the status only."""

    request: Request
    status: int
    headers: Mapping[str, str]
    content: bytes
    seconds: float

    def __repr__(self) -> str:
        return f"<response {self.status} to {self.request.where}>"

    @functools.cached_property
    def json(self) -> Any:
        """The body as JSON; a `Violation` if it is not JSON."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            raise Violation(
                f"sent {self.request.where}; the contract requires a JSON body; "
                f"got {self.status} with a body that is not JSON"
            ) from None

    @property
    def object(self) -> dict[str, Any]:
        """The body as a JSON object; a `Violation` if it is not one."""
        body = self.json
        if not isinstance(body, dict):
            raise Violation(
                f"sent {self.request.where}; the contract requires a JSON object; "
                f"got {self.status} with a JSON {type(body).__name__}"
            )
        return body

    @property
    def code(self) -> str | None:
        """The machine code of an error, as it may be shown: `code`, else an `error` that is not prose."""
        body = self.parsed
        code, error = body.get("code"), body.get("error")
        if isinstance(code, str):
            return plain(code)[:LONGEST_CODE]
        return plain(error)[:LONGEST_CODE] if isinstance(error, str) and _CODE.fullmatch(error) else None

    @property
    def turned_away(self) -> bool:
        """Whether the service says that it did nothing and can be sent the same request again, later."""
        return self.status == 429 or (
            self.status == 503 and "retry-after" in self.headers and self.tells_of_storage
        )

    @property
    def tells_of_storage(self) -> bool:
        """Whether it is the service's JSON about its storage (docs/contract.md, Overload and rate limits)."""
        return self.code in _STORAGE and self.parsed.get("retryable") is True

    @functools.cached_property
    def parsed(self) -> Mapping[str, Any]:
        """The body if it is a JSON object, else an empty one: for reading without judging."""
        return json_object(self.content)

    @property
    def summary(self) -> str:
        """Status and code as a failure names them: `401 (invalid_token)`."""
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
    """The token pair of one response, read strictly."""

    response: Response
    access: Token
    refresh: Token

    def __repr__(self) -> str:
        return f"<pair {self.access!r} {self.refresh!r}>"

    @property
    def body(self) -> dict[str, Any]:
        """The whole response body."""
        return self.response.object

    @property
    def tokens(self) -> Mapping[str, Token]:
        """Both tokens by name: `access`, `refresh`."""
        return {"access": self.access, "refresh": self.refresh}


def pair_of(response: Response) -> Pair:
    """Return the pair in `response`; a `Violation` says which of the two is not a token."""
    body = response.object
    tokens = {}
    for name in ("accessToken", "refreshToken"):
        try:
            tokens[name] = read_token(body.get(name))
            _whole_times(tokens[name])
        except Malformed as reason:
            raise Violation(
                f"sent {response.request.where}; the contract requires {name} to be an RS256 JWT with "
                f"well-formed exp, iat and meta; got {response.status}, and {reason}"
            ) from None
    return Pair(response, tokens["accessToken"], tokens["refreshToken"])


def _whole_times(token: Token) -> None:
    """Read what the clauses read, so that a malformed claim is reported here, with its reason."""
    _ = token.lifetime, token.mark
