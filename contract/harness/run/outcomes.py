"""Outcomes: what a case showed, and what all cases of a clause at an endpoint show together."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from contract.harness.client import Response
from contract.harness.spec import Level, catalogue

Outcome = Literal["pass", "fail", "known", "blocked", "not_tried", "error"]
Place = tuple[str, str | None]
"""A clause and an endpoint; None is the service as a whole."""
# The worst case decides: a clause with one case that was not tried was not tried in full.
_WORST_FIRST: tuple[Outcome, ...] = ("fail", "error", "blocked", "not_tried", "known", "pass")


@dataclass(frozen=True)
class CaseResult:
    """What one case showed: one test of a chapter, run once.

    `started` is Unix seconds and `seconds` wall time; `blocked_by` are the clauses that may leave nothing to
    judge, the likeliest first; `timeline` is the life of a session, as docs/result.md describes it.
    """

    clause: str
    endpoint: str | None
    case: str
    outcome: Outcome
    why: str
    seconds: float
    transcript: tuple[Response, ...] = ()
    shape: str | None = None
    blocked_by: tuple[str, ...] = ()
    started: float | None = None
    timeline: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class ClauseResult:
    """What all cases of one clause at one endpoint (None: the service as a whole) show together."""

    clause: str
    endpoint: str | None
    outcome: Outcome
    why: str
    cases: tuple[CaseResult, ...]

    @property
    def place(self) -> Place:
        """The clause and the endpoint."""
        return self.clause, self.endpoint

    @property
    def level(self) -> Level:
        """The clause's level."""
        return catalogue()[self.clause].level

    @property
    def seconds(self) -> float:
        """Wall time of all cases."""
        return sum(case.seconds for case in self.cases)

    @property
    def telling(self) -> tuple[CaseResult, ...]:
        """The cases that decided the outcome."""
        return tuple(case for case in self.cases if case.outcome == self.outcome)

    @property
    def blocked_by(self) -> str | None:
        """The clause whose failure leaves nothing to judge here, if the outcome is `blocked`."""
        return self.telling[0].blocked_by[0] if self.outcome == "blocked" else None

    @property
    def tried_in_full(self) -> bool:
        """Whether every case that counts was judged."""
        return all(case.outcome in ("pass", "fail", "known") for case in _that_count(self.cases))

    @property
    def lacks_a_case(self) -> bool:
        """Whether a case that counts could not be tried."""
        return any(case.outcome == "not_tried" for case in _that_count(self.cases))

    def accepted(self) -> "ClauseResult":
        """Return a failure as a known one, and any other result as it is."""
        if self.outcome != "fail":
            return self
        cases = (replace(case, outcome="known") if case.outcome == "fail" else case for case in self.cases)
        return replace(self, outcome="known", cases=tuple(cases))


def clause_results(cases: Iterable[CaseResult], known: Collection[Place] = ()) -> list[ClauseResult]:
    """Merge the cases of each clause and endpoint into one result, in the order in which they ran.

    `known` are the clauses and endpoints whose failure is accepted. A case that is blocked by clauses without
    any failure is an error: nothing shows that the service is to blame.
    """
    cases = list(cases)
    failing = {case.clause for case in cases if case.outcome == "fail"}
    grouped: dict[Place, list[CaseResult]] = {}
    for case in cases:
        grouped.setdefault((case.clause, case.endpoint), []).append(_resolved(case, failing))
    merged = {place: _merged(group) for place, group in grouped.items()}
    return [result.accepted() if place in known else result for place, result in merged.items()]


def _resolved(case: CaseResult, failing: Collection[str]) -> CaseResult:
    """Return a blocked case with the clause that is to blame, or as an error if none of them has failed."""
    if case.outcome != "blocked":
        return case
    for clause in case.blocked_by:
        if clause in failing:
            return replace(case, blocked_by=(clause,))
    suspects = " or ".join(case.blocked_by)
    why = f"{case.why} (this points to {suspects}, which did not fail in this run: test it as well)"
    return replace(case, outcome="error", why=why, blocked_by=())


def _merged(cases: Sequence[CaseResult]) -> ClauseResult:
    worst = min((case.outcome for case in _that_count(cases)), key=_WORST_FIRST.index)
    telling = [case for case in cases if case.outcome == worst]
    why = next((case.why for case in telling if case.why), "")
    if worst != "pass" and len(telling) > 1:
        why += f" (and {len(telling) - 1} more of {len(cases)} cases)"
    return ClauseResult(cases[0].clause, cases[0].endpoint, worst, why, tuple(cases))


def _that_count(cases: Sequence[CaseResult]) -> list[CaseResult]:
    """Leave out a body shape that could not be tried, if another shape was: the claim is the same."""
    tried = {case.shape for case in cases if case.outcome != "not_tried"}
    if not tried:
        return [*cases]
    return [case for case in cases if case.shape is None or case.shape in tried]
