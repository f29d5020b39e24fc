"""`proxy:FAULT->TARGET`: any target, with a fault between the harness and it."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import httpx

from contract.harness.errors import UsageError
from contract.harness.targets.connections import ARROW, Connection, Deployment, Launch, Opener, Target
from contract.harness.targets.faults import Call, Fault, Reply, faults
from contract.harness.targets.transport import client, exchange

PROXY = "proxy:"
# What an answer bears on its way, and what is none of the bent one's.
_OF_THE_WAY = frozenset({"content-length", "content-encoding", "transfer-encoding", "connection"})
Noticed = Callable[[str], None]


def behind(spec: str) -> str:
    """Return the target that `proxy:FAULT->TARGET` stands before; `UsageError` if it names none."""
    _, arrow, inner = spec.partition(ARROW)
    if not arrow or not inner.strip():
        raise UsageError(f"{spec!r} names no target: write proxy:FAULT->TARGET")
    return inner.strip()


def fault_of(spec: str) -> type[Fault]:
    """Return the fault that `spec` names; `UsageError` if there is none of that name."""
    name = spec.removeprefix(PROXY).partition(ARROW)[0].strip()
    if name not in faults():
        raise UsageError(
            f"there is no fault {name!r}: `relayauth-contract mutants --on TARGET --list` names them"
        )
    return faults()[name]


@contextlib.contextmanager
def proxied(target: Target, inner: Opener) -> Iterator[Connection]:
    """Open what is behind the proxy, and stand between: before it, and before each server it starts."""
    fault = fault_of(target.spec)
    with inner(replace(target, spec=behind(target.spec))) as connection, between(connection, [fault]) as bent:
        yield bent


@contextlib.contextmanager
def shadowed(target: Target, inner: Opener, noticed: set[str]) -> Iterator[Connection]:
    """Open `target` as it is; the names of faults that would have bent an exchange are added to `noticed`."""
    with inner(target) as connection, between(connection, [*faults().values()], noticed.add) as watched:
        yield watched


@contextlib.contextmanager
def between(
    connection: Connection, chosen: Sequence[type[Fault]], noticed: Noticed | None = None
) -> Iterator[Connection]:
    """Return `connection` with `chosen` before it, at work, or only watched where someone wants to notice."""
    if connection.key is None:
        raise UsageError("proxy: signs tokens anew, so it needs the deployment's key: --signing-key FILE")
    key = connection.key

    def put_before(http: httpx.Client) -> tuple[httpx.Client, "Between"]:
        at_work = [fault(key, lambda: connection.clock.now()) for fault in chosen]
        transport = Between(http, at_work, noticed)
        return client(str(http.base_url), transport), transport

    http, transport = put_before(connection.http)

    def started_by(deployment: Deployment) -> Launch:
        @contextlib.contextmanager
        def launch(env: Mapping[str, str]) -> Iterator[httpx.Client]:
            with deployment.launch(env) as plain, put_before(plain)[0] as bent:
                yield bent

        return launch

    deployment = connection.deployment
    with http:
        yield replace(
            connection,
            http=http,
            deployment=deployment and replace(deployment, launch=started_by(deployment)),
            # An application in this process has one loop: what is raced there goes one by one.
            at_once=connection.at_once and (lambda requests: [exchange(http, each) for each in requests]),
            stand_aside=transport.stand_aside,
        )


class Between(httpx.BaseTransport):
    """Stands before a client: hands requests on, and answers back, through its faults.

    With someone to notice it hands all on as it is, and tells which faults would not have.
    """

    def __init__(self, http: httpx.Client, at_work: Sequence[Fault], noticed: Noticed | None = None) -> None:
        self._http = http
        self._at_work = list(at_work)
        self._watches = noticed is not None
        self._notice: Noticed = noticed or (lambda _name: None)
        self._turn, self._lock = threading.Lock(), threading.Lock()

    def stand_aside(self) -> None:
        """Bend nothing from now on: what a run made is taken away past the proxy."""
        self._at_work = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request through."""
        call = _call(request)
        waits = any(fault.one_by_one for fault in self._at_work)
        with self._turn if waits else contextlib.nullcontext():
            reply = self._watched(call) if self._watches else self._bent(call)
        return httpx.Response(
            reply.status, headers=dict(reply.headers), content=reply.content, request=request
        )

    def _bent(self, call: Call) -> Reply:
        with self._lock:
            sent: Call | Reply = call
            for fault in self._at_work:
                sent = fault.ask(call)
        if isinstance(sent, Reply):
            return sent
        reply = self._forward(sent)
        with self._lock:
            for fault in self._at_work:
                reply = fault.answer(call, reply)
        return reply

    def _watched(self, call: Call) -> Reply:
        with self._lock:
            self._keep(lambda fault: fault.ask(call) == call)
        reply = self._forward(call)
        with self._lock:
            self._keep(lambda fault: fault.answer(call, reply) == reply)
        return reply

    def _keep(self, leaves_it: Callable[[Fault], bool]) -> None:
        """Let go of the faults that would have bent something: they are told of, and that is enough."""
        kept = []
        for fault in self._at_work:
            if leaves_it(fault):
                kept.append(fault)
            else:
                self._notice(type(fault).__name__)
        self._at_work = kept

    def _forward(self, call: Call) -> Reply:
        address = self._http.base_url.copy_with(raw_path=call.path.encode("ascii"))
        request = httpx.Request(call.method, address, headers=dict(call.headers), content=call.content)
        response = exchange(self._http, request)
        headers = {name: value for name, value in response.headers.items() if name.lower() not in _OF_THE_WAY}
        return Reply(response.status_code, headers, response.content)


def _call(request: httpx.Request) -> Call:
    headers = {name: value for name, value in request.headers.items() if name not in _OF_THE_WAY}
    return Call(request.method, request.url.raw_path.decode("ascii"), headers, request.read())
