"""Tries the loopback default of the key order: one port for all, and perhaps somebody else's."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from tests.support.loopback import PORT
from tests.support.room import REFERENCE, Room


@pytest.fixture
def taken(loopback_default: None) -> Iterator[socket.socket]:
    """The port of the loopback default, held by a program that is not the harness."""
    with socket.create_server(("127.0.0.1", PORT)) as server:
        server.setblocking(False)
        yield server


@pytest.mark.proof
def test_a_taken_default_is_not_tried_and_said_so(room: Room, taken: socket.socket) -> None:
    """What must ask the default is not tried, with the port in the reason; the rest of the order is."""
    run = room.check(REFERENCE, "--clause", "JWKS-0[156]")
    assert run.code == 0, run.said
    assert run.clauses("not_tried") == {"JWKS-05", "JWKS-06"}
    assert all(f"port {PORT}, the loopback default, is taken" in why for why in run.whys("not_tried"))
    assert run.clauses("pass") == {"JWKS-01"}
    with pytest.raises(BlockingIOError):  # No server was sent to ask a stranger for keys.
        taken.accept()


PROGRAM = f"""
import os, socket, sys, time
while os.path.exists("/proc/" + sys.argv[1]):
    try:
        with socket.create_connection(("127.0.0.1", {PORT}), 1) as sent:
            sent.sendall(b"GET /.well-known/jwks.json HTTP/1.0\\r\\n\\r\\n")
            sent.recv(100)
    except OSError:
        time.sleep(0.02)
"""


@pytest.fixture
def program(loopback_default: None) -> Iterator[int]:
    """A program that requests the loopback default all the time, started by somebody else; its process id."""
    # The shell ends, so the program is no child of this process, which may be the one that runs the check.
    words = [
        "sh",
        "-c",
        '"$0" -c "$1" "$2" >/dev/null 2>&1 & echo $!',
        sys.executable,
        PROGRAM,
        str(os.getpid()),
    ]
    process = psutil.Process(int(subprocess.run(words, check=True, capture_output=True, text=True).stdout))
    yield process.pid
    process.kill()


@pytest.mark.proof
@pytest.mark.skipif(sys.platform != "linux", reason="connections of other programs are shown on Linux alone")
def test_requests_of_another_program_are_not_the_servers(room: Room, program: int) -> None:
    """A second server on the machine that looks for its keys there does not make this one look broken."""
    run = room.check(REFERENCE, "--clause", "JWKS-0[15]")
    assert run.code == 0, run.said
    assert (run.clauses("pass"), run.clauses("not_tried")) == ({"JWKS-01"}, {"JWKS-05"})
    sentence = f"process {program}) sends requests to http://127.0.0.1:{PORT}: end it and run again"
    assert all(sentence in why for why in run.whys("not_tried"))


@pytest.mark.proof
@pytest.mark.usefixtures("taken")
def test_a_taken_default_is_told_by_the_doctor(room: Room) -> None:
    """The doctor names the port, who is in the way, and exactly the clauses that can't be tried."""
    run = room.run("doctor", "reference")
    assert f"missing  port {PORT}" in run.said
    assert f"stop what listens on 127.0.0.1:{PORT}" in run.said
    cost = set(re.findall(r"JWKS-\d\d", run.said))
    assert cost == room.check(REFERENCE, "--clause", "JWKS-*").clauses("not_tried")
