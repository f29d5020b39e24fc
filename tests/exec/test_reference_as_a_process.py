"""Puts the bundled reference on trial as any deployment is: launched, steered, and behind the traps."""

import time

from contract.harness.clauses import catalogue
from contract.harness.mints import MINTS
from tests.exec.outside import REFERENCE, Room

CORE = ("TTL", "META", "ROT", "CLK", "JWKS")
LONGEST = 15  # seconds for the full core on a machine with two cores
YEARS = 3  # seconds of that for five years of renewals on all four endpoints


def test_the_full_core_holds_on_the_served_reference_within_its_bounds(room: Room) -> None:
    """Nothing is untried, every clause passes, and the run keeps its bounds."""
    begun = time.monotonic()
    chosen = [word for chapter in CORE for word in ("--clause", f"{chapter}-*")]
    run = room.check(REFERENCE, *chosen)
    took = time.monotonic() - begun
    assert run.code == 0, run.said
    assert {row["outcome"] for row in run.target["results"]} == {"pass"}
    assert run.clauses("pass") == {each.id for each in catalogue().clauses.values() if each.chapter in CORE}
    years = [row for row in run.target["results"] if row["clause"] == "CLK-03"]
    assert {row["endpoint"] for row in years} == set(MINTS)
    assert sum(row["seconds"] for row in years) <= YEARS
    assert took <= LONGEST
