"""Outcomes: what a case showed, and what all cases of a clause at an endpoint show together."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Literal

from contract.harness.client import Response
from contract.harness.run.known import KnownFailure, as_members
from contract.harness.spec import Level, catalogue

Outcome = Literal["pass", "fail", "known", "blocked", "not_tried", "error"]
Place = tuple[str, str | None]
"""A clause and an endpoint; None is the service as a whole."""
# The worst case decides. A known failure is shown although another case could not be tried or judged: the
# service did answer wrongly. An error beside it is not covered by the baseline.
_WORST_FIRST: tuple[Outcome, ...] = ("fail", "error", "known", "blocked", "not_tried", "pass")


@dataclass(frozen=True)
class CaseResult:
    """What one case showed: one test of a chapter, run once.

    `started` is Unix seconds and `seconds` wall time; `blocked_by` are the clauses that may leave nothing to
    judge, the likeliest first; `timeline` is the life of a session, as docs/result.md describes it;
    `known` is the entry of the baseline that accepts the failure.
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
    known: KnownFailure | None = None


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
        return all(case.outcome in ("pass", "fail", "known") for case in that_count(self.cases))

    @property
    def lacks_a_case(self) -> bool:
        """Whether a case that counts could not be tried."""
        return any(case.outcome == "not_tried" for case in that_count(self.cases))

    @property
    def known_as(self) -> Mapping[str, str] | None:
        """Why the baseline accepts the failure, if the outcome is `known`."""
        if self.outcome != "known":
            return None
        return as_members(dict.fromkeys(case.known for case in self.telling if case.known))


def clause_results(
    cases: Iterable[CaseResult], known: Iterable[KnownFailure] = (), today: date | None = None
) -> list[ClauseResult]:
    """Merge the cases of each clause and endpoint into one result, in the order in which they ran.

    `known` are the failures that are accepted on `today` (UTC). A case that is blocked by clauses without any
    failure is an error: nothing shows that the service is to blame.
    """
    known, today = tuple(known), today or datetime.now(UTC).date()
    cases = [_accepted(case, known, today) for case in cases]
    failing = {case.clause for case in cases if case.outcome in ("fail", "known")}
    grouped: dict[Place, list[CaseResult]] = {}
    for case in cases:
        grouped.setdefault((case.clause, case.endpoint), []).append(_resolved(case, failing))
    return [_merged(group) for group in grouped.values()]


def matching(case: CaseResult, known: Iterable[KnownFailure]) -> list[KnownFailure]:
    """Return the entries that are about a case that failed, whether they have ended or not."""
    if case.outcome != "fail":
        return []
    return [each for each in known if covers(each, case) and each.says(case.why)]


def covers(entry: KnownFailure, case: CaseResult) -> bool:
    """Say whether `entry` is about the place of `case`."""
    return entry.covers(case.clause, case.endpoint, case.shape)


def _accepted(case: CaseResult, known: Sequence[KnownFailure], today: date) -> CaseResult:
    """Return a failure that is accepted as a known one; one that no longer is says so."""
    entries = matching(case, known)
    if not entries:
        return case
    for entry in entries:
        if not entry.expired(today):
            return replace(case, outcome="known", known=entry)
    ended = max(entry.until for entry in entries if entry.until)
    return replace(case, why=f"{case.why} (a known failure, accepted until {ended.isoformat()})")


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
    worst = min((case.outcome for case in that_count(cases)), key=_WORST_FIRST.index)
    telling = [case for case in cases if case.outcome == worst]
    why = next((case.why for case in telling if case.why), "")
    if worst != "pass" and len(telling) > 1:
        why += f" (and {len(telling) - 1} more of {len(cases)} cases)"
    return ClauseResult(cases[0].clause, cases[0].endpoint, worst, why, tuple(cases))


def that_count(cases: Sequence[CaseResult]) -> list[CaseResult]:
    """Leave out a body shape that could not be tried, if another shape was: the claim is the same."""
    tried = {case.shape for case in cases if case.outcome != "not_tried"}
    if not tried:
        return [*cases]
    return [case for case in cases if case.shape is None or case.shape in tried]
