"""Verdicts: what came of each clause at each endpoint, and what all of them say of a target."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from contract.harness.client import Response
from contract.harness.spec import Level, catalogue

Outcome = Literal["pass", "fail", "known", "blocked", "not_tried", "error"]
# The worst row of a clause speaks for it: one untried row means that the clause was not tried in full.
_WORST_FIRST: tuple[Outcome, ...] = ("fail", "error", "blocked", "not_tried", "known", "pass")
_SAID = {"holds": "Conforms", "broken": "Does not conform", "open": "No verdict"}
EXIT = {"holds": 0, "broken": 1, "open": 2}


@dataclass(frozen=True)
class CaseResult:
    """What came of one case: one test of a chapter, run once. `seconds` is wall time."""

    clause: str
    endpoint: str | None
    case: str
    outcome: Outcome
    why: str
    seconds: float
    transcript: tuple[Response, ...] = ()
    shape: str | None = None
    blocked_by: str | None = None


@dataclass(frozen=True)
class ClauseResult:
    """What came of one clause at one endpoint (None: the service as a whole); `rows` are its cases."""

    clause: str
    endpoint: str | None
    outcome: Outcome
    why: str
    rows: tuple[CaseResult, ...]

    @property
    def blocked_by(self) -> str | None:
        """The clause whose failure leaves nothing to judge here, if the outcome is `blocked`."""
        return self.telling[0].blocked_by if self.outcome == "blocked" else None

    @property
    def level(self) -> Level:
        """The clause's level."""
        return catalogue()[self.clause].level

    @property
    def seconds(self) -> float:
        """Wall time of all its cases."""
        return sum(row.seconds for row in self.rows)

    @property
    def telling(self) -> tuple[CaseResult, ...]:
        """The rows that decided it."""
        return tuple(row for row in self.rows if row.outcome == self.outcome)


def verdicts(
    rows: Iterable[CaseResult], known: Collection[tuple[str, str | None]] = ()
) -> list[ClauseResult]:
    """Merge the rows of each clause and endpoint into one verdict, in the order in which they came.

    `known` are the clauses and endpoints whose failure is accepted. A row that is blocked by a clause without
    a failure is an error: nothing shows that this clause is broken.
    """
    rows = list(rows)
    failing = {row.clause for row in rows if row.outcome == "fail"}
    grouped: dict[tuple[str, str | None], list[CaseResult]] = {}
    for row in rows:
        grouped.setdefault((row.clause, row.endpoint), []).append(_if_blocked(row, failing))
    return [_merge(group, place in known) for place, group in grouped.items()]


def _if_blocked(row: CaseResult, failing: Collection[str]) -> CaseResult:
    """Return a blocked row as an error where the clause that is to blame has not failed."""
    if row.outcome != "blocked" or row.blocked_by in failing:
        return row
    why = f"{row.why} (see {row.blocked_by}, which has not failed in this run: test it too)"
    return replace(row, outcome="error", why=why, blocked_by=None)


def _merge(rows: Sequence[CaseResult], known: bool) -> ClauseResult:  # noqa: FBT001 - one caller, above
    worst = min((row.outcome for row in _that_count(rows)), key=_WORST_FIRST.index)
    telling = [row for row in rows if row.outcome == worst]
    why = next((row.why for row in telling if row.why), "")
    if worst != "pass" and len(telling) > 1:
        why += f" (and {len(telling) - 1} more of {len(rows)} cases)"
    verdict = ClauseResult(rows[0].clause, rows[0].endpoint, worst, why, tuple(rows))
    return _known(verdict) if known else verdict


def _that_count(rows: Sequence[CaseResult]) -> list[CaseResult]:
    """Leave out a body shape that could not be tried, where another one was: it changes how, not what."""
    tried = {row.shape for row in rows if row.outcome != "not_tried"}
    return [row for row in rows if row.outcome != "not_tried" or not tried or row.shape is None] or [*rows]


def _known(verdict: ClauseResult) -> ClauseResult:
    """Return a failure as an accepted one, and any other verdict as it is."""
    if verdict.outcome != "fail":
        return verdict
    rows = (replace(row, outcome="known") if row.outcome == "fail" else row for row in verdict.rows)
    return replace(verdict, outcome="known", rows=tuple(rows))


def accepted(report: "TargetReport", known: Collection[tuple[str, str | None]]) -> "TargetReport":
    """Return `report` as it reads where the failures at `known` are accepted."""
    results = [_known(each) if (each.clause, each.endpoint) in known else each for each in report.results]
    return replace(report, results=results)


@dataclass
class TargetReport:
    """All that a run says of one target; `problem` is set where it could not be judged at all."""

    name: str
    kind: str
    capabilities: tuple[str, ...] = ()
    missing: dict[str, str] = field(default_factory=dict)
    requests: int = 0
    results: list[ClauseResult] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    problem: str | None = None
    strict: bool = False
    interrupted: bool = False

    def count(self, outcome: Outcome, level: Level | None = None) -> int:
        """Count the verdicts with `outcome`, of `level` if one is given."""
        return sum(each.outcome == outcome and level in (None, each.level) for each in self.results)

    @property
    def verdict(self) -> Literal["holds", "broken", "open"]:
        """What the musts say: any failure breaks it; no pass, or an error, leaves it open."""
        if self.count("fail", "must"):
            return "broken"
        untried = self.strict and self.count("not_tried", "must")
        unsure = self.problem or self.interrupted or self.count("error", "must") or untried
        return "open" if unsure or not self.count("pass", "must") else "holds"

    @property
    def sentence(self) -> str:
        """The verdict in one line, with what it stands on."""
        said = _SAID[self.verdict]
        if not self.results:
            return f"{said}: {self.name}, no check was run."
        counts = {
            "failed": self.count("fail", "must"),
            "failed (recommended only)": self.count("fail", "should"),
            "known to fail": self.count("known"),
            "blocked": self.count("blocked"),
            "could not be tried here": self.count("not_tried"),
            "ended in an error": self.count("error"),
        }
        parts = [f"{self.count('pass')} of {len(self.results)} checks passed"]
        parts += [f"{count} {name}" for name, count in counts.items() if count]
        return f"{said}: {self.name}, {', '.join(parts)}{', interrupted' if self.interrupted else ''}."


def exit_code(reports: Sequence[TargetReport]) -> int:
    """Return 1 if any target is broken, else 2 if any is open or there is none, else 0."""
    said = {report.verdict for report in reports}
    if "broken" in said:
        return EXIT["broken"]
    return EXIT["holds"] if said == {"holds"} else EXIT["open"]
