"""The time of the service as an object: frozen in this process, steered, or only observed."""

import contextlib
import math
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Protocol

from contract.harness.errors import NotTried

# In a dict, because freezegun rebinds module-level names of the timers.
REAL = {"time": time.time, "perf": time.perf_counter, "monotonic": time.monotonic}

# A start at a whole second would hide a server that announces an expiry with the milliseconds of `now`.
START_FRACTION = 0.25

# pytest measures durations, time-outs of subprocess would hang, hypothesis measures its own engine, and the
# progress line of rich would stand still. httpcore counts how long a connection was idle.
_REAL_TIME_FOR = [
    "_pytest.timing",
    "subprocess",
    "hypothesis.internal.conjecture.engine",
    "hypothesis.internal.conjecture.junkdrawer",
    "rich",
    "httpcore",
]


class Clock(Protocol):
    """What a test may do with time; all times are Unix seconds."""

    settable: bool

    def now(self) -> float:
        """Return the service's time."""

    def set(self, moment: float) -> None:
        """Set the service's time to `moment`; `ValueError` for a step back, `NotTried` if it can't be set."""


class FrozenClock:
    """The clock of this process, frozen once and then moved; created by `frozen()`."""

    settable = True

    def __init__(self, factory: Any, start: float) -> None:
        self._factory = factory
        self._now = start

    def now(self) -> float:
        """Return the frozen time."""
        return self._now

    def set(self, moment: float) -> None:
        """Move to `moment`."""
        if moment < self._now:
            raise ValueError(f"a clock does not go back: it is {self._now}, requested was {moment}")
        self._now = moment
        self._factory.move_to(_naive(moment))


def _naive(moment: float) -> datetime:
    """Return `moment` in the form of freezegun: UTC without a zone."""
    return datetime.fromtimestamp(moment, UTC).replace(tzinfo=None)


_frozen: list[FrozenClock] = []


@contextlib.contextmanager
def frozen() -> Iterator[FrozenClock]:
    """Freeze this process's wall clock near the real time; event loops keep running.

    A process has one clock: inside another such block it is the same one, which ends with the outer block.
    """
    if _frozen:
        yield _frozen[0]
        return
    import freezegun

    freezegun.configure(extend_ignore_list=_REAL_TIME_FOR)
    start = math.floor(REAL["time"]()) + START_FRACTION
    freezer = freezegun.freeze_time(
        datetime.fromtimestamp(start, UTC).replace(tzinfo=None), real_asyncio=True
    )
    factory = freezer.start()
    _frozen.append(FrozenClock(factory, start))
    try:
        yield _frozen[0]
    finally:
        _frozen.clear()
        freezer.stop()


class ObservedClock:
    """A clock that can only be read: this machine's, corrected by the time that the service announced."""

    settable = False

    def __init__(self) -> None:
        self._offset = 0.0

    def observe(self, service_time: float) -> None:
        """Take `service_time` (Unix seconds, from a `Date` header) as the service's current time."""
        self._offset = service_time - REAL["time"]()

    def now(self) -> float:
        """Return the service's time, as far as it is known."""
        return REAL["time"]() + self._offset

    def set(self, moment: float) -> None:
        """Refuse: the clock of a running deployment can't be set."""
        raise NotTried(f"the clock of a running deployment can't be set (to {moment})")
