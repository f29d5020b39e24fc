"""What is said of one clock is held by all: frozen, steered, observed."""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import jwt
import pytest

from contract.harness.errors import NotTried
from contract.harness.jose import SigningKey, run_key
from contract.harness.targets import REAL, Clock, ObservedClock, SteeredClock
from contract.harness.targets.clocks import START_FRACTION, FrozenClock, frozen

DAY = 86400
STEPS = [0.0, 0.001, 1.0, 3600.0, 90.0 * DAY, 1826.0 * DAY]


@pytest.fixture(params=["frozen", "steered", "observed"])
def clock(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Clock]:
    """Each clock, at its beginning."""
    if request.param == "observed":
        yield ObservedClock()
        return
    with frozen() as found:
        yield found if request.param == "frozen" else SteeredClock(found, tmp_path / "now")


def _move(clock: Clock, moment: float) -> bool:
    """Move the clock, and say whether it let itself be moved."""
    if clock.settable:
        clock.set(moment)
    else:
        with pytest.raises(NotTried, match="can't be set"):
            clock.set(moment)
    return clock.settable


def test_a_clock_begins_near_the_real_time(clock: Clock) -> None:
    """Tokens of the run's beginning are neither expired nor of the future."""
    assert abs(clock.now() - REAL["time"]()) < 2


def test_a_clock_never_goes_back_by_itself(clock: Clock) -> None:
    """Each reading is at least the one before."""
    readings = [clock.now() for _ in range(100)]
    assert readings == sorted(readings)


@pytest.mark.parametrize("step", STEPS)
def test_a_clock_is_where_it_was_set_or_says_that_it_can_not_be(clock: Clock, step: float) -> None:
    """A clock that can be set stands exactly there; one that can't is not moved by the attempt."""
    before = clock.now()
    if _move(clock, before + step):
        assert clock.now() == before + step
    else:
        assert clock.now() - before < 1


@pytest.mark.parametrize("step", [0.001, 1.0, DAY])
def test_a_clock_refuses_a_step_back(clock: Clock, step: float) -> None:
    """It is refused, and the clock stands where it stood."""
    _move(clock, clock.now() + 10)
    before = clock.now()
    with pytest.raises(ValueError if clock.settable else NotTried, match=r"does not go back|can't be set"):
        clock.set(before - step)
    assert 0 <= clock.now() - before < 1


@pytest.fixture
def icy() -> Iterator[FrozenClock]:
    """The frozen clock."""
    with frozen() as found:
        yield found


@pytest.mark.parametrize("moment", [4102444800.0, 4102444800.25, 4102444801.999])
def test_all_that_reads_the_time_in_this_process_follows(icy: FrozenClock, moment: float) -> None:
    """`datetime.now` and `time.time` say what was set."""
    icy.set(moment)
    assert time.time() == pytest.approx(moment, abs=1e-6)
    assert datetime.now(UTC).timestamp() == pytest.approx(moment, abs=1e-6)


def test_a_verifier_follows(icy: FrozenClock) -> None:
    """PyJWT, which has no parameter for it, finds a token good before `exp` and expired after."""
    key, now = run_key(), int(icy.now())
    token = key.sign({"iat": now, "exp": now + 90 * DAY})
    icy.set(now + 90 * DAY - 1)
    assert _verified(key, token)
    icy.set(now + 90 * DAY + 1)
    with pytest.raises(jwt.ExpiredSignatureError):
        _verified(key, token)


def _verified(key: SigningKey, token: str) -> bool:
    return bool(jwt.decode(token, key.public_pem, algorithms=["RS256"]))


def test_an_event_loop_goes_on(icy: FrozenClock) -> None:
    """Sleeps and time-outs of asyncio pass in real time while the wall clock stands still."""

    async def wait() -> None:
        await asyncio.sleep(0.01)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 0.01)

    before, begun = icy.now(), REAL["perf"]()
    asyncio.run(wait())
    assert 0.02 <= REAL["perf"]() - begun < 5
    assert time.time() == pytest.approx(before)


def test_it_is_no_whole_second(icy: FrozenClock) -> None:
    """A server that announces an expiry with the milliseconds of its now is found out."""
    assert icy.now() % 1 == START_FRACTION


def test_afterwards_the_time_is_real_again() -> None:
    """A freeze ends with its block, also where that raised."""
    with contextlib.suppress(LookupError), frozen() as clock:
        clock.set(clock.now() + 90 * DAY)
        raise LookupError
    assert abs(time.time() - REAL["time"]()) < 1


def test_real_timers_are_real_under_a_freeze(icy: FrozenClock) -> None:
    """What the harness bounds and measures with does not stand still."""
    before = REAL["monotonic"]()
    icy.set(icy.now() + DAY)
    assert 0 <= REAL["monotonic"]() - before < 5


def test_a_steered_clock_leaves_a_whole_stamp_and_nothing_else(icy: FrozenClock, tmp_path: Path) -> None:
    """The stamp is replaced, never rewritten: no half of it can be read, and no other file stays."""
    stamp = tmp_path / "now"
    clock = SteeredClock(icy, stamp)
    first = stamp.stat().st_ino
    clock.set(icy.now() + DAY)
    assert float(stamp.read_text()) == icy.now()
    assert stamp.stat().st_ino != first
    assert list(tmp_path.iterdir()) == [stamp]


def test_a_steered_clock_and_the_frozen_one_are_in_lockstep(icy: FrozenClock, tmp_path: Path) -> None:
    """Whoever moves it moves both."""
    clock = SteeredClock(icy, tmp_path / "now")
    clock.set(icy.now() + DAY)
    assert clock.now() == icy.now() == pytest.approx(time.time())


@pytest.mark.parametrize("offset", [-7200.0, 0.0, 500.0])
def test_an_observed_clock_says_what_the_service_said(offset: float) -> None:
    """It goes on from there at the pace of the real time."""
    clock = ObservedClock()
    clock.observe(REAL["time"]() + offset)
    assert clock.now() - REAL["time"]() == pytest.approx(offset, abs=0.5)
