"""The service under test, as a client sees it: each call once, counted, within bounds, and on record."""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from contract.harness.clocks import REAL, ObservedClock
from contract.harness.connections import Connection
from contract.harness.errors import CouldNotTry
from contract.harness.exchanges import Answer, Asked, Raw, sent
from contract.harness.redaction import Secret, remember_tokens_in, scrub
from contract.harness.tokens import Token
from contract.harness.transport import exchange

# Seconds that a run waits when it is told to: for one answer, and in all.
LONGEST_WAIT = 60.0
LONGEST_WAITS = 180.0
# From a gateway before the service, not from the service (RFC 9110, section 15.6).
GATEWAY = frozenset({502, 503, 504})


@dataclass(frozen=True, repr=False)
class Prepared:
    """A request that is ready to be sent, and how it may be shown."""

    asked: Asked
    request: httpx.Request

    def answer(self, response: httpx.Response, seconds: float) -> Answer:
        """Return what came back for it; `seconds` is wall time."""
        return Answer(self.asked, response.status_code, response.headers, response.content, seconds)


class Service:
    """Speaks wire.md to one connection.

    `trail` holds what the clause on trial has asked or consulted, `refusals` every answer of the run with a
    status of 400 and more, and `names` the variables by which a shell line may call ids of the run.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.clock = connection.clock
        self.requests = 0
        self.trail: list[Answer] = []
        self.refusals: list[Answer] = []
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
    ) -> Answer:
        """Send one request and return the answer, whatever its status.

        `key` goes into `x-api-key`, `bearer` into `Authorization`; `body` is JSON and may hold `Token`s and
        `Secret`s. A 429 is waited out, within bounds: the service said that it did nothing. Nothing else is
        ever sent twice. Raises `CouldNotTry` if no answer of the service came.
        """
        prepared = self.prepare(method, path, body=body, key=key, bearer=bearer, query=query, headers=headers)
        while True:
            self.requests += 1
            started = REAL["perf"]()
            response = exchange(self.connection.http, prepared.request)
            answer = prepared.answer(response, REAL["perf"]() - started)
            if answer.status != 429:
                break
            self._wait(answer)
        return self.heard(answer)

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
    ) -> Prepared:
        """Return the request that `call` would send, for one that is sent together with others."""
        asked = Asked(
            method, path, body, self.clock.now(), dict(headers or {}), key, bearer, query or {}, self.names
        )
        wire = dict(headers or {})
        if key is not None:
            wire["x-api-key"] = key.reveal()
        if bearer is not None:
            wire["authorization"] = f"Bearer {sent(bearer)}"
        content = None
        if body is not None:
            wire["content-type"] = "application/json"
            content = body.content if isinstance(body, Raw) else json.dumps(sent(body)).encode()
        request = self.connection.http.build_request(
            method, self._address(path), content=content, headers=wire, params=sent(query)
        )
        return Prepared(asked, request)

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

    def heard(self, answer: Answer) -> Answer:
        """Put `answer` on record and return it; `CouldNotTry` if it is not the service's own."""
        self.trail.append(answer)
        if b"eyJ" in answer.content:
            remember_tokens_in(answer.content.decode("utf-8", "replace"))
        if answer.status >= 400:
            self.refusals.append(answer)
        if self.connection.kind == "url":
            where = f"{answer.asked.method} {answer.asked.path}"
            if answer.status in GATEWAY:
                raise CouldNotTry(f"{where}: {answer.status} came from a gateway, not from the service")
            if 300 <= answer.status < 400:
                place = scrub(answer.headers.get("location", "nowhere"))
                raise CouldNotTry(
                    f"{where}: {answer.status} redirects to {place}, and credentials do not follow a "
                    "redirect: give that address if you trust it"
                )
        return answer

    def _wait(self, answer: Answer) -> None:
        where = f"{answer.asked.method} {answer.asked.path}"
        seconds = max(0.0, _retry_after(answer.headers.get("retry-after", "1")))
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

    def synchronise(self, answer: Answer) -> None:
        """Take the service's time from `answer`, where its clock can only be observed."""
        if isinstance(self.clock, ObservedClock) and answer.date is not None:
            # A Date header is cut to whole seconds: half of one is the best guess of the rest.
            self.clock.observe(answer.date + 0.5)

    def refresh(self, token: Token | str | None, **fields: Any) -> Answer:
        """`POST /v1/tokens/refresh`, with `fields` beside the token."""
        return self.call("POST", "/v1/tokens/refresh", body={"refreshToken": token, **fields})

    def introspect(self, token: Token, key: Secret) -> Answer:
        """`GET /v1/tokens/introspect`."""
        return self.call("GET", "/v1/tokens/introspect", key=key, query={"token": token})

    def revoke(self, key: Secret, **what: str) -> Answer:
        """`POST /v1/tokens/revoke` by `tokenId`, `identityId` or `sessionId`."""
        return self.call("POST", "/v1/tokens/revoke", key=key, body=what)

    def knock(self, bearer: Token | str) -> Answer:
        """Present `bearer` at a door of the service: 401 is a refusal, all else means it was believed."""
        return self.call("GET", "/v1/identities/agent_relayauth-contract-nobody", bearer=bearer)


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
