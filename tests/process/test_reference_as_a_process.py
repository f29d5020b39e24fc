"""Puts the bundled reference on trial as any deployment is: launched, steered, and behind the traps."""

from contract.harness.spec import ENDPOINTS, catalogue
from tests.support.room import REFERENCE, Room

CORE = ("TTL", "META", "ROT", "CLK", "JWKS")


def test_the_full_core_holds_on_the_served_reference(room: Room) -> None:
    """Nothing is untried and every clause passes, on every endpoint that it is about."""
    chosen = [word for chapter in CORE for word in ("--clause", f"{chapter}-*")]
    run = room.check(REFERENCE, *chosen)
    assert run.code == 0, run.said
    assert {row["outcome"] for row in run.target["results"]} == {"pass"}
    assert run.clauses("pass") == {each.id for each in catalogue().clauses.values() if each.chapter in CORE}
    years = [row for row in run.target["results"] if row["clause"] == "CLK-03"]
    assert {row["endpoint"] for row in years} == set(ENDPOINTS)
