"""How cases merge into the result of a clause, as a table: the worst counts, and blame needs a failure."""

import pytest

from contract.harness.errors import Blocked, CouldNotTry, NotTried, Violation
from contract.harness.jose import Malformed
from contract.harness.run import CaseResult, KnownFailure, Outcome
from contract.harness.run.judging import judge
from contract.harness.run.outcomes import clause_results

SEVERAL_CASES: list[tuple[list[Outcome], Outcome]] = [
    (["pass", "pass"], "pass"),
    (["pass", "not_tried"], "not_tried"),
    (["not_tried", "error"], "error"),
    (["error", "fail"], "fail"),
    (["pass", "fail"], "fail"),
]


def case(outcome: Outcome, clause: str = "ROT-01", endpoint: str | None = None, **more: object) -> CaseResult:
    """One case with nothing but its outcome."""
    return CaseResult(clause, endpoint, "a case", outcome, outcome, 0.0, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("outcomes", "merged"), SEVERAL_CASES, ids=map(str, range(5)))
@pytest.mark.parametrize("backwards", [False, True], ids=["", "backwards"])
def test_the_worst_case_decides(outcomes: list[Outcome], merged: Outcome, backwards: bool) -> None:
    """In whatever order the cases ran."""
    (result,) = clause_results([case(each) for each in (reversed(outcomes) if backwards else outcomes)])
    assert result.outcome == merged
    assert result.tried_in_full == (merged in ("pass", "fail") and "error" not in outcomes)


def test_a_shape_that_could_not_be_tried_does_not_count_beside_one_that_was() -> None:
    """It changes how a clause is tried, not what it says; alone it counts."""
    tried, untried = case("pass", shape="bare"), case("not_tried", shape="identity")
    assert clause_results([tried, untried])[0].outcome == "pass"
    assert clause_results([tried, untried])[0].tried_in_full
    assert clause_results([untried])[0].outcome == "not_tried"


TTL_FAILED = case("fail", "TTL-01")
SES_HELD = [case("pass", "SES-04"), case("fail", "CLK-01")]
BLOCKED_ITSELF = case("blocked", "META-01", blocked_by=("TTL-01",))
KNOWN = {KnownFailure("TTL-01")}
Blocking = tuple[tuple[str, ...], list[CaseResult], set[KnownFailure], Outcome, str | None]
BLOCKED: dict[str, Blocking] = {
    "by a clause that failed": (("TTL-01",), [TTL_FAILED], set(), "blocked", "TTL-01"),
    "by a failure elsewhere": (("TTL-01",), [case("fail", "TTL-01", "path")], set(), "blocked", "TTL-01"),
    "by a known failure": (("TTL-01",), [TTL_FAILED], KNOWN, "blocked", "TTL-01"),
    "by the second suspect": (("SES-04", "CLK-01"), SES_HELD, set(), "blocked", "CLK-01"),
    "by a clause that passed": (("TTL-01",), [case("pass", "TTL-01")], set(), "error", None),
    "by a clause that was not run": (("TTL-01",), [], set(), "error", None),
    "by a clause that is blocked itself": (("META-01",), [BLOCKED_ITSELF], set(), "error", None),
}


@pytest.mark.parametrize(("by", "others", "known", "outcome", "blocked_by"), BLOCKED.values(), ids=BLOCKED)
def test_a_case_is_blocked_only_by_a_failure(
    by: tuple[str, ...],
    others: list[CaseResult],
    known: set[KnownFailure],
    outcome: Outcome,
    blocked_by: str | None,
) -> None:
    """Otherwise nothing shows that the service is to blame: it is an error, which names the suspects."""
    *_, result = clause_results([*others, case("blocked", blocked_by=by)], known)
    assert (result.outcome, result.blocked_by) == (outcome, blocked_by)
    assert not result.tried_in_full
    if outcome == "error":
        assert all(suspect in result.why for suspect in by)


def test_a_clause_with_a_failure_and_a_blocked_case_fails() -> None:
    """What was judged counts more than what could not be."""
    blocked = case("blocked", blocked_by=("TTL-01",))
    assert clause_results([case("fail", "TTL-01"), blocked, case("fail")])[-1].outcome == "fail"


def test_only_a_failure_can_be_accepted() -> None:
    """A baseline does not cover an error, nor a case that is blocked."""
    results = clause_results(
        [case("fail", "TTL-01"), case("error", "TTL-02")], {KnownFailure("TTL-01"), KnownFailure("TTL-02")}
    )
    assert [each.outcome for each in results] == ["known", "error"]
    assert [each.outcome for each in results[0].cases] == ["known"]


JUDGED: list[tuple[BaseException, Outcome]] = [
    (Violation("wrong"), "fail"),
    (Malformed("no token"), "fail"),
    (NotTried("no clock"), "not_tried"),
    (pytest.skip.Exception("skipped"), "not_tried"),
    (Blocked("TTL-01", "no mark"), "blocked"),
    (CouldNotTry("no response"), "error"),
    (AssertionError("a bare assert is no verdict on the service"), "error"),
    (ZeroDivisionError("a bug of the suite"), "error"),
]


@pytest.mark.parametrize(("error", "outcome"), JUDGED, ids=lambda each: type(each).__name__)
def test_only_a_wrong_response_is_a_failure(error: BaseException, outcome: Outcome) -> None:
    """A fault of the suite, of the network or of the test is never one of the service."""
    judgement = judge(error)
    assert judgement.outcome == outcome
    assert str(error) in judgement.why
    assert judgement.blocked_by == (("TTL-01",) if outcome == "blocked" else ())
