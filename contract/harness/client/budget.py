"""How many requests a run may send to a deployment that somebody else pays for."""

import math
from collections.abc import Callable

from contract.harness.errors import CouldNotTry
from contract.harness.spec import Profile
from contract.harness.targets.connections import Kind

FULL_BUDGET = 2600
"""Requests of a run of the full profile on a URL."""
CORE_BUDGET = 700
"""Requests of a run of the core profile on a URL."""


class RequestBudget:
    """Counts every request of a run, and refuses those past `limit`; None is no limit.

    Some are reserved for the removal of what the run made; `begin_removal` releases them.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self.sent = 0
        self._reserves: list[Callable[[], int]] = []
        self._removing = False

    def reserve(self, cost: Callable[[], int]) -> None:
        """Keep as many requests for the removal as `cost` says at any time."""
        self._reserves.append(cost)

    @property
    def left(self) -> float:
        """How many requests may still be sent."""
        return math.inf if self.limit is None else self.limit - self.sent

    def begin_removal(self) -> None:
        """From now on every request removes something: release what was reserved for it."""
        self._removing = True

    def take(self, number: int = 1) -> None:
        """Count `number` requests that are about to be sent; `CouldNotTry` if they do not fit."""
        self.require(number)
        self.sent += number

    def require(self, number: int) -> None:
        """Raise `CouldNotTry` if `number` more requests do not fit."""
        if self.limit is not None:
            # To remove what one request created takes seven at most: at first nothing need be counted.
            early = self._removing or self.sent < self.limit // 8
            reserved = 0 if early else sum(cost() for cost in self._reserves)
            if self.sent + number + reserved > self.limit:
                kept = f" and {reserved} are kept to remove what it made" if reserved else ""
                raise CouldNotTry(
                    f"not sent: of the run's budget of {self.limit} requests, {self.sent} were sent{kept}: "
                    "--max-requests sets another"
                )


def budget_for(kind: Kind, profile: Profile, most: int | None = None) -> RequestBudget:
    """Return the budget of a run of `profile`: on a URL a bounded one, `most` requests if that is given."""
    if kind != "url" and most is None:
        return RequestBudget()
    return RequestBudget(most or (CORE_BUDGET if profile == "core" else FULL_BUDGET))
