"""Whatever ends a run, what it created is removed, and the verdict says how the run ended."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from contract.harness.redaction import Secret
from contract.harness.run import CaseResult, Settings, TargetReport, run_contract
from contract.harness.run.signals import ENDING, interruptible, shielded
from contract.harness.targets import Access, Target
from tests.process.test_clearing_up import NOTHING, left
from tests.support.command import COMMAND, KEY_VARIABLE, Run, environment, patience, run_python
from tests.support.deployments import Deployment, deployed
from tests.support.room import until
from tests.support.rows import rows

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT]
ROOT = Path(__file__).parents[2]
Starter = Callable[[Deployment, Path], "subprocess.Popen[str]"]


def started(there: Deployment, folder: Path, *before: str) -> "subprocess.Popen[str]":
    """A run on `there` in the middle of its work; SIGHUP ends it, also where nohup started the tests."""
    return in_its_work(there, folder, [*before, COMMAND, "check", there.url])


def started_by_pytest(there: Deployment, folder: Path) -> "subprocess.Popen[str]":
    """The same as a run of pytest's own."""
    words = ["-m", "pytest", "-v", "-p", "no:cacheprovider", str(ROOT / "contract"), "--target", there.url]
    return in_its_work(there, folder, [sys.executable, *words])


def in_its_work(there: Deployment, folder: Path, words: list[str]) -> "subprocess.Popen[str]":
    """A process that has minted on `there`."""
    process = subprocess.Popen(
        words,
        env=environment({KEY_VARIABLE: there.key, "HOME": str(folder)}, folder),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    )
    sent = there.wall.request
    until(lambda: sent.count("POST /v1/tokens") >= 5, what="it had minted", alive=process)
    return process


@pytest.mark.parametrize(
    ("start", "stop"),
    rows(
        {
            f"{name}-{stop.name}": (start, stop)
            for name, start in {"check": started, "pytest": started_by_pytest}.items()
            for stop in SIGNALS
        },
        proof=[
            "pytest-SIGINT",
            *(f"{name}-{each}" for name in ("check", "pytest") for each in ("SIGHUP", "SIGQUIT")),
        ],
    ),
)
def test_every_ending_signal_clears_up(tmp_path: Path, stop: signal.Signals, start: Starter) -> None:
    """A closed terminal, a stopped job and Ctrl-\\ end a run as Ctrl-C does."""
    with deployed() as there:
        process = start(there, tmp_path)
        process.send_signal(stop)
        out, _ = process.communicate(timeout=patience())
        after = left(there)
    assert process.returncode == 2, out
    assert "the run was interrupted" in out
    assert "Traceback" not in out
    assert after == NOTHING


def test_output_that_nobody_reads_clears_up_after_pytest(tmp_path: Path) -> None:
    """`pytest contract | head` ends in pytest's own output, outside every case."""
    with deployed() as there:
        process = started_by_pytest(there, tmp_path)
        assert process.stdout is not None
        process.stdout.close()
        process.wait(patience())
        after = left(there)
    assert process.returncode == 2
    assert after == NOTHING


def by_pytest(folder: Path, *words: str) -> Run:
    """A whole run of pytest's own."""
    return run_python(["-m", "pytest", "-p", "no:cacheprovider", str(ROOT / "contract"), *words], folder)


CACHED = ("--target", "mutant:TokensAreCached", "-x", "--clause", "SEC-06", "--endpoint", "workspace-path")


@pytest.mark.parametrize(
    ("more", "sentence", "code"),
    [
        pytest.param(
            (),
            "Conforms: mutant:TokensAreCached, 0 of 1 checks passed, 1 failed",
            0,
            id="all ran",
            marks=pytest.mark.proof,
        ),
        pytest.param(("--clause", "SEC-08"), "1 failed, 1 ended in an error", 2, id="some were left out"),
    ],
)
def test_a_case_that_pytest_did_not_come_to_is_an_error(
    tmp_path: Path, more: tuple[str, ...], sentence: str, code: int
) -> None:
    """After `-x` a failed should is no verdict on what was left out."""
    ended = by_pytest(tmp_path, *CACHED, *more)
    assert sentence in ended.out, ended.said
    assert ended.code == code


