"""Tries the loopback default of the key order: one port for all, and perhaps somebody else's."""

import re
import socket
from collections.abc import Iterator

import pytest

from tests.support.loopback import PORT
from tests.support.room import REFERENCE, Room


@pytest.fixture
def taken(loopback_default: None) -> Iterator[socket.socket]:
    """The port of the loopback default, held by a program that is not the harness."""
    with socket.create_server(("127.0.0.1", PORT)) as server:
        server.setblocking(False)
        yield server


def test_a_taken_default_is_not_tried_and_said_so(room: Room, taken: socket.socket) -> None:
    """What must ask the default is not tried, with the port in the reason; the rest of the order is."""
    run = room.check(REFERENCE, "--clause", "JWKS-0[156]")
    assert run.code == 0, run.said
    assert run.clauses("not_tried") == {"JWKS-05", "JWKS-06"}
    assert all(f"port {PORT}, the loopback default, is taken" in why for why in run.whys("not_tried"))
    assert run.clauses("pass") == {"JWKS-01"}
    with pytest.raises(BlockingIOError):  # No server was sent to ask a stranger for keys.
        taken.accept()


@pytest.mark.proof
@pytest.mark.usefixtures("taken")
def test_a_taken_default_is_told_by_the_doctor(room: Room) -> None:
    """The doctor names the port, who is in the way, and exactly the clauses that can't be tried."""
    run = room.run("doctor", "reference")
    assert f"missing  port {PORT}" in run.said
    assert f"stop what listens on 127.0.0.1:{PORT}" in run.said
    cost = set(re.findall(r"JWKS-\d\d", run.said))
    assert cost == room.check(REFERENCE, "--clause", "JWKS-*").clauses("not_tried")
