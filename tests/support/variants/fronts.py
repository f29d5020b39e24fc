"""A front before a service on loopback that speaks HTTP in its own way."""

import contextlib
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.support.command import patience

_OF_ONE_CONNECTION = ("connection", "keep-alive", "transfer-encoding", "content-length")


class Front(BaseHTTPRequestHandler):
    """Hands each request on, and its answer back."""

    disable_nagle_algorithm = True
    behind = 0
    chunk: int | None = None
    protocol_version = "HTTP/1.1"

    def _handed_on(self) -> None:
        body = self._body()
        asked = {
            name: value for name, value in self.headers.items() if name.lower() not in _OF_ONE_CONNECTION
        }
        with contextlib.closing(HTTPConnection("127.0.0.1", self.behind, timeout=patience())) as service:
            service.request(self.command, self.path, body, asked)
            answer = service.getresponse()
            told = answer.read()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _OF_ONE_CONNECTION:
                self.send_header(name, value)
        if self.chunk is None or answer.status == 204:
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)
            return
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for place in range(0, len(told), self.chunk):
            piece = told[place : place + self.chunk]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = do_OPTIONS = _handed_on  # noqa: N815 - http.server asks for these names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in http.server
        """Say nothing."""


class Http10(Front):
    """Speaks HTTP/1.0: each answer ends its connection."""

    protocol_version = "HTTP/1.0"


class Chunked(Front):
    """Sends bodies in chunks of 7 octets, and no length."""

    chunk = 7


class ClosesEach(Front):
    """Ends each connection with the first answer, as it says."""

    def end_headers(self) -> None:
        """Add the header that ends the connection."""
        self.send_header("connection", "close")
        super().end_headers()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # a race opens many connections at once


@contextlib.contextmanager
def in_front(front: type[Front], url: str) -> Iterator[str]:
    """Put a front before the service at `url`, on a free loopback port, in threads; yields its URL."""
    handler = type(front.__name__, (front,), {"behind": urlsplit(url).port})
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
