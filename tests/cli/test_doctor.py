"""Asks the doctor: what this machine and a target can offer, and the remedy for what is missing."""

import pytest

from contract.harness.spec import CAPABILITIES, ENDPOINTS
from tests.support.command import COMMAND
from tests.support.room import MINIATURE, REFERENCE, Room, needs_faketime, needs_node

pytestmark = pytest.mark.usefixtures("loopback_reserved")


@pytest.mark.parametrize(
    "target",
    ["reference", pytest.param(MINIATURE, id="exec", marks=[needs_node, needs_faketime])],
)
def test_a_sound_target_lacks_nothing(room: Room, target: str) -> None:
    """Each ability and each endpoint is there, and the exit code is 0."""
    run = room.run("doctor", target)
    assert run.code == 0, run.said
    well = [line.split(maxsplit=1)[1] for line in run.said.splitlines() if line.startswith("  ok ")]
    assert [*CAPABILITIES, *(f"endpoint {name}" for name in tuple(ENDPOINTS))] == well[-8:]


def test_what_is_missing_comes_with_its_remedy(room: Room) -> None:
    """A missing library is told of the machine and of the target, and is no error of the doctor's."""
    run = room.run("doctor", REFERENCE, env={"RELAYAUTH_CONTRACT_LIBFAKETIME": "/nowhere"})
    assert run.code == 0, run.said
    machine, target = run.said.split(f"{REFERENCE}\n")
    assert "  missing  libfaketime" in machine
    assert "apt-get install faketime" in machine
    assert "  missing  clock\n" in target
    assert "apt-get install faketime" in target
    assert "  ok       key\n" in target


@needs_faketime
def test_a_clock_that_is_not_followed_is_found_out(room: Room) -> None:
    """The library is there, and the server does not follow all the same: that is told of the target."""
    run = room.run("doctor", f"exec:env -u LD_PRELOAD {COMMAND} serve")
    assert "ok       libfaketime" in run.said
    assert "missing  clock\n           the server does not follow the clock" in run.said


def test_a_target_that_can_not_be_opened_is_exit_code_2(room: Room) -> None:
    """There is nothing to tell of it but why."""
    run = room.run("doctor", room.script("print('no database'); raise SystemExit(4)"))
    assert run.code == 2
    assert "this machine" in run.said
    assert "ended with exit code 4 before it answered" in run.said
    assert "no database" in run.said


def test_an_unknown_target_is_exit_code_2(room: Room) -> None:
    """A misspelt name opens nothing."""
    run = room.run("doctor", "refrence")
    assert run.code == 2
    assert "'refrence' is not a target" in run.said