@pytest.mark.parametrize(
    "content",
    rows(
        {"it fails": "def test_nothing():\n    assert False\n", "it raises": "raise RuntimeError\n"},
        proof=("it fails",),
    ),
)
def test_what_fails_beside_the_contract_is_a_failure_all_the_same(tmp_path: Path, content: str) -> None:
    """A test of somebody else, or a module that can't be imported."""
    other = tmp_path / "test_other.py"
    other.write_text(content)
    words = ("--continue-on-collection-errors", "--clause", "TTL-01", "--endpoint", "path")
    ended = by_pytest(tmp_path, str(other), *words)
    assert "Conforms: reference, 1 of 1 checks passed" in ended.out, ended.said
    assert ended.code == 1


def test_a_signal_during_the_removal_does_not_cut_it_short(tmp_path: Path) -> None:
    """Neither does a second one: what was created is removed all the same."""
    with deployed() as there:
        process = started(there, tmp_path)
        process.send_signal(signal.SIGINT)

        def removes() -> bool:
            process.send_signal(signal.SIGTERM)
            return any(each.startswith("DELETE") for each in there.wall.request)

        until(removes, what="it removed what it had made")
        process.send_signal(signal.SIGHUP)
        out, _ = process.communicate(timeout=patience())
        after = left(there)
    assert process.returncode == 2, out
    assert after == NOTHING


def test_a_run_under_nohup_survives_its_terminal(tmp_path: Path) -> None:
    """A SIGHUP that was ignored before the run stays ignored."""
    with deployed() as there:
        process = started(there, tmp_path, "nohup")
        process.send_signal(signal.SIGHUP)
        sent = len(there.wall.request)
        until(lambda: len(there.wall.request) >= sent + 50, what="it had gone on", alive=process)
        process.send_signal(signal.SIGTERM)
        until(lambda: "DELETE" in " ".join(there.wall.request), what="it removed what it had made")
        process.send_signal(signal.SIGHUP)
        out, _ = process.communicate(timeout=patience())
    assert process.returncode == 2, out


def run_on(there: Deployment, error: Exception, clause: str = "TTL-0[13]") -> TargetReport:
    """Run in this process, with a listener that raises at the second case."""
    heard: list[CaseResult] = []

    def listen(_target: str, case: CaseResult) -> None:
        heard.append(case)
        if len(heard) == 2:
            raise error

    target = Target(there.url, there.url, Access(api_key=Secret("api key", there.key)))
    (report,) = run_contract(Settings(targets=(target,), clauses=(clause,)), listen)
    return report


def test_an_exception_in_the_harness_clears_up() -> None:
    """The report names it, and every case that did not run."""
    with deployed() as there:
        report = run_on(there, RuntimeError("a bug of the harness"))
        after = left(there)
    assert after == NOTHING
    assert report.verdict == "open"
    assert "a fault of the harness: RuntimeError: a bug of the harness" in report.sentence
    assert {each.outcome for each in report.results} == {"error"}
    assert len(report.results) == 8


def test_an_exception_after_a_failure_leaves_the_failure() -> None:
    """A must that failed is broken, whatever came after."""

    def no_path(
        method: str, path: str, _status: int, _body: bytes
    ) -> tuple[int, dict[str, str], bytes] | None:
        return (500, {}, b"") if (method, path) == ("POST", "/v1/tokens") else None

    with deployed(no_path) as there:
        report = run_on(there, RuntimeError("a bug of the harness"), "TTL-03")
    assert report.verdict == "broken"
    assert "a bug of the harness" in report.sentence


def test_a_listener_that_can_not_write_ends_nothing() -> None:
    """Progress that goes to a closed pipe is lost; the run and its verdict are not."""
    with deployed() as there:
        report = run_on(there, BrokenPipeError())
    assert report.verdict == "holds"
    assert len(report.results) == 8


@pytest.mark.parametrize("number", ENDING, ids=lambda each: each.name)
def test_a_signal_in_a_shielded_block_takes_effect_at_its_end(number: signal.Signals) -> None:
    """The block runs to its end; the handlers of before are back afterwards."""
    outside = signal.signal(number, signal.default_int_handler)  # nohup may have started the tests
    done = []

    def interrupted() -> None:
        with interruptible():
            with shielded():
                signal.raise_signal(number)
                done.append("the block")
            done.append("after the block")

    try:
        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        signal.signal(number, outside)
    assert done == ["the block"]


def test_a_write_to_a_closed_connection_ends_no_run() -> None:
    """SIGPIPE is an error of one write, not the end of a run."""
    with interruptible():
        signal.raise_signal(signal.SIGPIPE)
