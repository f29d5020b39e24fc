"""A server that closes idle connections unannounced loses no request, and gets none twice."""

import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from contract.harness.errors import CouldNotTry
from contract.harness.spec import ENDPOINTS, routes
from contract.harness.targets import clocks, exchange, transport
from contract.harness.targets.transport import client
from tests.support.command import patience
from tests.support.listener import OK, Listener, keeps_alive, listening, send

CHANGES_STATE = [*(endpoint.path for endpoint in ENDPOINTS.values()), routes.REFRESH, routes.REVOKE]
Close = Callable[[socket.socket], None]


def orderly(caller: socket.socket) -> None:
    """End a connection with FIN, as most servers do."""
    caller.close()


def abruptly(caller: socket.socket) -> None:
    """End a connection with RST, as load balancers do."""
    caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    caller.close()


class Closing:
    """Answers one request on each connection, keeps the connection, and closes it when it is told to."""

    def __init__(self, close: Close) -> None:
        self._close = close
        self._due = threading.Semaphore(0)
        self._closed = threading.Semaphore(0)

    def __call__(self, listener: Listener, caller: socket.socket) -> None:
        listener.answered(caller)
        if self._due.acquire(timeout=patience()):
            self._close(caller)
            self._closed.release()

    def now(self) -> None:
        """Close the connection that is open, unannounced."""
        self._due.release()
        assert self._closed.acquire(timeout=patience())


@pytest.mark.parametrize("close", [orderly, abruptly])
@pytest.mark.parametrize("path", CHANGES_STATE)
def test_a_connection_closed_while_idle_costs_no_request(path: str, close: Close) -> None:
    """What mints, refreshes or revokes goes over a new connection, and arrives once."""
    closing = Closing(close)
    with listening(closing) as there, client(there.url) as http:
        for sent in range(1, 4):
            response = exchange(http, http.build_request("POST", path, json={"sent": sent}))
            assert response.status_code == 200
            closing.now()
            assert len(there.requests) == there.connections == sent


@contextmanager
def before_the_head(act: Callable[[], None]) -> Iterator[None]:
    """Act once a kept connection was chosen for the second request, and before its first byte is sent.

    The client's side has seen what that did to the connection when its head is written.
    """
    heads, streams = [], []

    class Sending(transport._Sending):
        def trace(self, event: str, info: Any) -> None:
            super().trace(event, info)
            if event == "connection.connect_tcp.complete":
                streams.append(info["return_value"])
            if event == "http11.send_request_headers.started":
                heads.append(event)
                if len(heads) == 2:
                    act()
                    ours = streams[-1].get_extra_info("socket")
                    assert select.select([ours], [], [], patience())[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "_Sending", Sending)
        yield


def test_a_request_whose_connection_was_reset_before_it_was_sent_is_sent_again() -> None:
    """No byte of it can have been received: it arrives once, over a new connection."""
    closing = Closing(abruptly)
    with listening(closing) as there, client(there.url) as http, before_the_head(closing.now):
        send(http)
        assert send(http).status_code == 200
        assert (len(there.requests), there.connections) == (2, 2)


def test_a_request_that_crossed_the_close_of_its_connection_is_not_sent_again() -> None:
    """The kernel took it although the server had closed: that no server read it can't be known."""
    closing = Closing(orderly)
    with listening(closing) as there, client(there.url) as http, before_the_head(closing.now):
        send(http)
        with pytest.raises(CouldNotTry, match="no answer"):
            send(http)
        assert (len(there.requests), there.connections) == (1, 1)


def test_a_request_that_was_read_on_a_kept_connection_is_not_sent_again() -> None:
    """A server that reads a second request and hangs up may have acted on it."""

    def reads_two(listener: Listener, caller: socket.socket) -> None:
        listener.answered(caller)
        listener.requests.append(caller.recv(65536))

    with listening(reads_two) as there, client(there.url) as http:
        send(http)
        with pytest.raises(CouldNotTry, match="no answer"):
            send(http)
        assert (len(there.requests), there.connections) == (2, 1)


def test_a_request_to_a_server_that_was_not_listening_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused connection carried nothing; a moment later the server may be there."""
    waited = []

    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))

        def answer() -> None:
            caller, _ = server.accept()
            with caller:
                caller.recv(65536)
                caller.sendall(OK)

        answering = threading.Thread(target=answer, daemon=True)

        def begin(seconds: float) -> None:
            waited.append(seconds)
            server.listen()
            answering.start()

        monkeypatch.setattr(transport, "time", SimpleNamespace(sleep=begin))
        with client(f"http://127.0.0.1:{server.getsockname()[1]}") as http:
            assert send(http).status_code == 200
        answering.join(patience())
    assert waited == [transport.RESEND_PAUSE]


def test_a_server_that_never_listens_is_tried_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once more, and not for ever."""
    waited: list[float] = []
    monkeypatch.setattr(transport, "time", SimpleNamespace(sleep=waited.append))
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        with (
            client(f"http://127.0.0.1:{server.getsockname()[1]}") as http,
            pytest.raises(CouldNotTry, match="no answer"),
        ):
            send(http)
    assert waited == [transport.RESEND_PAUSE]


def test_a_clock_that_is_set_makes_no_connection_older_or_younger() -> None:
    """Idle time is real time: a frozen clock may stand still, or be moved by years."""
    with clocks.frozen() as clock, listening(keeps_alive) as there, client(there.url) as http:
        send(http)
        clock.set(clock.now() + 365 * 86_400)
        send(http)
        assert there.connections == 1
        threading.Event().wait(transport.LONGEST_IDLE + 0.1)
        send(http)
        assert there.connections == 2


def test_every_kept_connection_is_bound_by_the_same_idle_time() -> None:
    """Also those past the proxies of the environment."""
    pool = transport.plain_http()._pool
    assert (pool._keepalive_expiry, transport.LONGEST_IDLE) == (1.0, 1.0)
    with client("http://127.0.0.1:1") as http:
        assert isinstance(http._transport, httpx.HTTPTransport)
        assert http._transport._pool._keepalive_expiry == transport.LONGEST_IDLE
