"""Which cases a mutant is tried with of a clause that it does not declare, and how mutants share a run."""

from collections import Counter

from contract.harness.run import Sample
from contract.harness.selfproof import runner, subjects
from contract.harness.selfproof.results import Place, Witnessed

ENDPOINTS = ("identity", "agent", "path", "workspace-path")
TESTS = ("test_a", "test_b")
PLACES = tuple(Place(test, endpoint) for test in TESTS for endpoint in ENDPOINTS)
MANY = [f"Mutant{number}" for number in range(400)]


def witnessed(**differs: Place) -> Witnessed:
    """A clause that notices mutants at these places."""
    return Witnessed(True, dict.fromkeys(differs, 0), differs, PLACES)


def test_what_differs_everywhere_is_tried_at_each_endpoint_in_turn() -> None:
    """Over many mutants each endpoint has its share."""
    seen = witnessed(**dict.fromkeys(MANY, PLACES[0]))
    chosen = [seen.sample(name, "TTL-01") for name in MANY]
    shares = Counter(each.endpoint for each in chosen if each)
    assert all(shares[endpoint] > 50 for endpoint in ENDPOINTS)
    assert {each.test for each in chosen if each} == {None}
    assert chosen == [seen.sample(name, "TTL-01") for name in MANY]


def test_one_case_is_of_each_test_at_each_endpoint_in_turn() -> None:
    """Over many mutants each of these has its share."""
    seen = witnessed(**dict.fromkeys(MANY, PLACES[0]))
    chosen = [seen.sample(name, "TTL-01", one_case=True) for name in MANY]
    shares = Counter(Place(str(each.test), each.endpoint) for each in chosen if each)
    assert all(shares[place] > 25 for place in PLACES)
    assert {each.cases for each in chosen if each} == {1}


def test_what_differs_later_is_tried_where_it_differs() -> None:
    """An endpoint or a test before that one could not show it."""
    seen = witnessed(Late=Place("test_b", "path", number=2))
    assert seen.sample("Late", "TTL-01") == Sample("path")
    assert seen.sample("Late", "TTL-01", one_case=True) == Sample("path", test="test_b", skipped=2, cases=1)


def test_what_differs_by_the_body_shape_is_tried_with_that_one() -> None:
    """The first shape of an endpoint could not show it."""
    seen = witnessed(ByShape=Place("test_a", "identity", "named"))
    assert seen.sample("ByShape", "TTL-01") == Sample("identity", "named")


def test_what_differs_at_no_endpoint_is_tried_at_all() -> None:
    """A test of the service as a whole says of no endpoint that it differs there."""
    assert witnessed(Whole=Place("test_b")).sample("Whole", "TTL-01") is None


def test_the_body_shape_of_a_place_is_the_one_that_showed_the_difference() -> None:
    """It is named where it is not the first of a test."""
    runner.examine(subjects.mutants())
    seen = runner.witness("META-03")
    by_shape, default = seen.differs["AgentsAreNamedByDefault"], seen.differs["DefaultIsMarked"]
    assert (by_shape.endpoint, by_shape.shape) == ("path", "named")
    assert (default.endpoint, default.shape) == ("identity", None)
    assert default.test == by_shape.test == seen.places[0].test


def test_mutants_in_one_run_are_judged_each_by_itself() -> None:
    """A failure of one ends no clause of another; what holds, or is tried with nothing, is not caught."""
    runner.examine(subjects.mutants())
    trials = [
        runner.Trial("NoCap", {"TTL-02": 0, "TTL-07": 0}, {"TTL-02": Sample("path")}),
        runner.Trial("CapOneSecondShort", {}),
        runner.Trial("TextByItsPrefix", {"TTL-02": 0, "TTL-07": 0}),
    ]
    found = runner.mutant_results(trials, frozenset({"TTL-02", "TTL-07"}))
    assert [(each.name, sorted(each.caught)) for each in found] == [
        ("NoCap", ["TTL-02"]),
        ("CapOneSecondShort", []),
        ("TextByItsPrefix", ["TTL-07"]),
    ]
    assert not any(each.errors or each.problem for each in found)
