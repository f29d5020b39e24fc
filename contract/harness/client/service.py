"""The service under test as a client: each call is sent once, counted, bounded in time and recorded."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import httpx

from contract.harness.client.bodies import Raw, in_two, json_of, on_the_wire
from contract.harness.client.budget import RequestBudget
from contract.harness.client.gateways import BEHIND_A_GATEWAY, gateway_answer
from contract.harness.client.journal import Journal
from contract.harness.client.messages import Request, Response
from contract.harness.client.observers import Observers
from contract.harness.client.subjects import Subjects
from contract.harness.client.transcript import Transcript
from contract.harness.client.waiting import Waits
from contract.harness.errors import CouldNotTry
from contract.harness.jose import Token
from contract.harness.redaction import Secret, remember_tokens_in, scrub
from contract.harness.spec import routes
from contract.harness.targets import REAL, Connection, ObservedClock, exchange

if TYPE_CHECKING:
    from contract.harness.client.exchange_kinds import ExchangeKinds

_NO_IDENTITY = routes.identity("agent_relayauth-contract-nobody")


@dataclass(frozen=True, repr=False)
class PreparedRequest:
    """A request that is ready to be sent, and how it may be shown."""

    request: Request
    http_request: httpx.Request

    def again_at(self, moment: float) -> "PreparedRequest":
        """Return the same request, sent at another `moment` (Unix seconds)."""
        return replace(self, request=replace(self.request, sent_at=moment))

    def response(self, http_response: httpx.Response, seconds: float) -> Response:
        """Return the response to it; `seconds` is wall time."""
        return Response(
            self.request, http_response.status_code, http_response.headers, http_response.content, seconds
        )


class Service:
    """Calls the API of docs/contract.md over one connection.

    `transcript` holds the responses that the current case looked at, `refusals` every response of the run
    with a status of 400 or more that the service itself gave, `names` the shell variables for ids of the run.
    `subjects` are the subjects of the run's sessions. `observers` follow what changes state there.
    `exchanges`, where it is set, gets every response that no gateway gave.
    """

    def __init__(
        self, connection: Connection, budget: RequestBudget | None = None, journal: Journal | None = None
    ) -> None:
        self.connection = connection
        self.clock = connection.clock
        self.budget = budget or RequestBudget()
        self.budget.take(connection.probes)
        self.waits = Waits()
        self.transcript = Transcript()
        self.refusals: list[Response] = []
        self.subjects = Subjects()
        self.journal = journal
        self.exchanges: ExchangeKinds | None = None
        self.names: dict[str, str] = {}
        self.observers = Observers()
        self._addresses: dict[str, httpx.URL] = {}

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return self.budget.sent

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
        """Send one request and return the response, whatever its status.

        `key` goes into `x-api-key`, `bearer` into `Authorization`; `body` is JSON and may hold `Token`s and
        `Secret`s; with the header `transfer-encoding: chunked` it is sent in two parts. A 429, and a 503
        about storage, are waited out within bounds and the request is sent again: the service said that it
        did nothing. Nothing else is sent twice. Raises `CouldNotTry` if the service itself gave no response,
        or if the budget of requests is used up.
        """
        prepared = self.prepare(
            method, path, body=body, key=key, bearer=bearer, query=query, headers=headers, scheme=scheme
        )
        self.begin([prepared])
        times = 0
        while (response := self._exchange(prepared)).turned_away:
            times += 1
            if self.exchanges is not None:
                self.exchanges.add(response)
            try:
                self.wait_out(response, times)
                self.budget.take()
            except CouldNotTry:
                self.observers.answered(response)
                raise
            prepared = prepared.again_at(self.clock.now())
        return self.recorded(response)

    def wait_out(self, response: Response, times: int) -> None:
        """Wait for a service that turned a request away, `times` in turn so far; see `Waits`."""
        self.waits.wait_out(response, times, self.clock if self.connection.disposable else None)

    def _exchange(self, prepared: PreparedRequest) -> Response:
        """Send one request, once."""
        with self.reporting_no_answer([prepared]):
            started = REAL["perf"]()
            http_response = exchange(self.connection.http, prepared.http_request)
        return prepared.response(http_response, REAL["perf"]() - started)

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
        content: bytes | list[bytes] | None = None
        if body is not None:
            wire.setdefault("content-type", "application/json")
            content = body.content if isinstance(body, Raw) else json_of(body)
            if wire.get("transfer-encoding") == "chunked":
                content = in_two(content)
        request = self.connection.http.build_request(
            method, self._address(path), content=content, headers=wire, params=on_the_wire(query) or None
        )
        return PreparedRequest(sent, request)

    def _address(self, path: str) -> httpx.URL:
        """Return the URL of `path`; each is built once, since building takes a tenth of a request's time."""
        if path not in self._addresses:
            try:
                self._addresses[path] = httpx.URL(str(self.connection.http.base_url).rstrip("/") + path)
            except httpx.InvalidURL:
                raise CouldNotTry(
                    f"{scrub(repr(path))} has an id of the service in it and is not a valid URL"
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

    def begin(self, prepared: Sequence[PreparedRequest]) -> None:
        """Count requests that are about to be sent together, and show them to their observers."""
        self.budget.take(len(prepared))
        for each in prepared:
            self.observers.sending(each.request)

    @contextlib.contextmanager
    def reporting_no_answer(self, prepared: Sequence[PreparedRequest]) -> Iterator[None]:
        """Tell the observers of requests that may have been received and got no response."""
        try:
            yield
        except BaseException as error:
            if not isinstance(error.__context__, httpx.ConnectError | httpx.ConnectTimeout):
                for each in prepared:
                    self.observers.unanswered(each.request)
            raise

    def recorded(self, response: Response) -> Response:
        """Record `response` and return it; `CouldNotTry` if a gateway gave it and not the service."""
        self.transcript.record(response)
        if b"eyJ" in response.content:
            remember_tokens_in(response.content.decode("utf-8", "replace"))
        if self.connection.kind in BEHIND_A_GATEWAY and (told := gateway_answer(response)):
            if response.status >= 500:
                self.observers.unanswered(response.request)
            else:
                self.observers.answered(response)
            raise CouldNotTry(f"{response.request.where}: {told}")
        if self.exchanges is not None:
            self.exchanges.add(response)
        self.observers.answered(response)
        if response.status >= 400:
            self.refusals.append(response)
        return response

    def synchronise(self, response: Response) -> None:
        """Take the service's time from `response`, where its clock can only be observed."""
        if isinstance(self.clock, ObservedClock) and response.date is not None:
            # A Date header is cut to whole seconds: half a second is the best guess of the rest.
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
        """Present `bearer` to a route that needs one: 401 is a refusal, anything else an acceptance."""
        return self.call("GET", _NO_IDENTITY, bearer=bearer, scheme=scheme)
