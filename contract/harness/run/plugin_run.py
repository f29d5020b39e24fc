"""The court: all trials of a run, what each is held to, and what came of every case."""

import contextlib
from collections import Counter
from collections.abc import Callable, Generator

import pytest

from contract.harness.errors import Blocked, ContractError, NotTried, Violation
from contract.harness.jose import Malformed
from contract.harness.run.outcomes import CaseResult, Outcome
from contract.harness.run.session import TargetSession
from contract.harness.run.settings import Settings

OnRow = Callable[[str, CaseResult], None]


class ContractRun:
    """All trials of a run, in the order of their targets."""

    def __init__(
        self,
        settings: Settings,
        on_row: OnRow | None = None,
        on_start: Callable[[int], None] | None = None,
    ) -> None:
        self.settings = settings
        self.sessions = {target.name: TargetSession(target, settings) for target in settings.targets}
        self.chosen = {target.name: settings.chosen(target) for target in settings.targets}
        self.interrupted = False
        self._on_row, self._on_start = on_row, on_start
        self._failed: set[tuple[str, str]] = set()
        self._seen: Counter[tuple[str, str]] = Counter()

    def record(self, target: str, row: CaseResult) -> None:
        """Keep what came of one case."""
        self.sessions[target].rows.append(row)
        if row.outcome == "fail":
            self._failed.add((target, row.clause))
        if self._on_row:
            self._on_row(target, row)

    def pytest_configure(self, config: pytest.Config) -> None:
        """Make this court the one of the run."""
        config.stash[CONTRACT_RUN] = self

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Say how many cases there are."""
        if self._on_start:
            self._on_start(len(session.items))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> pytest.TestReport | None:
        """Report what a case raised without a picture of its traceback: a row is all that a run shows."""
        if call.excinfo is None or call.when == "collect":
            return None
        return pytest.TestReport(item.nodeid, item.location, {}, "failed", None, call.when)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Pass over what a brief run need not try."""
        if not self.settings.brief or not self._knows_enough_of(item):
            return None
        item.ihook.pytest_runtest_teardown(item=item, nextitem=nextitem)
        return True

    def _knows_enough_of(self, item: pytest.Item) -> bool:
        """Say whether a case is of a clause that has failed, or one of the first that are to be left out."""
        mark = item.get_closest_marker("clause")
        if mark is None:
            return False
        target, clause = item.callspec.params["session"], mark.args[0]  # type: ignore[attr-defined]
        self._seen[target, clause] += 1
        left_out = self.settings.passed_over.get(target, {}).get(clause, 0)
        return (target, clause) in self._failed or self._seen[target, clause] <= left_out

    @pytest.hookimpl(wrapper=True)
    def pytest_keyboard_interrupt(self) -> Generator[None, None, None]:
        """Remember that the run did not come to its end, whatever pytest has to say of the place.

        A signal may come where Python 3.11 knows no line; pytest's own picture of that place then fails.
        """
        self.interrupted = True
        with contextlib.suppress(Exception):
            yield


def judge(error: BaseException) -> tuple[Outcome, str]:
    """Blame: a failure only if the service answered, and answered wrongly."""
    match error:
        case pytest.skip.Exception():
            return "not_tried", str(error)
        case NotTried():
            return "not_tried", str(error)
        case Violation():
            return "fail", str(error)
        case Malformed():
            return "fail", f"the contract says a well-formed token; {error}"
        case Blocked():
            return "blocked", str(error)
        case ContractError():
            return "error", str(error)
    return "error", f"a fault of the harness: {type(error).__name__}: {error}"


CONTRACT_RUN = pytest.StashKey[ContractRun]()
