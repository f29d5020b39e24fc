"""Waiting for a service that is busy: as long as it says, within the bounds of a run."""

import math
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from contract.harness.client.messages import Response
from contract.harness.errors import CouldNotTry
from contract.harness.targets import Clock

LONGEST_WAIT = 60.0
"""Seconds that a run waits for one response at most."""
LONGEST_WAITS = 180.0
"""Seconds that a run waits at most in all."""
SHORTEST_WAIT = 0.5
"""Seconds that a run waits at least: a service that says "now" and means "later" is not to be hammered."""
SOON = 0.02
"""Seconds after which a server of this run is asked again first: it may be busy for a moment alone."""


class Waits:
    """All waits of a run: each as long as the service asks for, and bounded alone and together."""

    def __init__(self) -> None:
        self._waited = 0.0

    def wait_out(self, response: Response, times: int = 1, clock: Clock | None = None) -> None:
        """Wait as long as `response` asks; `CouldNotTry` if that passes a bound of the run.

        `times` counts how often in turn the request was turned away, this response included. `clock` is the
        clock of a server that nobody but this run uses. Such a server is asked again soon. If that is too
        early, its clock is moved on: a rate limit may count by that clock, which stands still. Only then is
        it waited for.
        """
        if clock is not None and times == 1:
            time.sleep(SOON)
            return
        seconds = requested_wait(response)
        if clock is not None and clock.settable and seconds <= LONGEST_WAIT:
            clock.set(clock.now() + max(seconds, SHORTEST_WAIT))
            if times == 2:
                return
        bound = None
        if seconds > LONGEST_WAIT:
            bound = f"this run waits {LONGEST_WAIT:.0f} s at most for one answer"
        elif self._waited + seconds > LONGEST_WAITS:
            bound = f"this run has waited {_exactly(self._waited)}, of {LONGEST_WAITS:.0f} s at most in all"
        if bound:
            raise CouldNotTry(
                f"{response.request.where}: {response.status} asks to wait {_exactly(seconds)}; {bound}"
            )
        seconds = max(seconds, SHORTEST_WAIT)
        self._waited += seconds
        time.sleep(seconds)


def requested_wait(response: Response) -> float:
    """Return the seconds of a `Retry-After`: a number or a date (RFC 9110, section 10.2.3), else 1 s."""
    value = response.headers.get("retry-after", "1")
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return 1.0


def _exactly(seconds: float) -> str:
    """Return seconds rounded up to a hundredth: what passes a bound does not read like the bound."""
    return f"{math.ceil(seconds * 100) / 100 if math.isfinite(seconds) else seconds:.12g} s"
