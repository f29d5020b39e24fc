"""The state of a run: for each target whether it is open and what its cases showed, and how the run ended."""

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING

from contract.harness.errors import TargetError
from contract.harness.run.known import Reconciled
from contract.harness.run.left_out import LeftOut
from contract.harness.run.outcomes import CaseResult, ClauseResult, clause_results
from contract.harness.run.parts import Opened, Part
from contract.harness.run.reconciling import reconcile
from contract.harness.run.selection import CaseGroup, Selection
from contract.harness.run.session import FailedOpening, TargetSession, open_target
from contract.harness.run.settings import Settings
from contract.harness.run.signals import shielded
from contract.harness.run.verdict import TargetReport
from contract.harness.targets import Target, kind_of

if TYPE_CHECKING:
    from contract.harness.run.shares import Share

OnCase = Callable[[str, CaseResult], None]


class TargetRun:
    """One target of a run: not yet open, open, failed to open, or closed again."""

    def __init__(self, target: Target, settings: Settings) -> None:
        self.target = target
        self.settings = settings
        self.cases: list[CaseResult] = []
        self._opening: TargetSession | FailedOpening | None = None
        self._leftovers: list[str] = []
        self._parts: list[Part] = []

    def open(self) -> TargetSession | FailedOpening:
        """Open the target once; a failure is kept as well."""
        if self._opening is None:
            self._opening = open_target(self.target, self.settings, self._leftovers.append)
        return self._opening

    def close(self) -> None:
        """Close the target if it is open; a signal waits until what the run created is removed."""
        if isinstance(self._opening, TargetSession):
            with shielded():
                self._opening.close()

    @property
    def session(self) -> TargetSession | None:
        """The open session, if there is one."""
        return self._opening if isinstance(self._opening, TargetSession) else None

    @property
    def problem(self) -> str | None:
        """Why the target could not be opened."""
        return self._opening.problem if isinstance(self._opening, FailedOpening) else None

    def part(self) -> Part:
        """Return what this process found out about the target."""
        session = self.session
        exchanges = session.service.exchanges if session else None
        return Part(
            opened=self._opened if session else None,
            problem=self.problem,
            requests=self._opening.requests if self._opening else 0,
            leftovers=tuple(self._leftovers),
            refusals=tuple(session.service.refusals) if session else (),
            exchanges=None if exchanges is None else tuple(exchanges),
            number=exchanges.exchanges if exchanges else 0,
        )

    def add(self, part: Part) -> None:
        """Take what another process found out; nothing can be said of a target that none could open.

        Where one could not, the others have tried all cases: a command may be unable to run twice at a time.
        """
        self._parts.append(part)
        self._leftovers += part.leftovers
        opened = any(each.problem is None for each in self._parts)
        self._opening = None if opened else FailedOpening(TargetError(str(part.problem)))

    def take_evidence(self) -> None:
        """Open the target, and count the exchanges of other processes as exchanges of its session."""
        session = self.open()
        if not isinstance(session, TargetSession):
            return
        for part in self._parts:
            session.service.refusals += part.refusals
            if session.service.exchanges is not None and part.exchanges is not None:
                session.service.exchanges.add_kinds(part.exchanges, part.number)

    @property
    def _opened(self) -> Opened:
        """What is known of the target, from this process or another one."""
        if (session := self.session) is not None:
            connection = session.connection
            return Opened(
                connection.kind, connection.capabilities, dict(connection.missing), session.fingerprint
            )
        known = (part.opened for part in self._parts if part.opened is not None and not self.problem)
        return next(known, Opened(kind_of(self.target.spec), (), {}, None))

    def report(self, *, interrupted: bool, fault: str | None) -> TargetReport:
        """Return what the run says of the target."""
        settings, opened = self.settings, self._opened
        requests = self._opening.requests if self._opening else 0
        return TargetReport(
            name=self.target.name,
            kind=opened.kind,
            capabilities=opened.capabilities,
            missing=dict(opened.missing),
            requests=requests + sum(part.requests for part in self._parts),
            results=[] if self.problem else self._results(),
            leftovers=self._leftovers,
            problem=self.problem,
            strict=settings.strict,
            fault=fault,
            interrupted=interrupted,
            required=settings.required,
            expected_not_tried=settings.expected(self.target),
            fingerprint=opened.fingerprint,
            baseline=self._reconciled(whole=not interrupted and not fault),
        )

    def _results(self) -> list[ClauseResult]:
        return clause_results(self.cases, self.settings.known(self.target), self.settings.today)

    def _reconciled(self, *, whole: bool) -> Reconciled | None:
        """Return what the run says of the target's baseline, if it has one."""
        settings = self.settings
        baseline = settings.baselines.get(self.target.name)
        if baseline is None or self.problem:
            return None
        return reconcile(
            baseline.file,
            settings.known(self.target),
            self.cases,
            settings.today,
            lambda entry: whole and settings.settles(entry),
        )


