"""Every sender keeps the pace, and a race is never larger than it allows."""

import threading
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.harness.client import FULL, SMALL
from contract.harness.errors import UsageError
from contract.harness.targets import Pace
from contract.harness.targets.pacing import per_second
from tests.support.command import patience


class Timer:
    """A clock that moves when somebody sleeps, and when it is told to."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def now(self) -> float:
        """Seconds since no matter when."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let that much time pass."""
        assert seconds > 0
        self.slept.append(seconds)
        self.time += seconds


def paced(rate: float) -> tuple[Pace, Timer]:
    """A pace, and the timer that it lives by."""
    timer = Timer()
    return Pace(rate, timer.now, timer.sleep), timer


@settings(deadline=None)
@given(rate=st.floats(0.05, 40), pauses=st.lists(st.floats(0, 3), min_size=2, max_size=80))
def test_in_no_window_leave_more_than_the_rate_allows(rate: float, pauses: list[float]) -> None:
    """Whenever requests come, at most `burst` of them leave within `burst / rate` seconds."""
    pace, timer = paced(rate)
    left = []
    for pause in pauses:
        timer.time += pause
        pace.wait()
        left.append(timer.time)
    window = pace.burst / rate
    spans = [later - first for first, later in zip(left, left[pace.burst :], strict=False)]
    assert all(span >= window - 1e-6 for span in spans)
    assert pace.burst <= max(1, rate)


def test_who_comes_slowly_does_not_wait() -> None:
    """Five a second, asked for one each half second, hold nobody up."""
    pace, timer = paced(5)
    for _ in range(20):
        timer.time += 0.5
        pace.wait()
    assert timer.slept == []


def test_below_one_a_second_one_leaves_in_as_many_as_it_takes() -> None:
    """Half a request a second is one every two seconds."""
    pace, timer = paced(0.5)
    for _ in range(4):
        pace.wait()
    assert timer.time - 1000 == pytest.approx(6)


@pytest.mark.parametrize("number", [1, 2, 4])
@pytest.mark.parametrize("before", [0, 1, 3, 4, 9])
def test_after_a_rest_so_many_leave_at_once(before: int, number: int) -> None:
    """A race that was rested for waits for nothing between its first request and its last."""
    pace, timer = paced(4)
    for _ in range(before):
        timer.time += 0.01
        pace.wait()
    pace.rest_for(number)
    rested = timer.time
    for _ in range(number):
        pace.wait()
    assert timer.time == rested
    assert timer.slept == [] or before + number > pace.burst


def test_threads_share_one_pace() -> None:
    """Eight threads together keep what one would."""
    pace, timer = paced(4)

    def ask() -> None:
        for _ in range(5):
            pace.wait()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(patience())
    assert timer.time - 1000 == pytest.approx(9)  # 40 requests, 4 at once, the first four for nothing


@pytest.mark.parametrize(("text", "rate"), [("5/s", 5.0), ("0.5/s", 0.5), ("1000/s", 1000.0)])
def test_a_rate_is_read(text: str, rate: float) -> None:
    """A number, a slash and the unit."""
    assert per_second(text) == rate


@pytest.mark.parametrize(
    "text", ["", "5", "5/m", "5/s/s", "0/s", "-1/s", "1001/s", "nan/s", "inf/s", "five/s", "/s"]
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    """Zero, endless and nameless rates are told what one looks like."""
    with pytest.raises(UsageError, match=r"such as 5/s or 0\.5/s"):
        per_second(text)


BOUNDS: dict[str, tuple[Callable[[], Pace | None], tuple[int, ...]]] = {
    "none": (lambda: None, FULL.at_once),
    "wide": (lambda: Pace(100), FULL.at_once),
    "five": (lambda: Pace(5), (5, 2)),
    "one": (lambda: Pace(1), (2,)),
    "half": (lambda: Pace(0.5), (2,)),
}


@pytest.mark.parametrize(("pace", "at_once"), BOUNDS.values(), ids=BOUNDS)
def test_no_race_is_larger_than_a_pace_lets_go_at_once(
    pace: Callable[[], Pace | None], at_once: tuple[int, ...]
) -> None:
    """What is left of the races, each once; two are the smallest, and the racer says that it could not."""
    within = FULL.within(pace())
    assert within.at_once == at_once
    assert (within.flips, within.longest) == (FULL.flips, FULL.longest)


def test_the_small_volume_is_small() -> None:
    """What a deployment that is not ours gets is less in every measure."""
    assert max(SMALL.at_once) < max(FULL.at_once)
    assert SMALL.flips < FULL.flips
    assert SMALL.longest < FULL.longest
