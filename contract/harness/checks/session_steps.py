"""Generated walks: the steps, from a seed, and a failing walk made small."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from contract.harness.checks.session_plans import Plan
from contract.harness.checks.session_walks import Step
from contract.harness.checks.strategies import for_all
from contract.harness.errors import Violation

REPLAYS = 80
"""Walks that are tried at most to make a failing one smaller."""


def strategy(rows: Sequence[str], seed: int = 0) -> Any:
    """Return a strategy of walks that begin with a mint at the endpoint of the first of `rows`.

    They mint at any of `rows`. Each is expanded from `seed` and one number that hypothesis draws: drawn step
    by step, walks repeat themselves, and what fails is made small by `smallest`. Of the numbers alone
    hypothesis draws some, such as 0, whatever its own seed is.
    """
    from hypothesis import strategies as st

    return st.integers(0, 2**63 - 1).map(lambda number: Plan(rows, _random(seed, number)).steps)


def _random(seed: int, number: int) -> random.Random:
    return random.Random(f"{seed} {number}")  # noqa: S311 - the same seed gives the same walks


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
        for_all(lambda: strategy(rows, seed), tried, examples=number, seed=seed, shrink=False)
    except Violation as violation:
        steps, violation = smallest(failing[0], violation, take, REPLAYS if shrink else 0)
        keep(steps)
        raise Violation(f"{violation}; the walk is {as_json(steps)}") from None


def as_json(steps: Sequence[Step]) -> str:
    """Return a walk as one line of JSON, as `--examples-file` takes it."""
    return json.dumps([dict(step) for step in steps], separators=(",", ":"))


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
