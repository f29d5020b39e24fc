"""Traps on loopback sockets, for servers that run as processes of their own."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from contract.harness.jose import SigningKey
from contract.harness.targets.jwks_stubs import (
    DEFAULT_ORIGIN,
    SLOW_SECONDS,
    Source,
    StubAnswer,
    StubRequest,
    Stubs,
    reply,
)

DEFAULT_PORT = int(DEFAULT_ORIGIN.rpartition(":")[2])


class SocketStubs:
    """A net of loopback servers: one for the trap, one at the loopback default if its port is free."""

    def __init__(self, key: SigningKey, other: SigningKey) -> None:
        self._key, self._other = key, other

    @contextlib.contextmanager
    def __call__(self, trap: StubAnswer, default: StubAnswer) -> Iterator[Stubs]:
        """Spread it; visits are written down as they come."""
        with contextlib.ExitStack() as stack:
            net = Stubs("")
            net.origin = stack.enter_context(self._trap("trap", trap, 0, net))
            try:
                stack.enter_context(self._trap("default", default, DEFAULT_PORT, net))
            except OSError:
                net.unobservable = (
                    f"port {DEFAULT_PORT}, the loopback default, is taken by another program: free it"
                )
            yield net

    @contextlib.contextmanager
    def _trap(self, source: Source, lie: StubAnswer, port: int, net: Stubs) -> Iterator[str]:
        if lie is StubAnswer.UNREACHABLE:
            # Bound and never listened on: whoever comes is refused, and nobody else can take the port.
            with socket.socket() as held:
                held.bind(("127.0.0.1", port))
                yield f"http://127.0.0.1:{held.getsockname()[1]}"
            return
        over = threading.Event()
        told = reply(lie, self._key, self._other)

        def answer(handler: BaseHTTPRequestHandler, origin: str) -> None:
            net.request_log.append(StubRequest(source, handler.command, origin + handler.path))
            if lie is StubAnswer.SLOW and over.wait(SLOW_SECONDS):
                return
            handler.send_response(told.status)
            for name, value in told.headers.items():
                handler.send_header(name, value)
            handler.send_header("content-length", str(len(told.body)))
            handler.end_headers()
            half = len(told.body) // 2 if lie is StubAnswer.STALLED else 0
            handler.wfile.write(told.body[:half])
            if half and over.wait(SLOW_SECONDS):
                return
            handler.wfile.write(told.body[half:])

        with ThreadingHTTPServer(("127.0.0.1", port), _handler(answer)) as server:
            server.daemon_threads = True
            thread = threading.Thread(
                target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
            )
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_address[1]}"
            finally:
                over.set()
                server.shutdown()
                thread.join()


def _handler(answer: Callable[[BaseHTTPRequestHandler, str], None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers every method alike: what is asked of a trap is the evidence."""

        timeout = 10

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

        def _any(self) -> None:
            with contextlib.suppress(ConnectionError):
                _, port = self.connection.getsockname()
                answer(self, f"http://127.0.0.1:{port}")

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = _any  # noqa: N815

    return Handler