class ContractRun:
    """All targets of a run, what it selects, and how it ended.

    `interrupted` is set by a signal, `fault` by an error of the harness that ended the run; `shown_by_pytest`
    says that pytest itself reports the verdict, since its own options started the run; `failures_shown` is
    how many cases it shows as failed. `share` is set in one of several processes that try the cases: what
    they show is told to the process that reports.
    """

    def __init__(
        self,
        settings: Settings,
        on_case: OnCase | None = None,
        on_start: Callable[[int], None] | None = None,
    ) -> None:
        self.settings = settings
        self.selection = Selection(settings)
        self.left_out = LeftOut(settings, self.selection)
        self.targets = {target.name: TargetRun(target, settings) for target in settings.targets}
        self.interrupted = False
        self.shown_by_pytest = False
        self.failures_shown = 0
        self.fault: str | None = None
        self.share: Share | None = None
        self._on_case, self._on_start = on_case, on_start
        self._failed: set[tuple[str, str]] = set()
        self._settled: defaultdict[CaseGroup, set[str]] = defaultdict(set)

    def begin(self, number: int) -> None:
        """Tell who listens how many cases there are."""
        if self._on_start:
            self._on_start(number)

    def record(self, group: CaseGroup, case: CaseResult) -> None:
        """Keep what one case showed and call the listener, until it can't write any more."""
        if self.share is not None:
            self.share.tell(group, case)
            return
        self.targets[group.target].cases.append(case)
        self._settled[group].add(case.case)
        if case.outcome == "fail":
            self._failed.add((group.target, case.clause))
        if self._on_case:
            try:
                self._on_case(group.target, case)
            except OSError:
                self._on_case = None

    def leave_out(self, group: CaseGroup, case: str) -> bool:
        """Say whether `case` is left out: its clause has failed, or it is one of those to skip."""
        left_out = self.left_out.leaves_out(group, failed=(group.target, group.clause) in self._failed)
        if left_out:
            self._settled[group].add(case)
        return left_out

    def add_missing(self, planned: Counter[CaseGroup], stopped_by: str | None = None) -> None:
        """Record an error for each group of cases with fewer results than `planned`; `stopped_by` says why.

        Without this a plugin, or an error of the harness, could turn a failure into no result at all.
        """
        for group, number in planned.items():
            target = self.targets[group.target]
            missing = number - len(self._settled[group]) if self.left_out.made(group) else 0
            if missing > 0 and not target.problem and not self.interrupted:
                cause = self.fault or stopped_by or "something outside the suite removed or skipped them"
                why = f"{missing} of {number} cases of {group.function} have no result: {cause}"
                target.cases.append(
                    CaseResult(
                        clause=group.clause,
                        endpoint=group.endpoint,
                        case=group.function,
                        outcome="error",
                        why=why,
                        seconds=0.0,
                        shape=group.shape,
                    )
                )

    def close(self) -> None:
        """Close what is still open."""
        for target in self.targets.values():
            target.close()

    def reports(self) -> list[TargetReport]:
        """Return a report for each target, in their order."""
        return [
            target.report(interrupted=self.interrupted, fault=self.fault) for target in self.targets.values()
        ]
