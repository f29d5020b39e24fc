"""One run of the contract: pytest, called in this process, with nothing of the user's around it."""

import contextlib
import gc
import io
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contract.harness.errors import ContractError, UsageError
from contract.harness.redaction import scrub
from contract.harness.run.judging import judge
from contract.harness.run.plugin import OwnRun
from contract.harness.run.selection import chapter_functions
from contract.harness.run.settings import Settings
from contract.harness.run.signals import interruptible
from contract.harness.run.state import ContractRun, OnCase
from contract.harness.run.verdict import TargetReport
from contract.harness.targets import kind_of

_NOTHING = "nothing was selected: no case matches --clause, --endpoint and --case together"
# What pytest returns for a run that came to its end: all passed, some did not, or none were left.
_ENDED = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
_CHAPTERS = Path(__file__).parents[2]
# Each of these plugins costs start-up time and gives a run of the contract nothing.
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
    settings: Settings, on_case: OnCase | None = None, on_start: Callable[[int], None] | None = None
) -> list[TargetReport]:
    """Test every target of `settings` and report on each.

    `on_start` is called with the number of cases before the first, and `on_case(target, case)` after each.

    Raises `UsageError` before anything is sent if a target or a selection makes no sense.
    """
    for target in settings.targets:
        kind_of(target.spec)
    run = ContractRun(settings, on_case, on_start)
    chapters = run.selection.chapters
    if not chapters:
        raise UsageError("no clause is left: --clause, --level and --profile together select nothing")
    planned = run.selection.planned(chapter_functions(chapters))
    if not planned:
        raise UsageError(_NOTHING)
    output = io.StringIO()
    quiet = contextlib.redirect_stdout(output)
    with _fewer_collections(), _isolated(), _in_a_folder(), quiet, interruptible():
        status = _run_pytest(run, chapters)
    if status not in _ENDED and not run.interrupted:
        printed = scrub(" ".join(output.getvalue().split())[-500:])
        if not any(target.cases or target.problem for target in run.targets.values()):
            raise ContractError(f"the chapters could not be run: {run.fault or printed}")
        run.fault = run.fault or f"pytest stopped the run: {printed}"
    if not settings.cases:
        # A run of named cases is a look at some of them; how many there are is not known beforehand.
        run.add_missing(planned)
    elif status == pytest.ExitCode.NO_TESTS_COLLECTED:
        raise UsageError(_NOTHING)
    return run.reports()


def _run_pytest(run: ContractRun, chapters: list[str]) -> int:
    """Run the chapters; however that ends, all targets are closed after it."""
    files = [str(_CHAPTERS / f"test_{chapter}.py") for chapter in chapters]
    plugins = [OwnRun(run), "contract.harness.run.plugin"]
    status = int(pytest.ExitCode.OK)
    for step in (lambda: pytest.main([*_arguments(), *files], plugins=plugins), run.close):
        try:
            status = max(status, int(step() or 0))
        except KeyboardInterrupt:
            run.interrupted = True
        except Exception as error:  # noqa: BLE001 - whatever it is, the targets are closed and reported
            run.fault = run.fault or judge(error).why
    return status


def _arguments() -> list[str]:
    """Return options that leave out what belongs to the user: no ini file, no conftest, no idle plugin."""
    idle = [word for name in _IDLE for word in ("-p", f"no:{name}")]
    quiet = ["-q", "--tb=no", "--no-header", "--no-summary", "--capture=no", "--assert=plain", "--color=no"]
    own = ["-c", os.devnull, "--noconftest", f"--rootdir={_CHAPTERS}", f"--confcutdir={_CHAPTERS}"]
    return [*idle, *quiet, *own, "--import-mode=importlib"]


@contextlib.contextmanager
def _fewer_collections() -> Iterator[None]:
    """Let the garbage collector run seldom, and skip what is loaded by now: it takes a tenth of a run."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(20_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextlib.contextmanager
def _isolated() -> Iterator[None]:
    """Keep pytest's variables, the plugins of other packages and the warning filters of the user out."""
    before = {name: value for name, value in os.environ.items() if name.startswith("PYTEST_")}
    quiet = sys.dont_write_bytecode
    try:
        _replace_variables({"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
        with warnings.catch_warnings():
            # With `-W error` a deprecation inside a library would end a case.
            warnings.simplefilter("ignore")
            yield
    finally:
        _replace_variables(before)
        sys.dont_write_bytecode = quiet


@contextlib.contextmanager
def _in_a_folder() -> Iterator[None]:
    """Leave a working directory that was removed for as long as a run lasts: pytest asks for its path."""
    try:
        Path.cwd()
    except FileNotFoundError:
        removed = os.open(".", os.O_RDONLY)
        os.chdir(os.sep)
        try:
            yield
        finally:
            os.fchdir(removed)
            os.close(removed)
    else:
        yield


def _replace_variables(variables: dict[str, str]) -> None:
    for name in [each for each in os.environ if each.startswith("PYTEST_")]:
        del os.environ[name]
    os.environ.update(variables)
