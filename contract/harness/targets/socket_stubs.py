"""JWKS stubs on loopback sockets, for servers that run as processes of their own."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from contract.harness.jose import SigningKey
from contract.harness.targets.jwks_answers import DEFAULT_ORIGIN, SLOW_SECONDS, StubAnswer, reply
from contract.harness.targets.jwks_stubs import Source, StubRequest, Stubs

DEFAULT_PORT = int(DEFAULT_ORIGIN.rpartition(":")[2])


class SocketStubs:
    """Two loopback servers: the stub, and one at the loopback default if its port is free."""

    def __init__(self, key: SigningKey, other: SigningKey) -> None:
        self._key, self._other = key, other

    @contextlib.contextmanager
    def __call__(self, stub: StubAnswer, default: StubAnswer) -> Iterator[Stubs]:
        """Open them; requests are logged as they come."""
        with contextlib.ExitStack() as stack:
            stubs = Stubs("")
            stubs.origin = stack.enter_context(self._serve("stub", stub, 0, stubs))
            try:
                stack.enter_context(self._serve("default", default, DEFAULT_PORT, stubs))
            except OSError:
                stubs.unobservable = (
                    f"port {DEFAULT_PORT}, the loopback default, is taken by another program: free it"
                )
            yield stubs

    @contextlib.contextmanager
    def _serve(self, source: Source, answer: StubAnswer, port: int, stubs: Stubs) -> Iterator[str]:
        if answer is StubAnswer.UNREACHABLE:
            # Bound and never listened on: connections are refused, and no other program can take the port.
            with socket.socket() as held:
                held.bind(("127.0.0.1", port))
                yield f"http://127.0.0.1:{held.getsockname()[1]}"
            return
        closed = threading.Event()
        told = reply(answer, self._key, self._other)

        def respond(handler: BaseHTTPRequestHandler, origin: str) -> None:
            stubs.request_log.append(StubRequest(source, handler.command, origin + handler.path))
            if answer is StubAnswer.SLOW and closed.wait(SLOW_SECONDS):
                return
            handler.send_response(told.status)
            for name, value in told.headers.items():
                handler.send_header(name, value)
            handler.send_header("content-length", str(len(told.body)))
            handler.end_headers()
            half = len(told.body) // 2 if answer is StubAnswer.STALLED else 0
            handler.wfile.write(told.body[:half])
            if half and closed.wait(SLOW_SECONDS):
                return
            handler.wfile.write(told.body[half:])

        with serving(respond, port) as origin:
            try:
                yield origin
            finally:
                closed.set()


@contextlib.contextmanager
def serving(respond: Callable[[BaseHTTPRequestHandler, str], None], port: int = 0) -> Iterator[str]:
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


def _handler(respond: Callable[[BaseHTTPRequestHandler, str], None]) -> type[BaseHTTPRequestHandler]:
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
