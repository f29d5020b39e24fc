"""`start`: a server for requests by hand, and the lines under a failure that use it."""

import os
import re
import shutil
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import COMMAND, environment, patience, run_here, run_process

SERVE = f"exec:{COMMAND} serve"


@pytest.fixture
def started(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, str], str]]:
    """The process of the command, what its lines export, and the lines."""
    process = subprocess.Popen(
        [COMMAND, "start", SERVE],
        env=environment({"TMPDIR": str(tmp_path)}),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("# Its output is in"):
                break
        text = "".join(lines)
        words, env = ["bash", "-ec", f"{text}\nenv"], {"PATH": os.environ["PATH"]}
        shown = subprocess.run(words, env=env, capture_output=True, text=True, check=True)
        exported = dict(line.split("=", 1) for line in shown.stdout.splitlines() if "=" in line)
        yield process, exported, text
    finally:
        process.terminate()
        process.wait(patience())
        process.stdout.close()


def test_a_started_server_can_be_tested_with_what_was_exported(
    started: tuple[subprocess.Popen[str], dict[str, str], str], tmp_path: Path
) -> None:
    """Address, both API keys and the signing key; no secret stands in the lines themselves."""
    _, exported, text = started
    assert not re.search(r"rak_\w|eyJ\w|PRIVATE", text)
    words = ["check", exported["RELAYAUTH_URL"], "--signing-key", exported["RELAYAUTH_SIGNING_KEY"]]
    second = ["--second-api-key-env", "RELAYAUTH_CONTRACT_SECOND_API_KEY"]
    keys = {name: value for name, value in exported.items() if name.endswith("_API_KEY")}
    clauses = ["--clause", "TTL-01,REV-04,SEC-04", "--strict", "-q"]
    run = run_here([*words, *second, *clauses], tmp_path, keys)
    assert run.code == 0, run.said


def test_only_its_owner_can_read_the_keys(
    started: tuple[subprocess.Popen[str], dict[str, str], str],
) -> None:
    """API keys and signing key have mode 0600."""
    *_, text = started
    files = [Path(word) for word in re.findall(r"/\S+/(?:api-key-[\w-]+|signing-key\.pem)", text)]
    assert len(files) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_nothing_is_left_of_it_after_an_interrupt(
    started: tuple[subprocess.Popen[str], dict[str, str], str], tmp_path: Path
) -> None:
    """SIGINT ends the server and removes its files; that is what it is for: exit code 0."""
    process, exported, _ = started
    process.send_signal(signal.SIGINT)
    assert process.wait(patience()) == 0
    assert not Path(exported["RELAYAUTH_SIGNING_KEY"]).exists()
    assert not [each for each in tmp_path.iterdir() if each.name.startswith("relayauth-contract-")]


def test_what_is_no_command_is_not_started(tmp_path: Path) -> None:
    """A deployment runs already, and the reference has a command of its own."""
    for target in ("reference", "https://staging.example"):
        run = run_here(["start", target, "--yes-i-may-test-this-host"], tmp_path, {})
        assert run.code == 2
        assert "write exec:COMMAND" in run.err


def test_a_server_that_does_not_start_is_exit_code_2(tmp_path: Path) -> None:
    """Nothing is exported."""
    run = run_process(["start", "exec:false"], tmp_path, {})
    assert (run.code, run.out) == (2, "")
    assert "ended with exit code 1 before it answered" in run.err


BENT = """
import re
from reference_impl.mutants import mutants
from reference_impl.app import create_app
import os, uvicorn
app = create_app(dict(os.environ), rules=mutants()["NoCap"]())
uvicorn.run(app, port=int(os.environ["PORT"]), log_level="error")
"""


@pytest.mark.proof
@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_the_lines_under_a_failure_of_a_launched_server_start_it_again(tmp_path: Path) -> None:
    """Pasted as a script they show the same wrong lifetime, decoded."""
    (tmp_path / "bent.py").write_text(BENT)
    python = Path(COMMAND).with_name("python")
    words = [
        "check",
        f"exec:{python} bent.py",
        "--cwd",
        str(tmp_path),
        "--clause",
        "TTL-02",
        "--endpoint",
        "path",
    ]
    run = run_process(words, tmp_path, {})
    assert run.code == 1, run.said
    lines = [line.removeprefix("    ") for line in run.out.splitlines() if line.startswith("    ")]
    first = next(number for number, line in enumerate(lines) if line.startswith("relayauth-contract start"))
    script = "\n".join([*lines[first:], *lines[:first], "kill %1; wait"])
    path = f"{Path(COMMAND).parent}:{os.environ['PATH']}"
    again = subprocess.run(
        ["bash", "-c", script], env=environment({"PATH": path}), cwd=tmp_path,
        capture_output=True, text=True, timeout=patience(60), check=False,
    )  # fmt: skip
    assert again.stdout.splitlines()[-1] == "7776001", again.stdout + again.stderr
