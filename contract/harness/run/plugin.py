"""All hooks by which pytest runs the chapters; what they decide is in modules of its own."""

import contextlib
import os
from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest

from contract.harness.errors import UsageError
from contract.harness.redaction import plain
from contract.harness.run.case_reports import describe, result_of
from contract.harness.run.items import RUN, chosen, group_of
from contract.harness.run.judging import Judgement, judge
from contract.harness.run.parallel import try_in_parallel
from contract.harness.run.selection import chooses_its_mints, clause_of
from contract.harness.run.settings import Settings
from contract.harness.run.signals import interruptible
from contract.harness.run.state import ContractRun
from contract.harness.run.verdict import exit_code
from contract.harness.spec import ENDPOINTS
from contract.harness.targets import Access, Target, access_from

pytest_plugins = ["contract.harness.run.fixtures"]


class Ending:
    """Hooks that remember of a run that it did not come to its end: what is left out of it says nothing."""

    def __init__(self, run: ContractRun) -> None:
        self.run = run

    @pytest.hookimpl(wrapper=True)
    def pytest_keyboard_interrupt(
        self, excinfo: pytest.ExceptionInfo[BaseException]
    ) -> Generator[None, None, None]:
        """Remember who stopped the run, even if pytest fails to describe where it was.

        pytest and its plugins stop a run by an exception of the same kind: that is no signal of the user. A
        signal may arrive where Python 3.11 has no line number; pytest's own description then raises.
        """
        if excinfo.type is KeyboardInterrupt:
            self.run.interrupted = True
        else:
            self.run.fault = f"pytest stopped the run: {plain(str(excinfo.value))}"
        with contextlib.suppress(Exception):
            yield

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Remember what ended the run: a hook of ours or of a plugin raised it."""
        self.run.fault = judge(excinfo.value).why


class ShownByPytest(Ending):
    """Hooks of a run of pytest's own, besides those of this module."""

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember a chapter that could not be collected: pytest may be told to go on without it."""
        chapters = {f"test_{each}.py" for each in self.run.selection.chapters}
        if report.failed and report.nodeid.rpartition("/")[2] in chapters:
            self.run.fault = self.run.fault or f"pytest could not collect {plain(report.nodeid)}"


class OwnRun(Ending):
    """Hooks of a run that `run_contract` starts, besides those of this module: it shows results itself."""

    def pytest_configure(self, config: pytest.Config) -> None:
        """Make this the run that the hooks of the module serve."""
        config.stash[RUN] = self.run

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Say how many cases there are."""
        self.run.begin(len(session.items))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> pytest.TestReport | None:
        """Report what a case raised without its traceback, which costs time and is shown nowhere."""
        if call.excinfo is None or call.when == "collect":
            return None
        return pytest.TestReport(item.nodeid, item.location, {}, "failed", None, call.when)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Try the cases in several processes, if that is asked for and possible."""
        return True if try_in_parallel(session, self.run) else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Leave out what a run for first failures need not try, and what another process tries."""
        case, share = group_of(item), self.run.share
        elsewhere = share is not None and not share.includes(item)
        if not elsewhere and (case is None or not self.run.leave_out(case, item.name)):
            return None
        item.ihook.pytest_runtest_teardown(item=item, nextitem=nextitem)
        return True


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add options that narrow a run; `relayauth-contract check` has the same and more."""
    options = parser.getgroup("contract", "the token contract")
    options.addoption("--target", action="append", default=[], help="the target (default: reference)")
    options.addoption("--clause", action="append", default=[], help="a clause id or a glob of ids")
    options.addoption(
        "--endpoint", action="append", default=[], choices=tuple(ENDPOINTS), help="a mint endpoint"
    )
    options.addoption(
        "--yes-i-may-test-this-host", action="store_true", help="for a URL that may be production"
    )
    options.addoption("--api-key-env", default=Access.api_key_env, help="the variable with the org API key")


@pytest.hookimpl(wrapper=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, object, object]:
    """Close all targets of a run of pytest's own, whatever ends it: a signal, or output that nobody reads."""
    if any(isinstance(each, OwnRun) for each in config.pluginmanager.get_plugins()):
        return (yield)
    # With the debugger pytest goes on after a signal: the usual handlers stay.
    with contextlib.nullcontext() if config.getoption("usepdb", default=False) else interruptible():
        try:
            return (yield)
        except BrokenPipeError:
            # Python writes once more at its end: that must not raise again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            return pytest.ExitCode.INTERRUPTED
        finally:
            if RUN in config.stash:
                config.stash[RUN].close()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the mark, and make a run from pytest's own options unless there is one."""
    config.addinivalue_line("markers", "clause(id): the clause of the contract that a case tests")
    config.addinivalue_line("markers", "last(rank): runs after all without it, or with a lower rank (1)")
    config.addinivalue_line("markers", "whole_run: judges what the other cases sent")
    if RUN in config.stash:
        return
    try:
        access = access_from(
            api_key_env=config.getoption("--api-key-env"),
            any_host=config.getoption("--yes-i-may-test-this-host"),
        )
        specs = config.getoption("--target") or ["reference"]
        settings = Settings(
            targets=tuple(Target(spec, spec, access) for spec in specs),
            clauses=tuple(config.getoption("--clause")),
            endpoints=tuple(config.getoption("--endpoint")),
        )
        run = config.stash[RUN] = ContractRun(settings)
        run.shown_by_pytest = True
        config.pluginmanager.register(ShownByPytest(run))
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_pycollect_makeitem(collector: pytest.Module | Any, obj: object) -> list[pytest.Item] | None:
    """Skip a test function none of whose cases is to be tried, before they are made."""
    clause = clause_of(obj)
    if clause is None:
        return None
    run = collector.config.stash[RUN]
    targets = run.selection.targets_of(clause.id)
    return None if run.left_out.makes(clause, getattr(obj, "__name__", ""), targets) else []


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a case for each target, and for each endpoint of its clause where the test takes a `mint`."""
    clause = clause_of(metafunc.function)
    if clause is None:
        return
    run = metafunc.config.stash[RUN]
    targets = run.selection.targets_of(clause.id)
    metafunc.parametrize("session", targets, indirect=True, scope="session")
    marks = metafunc.definition.iter_markers("parametrize")
    if "mint" in metafunc.fixturenames and not chooses_its_mints(marks):
        rows = run.left_out.rows(clause, metafunc.function.__name__, targets)
        metafunc.parametrize("mint", rows, ids=str)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the cases that were selected, target by target, in the order of the catalogue."""
    kept, dropped = chosen(items, config.stash[RUN])
    items[:] = kept
    if dropped:
        config.hook.pytest_deselected(items=dropped)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Record what a case showed, and keep secrets out of pytest's own report of it."""
    report = yield
    case = group_of(item)
    if case is None:
        return report
    run = item.config.stash[RUN]
    error = call.excinfo.value if call.excinfo else None
    if error is not None or call.when == "call":
        opened = run.targets[case.target].session
        note = opened.note if opened else ""
        judgement = judge(error) if error is not None else Judgement("pass", note)
        result = result_of(item, call, judgement, case, opened)
        run.record(case, result)
        describe(report, result)
        run.failures_shown += report.failed
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Exit with the code of the verdict, if any case of the contract ran; one without a result is an error.

    What else failed, or could not be collected, stays a failure. A worker of pytest-xdist sees a part alone.
    """
    run = session.config.stash[RUN]
    ran = any(each.cases for each in run.targets.values())
    if not run.shown_by_pytest or not ran or hasattr(session.config, "workerinput"):
        return
    stopped_by = f"pytest stopped the run: {plain(str(session.shouldfail))}" if session.shouldfail else None
    run.add_missing(Counter(case for item in session.items if (case := group_of(item))), stopped_by)
    if exitstatus in (0, 1):
        others = session.testsfailed > run.failures_shown
        session.exitstatus = max(exit_code(run.reports()), int(others))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """End pytest's own report with the verdict."""
    run = config.stash[RUN]
    if run.shown_by_pytest and any(each.cases or each.problem for each in run.targets.values()):
        terminalreporter.section("the contract")
        for report in run.reports():
            terminalreporter.write_line(report.sentence)
