"""The verdict on a target: what the results of all clauses say together, in a word and in one sentence."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

from contract.harness.run.known import KnownFailure, Reconciled
from contract.harness.run.outcomes import ClauseResult, Outcome, clause_results
from contract.harness.spec import Level, catalogue

Verdict = Literal["holds", "broken", "open"]
EXIT = {"holds": 0, "broken": 1, "open": 2}
_WORDS = {"holds": "Conforms", "broken": "Does not conform", "open": "No verdict"}
_COUNTED: tuple[tuple[Outcome, str], ...] = (
    ("fail", "failed"),
    ("known", "failed as the baseline accepts"),
    ("blocked", "blocked by another failure"),
    ("error", "ended in an error"),
    ("not_tried", "could not be tried here"),
)


@dataclass
class TargetReport:
    """All that a run says of one target.

    `problem` is set where the target could not be tested at all, `fault` where an error of the harness ended
    the run.

    `required` are the clauses that must have been judged in full; with `strict` all musts are. Those in
    `expected_not_tried` may be left untried, and no others; None is no expectation. `fingerprint` is what the
    target says of itself, None if it was never reached; `baseline` is what the run says of its baseline, None
    if it has none.
    """

    name: str
    kind: str
    capabilities: tuple[str, ...] = ()
    missing: dict[str, str] = field(default_factory=dict)
    requests: int = 0
    results: list[ClauseResult] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    problem: str | None = None
    fault: str | None = None
    strict: bool = False
    interrupted: bool = False
    required: Collection[str] = ()
    expected_not_tried: Collection[str] | None = None
    fingerprint: Mapping[str, Any] | None = None
    baseline: Reconciled | None = None

    def count(self, outcome: Outcome, level: Level | None = None) -> int:
        """Count the results with `outcome`, of `level` if one is given."""
        return sum(each.outcome == outcome and level in (None, each.level) for each in self.results)

    @property
    def required_but_not_tried(self) -> tuple[str, ...]:
        """The required clauses of which a case was not judged, or that were not selected at all."""
        required = {*self.required}
        if self.strict:
            required |= self._musts(self.results) - {*(self.expected_not_tried or ())}
        complete = {each.clause for each in self.results} - {
            each.clause for each in self.results if not each.tried_in_full
        }
        return tuple(clause for clause in catalogue().clauses if clause in required - complete)

    @property
    def unexpectedly_not_tried(self) -> tuple[str, ...]:
        """The musts of which a case was not tried, although the expectation does not name them."""
        if self.expected_not_tried is None:
            return ()
        untried = self._musts(each for each in self.results if each.lacks_a_case)
        return tuple(
            clause for clause in catalogue().clauses if clause in untried.difference(self.expected_not_tried)
        )

    @staticmethod
    def _musts(results: Iterable[ClauseResult]) -> set[str]:
        return {each.clause for each in results if each.level == "must"}

    @property
    def _only_shoulds(self) -> bool:
        return bool(self.results) and all(each.level == "should" for each in self.results)

    @property
    def _reasons(self) -> Iterator[str]:
        """Why there is no verdict, in words; nothing if there is one."""
        if self.problem:
            yield "the target could not be tested"
        yield from self._endings
        failed = dict.fromkeys(
            each.clause for each in self.results if each.outcome == "error" and each.level == "must"
        )
        if failed:
            yield f"errors in {', '.join(failed)}"
        if not self.problem and not self.interrupted:
            yield from self._gaps
        if self._only_shoulds:
            if not any(self.count(outcome) for outcome in ("pass", "fail", "known")):
                yield "nothing could be tried"
        elif not self.problem and not self.count("pass", "must"):
            yield "no must passed"

    @property
    def _endings(self) -> Iterator[str]:
        """What ended the run early."""
        if self.interrupted:
            yield "the run was interrupted"
        if self.fault:
            yield self.fault

    @property
    def _gaps(self) -> Iterator[str]:
        """What had to be tried and was not."""
        required = self.required_but_not_tried
        if required:
            yield f"required but not tried in full: {', '.join(required)}"
        unexpected = [each for each in self.unexpectedly_not_tried if each not in required]
        if unexpected:
            yield f"not tried in full, and not expected to be: {', '.join(unexpected)}"

    @property
    def verdict(self) -> Verdict:
        """A must that fails: `broken`. Any reason for doubt: `open`. Otherwise: `holds`.

        Failures of should clauses never count. A run of these alone holds as soon as one of them was tried.
        """
        if self.count("fail", "must"):
            return "broken"
        return "open" if any(self._reasons) else "holds"

    @property
    def sentence(self) -> str:
        """The verdict in one line, with the numbers behind it."""
        verdict = self.verdict
        counts = (f"{number} {words}" for outcome, words in _COUNTED if (number := self.count(outcome)))
        passed = f"{self.count('pass')} of {len(self.results)} checks passed"
        reasons = [*(self._reasons if verdict == "open" else self._endings)]
        if self._only_shoulds:
            reasons.append("only should clauses were tested, which change no verdict")
        parts = [", ".join([self.name, passed, *counts]), *reasons]
        return f"{_WORDS[verdict]}: {'; '.join(parts)}."


def accepted(report: TargetReport, known: Iterable[KnownFailure], today: date | None = None) -> TargetReport:
    """Return `report` as it reads where the failures `known` are accepted on `today` (UTC)."""
    cases = [case for result in report.results for case in result.cases]
    return replace(report, results=clause_results(cases, known, today))


def exit_code(reports: Sequence[TargetReport]) -> int:
    """Return 1 if any target is broken, else 2 if any is open or there is none, else 0."""
    verdicts = {report.verdict for report in reports}
    if "broken" in verdicts:
        return EXIT["broken"]
    return EXIT["holds"] if verdicts == {"holds"} else EXIT["open"]
