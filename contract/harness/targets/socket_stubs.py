"""JWKS stubs and a proxy stub on loopback sockets, for servers that run as processes of their own."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from contract.harness.jose import SigningKey
from contract.harness.targets.connection_owner import other_program
from contract.harness.targets.default_port import PortTaken, in_turn
from contract.harness.targets.jwks_answers import DEFAULT_ORIGIN, SLOW_SECONDS, StubAnswer, reply
from contract.harness.targets.jwks_stubs import Source, StubRequest, Stubs

DEFAULT_PORT = int(DEFAULT_ORIGIN.rpartition(":")[2])
Respond = Callable[[BaseHTTPRequestHandler, str], None]


class SocketStubs:
    """Loopback servers: the stub, one at the loopback default if its port is free, and one for a redirect.

    Where the environment names proxies, another stands for them: `through` returns the variables that make a
    server use it, given its address.
    """

    def __init__(
        self,
        key: SigningKey,
        other: SigningKey,
        through: Callable[[str], Mapping[str, str]] | None = None,
    ) -> None:
        self._key, self._other = key, other
        self._through = through

    @contextlib.contextmanager
    def __call__(self, stub: StubAnswer, default: StubAnswer | None) -> Iterator[Stubs]:
        """Open them; requests are logged as they come."""
        with contextlib.ExitStack() as stack:
            stubs = Stubs("")
            moved = ""
            if stub is StubAnswer.REDIRECT:
                moved = stack.enter_context(self._serve("redirect", StubAnswer.TRUE, 0, stubs))
            listener = _Changing(lambda answer, port: self._serve("stub", answer, port, stubs, moved))
            stubs.origin = stack.enter_context(listener.opened(stub))
            stubs.answer_with = listener.answer_with
            if self._through is not None:
                stubs.environment = self._through(stack.enter_context(proxy_stub(stubs)))
            if default is not None:
                port, answer = DEFAULT_PORT, default
                try:
                    stack.enter_context(in_turn(port, lambda: self._serve("default", answer, port, stubs)))
                except PortTaken as taken:
                    stubs.unobservable = str(taken)
            yield stubs

    @contextlib.contextmanager
    def _serve(
        self, source: Source, answer: StubAnswer, port: int, stubs: Stubs, moved: str = ""
    ) -> Iterator[str]:
        if answer is StubAnswer.UNREACHABLE:
            # Bound and never listened on: connections are refused, and no other program can take the port.
            with socket.socket() as held:
                held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                held.bind(("127.0.0.1", port))
                yield f"http://127.0.0.1:{held.getsockname()[1]}"
            return
        closed = threading.Event()
        response = reply(answer, self._key, self._other, moved)

        def respond(handler: BaseHTTPRequestHandler, origin: str) -> None:
            if source == "default" and (program := other_program(handler.client_address[1], port)):
                stubs.unobservable = (
                    f"another program ({program}) sends requests to {origin}: end it and run again"
                )
                handler.send_error(503)  # It must not trust the keys of this run.
                return
            stubs.request_log.append(StubRequest(source, handler.command, origin + handler.path))
            if answer is StubAnswer.SLOW and closed.wait(SLOW_SECONDS):
                return
            handler.send_response(response.status)
            for name, value in response.headers.items():
                handler.send_header(name, value)
            handler.send_header("content-length", str(len(response.body)))
            handler.end_headers()
            half = len(response.body) // 2 if answer is StubAnswer.STALLED else 0
            handler.wfile.write(response.body[:half])
            if half and closed.wait(SLOW_SECONDS):
                return
            handler.wfile.write(response.body[half:])

        with _serving(respond, port) as origin:
            try:
                yield origin
            finally:
                closed.set()


class _Changing:
    """A stub whose answer changes while its address stays."""

    def __init__(self, serve: Callable[[StubAnswer, int], contextlib.AbstractContextManager[str]]) -> None:
        self._serve = serve
        self._stack = contextlib.ExitStack()
        self._port = 0

    @contextlib.contextmanager
    def opened(self, answer: StubAnswer) -> Iterator[str]:
        """Open it on a free port and yield its origin."""
        origin = self._stack.enter_context(self._serve(answer, 0))
        self._port = int(origin.rpartition(":")[2])
        with contextlib.closing(self._stack):
            yield origin

    def answer_with(self, answer: StubAnswer) -> None:
        """Answer with `answer` from now on."""
        self._stack.close()
        self._stack.enter_context(self._serve(answer, self._port))


@contextlib.contextmanager
def proxy_stub(stubs: Stubs | None = None) -> Iterator[str]:
    """Serve an HTTP proxy that answers 502 and logs each request to `stubs`; yield its address."""

    def respond(handler: BaseHTTPRequestHandler, origin: str) -> None:
        if stubs is not None:
            url = handler.path
            if handler.command == "CONNECT":
                url = f"https://{url.removesuffix(':443')}"
            elif url.startswith("/"):
                url = origin + url
            stubs.request_log.append(StubRequest("proxy", handler.command, url))
        handler.send_response(502)
        handler.send_header("content-length", "0")
        handler.end_headers()

    with _serving(respond, 0) as address:
        yield address


@contextlib.contextmanager
def _serving(respond: Respond, port: int) -> Iterator[str]:
    """Serve `respond(handler, origin)` on a loopback port (0: a free one) and yield the origin."""
    with ThreadingHTTPServer(("127.0.0.1", port), _handler(respond)) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def _handler(respond: Respond) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Handles every method alike: the request itself is what is observed."""

        timeout = 10

        def log_message(self, *_: object) -> None:
            """Print nothing."""

        def _any(self) -> None:
            with contextlib.suppress(ConnectionError):
                _, port = self.connection.getsockname()
                respond(self, f"http://127.0.0.1:{port}")

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_CONNECT = _any  # noqa: N815

    return Handler
