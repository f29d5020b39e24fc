"""What a run shows while it goes on, on a terminal and elsewhere."""

import io
import re
import subprocess

import pytest

from contract.harness.cli.progress import EVERY, EveryCase, Progress, Quiet
from contract.harness.reports.terminal import console
from contract.harness.run import CaseResult
from tests.support.command import COMMAND, patience

ROW = CaseResult("TTL-02", "workspace-path", "test_it[workspace-path-1s]", "pass", "", 0.01)


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


class Time:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def shown(stream: io.StringIO, width: int, steps: list[float], cases: int) -> str:
    """What is written to `stream` when a case is done at each of `steps`, in seconds."""
    time = Time()
    progress = Progress(stream, width, time)
    progress.begin(cases)
    for time.now in steps:
        progress.tell("a target", ROW)
    progress.end()
    return stream.getvalue()


def test_a_pipe_gets_a_line_every_few_seconds() -> None:
    """Not one for each case; each names clause, count, elapsed and expected time."""
    steps = [second / 2 for second in range(1, 21)]
    lines = shown(io.StringIO(), 80, steps, 40).splitlines()
    assert len(lines) == 10 // EVERY
    assert lines[0] == "TTL-02 at workspace-path, 6 of 40 cases, 3 s elapsed, about 17 s left, a target"


def test_a_short_run_prints_no_line_to_a_pipe() -> None:
    """There is nothing to wait for."""
    assert shown(io.StringIO(), 80, [0.1, 0.2, 0.3], 3) == ""


@pytest.mark.parametrize("width", [30, 60, 80, 200])
def test_a_terminal_gets_one_line_that_is_drawn_again_and_erased(width: int) -> None:
    """It never wraps, and its clause and endpoint are whole."""
    drawn = shown(Terminal(), width, [float(second) for second in range(1, 11)], 10)
    states = drawn.split("\r\x1b[K")
    assert (states[0], states[-1]) == ("", "")
    assert "\n" not in drawn
    assert len(states) == 12
    assert all(state.startswith("TTL-02 at workspace-path") for state in states[1:-1])
    assert max(map(len, states)) < width


def test_no_time_is_expected_before_there_is_something_to_go_by() -> None:
    """A tenth of the cases is the least."""
    first = shown(io.StringIO(), 80, [4.0], 100)
    assert "4 s elapsed" in first
    assert "left" not in first


def test_a_long_time_is_told_in_minutes() -> None:
    """Nobody divides by sixty while waiting."""
    assert "1 min 30 s elapsed, about 1 min 30 s left" in shown(io.StringIO(), 80, [90.0], 2)


def test_a_verbose_run_prints_each_case() -> None:
    """Outcome, place and id; a failure with its reason."""
    stream = io.StringIO()
    every = EveryCase(console(stream))
    every.begin(2)
    every.tell("a target", ROW)
    every.tell("a target", CaseResult("JWKS-09", None, "test_keys", "fail", "it was wrong", 0.5))
    every.end()
    assert [line.split() for line in stream.getvalue().splitlines()] == [
        ["2", "cases"],
        ["pass", "TTL-02", "at", "workspace-path", "test_it[workspace-path-1s]", "0.01", "s"],
        ["FAIL", "JWKS-09", "test_keys", "0.50", "s"],
        ["it", "was", "wrong"],
    ]


def test_a_quiet_run_shows_nothing() -> None:
    """`Quiet` takes the place of the others and has no stream at all."""
    quiet = Quiet()
    quiet.begin(1)
    quiet.tell("a target", ROW)
    quiet.end()
    assert not vars(quiet)


def test_quiet_prints_the_verdict_alone() -> None:
    """`-q`: one line, and nothing on standard error."""
    words = [COMMAND, "check", "-q", "--clause", "JWKS-09"]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=patience(), check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "Conforms: reference, 1 of 1 checks passed.\n"


def test_verbose_and_quiet_together_are_refused() -> None:
    """One of them would be ignored."""
    ended = subprocess.run(
        [COMMAND, "check", "-qv"], capture_output=True, text=True, timeout=patience(), check=False
    )
    assert ended.returncode == 2
    assert "--quiet and --verbose: give one of them" in ended.stderr


def test_a_named_case_is_shown_with_its_exchange() -> None:
    """`--case ID -v`: request, response and claims; no token among them."""
    words = ["--clause", "TTL-01", "--endpoint", "path", "--case", "-1s]", "-v"]
    ended = subprocess.run(
        [COMMAND, "check", *words], capture_output=True, text=True, timeout=patience(), check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert re.match(r"\d cases?\n", ended.stdout)
    assert re.search(r"(?m)^ +> POST /v1/tokens/path$", ended.stdout)
    assert re.search(r"(?m)^ +< 201, after \d+ ms$", ended.stdout)
    assert '"refreshTokenTtl": "1"' in ended.stdout
    assert "eyJ" not in ended.stdout


def test_a_case_that_does_not_exist_is_named_as_the_reason() -> None:
    """Nothing is selected, and that is no verdict."""
    words = ["--clause", "TTL-01", "--case", "no-such-case"]
    ended = subprocess.run(
        [COMMAND, "check", *words], capture_output=True, text=True, timeout=patience(), check=False
    )
    assert ended.returncode == 2
    assert "no case matches --clause, --endpoint and --case together" in ended.stderr
