"""The port of the loopback default: waited for, shared in turns, and told if it stays taken."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from contract.harness.targets import default_port
from contract.harness.targets.default_port import PortTaken, in_turn
from contract.harness.targets.processes import free_port


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    """A port that takes the place of the loopback default, with short waits."""
    monkeypatch.setattr(default_port, "WAIT_FOR_A_RUN", 0.3)
    monkeypatch.setattr(default_port, "WAIT_FOR_A_PROGRAM", 0.3)
    return free_port()


def listener(port: int) -> contextlib.AbstractContextManager[socket.socket]:
    """Listen on `port`."""
    return socket.create_server(("127.0.0.1", port))


def test_a_port_that_becomes_free_is_taken(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that ends in time costs nothing but the time."""
    monkeypatch.setattr(default_port, "WAIT_FOR_A_PROGRAM", 20.0)
    holder = socket.create_server(("127.0.0.1", port))
    threading.Timer(0.3, holder.close).start()
    with in_turn(port, lambda: listener(port)) as held:
        assert held.getsockname()[1] == port


def test_a_port_that_stays_taken_is_told(port: int) -> None:
    """By what, for how long it was waited, and what to do."""
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(PortTaken, match=rf"port {port}, the loopback default, is taken by another program"),
        in_turn(port, lambda: listener(port)),
    ):
        pass


def test_another_run_is_told_from_another_program(port: int) -> None:
    """Whoever holds the lock is a run of ours: the port itself may be free for a moment."""
    with (
        in_turn(port, lambda: listener(port)),
        pytest.raises(PortTaken, match="another run of relayauth-contract on this machine"),
        in_turn(port, lambda: listener(port)),
    ):
        pass


def test_runs_take_turns(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of several gets the port, one after the other."""
    monkeypatch.setattr(default_port, "WAIT_FOR_A_RUN", 20.0)
    at_once, most, errors = 0, 0, []
    count = threading.Lock()

    @contextlib.contextmanager
    def opened() -> Iterator[None]:
        nonlocal at_once, most
        with listener(port):
            with count:
                at_once += 1
                most = max(most, at_once)
            threading.Event().wait(0.02)  # Long enough for the others to come.
            yield
            with count:
                at_once -= 1

    def run() -> None:
        try:
            with in_turn(port, opened):
                pass
        except PortTaken as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert most == 1


def test_a_wait_in_vain_is_not_repeated(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a run has waited, it asks again and does not wait again; a port that became free is taken."""
    slept: list[float] = []
    with socket.create_server(("127.0.0.1", port)):
        with pytest.raises(PortTaken), in_turn(port, lambda: listener(port)):
            pass
        monkeypatch.setattr(time, "sleep", slept.append)
        with pytest.raises(PortTaken), in_turn(port, lambda: listener(port)):
            pass
    assert slept == []
    with in_turn(port, lambda: listener(port)):
        pass
