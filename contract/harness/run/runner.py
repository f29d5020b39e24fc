"""One run of the contract: pytest called in this process, quietly, with a court of our own."""

import contextlib
import gc
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest

from contract.harness.errors import ContractError, UsageError
from contract.harness.redaction import scrub
from contract.harness.run.outcomes import TargetReport
from contract.harness.run.plugin_run import ContractRun, OnRow
from contract.harness.run.settings import Settings
from contract.harness.spec import catalogue
from contract.harness.targets import kind_of

_CHAPTERS = Path(__file__).parents[2]
# Each of these costs start-up time and gives a run of the contract nothing.
_IDLE = [
    "cacheprovider",
    "debugging",
    "doctest",
    "faulthandler",
    "junitxml",
    "legacypath",
    "logging",
    "monkeypatch",
    "pastebin",
    "recwarn",
    "setuponly",
    "setupplan",
    "skipping",
    "stepwise",
    "subtests",
    "threadexception",
    "tmpdir",
    "unittest",
    "unraisableexception",
    "warnings",
]


def run_contract(
    settings: Settings, on_row: OnRow | None = None, on_start: Callable[[int], None] | None = None
) -> list[TargetReport]:
    """Try every target of `settings`, and report on each.

    `on_start` is called with the number of cases before the first, and `on_row(target, row)` after each.

    Raises `UsageError` before anything is sent if a target or a selection makes no sense.
    """
    for target in settings.targets:
        kind_of(target.spec)
    contract_run = ContractRun(settings, on_row, on_start)
    chapters = {
        catalogue()[clause].chapter.lower() for chosen in contract_run.chosen.values() for clause in chosen
    }
    if not chapters:
        raise UsageError("no clause is left: --clause, --level and --profile together select nothing")
    files = [str(_CHAPTERS / f"test_{chapter}.py") for chapter in sorted(chapters)]
    said = io.StringIO()
    with _seldom_collected(), interruptible(), _plain_pytest(), contextlib.redirect_stdout(said):
        status = pytest.main([*_arguments(), *files], plugins=[contract_run, "contract.harness.run.plugin"])
    return [_report(contract_run, name, int(status), said.getvalue()) for name in contract_run.sessions]


def _arguments() -> list[str]:
    idle = [word for name in _IDLE for word in ("-p", f"no:{name}")]
    quiet = ["-q", "--tb=no", "--no-header", "--no-summary", "--capture=no", "--assert=plain"]
    return [*idle, *quiet, "-c", os.devnull, f"--rootdir={_CHAPTERS}", "--import-mode=importlib"]


def _report(contract_run: ContractRun, name: str, status: int, said: str) -> TargetReport:
    session = contract_run.sessions[name]
    if not session.problem and not session.rows and not contract_run.interrupted:
        if status == pytest.ExitCode.NO_TESTS_COLLECTED:
            raise UsageError("nothing was selected: no case matches --clause, --endpoint and --case together")
        raise ContractError(f"the chapters could not be read: {scrub(' '.join(said.split())[-500:])}")
    report = session.report
    report.interrupted = contract_run.interrupted
    return report


@contextlib.contextmanager
def _seldom_collected() -> Iterator[None]:
    """Let the collector look seldom, and never at what is loaded by now: else it takes a tenth of a run."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(20_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextlib.contextmanager
def _plain_pytest() -> Iterator[None]:
    """Keep the plugins and options of other projects out of the run."""
    foreign = {"PYTEST_ADDOPTS": None, "PYTEST_PLUGINS": None, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    before = {name: os.environ.get(name) for name in foreign}
    quiet = sys.dont_write_bytecode
    try:
        _set(foreign)
        yield
    finally:
        _set(before)
        sys.dont_write_bytecode = quiet


def _set(variables: dict[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM end what is done here as Ctrl-C does: with everything taken away that it made."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        # From here on the clearing up goes on undisturbed: it is bounded by its own time-outs.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
