"""Counts what is there before a run and after it: processes, listening ports and temporary files."""

import signal
from collections.abc import Callable

import pytest

from tests.support import loopback
from tests.support.command import Run
from tests.support.room import NOTHING, REFERENCE, Room, until
from tests.support.rows import rows

SERVE = """
import sys
from reference_impl.serve import serve
sys.argv = ["serve"]
"""
STUBBORN = """
import signal, threading, time
import uvicorn
from reference_impl.app import create_app
config = uvicorn.Config(create_app(os.environ), port=int(os.environ["PORT"]), log_level="error")
server = uvicorn.Server(config)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
threading.Thread(target=server.run).start()  # off the main thread uvicorn leaves signals alone
"""
DAEMON = """
for _ in range(2):
    if os.fork():
        os._exit(0)
    os.setsid()
"""
FAMILY = """
import subprocess, sys
for session in (False, True):
    subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], start_new_session=session)
"""
HANGING = """
import socket, subprocess, sys
subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
server = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
import signal
signal.pause()
"""


@pytest.fixture
def room(room: Room, loopback_reserved: None) -> Room:
    """A room that watches the loopback default, too, unless another program has its port."""
    if loopback.is_free():
        room.watched.add(loopback.PORT)
    return room


HOLDS = 0
NO_VERDICT = 2
ENDINGS: dict[str, tuple[int, Callable[[Room], Run]]] = {
    "it holds": (HOLDS, lambda room: checked(room, SERVE + "serve()")),
    "it holds on a server that ignores SIGTERM": (
        HOLDS, lambda room: checked(room, STUBBORN, "--clause", "CLK-05"),
    ),
    "it holds on a daemon": (HOLDS, lambda room: checked(room, DAEMON + SERVE + "serve()")),
    "it holds on a server with children": (HOLDS, lambda room: checked(room, FAMILY + SERVE + "serve()")),
    "the server exits at once": (NO_VERDICT, lambda room: checked(room, "raise SystemExit(3)")),
    "the server exits and leaves children": (
        NO_VERDICT, lambda room: checked(room, FAMILY + "raise SystemExit(3)", "--ready-timeout", "3"),
    ),
    "the server hangs": (
        NO_VERDICT, lambda room: checked(room, HANGING, "--ready-timeout", "3")),
    "there is no such command": (NO_VERDICT, lambda room: room.run("check", "exec:no-such-command-anywhere")),
    "the doctor looked": (HOLDS, lambda room: room.run("doctor", room.script(SERVE + "serve()"))),
}  # fmt: skip


def checked(room: Room, server: str, *words: str) -> Run:
    """Run a clause on the server under test, and one that starts another server."""
    chosen = ("--clause", "CLK-05", "--clause", "JWKS-02")
    return room.run("check", room.script(server), *(words or chosen))


# `make test` tries an ending with a server and one without.
OFTEN = {"it holds", "there is no such command"}


@pytest.mark.parametrize(("code", "ending"), rows(ENDINGS, proof=ENDINGS.keys() - OFTEN))
def test_whatever_the_ending_nothing_is_left(room: Room, code: int, ending: Callable[[Room], Run]) -> None:
    """No process, no listening port and no temporary file of a run outlives it."""
    before = room.left()
    run = ending(room)
    assert run.code == code, run.said
    assert before == NOTHING
    assert room.left() == NOTHING


@pytest.mark.parametrize(
    ("when", "how"),
    [
        ("coming up", signal.SIGINT),
        ("in the middle", signal.SIGTERM),
        pytest.param("among the traps", signal.SIGTERM, marks=pytest.mark.proof),
        pytest.param("coming up", signal.SIGTERM, marks=pytest.mark.proof),
        pytest.param("in the middle", signal.SIGINT, marks=pytest.mark.proof),
        pytest.param("among the traps", signal.SIGINT, marks=pytest.mark.proof),
    ],
    ids=lambda value: value.name if isinstance(value, signal.Signals) else value,
)
def test_an_interrupted_run_leaves_nothing(room: Room, how: signal.Signals, when: str) -> None:
    """A run that is told to end while servers start or are tested ends them all."""
    server, clause, servers = {
        "coming up": (HANGING, "TTL-03", 1),
        "in the middle": (SERVE + "serve()", "TTL-*", 1),
        "among the traps": (SERVE + "serve()", "JWKS-0[13]", 3),
    }[when]
    process = room.start("check", room.script(server), "--clause", clause)
    until(lambda: len(room.ports.read_text().split()) >= servers, what=f"{servers} servers had started")
    until(lambda: room.left().processes > servers, what="they ran")
    assert room.left().files >= 1  # one for each process that starts servers
    process.send_signal(how)
    run = room.ended(process)
    assert run.code == NO_VERDICT, run.said
    assert "interrupted" in run.said
    assert room.left() == NOTHING


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_stopped_doctor_leaves_nothing(room: Room, how: signal.Signals) -> None:
    """The doctor ends what it started, too."""
    process = room.start("doctor", room.script(HANGING))
    until(lambda: room.left().processes >= 3, what="the server and its child ran")
    process.send_signal(how)
    assert room.ended(process).code == NO_VERDICT
    assert room.left() == NOTHING


def test_the_count_sees_what_is_there(room: Room) -> None:
    """The count is no empty promise: while a run goes on it sees its server, its port and its folder."""
    process = room.start("check", REFERENCE, "--clause", "TTL-*")
    until(lambda: room.left().processes >= 2 and room.left().files >= 1, what="the count saw it")
    process.send_signal(signal.SIGTERM)
    room.ended(process)
    listening = room.script(HANGING)
    process = room.start("check", listening)
    until(lambda: room.left().ports >= 1, what="the count saw the port")
    process.send_signal(signal.SIGTERM)
    room.ended(process)
    assert room.left() == NOTHING
