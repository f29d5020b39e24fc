"""Tries the clock in our hand where it fails: nothing is asked of a server whose time can't be set."""

import contextlib

import pytest

from contract.harness.run import Settings, TargetSession
from contract.harness.run.state import TargetRun
from contract.harness.spec import ENDPOINTS
from contract.harness.targets import REAL, SteeredClock, Target
from tests.support.command import COMMAND
from tests.support.room import CLOCK_CLAUSES, MINIATURE, REFERENCE, Room, needs_faketime, needs_node

pytestmark = needs_faketime

TIME = ("--clause", "CLK-*", "--clause", "TTL-04")
DROPS_IT = f"exec:env -u LD_PRELOAD {COMMAND} serve"
OWN_TIME = ("--env", "MINIATURE_FAULT=own-clock")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        pytest.param(DROPS_IT, (), id="drops LD_PRELOAD"),
        pytest.param(MINIATURE, OWN_TIME, id="keeps a time of its own", marks=needs_node),
    ],
)
def test_a_server_that_does_not_follow_is_not_tried_on_time(
    room: Room, target: str, words: tuple[str, ...]
) -> None:
    """What needs a clock is not tried and the reason says so; all else is, in the server's own time."""
    run = room.check(target, *words, *TIME)
    assert run.code == 0, run.said
    assert run.clauses("not_tried") == CLOCK_CLAUSES
    assert all("the server does not follow the clock" in why for why in run.whys("not_tried"))
    assert run.clauses("pass") == {"CLK-05", "TTL-04"}
    assert run.target["abilities"] == ["key", "env", "orgs"]


LATE = """
import uvicorn
from reference_impl.app import create_app
from reference_impl.rules import Rules

class Late(Rules):
    def issued_at(self, now):
        return int(now) - 2

uvicorn.run(create_app(os.environ, rules=Late()), port=int(os.environ["PORT"]), log_level="error")
"""


@pytest.mark.proof
def test_a_server_whose_iat_is_off_follows_all_the_same(room: Room) -> None:
    """Time is tried on it, and the clause about `iat` says what is wrong."""
    run = room.check(room.script(LATE), *TIME)
    assert run.clauses("not_tried") == set(), run.said
    assert run.clauses("fail") == {"CLK-02", "CLK-05"}
    assert any("iat of the access token was" in why and ", -2 s" in why for why in run.whys("fail"))


@pytest.mark.proof
@pytest.mark.usefixtures("loopback_reserved")
def test_without_a_clock_the_key_order_is_tried_all_the_same(room: Room) -> None:
    """Servers launched after the clock was struck off believe bearers of the real time."""
    run = room.check(DROPS_IT, "--clause", "JWKS-0[13]")
    assert run.clauses("pass") == {"JWKS-01", "JWKS-03"}, run.said


def test_without_libfaketime_the_remedy_is_told(room: Room) -> None:
    """No clock clause is tried; the report says what is missing and how to get it."""
    run = room.check(REFERENCE, *TIME, env={"RELAYAUTH_CONTRACT_LIBFAKETIME": "/nowhere/libfaketime.so.1"})
    assert run.code == 0, run.said
    assert run.clauses("not_tried") == CLOCK_CLAUSES
    for why in run.whys("not_tried"):
        assert "RELAYAUTH_CONTRACT_LIBFAKETIME names /nowhere/libfaketime.so.1, which is not there" in why
        assert "apt-get install faketime" in why
    assert run.clauses("pass") == {"CLK-05", "TTL-04"}


def test_strictly_an_untried_clock_leaves_the_verdict_open(room: Room) -> None:
    """With `--strict` a must that was not tried is no verdict."""
    run = room.run("check", "--strict", DROPS_IT, *TIME)
    assert run.code == 2, run.said


SLEEPING = """
import asyncio, time
time.sleep(0.01)
before = time.time()
import uvicorn
from reference_impl.app import create_app
inner = create_app(os.environ)

async def app(scope, receive, send):
    time.sleep(0.001)
    await asyncio.sleep(0.001)
    await inner(scope, receive, send)

uvicorn.run(app, port=int(os.environ["PORT"]), log_level="error")
"""


def test_a_steered_server_can_sleep(room: Room) -> None:
    """Timers go on under a wall clock that stands still, Python's `time.sleep` included."""
    run = room.check(room.script(SLEEPING), "--clause", "CLK-01", "--clause", "CLK-05")
    assert run.clauses("pass") == {"CLK-01", "CLK-05"}, run.said


def test_a_pythonpath_of_the_command_is_kept(room: Room) -> None:
    """Steering a Python child adds to a PYTHONPATH that it was given, and takes nothing from it."""
    lib = room.folder / "lib"
    lib.mkdir()
    (lib / "its_own_module.py").write_text(
        "import time; print('found it'); time.sleep(0.01); raise SystemExit('-'.join(('and', 'slept')))"
    )
    run = room.run("check", room.script("import its_own_module"), "--env", f"PYTHONPATH={lib}")
    assert "found it" in run.said
    assert "and-slept" in run.said, "the cure for time.sleep was lost"


@pytest.mark.proof
def test_an_inherited_faketime_does_not_move_the_server(room: Room) -> None:
    """A FAKETIME of the caller, which would win over our stamp, is not handed on."""
    run = room.check(REFERENCE, *TIME, env={"FAKETIME": "@2001-01-01 00:00:00"})
    assert run.clauses("pass") == CLOCK_CLAUSES | {"CLK-05", "TTL-04"}, run.said


@pytest.mark.proof
@pytest.mark.usefixtures("loopback_reserved")
def test_time_is_steered_on_the_servers_of_the_key_order_too(room: Room) -> None:
    """After years of renewals a server that is started then verifies bearers of that year."""
    run = room.check(REFERENCE, "--clause", "CLK-03", "--clause", "JWKS-0[13]")
    assert run.clauses("pass") == {"CLK-03", "JWKS-01", "JWKS-03"}, run.said


def test_a_clock_that_is_let_go_shows_the_real_time() -> None:
    """Who does not follow is left in the real time, not half in ours."""
    target = Target("reference", REFERENCE)
    run = TargetRun(target, Settings(targets=(target,)))
    with contextlib.closing(run):
        session = run.open()
        assert isinstance(session, TargetSession)
        clock = session.connection.clock
        assert isinstance(clock, SteeredClock)
        clock.set(clock.now() + 86400)
        assert session.own_org.pair(ENDPOINTS["identity"]).access.iat == int(clock.now())
        clock.let_go()
        assert abs(session.own_org.pair(ENDPOINTS["identity"]).access.iat - REAL["time"]()) < 5
