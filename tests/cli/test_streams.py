"""What is printed never decides the verdict: closed pipes, full disks and encodings."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from contract.harness.cli.streams import GuardedStream
from tests.support.command import COMMAND, patience

ONE = ["check", "--clause", "JWKS-09"]
BROKEN = ["check", "mutant:NoCap", "--clause", "TTL-02", "--endpoint", "path"]
FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this machine has no /dev/full")


def run(words: list[str], stdout: int | io.BufferedWriter, **variables: str) -> tuple[int, str]:
    """Run the command with that standard output; return its exit code and standard error."""
    ended = subprocess.run(
        [COMMAND, *words],
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=os.environ | variables,
        timeout=patience(),
        check=False,
    )
    return ended.returncode, ended.stderr.decode()


@pytest.mark.parametrize(
    ("words", "code"), [(ONE, 2), (BROKEN, 1), (["clauses"], 2)], ids=["holds", "broken", "clauses"]
)
def test_a_pipe_whose_reader_is_gone_is_one_sentence(words: list[str], code: int) -> None:
    """Not all was printed, which is no verdict; a failure that was found stays one."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended, said = run(words, writer)
    finally:
        os.close(writer)
    assert ended == code
    assert said.splitlines()[-1:] == [
        "relayauth-contract: not all of the output could be written: it was closed"
    ]
    assert "Traceback" not in said


@needs_full
@pytest.mark.parametrize(("words", "code"), [(ONE, 2), (BROKEN, 1)], ids=["holds", "broken"])
def test_a_full_disk_behind_standard_output_is_one_sentence(words: list[str], code: int) -> None:
    """The same of a redirection to a disk that is full."""
    with FULL.open("wb") as full:
        ended, said = run(words, full)
    assert ended == code
    assert "not all of the output could be written: No space left on device" in said


def test_a_closed_standard_output_is_no_verdict() -> None:
    """With nowhere to print to at all the command still ends in order."""
    ended = subprocess.run(
        ["bash", "-c", 'exec "$@" >&-', "-", COMMAND, *ONE],
        stderr=subprocess.PIPE,
        timeout=patience(),
        check=False,
    )
    assert ended.returncode == 2
    assert b"not all of the output could be written: it is closed" in ended.stderr


@needs_full
@pytest.mark.parametrize(
    ("option", "words", "code", "verdict"),
    [("--json", ONE, 2, "Conforms: "), ("--junit", BROKEN, 1, "Does not conform: ")],
    ids=["holds", "broken"],
)
def test_the_verdict_is_printed_although_a_report_can_not_be_written(
    option: str, words: list[str], code: int, verdict: str
) -> None:
    """One sentence names the file; the exit code is 2, or 1 of a contract that is broken."""
    ended = subprocess.run(
        [COMMAND, *words, option, str(FULL)], capture_output=True, text=True, timeout=patience(), check=False
    )
    assert ended.returncode == code
    assert ended.stdout.splitlines()[-1].startswith(verdict)
    *progress, last = ended.stderr.splitlines()
    assert last == "relayauth-contract: /dev/full: can't be written: No space left on device"
    assert not [line for line in progress if " elapsed, " not in line]


def test_a_report_on_standard_output_is_alone_there() -> None:
    """`--json -`: what a person reads goes to standard error, the verdict with it."""
    ended = subprocess.run(
        [COMMAND, *BROKEN, "--json", "-"], capture_output=True, text=True, timeout=patience(), check=False
    )
    assert ended.returncode == 1
    assert json.loads(ended.stdout)["targets"][0]["verdict"] == "broken"
    assert "Does not conform: mutant:NoCap" in ended.stderr


def test_two_reports_on_standard_output_are_refused() -> None:
    """They could not be told apart."""
    ended = subprocess.run(
        [COMMAND, *ONE, "--json", "-", "--junit", "-"],
        capture_output=True,
        text=True,
        timeout=patience(),
        check=False,
    )
    assert ended.returncode == 2
    assert "only one report can go to standard output" in ended.stderr


LOCALES = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "cp949": {"PYTHONIOENCODING": "cp949"},
    "the C locale": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
}
STRANGE = "exec:false \N{SNOWMAN} \N{LATIN SMALL LETTER SHARP S} \N{HANGUL SYLLABLE GA}"


@pytest.mark.parametrize("variables", LOCALES.values(), ids=LOCALES)
def test_no_encoding_ends_a_run(tmp_path: Path, variables: dict[str, str]) -> None:
    """What an encoding lacks is escaped, on the terminal and in the files alike."""
    report = tmp_path / "report.json"
    ended = subprocess.run(
        [COMMAND, "check", STRANGE, *ONE[1:], "--json", str(report), "--junit", str(tmp_path / "junit.xml")],
        env=os.environ | variables,
        capture_output=True,
        timeout=patience(),
        check=False,
    )
    assert b"Traceback" not in ended.stderr
    assert b"UnicodeEncodeError" not in ended.stderr
    assert ended.returncode == 2
    assert b"No verdict: exec:false" in ended.stdout
    assert json.loads(report.read_text("utf-8"))["targets"][0]["name"].startswith("exec:false")


def test_a_character_that_the_encoding_lacks_is_escaped() -> None:
    """Whatever click thinks of the stream, nothing is written past the guard."""
    under = io.BytesIO()
    stream = GuardedStream(io.TextIOWrapper(under, "ascii"))
    stream.write("a \N{SNOWMAN}\n")
    stream.flush()
    assert under.getvalue() == b"a \\u2603\n"
    assert not hasattr(stream, "buffer")


def test_after_a_failure_nothing_more_is_tried() -> None:
    """One failure is told once; what is written later is dropped."""

    class Full(io.StringIO):
        tries = 0

        def write(self, _text: str) -> int:
            self.tries += 1
            raise OSError(28, "No space left on device")

    full = Full()
    stream = GuardedStream(full)
    assert [stream.write("a"), stream.write("bc")] == [1, 2]
    assert (stream.failure, full.tries) == ("No space left on device", 1)


def test_python_sees_the_guard_and_not_the_stream_below() -> None:
    """`print` goes through it as well."""
    code = (
        "import sys; from contract.harness.cli.streams import guarded\n"
        "with guarded() as out:\n"
        "    print('\\N{SNOWMAN}')\n"
        "assert not out.failure\n"
    )
    words, env = [sys.executable, "-c", code], os.environ | {"PYTHONIOENCODING": "ascii"}
    ended = subprocess.run(words, env=env, capture_output=True, timeout=patience(), check=False)
    assert (ended.returncode, ended.stdout) == (0, b"\\u2603\n"), ended.stderr
