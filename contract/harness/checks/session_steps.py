"""Generated walks: the steps, from a seed, and a failing walk made small."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from contract.harness.checks.session_walks import Step, as_json
from contract.harness.checks.strategies import for_all
from contract.harness.errors import Violation
from contract.harness.spec import ACCESS_TTL, CLOCK_SKEW, DAY, DEFAULT_REFRESH_TTL, REFRESH_TTL_CAP

LONGEST, SHORTEST = 36, 12
"""Steps of one walk."""
REPLAYS = 80
"""Walks that are tried at most to make a failing one smaller."""
TTLS = (None, 60, ACCESS_TTL, DEFAULT_REFRESH_TTL, 30 * DAY, REFRESH_TTL_CAP, 4 * REFRESH_TTL_CAP)
WAITS = (1, CLOCK_SKEW + 1, 1800, ACCESS_TTL + CLOCK_SKEW + 1, 2 * ACCESS_TTL, 25 * 3600, 8 * DAY)
HORIZONS = (None, None, 600, 2 * DAY)
# How often each thing is done, in parts of all.
_WEIGHTS: Mapping[str, int] = {
    "refresh": 10,
    "wait": 5,
    "mint": 4,
    "bearer": 4,
    "introspect": 3,
    "replay": 2,
    "revoke": 2,
    "suspend": 1,
    "reactivate": 2,
    "retire or delete": 1,
    "revoke workspace token": 1,
    "restart": 1,
}


def strategy(rows: Sequence[str]) -> Any:
    """Return a strategy of walks that begin with a mint at the first of `rows`, and mint at any of them."""
    from hypothesis import strategies as st

    # One choice for each place: drawing is what a walk costs most besides the service's own work.
    kinds = [name for name, weight in _WEIGHTS.items() for _ in range(weight)]
    numbers = st.tuples(st.sampled_from(kinds), st.integers(0, 2**16 - 1))
    first = st.sampled_from(range(len(TTLS) * len(HORIZONS)))
    return st.tuples(first, st.lists(numbers, min_size=SHORTEST, max_size=LONGEST)).map(
        lambda drawn: [_mint(rows, drawn[0] * len(rows)), *(_step(rows, *each) for each in drawn[1])]
    )


def _mint(rows: Sequence[str], number: int) -> Step:
    number, row = divmod(number, len(rows))
    number, ttl = divmod(number, len(TTLS))
    return {"do": "mint", "at": rows[row], "ttl": TTLS[ttl], "horizon": HORIZONS[number % len(HORIZONS)]}


def _step(rows: Sequence[str], kind: str, number: int) -> Step:
    if kind == "mint":
        return _mint(rows, number)
    number, session = divmod(number, 4)
    if kind == "wait":
        place = number % (len(WAITS) + 2)
        if place >= len(WAITS):
            until = "before" if place == len(WAITS) else "after"
            return {"do": "wait", "until": until, "session": session}
        return {"do": "wait", "seconds": WAITS[place]}
    if kind == "retire or delete":
        return {"do": ("retire", "delete")[number % 2]}
    if kind in ("suspend", "reactivate", "revoke workspace token", "restart"):
        return {"do": kind}
    step: dict[str, Any] = {"do": kind, "session": session}
    number, age = divmod(number, 4)
    if kind != "refresh":
        step["age"] = age
    if kind == "introspect":
        step["kind"] = ("refresh", "access")[number % 2]
    if kind == "revoke":
        step["by"] = ("session", "identity", "refresh token", "access token")[number % 4]
    return step


def walks(
    rows: Sequence[str],
    take: Callable[[Sequence[Step]], None],
    *,
    first: Sequence[Sequence[Step]],
    number: int,
    seed: int,
    shrink: bool,
    keep: Callable[[Sequence[Step]], None] = lambda _: None,
) -> None:
    """Take the `first` walks and `number` generated ones.

    A `Violation` shows the smallest that fails; `keep` is called with that one.
    """
    failing: list[Sequence[Step]] = []

    def tried(steps: Sequence[Step]) -> None:
        try:
            take(steps)
        except Violation:
            failing.append(steps)
            raise

    try:
        for steps in first:
            tried(steps)
        for_all(lambda: strategy(rows), tried, examples=number, seed=seed, shrink=False)
    except Violation as violation:
        steps, violation = smallest(failing[0], violation, take, REPLAYS if shrink else 0)
        keep(steps)
        raise Violation(f"{violation}; the walk is {as_json(steps)}") from None


def smallest(
    steps: Sequence[Step], violation: Violation, take: Callable[[Sequence[Step]], None], budget: int
) -> tuple[Sequence[Step], Violation]:
    """Leave out steps as long as the walk fails, at most `budget` tries; return the last one that did."""
    size = max(len(steps) // 2, 1)
    while size:
        for fewer in _without(steps, size):
            if budget <= 0:
                return steps, violation
            budget -= 1
            try:
                take(fewer)
            except Violation as again:
                steps, violation = fewer, again
                break
        else:
            size //= 2
    return steps, violation


def _without(steps: Sequence[Step], size: int) -> Iterator[Sequence[Step]]:
    """Yield the walk without each run of `size` steps, the last run first."""
    for start in range(len(steps) - size, -1, -size):
        yield [*steps[:start], *steps[start + size :]]
