"""Generated walks: the steps, from a seed, and a failing walk made small."""

import random
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
TTLS = (None, None, 60, ACCESS_TTL, DEFAULT_REFRESH_TTL, 30 * DAY, REFRESH_TTL_CAP, 4 * REFRESH_TTL_CAP)
WAITS = (1, 1, 1, CLOCK_SKEW + 1, 1800, ACCESS_TTL + CLOCK_SKEW + 1, 2 * ACCESS_TTL, 25 * 3600, 8 * DAY)
HORIZONS = (None, None, 600, 2 * DAY)
# How often each thing is done, in parts of all.
_WEIGHTS: Mapping[str, int] = {
    "refresh": 12,
    "wait": 5,
    "mint": 4,
    "bearer": 4,
    "introspect": 3,
    "replay": 3,
    "revoke": 2,
    "suspend": 1,
    "reactivate": 2,
    "retire or delete": 1,
    "revoke workspace token": 1,
    "restart": 1,
}


def strategy(rows: Sequence[str]) -> Any:
    """Return a strategy of walks that begin with a mint at the first of `rows`, and mint at any of them.

    Each is expanded from one number that hypothesis draws: drawn step by step, walks repeat themselves, and
    what fails is made small by `smallest`.
    """
    from hypothesis import strategies as st

    return st.integers(0, 2**63 - 1).map(lambda number: _walk(rows, random.Random(number)))  # noqa: S311


def _walk(rows: Sequence[str], drawn: random.Random) -> list[Step]:
    kinds = drawn.choices([*_WEIGHTS], [*_WEIGHTS.values()], k=drawn.randint(SHORTEST, LONGEST))
    return [_mint(rows[:1], drawn), *(_step(rows, kind, drawn) for kind in kinds)]


def _mint(rows: Sequence[str], drawn: random.Random) -> Step:
    ttl, horizon = drawn.choice(TTLS), drawn.choice(HORIZONS)
    return {"do": "mint", "at": drawn.choice(rows), "ttl": ttl, "horizon": horizon}


def _step(rows: Sequence[str], kind: str, drawn: random.Random) -> Step:
    session = drawn.choice((0, 0, 0, 1, 1, 2, 3))
    match kind:
        case "mint":
            return _mint(rows, drawn)
        case "wait":
            if drawn.random() < 0.25:
                return {
                    "do": "wait",
                    "until": drawn.choice(("before", "before", "after")),
                    "session": session,
                }
            return {"do": "wait", "seconds": drawn.choice(WAITS)}
        case "retire or delete":
            return {"do": drawn.choice(("retire", "delete"))}
        case "suspend" | "reactivate" | "revoke workspace token" | "restart":
            return {"do": kind}
        case "refresh":
            return {"do": "refresh", "session": session}
    step: dict[str, Any] = {"do": kind, "session": session, "age": drawn.randrange(4)}
    if kind == "introspect":
        step["kind"] = drawn.choice(("refresh", "access"))
    if kind == "revoke":
        step["by"] = drawn.choice(("session", "identity", "refresh token", "access token"))
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
