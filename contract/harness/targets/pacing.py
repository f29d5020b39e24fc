"""The pace of a run on a target that is not ours: a number of requests a second, for all threads together."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable

from contract.harness.errors import UsageError
from contract.harness.targets.clocks import REAL

POLITE = 5.0  # requests a second


def per_second(text: str) -> float:
    """Read `N/s`, such as `5/s` or `0.5/s`; `UsageError` for anything else."""
    number, slash, unit = text.partition("/")
    try:
        rate = float(number)
    except ValueError:
        rate = 0.0
    if (slash, unit) != ("/", "s") or not 0 < rate <= 1000:
        raise UsageError(f"rate {text!r}: write a number of requests a second, such as 5/s or 0.5/s")
    return rate


class Pace:
    """Lets at most `rate` requests start in any second; for a rate below 1, one in each `1 / rate` seconds.

    `burst` is how many may start at the same moment.
    """

    def __init__(
        self,
        rate: float,
        now: Callable[[], float] = REAL["monotonic"],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.burst = max(1, math.floor(rate))
        self._window = self.burst / rate
        self._now, self._sleep = now, sleep
        self._left: deque[float] = deque(maxlen=self.burst)
        self._lock = threading.Lock()

    def wait(self, *_: object) -> None:
        """Wait until one more request may start, and count it."""
        with self._lock:
            if len(self._left) == self.burst:
                self._rest(self._left[0])
            self._left.append(self._now())

    def rest_for(self, number: int) -> None:
        """Wait until `number` requests, at most `burst`, may start at once: before a race."""
        with self._lock:
            surplus = len(self._left) + number - self.burst
            if surplus > 0:
                self._rest(self._left[surplus - 1])

    def _rest(self, since: float) -> None:
        while (short := since + self._window - self._now()) > 0:
            self._sleep(short)
