"""Where a clause that a mutant does not declare is tried: at one endpoint, another for each mutant."""

from contract.harness.selfproof import runner, subjects
from contract.harness.selfproof.results import Witnessed

ENDPOINTS = ("identity", "agent", "path", "workspace-path")


def witnessed(**places: str) -> Witnessed:
    """A clause that notices mutants at `places`."""
    return Witnessed(True, dict.fromkeys(places, 0), places, ENDPOINTS)


def test_what_differs_everywhere_is_tried_at_each_endpoint_in_turn() -> None:
    """Over many mutants each endpoint has its share."""
    names = [f"Mutant{number}" for number in range(200)]
    seen = witnessed(**dict.fromkeys(names, "identity"))
    chosen = [seen.sample(name, "TTL-01") for name in names]
    assert all(chosen.count(endpoint) > 25 for endpoint in ENDPOINTS)
    assert chosen == [seen.sample(name, "TTL-01") for name in names]


def test_what_differs_later_is_tried_where_it_differs() -> None:
    """An endpoint before that one could not show it."""
    assert witnessed(Late="path").sample("Late", "TTL-01") == "path"


def test_what_differs_by_the_body_shape_is_tried_with_that_one() -> None:
    """The first shape of an endpoint could not show it."""
    assert witnessed(ByShape="path/named").sample("ByShape", "TTL-01") == "path/named"


def test_the_body_shape_of_a_place_is_the_one_that_showed_the_difference() -> None:
    """It is named where it is not the first of a test."""
    runner.examine(subjects.mutants())
    seen = runner.witness("META-03")
    assert seen.places["AgentsAreNamedByDefault"] == "path/named"
    assert seen.places["DefaultIsMarked"] == "identity"
