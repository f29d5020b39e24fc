"""A listener on a free loopback port, whose answers a test writes by hand."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

from contract.harness.targets import exchange

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class Listener:
    """A loopback server that handles each connection with a function, and counts connections and requests."""

    def __init__(self, handle: Callable[["Listener", socket.socket], None]) -> None:
        self._handle = handle
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.connections = 0
        self.requests: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._one, args=(caller,), daemon=True).start()

    def _one(self, caller: socket.socket) -> None:
        with caller:
            self._handle(self, caller)

    def answered(self, caller: socket.socket) -> bool:
        """Answer one request with 200; False at the end of the connection.

        It is read to the end of its body: a connection that is closed with unread bytes is reset.
        """
        request = b""
        while not _is_whole(request):
            part = caller.recv(65536)
            if not part:
                return False
            request += part
        self.requests.append(request)
        caller.sendall(OK)
        return True

    def close(self) -> None:
        self._socket.close()


def _is_whole(request: bytes) -> bool:
    head, end, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return bool(end) and len(body) >= (int(length[1]) if length else 0)


@contextmanager
def listening(handle: Callable[[Listener, socket.socket], None]) -> Iterator[Listener]:
    """Run a listener for a while."""
    listener = Listener(handle)
    try:
        yield listener
    finally:
        listener.close()


def keeps_alive(listener: Listener, caller: socket.socket) -> None:
    """Answer every request of a connection."""
    while listener.answered(caller):
        pass


def hangs_up(listener: Listener, caller: socket.socket) -> None:
    """Read a request, and close the connection without an answer."""
    listener.requests.append(caller.recv(65536))


def send(http: httpx.Client) -> httpx.Response:
    """Send a refresh without a token."""
    return exchange(http, http.build_request("POST", "/v1/tokens/refresh", json={}))
