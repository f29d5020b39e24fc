"""Races of two requests: how many rounds, how they are staggered, and what so many rounds can show."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from contract.harness.checks.assertions import require
from contract.harness.client import STAGGERS, Race, Racer, Response, Volume
from contract.harness.errors import CouldNotTry
from contract.harness.spec import ENDPOINTS, SHAPED, MintEndpoint

Value = TypeVar("Value")

ROWS = [row for name in ENDPOINTS for row in SHAPED[name]]
BUSY = frozenset({409, 429, 503})
"""Answers of a service that did nothing because another request was under way (docs/contract.md, Errors)."""
RARE = 1 / 20
"""The share of rounds in which a fault shows that a note speaks of."""


class Rounds:
    """The rounds of one `kind` of race at one endpoint and body shape: its share of those of the whole kind.

    Iterating yields the stagger of each round. `rows` is over how many rows of endpoint and shape the rounds
    are spread.
    """

    def __init__(
        self, racer: Racer, volume: Volume, mint: MintEndpoint, *, kind: str, rows: int = len(ROWS)
    ) -> None:
        self._racer, self._kind = racer, kind
        self._planned = math.ceil(volume.rounds / rows)
        # Each row goes on where the one before it stopped: together they try every stagger in both orders.
        self._place = self._turn = ROWS.index(mint) * self._planned
        self._ran = self._overlapped = self._decided = 0

    def __iter__(self) -> Iterator[int]:
        """Yield the stagger of each round; rows begin with different ones."""
        for number in range(self._planned):
            self._turn = self._place + number
            yield self._turn // 2 % STAGGERS

    def ordered(self, requests: Mapping[str, Value]) -> dict[str, Value]:
        """Return `requests` in the order of this round: every other one turns it round."""
        names = list(requests)
        return {name: requests[name] for name in (names[::-1] if self._turn % 2 else names)}

    def count(self, race: Race, *, decided: bool) -> None:
        """Count a round; `decided` says that the service did not turn it away."""
        self._ran += 1
        self._decided += decided
        self._overlapped += decided and race.overlapped
        self._racer.overlapped[self._kind] += decided and race.overlapped

    def note(self) -> str:
        """Return what these rounds could show; `CouldNotTry` if the service turned all of them away."""
        if not self._decided:
            raise CouldNotTry(f"none of {self._ran} rounds proved anything: the service was busy")
        if not self._racer.by_chance:
            return ""
        so_far = self._racer.overlapped[self._kind]
        seen = 1 - (1 - RARE) ** so_far
        return (
            f"{self._overlapped} of {self._ran} rounds overlapped ({self._kind}), {so_far} so far at all "
            f"endpoints: a fault in one round of {1 / RARE:.0f} would show with a probability of {seen:.0%}"
        )


def require_no_failure(responses: Sequence[Response], *, sent: str) -> None:
    """Hold that no response of a race is a 5xx, save 503 with `Retry-After`: the service did nothing."""
    broken = [
        response.summary
        for response in responses
        if response.status >= 500 and not (response.status == 503 and "retry-after" in response.headers)
    ]
    require(
        not broken,
        sent=sent,
        requires="none gets a 5xx, save 503 with Retry-After",
        got=f"{len(broken)} answered {broken[:1]}",
    )
