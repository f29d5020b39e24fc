"""`proxy:FAULT->TARGET`: any target, with a fault between the suite and it."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import httpx

from contract.harness.errors import UsageError
from contract.harness.targets.connections import ARROW, Connection, Deployment, Opener, Target
from contract.harness.targets.faults import Call, Fault, Reply, faults
from contract.harness.targets.running import Server, Start
from contract.harness.targets.transport import client, exchange

PROXY = "proxy:"
# Headers of the transfer, not of the message: wrong once a fault has changed the body.
_OF_THE_TRANSFER = frozenset({"content-length", "content-encoding", "transfer-encoding", "connection"})
_NEEDS_A_KEY = "proxy: it signs tokens anew, so it needs the deployment's signing key: --signing-key FILE"
Notice = Callable[[str], None]


def behind(spec: str) -> str:
    """Return the target behind `proxy:FAULT->TARGET`; `UsageError` if it names none."""
    _, arrow, inner = spec.partition(ARROW)
    if not arrow or not inner.strip():
        raise UsageError(f"{spec!r} names no target: write proxy:FAULT->TARGET")
    return inner.strip()


def fault_of(spec: str) -> type[Fault]:
    """Return the fault that `spec` names; `UsageError` if there is none of that name."""
    name = spec.removeprefix(PROXY).partition(ARROW)[0].strip()
    if name not in faults():
        raise UsageError(
            f"unknown fault {name!r}: `relayauth-contract mutants --on TARGET --list` lists the faults"
        )
    return faults()[name]


@contextlib.contextmanager
def proxied(target: Target, inner: Opener) -> Iterator[Connection]:
    """Open the target behind the proxy, with the fault before it and before each server that it starts."""
    fault = fault_of(target.spec)
    served = behind(target.spec)
    if served.startswith(("http://", "https://")) and target.access.signing_key is None:
        raise UsageError(_NEEDS_A_KEY)
    with (
        inner(replace(target, spec=served)) as connection,
        between(connection, [fault]) as behind_faults,
    ):
        yield behind_faults


@contextlib.contextmanager
def shadowed(target: Target, inner: Opener, noticed: set[str]) -> Iterator[Connection]:
    """Open `target` unchanged; add to `noticed` the names of the faults that would change an exchange."""
    with inner(target) as connection, between(connection, [*faults().values()], noticed.add) as watched:
        yield watched


@contextlib.contextmanager
def between(
    connection: Connection, chosen: Sequence[type[Fault]], notice: Notice | None = None
) -> Iterator[Connection]:
    """Return `connection` with the faults `chosen` before it; with `notice` they are only compared."""
    if connection.key is None:
        raise UsageError(_NEEDS_A_KEY)
    key = connection.key

    def new_state() -> FaultState:
        return FaultState([fault(key, lambda: connection.clock.now()) for fault in chosen], notice)

    state = new_state()
    server = Server(connection.http, connection.second_http, connection.at_once)
    with _before(server, state) as behind_faults:
        yield replace(
            connection,
            http=behind_faults.http,
            open_http=behind_faults.open_http,
            at_once=behind_faults.at_once,
            deployment=connection.deployment and _before_each(connection.deployment, new_state),
            stop_faults=state.stop,
        )


@contextlib.contextmanager
def _before(server: Server, state: "FaultState") -> Iterator[Server]:
    """Yield `server` with the faults of `state` before it."""

    @contextlib.contextmanager
    def open_http() -> Iterator[httpx.Client]:
        with server.open_http() as plain, client(str(plain.base_url), FaultTransport(plain, state)) as other:
            yield other

    with client(str(server.http.base_url), FaultTransport(server.http, state)) as http:
        # An application in this process has one event loop: a race through the proxy is sequential.
        in_turn = server.at_once and (lambda requests: [exchange(http, each) for each in requests])
        yield Server(http, open_http, in_turn, server.kill)


def _before_each(deployment: Deployment, new_state: Callable[[], "FaultState"]) -> Deployment:
    """Return `deployment` with faults before each server that it starts."""

    @contextlib.contextmanager
    def launch(env: Mapping[str, str]) -> Iterator[httpx.Client]:
        with deployment.launch(env) as plain:
            server = Server(plain, lambda: contextlib.nullcontext(plain))
            with _before(server, new_state()) as behind_faults:
                yield behind_faults.http

    def on_one_database(env: Mapping[str, str]) -> Start:
        start, state = deployment.on_one_database(env), new_state()  # The proxy outlives a restart.

        @contextlib.contextmanager
        def start_behind() -> Iterator[Server]:
            with start() as plain, _before(plain, state) as behind_faults:
                yield behind_faults

        return start_behind

    return replace(deployment, launch=launch, on_one_database=on_one_database)


class FaultState:
    """The faults of one connection, and what they have recorded."""

    def __init__(self, active: Sequence[Fault], notice: Notice | None = None) -> None:
        self._active = list(active)
        self._notice = notice
        self._lock = threading.Lock()
        self._turn = threading.Lock()

    def stop(self) -> None:
        """Change nothing from now on: the run removes what it made without the faults."""
        self._active = []

    def through(self, call: Call, forward: Callable[[Call], Reply]) -> Reply:
        """Return what the suite receives for `call`; `forward` sends a request to the server."""
        waits = any(fault.waits_for_others(call) for fault in self._active)
        with self._turn if waits else contextlib.nullcontext():
            return self._changed(call, forward) if self._notice is None else self._compared(call, forward)

    def _changed(self, call: Call, forward: Callable[[Call], Reply]) -> Reply:
        with self._lock:
            sent: Call | Reply = call
            for fault in self._active:
                sent = fault.on_request(call)
        if isinstance(sent, Reply):
            return sent
        reply = forward(sent)
        with self._lock:
            for fault in self._active:
                reply = fault.on_response(call, reply)
        return reply

    def _compared(self, call: Call, forward: Callable[[Call], Reply]) -> Reply:
        with self._lock:
            self._drop_unless(lambda fault: fault.on_request(call) == call)
        reply = forward(call)
        with self._lock:
            self._drop_unless(lambda fault: fault.on_response(call, reply) == reply)
        return reply

    def _drop_unless(self, unchanged: Callable[[Fault], bool]) -> None:
        """Report the faults that would change the exchange, and compare them no longer."""
        kept = []
        for fault in self._active:
            if unchanged(fault):
                kept.append(fault)
            elif self._notice:
                self._notice(type(fault).__name__)
        self._active = kept


class FaultTransport(httpx.BaseTransport):
    """Sends requests to a client through the faults of a connection."""

    def __init__(self, http: httpx.Client, state: FaultState) -> None:
        self._http, self._state = http, state

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request through."""
        headers = {name: value for name, value in request.headers.items() if name not in _OF_THE_TRANSFER}
        call = Call(request.method, request.url.raw_path.decode("ascii"), headers, request.read())
        reply = self._state.through(call, self._forward)
        return httpx.Response(
            reply.status, headers=dict(reply.headers), content=reply.content, request=request
        )

    def _forward(self, call: Call) -> Reply:
        address = self._http.base_url.copy_with(raw_path=call.path.encode("ascii"))
        request = httpx.Request(call.method, address, headers=dict(call.headers), content=call.content)
        response = exchange(self._http, request)
        headers = {
            name: value for name, value in response.headers.items() if name.lower() not in _OF_THE_TRANSFER
        }
        return Reply(response.status_code, headers, response.content)
