"""What a run writes is whole and clean, or it is not there."""

import contextlib
import io
import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from contract.harness import files as artefacts
from contract.harness.cli import clauses
from contract.harness.cli import main as cli
from contract.harness.errors import ContractError, UsageError
from contract.harness.files import CleanStream, clean_output, writable, write
from contract.harness.redaction import fingerprint, remember
from tests.support.fakes import unsigned

SECRET = "rak" + "_canary-0123456789"


@pytest.mark.parametrize("before", [None, "what was there"])
def test_a_text_with_a_secret_is_not_written(tmp_path: Path, before: str | None) -> None:
    """The file is named, the secret is not, and what stood there stays."""
    file = tmp_path / "report.json"
    if before is not None:
        file.write_text(before)
    with pytest.raises(
        ContractError, match=r"report\.json is not written: it would contain a secret"
    ) as refusal:
        write(file, f'{{"key": "{SECRET}"}}')
    assert SECRET not in str(refusal.value)
    assert [each.name for each in tmp_path.iterdir()] == ([] if before is None else ["report.json"])
    assert before is None or file.read_text() == before


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full leaves the old file, and no half of the new one."""
    file = tmp_path / "report.json"
    file.write_text("old")

    def full(self: Path, text: str, *_: object) -> int:
        self.write_bytes(text.encode()[:3])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(UsageError, match="No space left on device"):
        write(file, "the new one")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("report.json", "old")]


def test_a_device_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    """`--json /dev/stdout` and a named pipe work as they would anywhere."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write(pipe, "told")
        assert os.read(reader, 100) == b"told"
    finally:
        os.close(reader)
    assert not pipe.is_file()


@pytest.mark.parametrize("name", ["", "no-folder/report.json"])
def test_what_can_not_be_written_is_said_before_the_run(tmp_path: Path, name: str) -> None:
    """A folder is no file, and a file needs a folder."""
    with pytest.raises(UsageError, match="name a file in a folder that exists"):
        writable(str(tmp_path / name))


def test_a_clean_stream_lets_no_secret_through() -> None:
    """It scrubs each text, says how much there was of it, and is the stream in all else."""
    under = io.StringIO()
    stream = CleanStream(under)
    assert stream.write(f"with {SECRET}\n") == len(f"with {SECRET}\n")
    assert stream.getvalue() == f"with <secret {fingerprint(SECRET)}>\n"


def test_both_streams_are_clean_and_come_back() -> None:
    """Whatever prints, on whichever stream, is scrubbed; afterwards the streams are those of before."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        with clean_output():
            sys.stdout.write(f"out {SECRET}")
            sys.stderr.write(f"err {SECRET}")
        assert (sys.stdout, sys.stderr) == (out, err)
    told = f"<secret {fingerprint(SECRET)}>"
    assert (out.getvalue(), err.getvalue()) == (f"out {told}", f"err {told}")


def test_a_fault_of_the_harness_is_no_verdict_and_tells_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """A traceback is shown, to help with the repair, with every token, key and signature taken out."""
    token = unsigned({"sub": "canary"})
    odd = remember("".join(["a-key-of", "-another-form"]))

    def broken(*_: object) -> None:
        raise RuntimeError(f"a fault with {token}, {odd} and {SECRET}")

    monkeypatch.setattr(clauses, "catalogue", broken)
    ended = CliRunner().invoke(cli.main, ["clauses"])
    assert ended.exit_code == 2
    assert "no verdict: a fault of the harness" in ended.output
    assert "RuntimeError: a fault with <secret" in ended.output
    for secret in (token, token.rpartition(".")[2], odd, SECRET):
        assert secret not in ended.output


def test_every_report_goes_through_the_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON, JUnit and baseline are refused alike if the search finds anything: no verdict, and no file."""
    monkeypatch.setattr(artefacts, "scrub", lambda text: text + "!")
    monkeypatch.setattr(artefacts, "clean_output", contextlib.nullcontext)
    files = {option: tmp_path / option.strip("-") for option in ("--json", "--junit", "--baseline")}
    for option, file in files.items():
        more = ["--update-baseline"] if option == "--baseline" else []
        words = ["check", "--clause", "JWKS-09", option, str(file), *more]
        ended = CliRunner().invoke(cli.main, words)
        assert ended.exit_code == 2, ended.output
        assert f"{file} is not written" in ended.output.replace("!", "")
        assert not file.exists()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\n::error::b\n", "a\n: :error::b\n"),
        ("  \t::add-mask::x", "  \t: :add-mask::x"),
        ("x ##[error]y ###[debug]z", "x # #[error]y ## #[debug]z"),
        ("contract::id and a # [note]", "contract::id and a # [note]"),
    ],
)
def test_what_is_printed_is_no_command_to_a_runner_of_ci(text: str, shown: str) -> None:
    """Whoever says it; a report that is written to the stream is left as it is."""
    stream = io.StringIO()
    CleanStream(stream).write(text)
    assert stream.getvalue() == shown
    exact = io.StringIO()
    artefacts.as_it_is(CleanStream(exact), text)  # type: ignore[arg-type]
    assert exact.getvalue() == text
