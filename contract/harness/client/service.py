"""The service under test, as a client sees it: each call once, counted, within bounds, and on record."""

import contextlib
import json
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from contract.harness.client.messages import Raw, Request, Response, on_the_wire
from contract.harness.client.transcript import Transcript
from contract.harness.errors import CouldNotTry
from contract.harness.jose import Token
from contract.harness.redaction import Secret, remember_tokens_in, scrub
from contract.harness.spec import routes
from contract.harness.targets import REAL, Connection, ObservedClock, exchange

# Seconds that a run waits when it is told to: for one answer, and in all.
_NO_IDENTITY = routes.identity("agent_relayauth-contract-nobody")
LONGEST_WAIT = 60.0
LONGEST_WAITS = 180.0
# From a gateway before the service, not from the service (RFC 9110, section 15.6).
GATEWAY = frozenset({502, 503, 504})


@dataclass(frozen=True, repr=False)
class PreparedRequest:
    """A request that is ready to be sent, and how it may be shown."""

    request: Request
    http_request: httpx.Request

    def response(self, http_response: httpx.Response, seconds: float) -> Response:
        """Return what came back for it; `seconds` is wall time."""
        return Response(
            self.request, http_response.status_code, http_response.headers, http_response.content, seconds
        )


class Service:
    """Speaks wire.md to one connection.

    `trail` holds what the clause on trial has asked or consulted, `refusals` every answer of the run with a
    status of 400 and more, and `names` the variables by which a shell line may call ids of the run.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.clock = connection.clock
        self.requests = 0
        self.transcript = Transcript()
        self.refusals: list[Response] = []
        self.kids: set[str] = set()
        self.names: dict[str, str] = {}
        self._waited = 0.0
        self._addresses: dict[str, httpx.URL] = {}

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        key: Secret | None = None,
        bearer: Token | str | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        scheme: str = "Bearer",
    ) -> Response:
        """Send one request and return the answer, whatever its status.

        `key` goes into `x-api-key`, `bearer` into `Authorization`; `body` is JSON and may hold `Token`s and
        `Secret`s. A 429 is waited out, within bounds: the service said that it did nothing. Nothing else is
        ever sent twice. Raises `CouldNotTry` if no answer of the service came.
        """
        prepared = self.prepare(
            method, path, body=body, key=key, bearer=bearer, query=query, headers=headers, scheme=scheme
        )
        while True:
            self.requests += 1
            started = REAL["perf"]()
            http_response = exchange(self.connection.http, prepared.http_request)
            response = prepared.response(http_response, REAL["perf"]() - started)
            if response.status != 429:
                break
            self._wait(response)
        return self.recorded(response)

    def prepare(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        key: Secret | None = None,
        bearer: Token | str | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        scheme: str = "Bearer",
    ) -> PreparedRequest:
        """Return the request that `call` would send, for one that is sent together with others."""
        sent = Request(
            method,
            path,
            body,
            self.clock.now(),
            dict(headers or {}),
            key,
            bearer,
            query or {},
            self.names,
            scheme,
        )
        wire = dict(headers or {})
        if key is not None:
            wire["x-api-key"] = key.reveal()
        if bearer is not None:
            wire["authorization"] = f"{scheme} {on_the_wire(bearer)}"
        content = None
        if body is not None:
            wire["content-type"] = "application/json"
            content = body.content if isinstance(body, Raw) else json.dumps(on_the_wire(body)).encode()
        request = self.connection.http.build_request(
            method, self._address(path), content=content, headers=wire, params=on_the_wire(query)
        )
        return PreparedRequest(sent, request)

    def _address(self, path: str) -> httpx.URL:
        """Return where `path` is; the few there are are put together once, which is a tenth of a request."""
        if path not in self._addresses:
            try:
                self._addresses[path] = httpx.URL(str(self.connection.http.base_url).rstrip("/") + path)
            except httpx.InvalidURL:
                raise CouldNotTry(
                    f"no URL can hold {scrub(repr(path))}, with what the service gave"
                ) from None
        return self._addresses[path]

    @contextlib.contextmanager
    def over_a_new_connection(self) -> Iterator[None]:
        """Send what is sent inside over connections of their own, where the target has connections."""
        usual = self.connection
        with usual.second_http() as http:
            self.connection = replace(usual, http=http)
            try:
                yield
            finally:
                self.connection = usual

    def recorded(self, response: Response) -> Response:
        """Put `answer` on record and return it; `CouldNotTry` if it is not the service's own."""
        self.transcript.record(response)
        if b"eyJ" in response.content:
            remember_tokens_in(response.content.decode("utf-8", "replace"))
        if response.status >= 400:
            self.refusals.append(response)
        if self.connection.kind == "url":
            where = response.request.where
            if response.status in GATEWAY:
                raise CouldNotTry(f"{where}: {response.status} came from a gateway, not from the service")
            if 300 <= response.status < 400:
                place = scrub(response.headers.get("location", "nowhere"))
                raise CouldNotTry(
                    f"{where}: {response.status} redirects to {place}, and credentials do not follow a "
                    "redirect: give that address if you trust it"
                )
        return response

    def _wait(self, response: Response) -> None:
        where = response.request.where
        seconds = max(0.0, _retry_after(response.headers.get("retry-after", "1")))
        bound = None
        if seconds > LONGEST_WAIT:
            bound = f"this run waits {LONGEST_WAIT:.0f} s at most for one answer"
        elif self._waited + seconds > LONGEST_WAITS:
            bound = f"this run has waited {_exactly(self._waited)}, of {LONGEST_WAITS:.0f} s at most in all"
        if bound:
            raise CouldNotTry(f"{where}: 429 asks to wait {_exactly(seconds)}; {bound}")
        # A service that says "now" and means "later" must not be hammered, nor may it hold us for ever.
        seconds = max(seconds, 0.5)
        self._waited += seconds
        time.sleep(seconds)

    def synchronise(self, response: Response) -> None:
        """Take the service's time from `answer`, where its clock can only be observed."""
        if isinstance(self.clock, ObservedClock) and response.date is not None:
            # A Date header is cut to whole seconds: half of one is the best guess of the rest.
            self.clock.observe(response.date + 0.5)

    def refresh(self, token: Token | str | None, **fields: Any) -> Response:
        """`POST /v1/tokens/refresh`, with `fields` beside the token."""
        return self.call("POST", routes.REFRESH, body={"refreshToken": token, **fields})

    def introspect(self, token: Token, key: Secret) -> Response:
        """`GET /v1/tokens/introspect`."""
        return self.call("GET", routes.INTROSPECT, key=key, query={"token": token})

    def revoke(self, key: Secret, **what: str) -> Response:
        """`POST /v1/tokens/revoke` by `tokenId`, `identityId` or `sessionId`."""
        return self.call("POST", routes.REVOKE, key=key, body=what)

    def present_bearer(self, bearer: Token | str, scheme: str = "Bearer") -> Response:
        """Present `bearer` to a route of the service: 401 is a refusal, all else means it was accepted."""
        return self.call("GET", _NO_IDENTITY, bearer=bearer, scheme=scheme)


def _exactly(seconds: float) -> str:
    """Tell seconds, rounded up to a hundredth: what passes a bound does not read like the bound."""
    return f"{math.ceil(seconds * 100) / 100 if math.isfinite(seconds) else seconds:.12g} s"


def _retry_after(value: str) -> float:
    """Read a `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date; a value that is neither is 1 s."""
    if value.strip().isdecimal():
        return float(value)
    try:
        return (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        return 1.0
