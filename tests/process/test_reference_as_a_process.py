"""Tests the bundled reference as any other server: launched, with its clock set, and with traps."""

import pytest

from contract.harness.spec import ENDPOINTS, catalogue
from tests.support.room import REFERENCE, Room, needs_faketime

CORE = ("TTL", "META", "ROT", "CLK", "JWKS")


@pytest.mark.proof
@needs_faketime
def test_the_full_core_holds_on_the_served_reference(room: Room, untestable: set[str]) -> None:
    """Every clause is tested and passes, on every endpoint that it is about."""
    chosen = [word for chapter in CORE for word in ("--clause", f"{chapter}-*")]
    run = room.check(REFERENCE, *chosen)
    assert run.code == 0, run.said
    core = {each.id for each in catalogue().clauses.values() if each.chapter in CORE}
    assert run.clauses("pass") == core - untestable
    assert run.clauses("not_tried") == untestable
    years = [row for row in run.target["results"] if row["clause"] == "CLK-03"]
    assert {row["endpoint"] for row in years} == set(ENDPOINTS)
