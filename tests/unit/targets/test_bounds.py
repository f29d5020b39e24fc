"""No answer is waited for without end, read without end, or followed elsewhere."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from contract.harness.errors import CouldNotTry, NotTried
from contract.harness.targets import ObservedClock, SteeredClock, exchange, is_loopback, transport
from contract.harness.targets.clocks import FrozenClock, frozen
from contract.harness.targets.processes import free_port
from contract.harness.targets.transport import AsgiTransport, client
from tests.support.command import patience


@contextmanager
def answering(response: Callable[[socket.socket], None]) -> Iterator[str]:
    """A socket that treats its one caller as told; yields its URL."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            caller, _ = server.accept()
            with caller:
                caller.recv(65536)
                response(caller)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join(patience())
        assert not thread.is_alive()


def _wait(event: threading.Event) -> None:
    event.wait(patience())


def ask(url: str) -> httpx.Response:
    """Ask it once, within the bounds."""
    with client(url) as http:
        return exchange(http, http.build_request("GET", "/health"))


def test_a_hanging_socket_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that accepts and says nothing is no answer in time."""
    monkeypatch.setattr(transport, "READ_TIMEOUT", 0.2)
    given_up = threading.Event()
    with answering(lambda _: _wait(given_up)) as url:
        with pytest.raises(CouldNotTry, match="no answer in time"):
            ask(url)
        given_up.set()


def test_a_dripping_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that never stalls and never ends is bounded as a whole."""
    monkeypatch.setattr(transport, "ANSWER_DEADLINE", 0.3)
    given_up = threading.Event()

    def drip(caller: socket.socket) -> None:
        caller.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        while not given_up.wait(0.02):
            caller.sendall(b"x")

    with answering(drip) as url:
        with pytest.raises(CouldNotTry, match="not complete within"):
            ask(url)
        given_up.set()


def test_an_endless_answer_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer larger than any of this API is refused while it comes."""
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 1000)
    body = b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n" + b"x" * 5000
    with (
        answering(lambda caller: caller.sendall(body)) as url,
        pytest.raises(CouldNotTry, match="larger than 1000 bytes"),
    ):
        ask(url)


def test_a_redirect_is_an_answer_and_not_a_way() -> None:
    """Nothing is asked at the place that a redirect names."""
    head = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n"
    with answering(lambda caller: caller.sendall(head)) as url:
        assert ask(url).status_code == 302


def test_a_server_gets_a_port_that_nobody_else_is_given() -> None:
    """A port for a server is free, new, and none that the system hands out to sockets that ask for any."""
    ports = [free_port() for _ in range(50)]
    with socket.create_server(("127.0.0.1", 0)) as trap:
        handed_out = trap.getsockname()[1]
    assert len(set(ports)) == 50
    assert max(ports) < min(handed_out, 32768)


HOSTS = {
    "127.0.0.1": True,
    "127.8.9.1": True,
    "localhost": True,
    "[::1]": True,
    "10.0.0.1": False,
    "a.test": False,
}


@pytest.mark.parametrize("host", HOSTS)
def test_loopback_is_known(host: str) -> None:
    """Names and addresses of this machine's loopback, and no others."""
    assert is_loopback(host) is HOSTS[host]


def test_an_application_that_raises_answers_500() -> None:
    """What escapes an ASGI application is a 500, as behind a server."""

    async def broken(scope: object, receive: object, send: object) -> None:
        raise RuntimeError

    with client("http://relayauth.invalid", AsgiTransport(broken)) as http:
        assert exchange(http, http.build_request("GET", "/")).status_code == 500


@pytest.fixture(params=["frozen", "steered"])
def settable(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FrozenClock | SteeredClock]:
    """Each clock that can be set."""
    with frozen() as clock:
        yield clock if request.param == "frozen" else SteeredClock(clock, tmp_path / "now")


def test_a_clock_moves_forward_and_is_where_it_was_set(settable: FrozenClock | SteeredClock) -> None:
    """It stands still until it is set, and then stands there; all of this process sees it."""
    moment = settable.now() + 89 * 86400
    assert settable.now() == moment - 89 * 86400
    settable.set(moment)
    assert settable.now() == moment
    assert datetime.now(UTC).timestamp() == pytest.approx(moment, abs=1e-3)


def test_a_clock_does_not_go_back(settable: FrozenClock | SteeredClock) -> None:
    """A step back is a fault of the chapter that asks for it."""
    with pytest.raises(ValueError, match="does not go back"):
        settable.set(settable.now() - 1)


def test_a_steered_clock_tells_its_processes_milliseconds(tmp_path: Path) -> None:
    """The stamp file holds what was set: at whole seconds an announced expiry could not differ from `exp`."""
    stamp = tmp_path / "now"
    with frozen() as clock:
        steered = SteeredClock(clock, stamp)
        steered.set(steered.now() + 100)
        assert float(stamp.read_text()) == steered.now()
        assert not stamp.read_text().endswith(".000")


def test_an_observed_clock_refuses_to_move() -> None:
    """It reads what the service said, and can't be set."""
    clock = ObservedClock()
    clock.observe(clock.now() + 500)
    with pytest.raises(NotTried, match="can't be set"):
        clock.set(clock.now() + 1)
