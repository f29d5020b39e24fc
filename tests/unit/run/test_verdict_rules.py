"""The verdict on a target as a table: what results, requirements and endings make of it."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from contract.harness.run import CaseResult, KnownFailure, Outcome, TargetReport, accepted, exit_code
from contract.harness.run.outcomes import clause_results

PASS: dict[str, Outcome] = {"TTL-01": "pass"}


@dataclass(frozen=True)
class Row:
    """Outcome by clause, what else the report holds, and the verdict; `says` stands in its sentence.

    SEC-06 is a should; every other clause here is a must.
    """

    outcomes: dict[str, Outcome]
    verdict: str
    says: str = ""
    more: dict[str, Any] = field(default_factory=dict)


ROWS = {
    "all passed": Row(PASS, "holds", "1 of 1 checks passed"),
    "a must failed": Row({**PASS, "TTL-02": "fail"}, "broken", "1 of 2 checks passed, 1 failed"),
    "a must failed, another is an error": Row({"TTL-01": "error", "TTL-02": "fail"}, "broken"),
    "a must is an error": Row({**PASS, "TTL-02": "error"}, "open", "errors in TTL-02"),
    "a must is a known failure": Row({**PASS, "TTL-02": "known"}, "holds", "failed as the baseline accepts"),
    "a must was not tried": Row({**PASS, "TTL-02": "not_tried"}, "holds", "1 could not be tried here"),
    "a must is blocked by a known failure": Row(
        {**PASS, "TTL-02": "known", "ROT-01": "blocked"}, "holds", "1 blocked by another failure"
    ),
    "a must is blocked by a failure": Row({**PASS, "TTL-02": "fail", "ROT-01": "blocked"}, "broken"),
    "no must passed": Row({"TTL-01": "not_tried"}, "open", "no must passed"),
    "no must passed, but a should": Row({"TTL-01": "not_tried", "SEC-06": "pass"}, "open", "no must passed"),
    "no result at all": Row({}, "open", "no must passed"),
    "a should failed": Row({**PASS, "SEC-06": "fail"}, "holds", "1 of 2 checks passed, 1 failed"),
    "a should is an error": Row({**PASS, "SEC-06": "error"}, "holds"),
    "shoulds alone: one failed": Row({"SEC-06": "fail"}, "holds", "only should clauses were tested"),
    "shoulds alone: one passed": Row({"SEC-06": "pass"}, "holds", "only should clauses were tested"),
    "shoulds alone: one is known": Row({"SEC-06": "known"}, "holds"),
    "shoulds alone: none was tried": Row({"SEC-06": "not_tried"}, "open", "nothing could be tried"),
    "shoulds alone: an error": Row({"SEC-06": "error"}, "open", "nothing could be tried"),
    "interrupted": Row(PASS, "open", "the run was interrupted", {"interrupted": True}),
    "interrupted after a failure": Row(
        {"TTL-01": "fail"}, "broken", "the run was interrupted", {"interrupted": True}
    ),
    "ended by a fault": Row(PASS, "open", "a fault", {"fault": "a fault"}),
    "ended by a fault after a failure": Row({"TTL-01": "fail"}, "broken", "a fault", {"fault": "a fault"}),
    "ended by a fault, shoulds alone": Row({"SEC-06": "pass"}, "open", "a fault", {"fault": "a fault"}),
    "could not be opened": Row({}, "open", "could not be tested", {"problem": "refused"}),
    "required and passed": Row(PASS, "holds", "", {"required": {"TTL-01"}}),
    "required and known": Row({**PASS, "TTL-02": "known"}, "holds", "", {"required": {"TTL-02"}}),
    "required and not tried": Row(
        {**PASS, "TTL-03": "not_tried"}, "open", "required but not tried in full: TTL-03",
        {"required": {"TTL-01", "TTL-03"}},
    ),
    "required and blocked": Row(
        {**PASS, "TTL-02": "known", "ROT-01": "blocked"}, "open", "required but not tried in full: ROT-01",
        {"required": {"ROT-01"}},
    ),
    "required and not selected": Row(
        PASS, "open", "required but not tried in full: CLK-01", {"required": {"CLK-01"}}
    ),
    "required, a should, not tried": Row(
        {**PASS, "SEC-06": "not_tried"}, "open", "required but not tried in full: SEC-06",
        {"required": {"SEC-06"}},
    ),
    "required and not tried, a must failed": Row(
        {"TTL-01": "fail", "TTL-03": "not_tried"}, "broken", "", {"required": {"TTL-03"}}
    ),
    "strict, a must not tried": Row(
        {**PASS, "CLK-01": "not_tried"}, "open", "required but not tried in full: CLK-01", {"strict": True}
    ),
    "strict, a should not tried": Row({**PASS, "SEC-06": "not_tried"}, "holds", "", {"strict": True}),
    "strict, an expected must not tried": Row(
        {**PASS, "CLK-01": "not_tried"}, "holds", "", {"strict": True, "expected_not_tried": {"CLK-01"}}
    ),
    "required beats expected": Row(
        {**PASS, "CLK-01": "not_tried"}, "open", "required but not tried in full: CLK-01",
        {"required": {"CLK-01"}, "expected_not_tried": {"CLK-01"}},
    ),
    "expected not to be tried": Row(
        {**PASS, "CLK-01": "not_tried"}, "holds", "", {"expected_not_tried": {"CLK-01", "CLK-02"}}
    ),
    "more not tried than expected": Row(
        {**PASS, "CLK-01": "not_tried", "REV-01": "not_tried"}, "open",
        "not tried in full, and not expected to be: REV-01", {"expected_not_tried": {"CLK-01"}},
    ),
    "nothing expected to be left out": Row(
        {**PASS, "CLK-01": "not_tried"}, "open", "not expected to be: CLK-01", {"expected_not_tried": ()}
    ),
    "blocked is no surprise": Row(
        {**PASS, "TTL-02": "known", "ROT-01": "blocked"}, "holds", "", {"expected_not_tried": ()}
    ),
}  # fmt: skip
WORDS = {"holds": "Conforms: ", "broken": "Does not conform: ", "open": "No verdict: "}


def report(outcomes: dict[str, Outcome], **more: Any) -> TargetReport:
    """A report with one case for each clause."""
    known = {KnownFailure(clause) for clause, outcome in outcomes.items() if outcome == "known"}
    cases = [
        CaseResult(
            clause=clause,
            endpoint=None,
            case="a case",
            outcome="fail" if outcome == "known" else outcome,
            why="",
            seconds=0.0,
            blocked_by=("TTL-02",) if outcome == "blocked" else (),
        )
        for clause, outcome in outcomes.items()
    ]
    return TargetReport("a target", "url", results=clause_results(cases, known), **more)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_verdict_follows_from_the_results(row: Row) -> None:
    """Word, sentence and exit code agree."""
    made = report(row.outcomes, **row.more)
    assert {each.clause: each.outcome for each in made.results} == row.outcomes
    assert made.verdict == row.verdict
    assert made.sentence.startswith(WORDS[row.verdict] + "a target, ")
    assert row.says in made.sentence
    assert exit_code([made]) == {"holds": 0, "broken": 1, "open": 2}[row.verdict]


def test_a_clause_with_one_untried_case_was_not_tried_in_full() -> None:
    """A requirement is not met by the cases that could be tried, nor by the other endpoints."""
    outcomes: dict[str, list[Outcome]] = {"path": ["pass", "not_tried"], "identity": ["pass"]}
    cases = [
        CaseResult("TTL-03", endpoint, "a case", outcome, "", 0.0)
        for endpoint, several in outcomes.items()
        for outcome in several
    ]
    made = TargetReport("a target", "url", results=clause_results(cases), required={"TTL-03"})
    assert made.required_but_not_tried == ("TTL-03",)


def test_accepted_failures_are_known() -> None:
    """With them the target conforms."""
    broken = report({"TTL-01": "pass", "TTL-02": "fail"})
    assert broken.verdict == "broken"
    assert accepted(broken, [KnownFailure("TTL-02")]).verdict == "holds"


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [("", 2), ("holds holds", 0), ("holds open", 2), ("broken open", 1), ("holds broken", 1)],
)
def test_the_worst_target_gives_the_exit_code(verdicts: str, code: int) -> None:
    """A broken one before all, then one without a verdict; no target is no verdict."""
    outcome: dict[str, Outcome] = {"holds": "pass", "broken": "fail", "open": "error"}
    assert exit_code([report({"TTL-01": outcome[each]}) for each in verdicts.split()]) == code
