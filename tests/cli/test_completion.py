"""Completion in a shell, and the manual page."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from contract.harness.cli.commands import COMPLETION, rows
from tests.support.command import COMMAND, run_here, run_process


def offered(folder: Path, *words: str) -> list[str]:
    """What bash is offered for the last of `words`."""
    line = " ".join(("relayauth-contract", *words))
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(words)), COMPLETION: "bash_complete"}
    run = run_process([], folder, asked)
    assert run.err == ""
    return [line.partition(",")[2] for line in run.out.splitlines()]


def test_words_are_completed(tmp_path: Path) -> None:
    """Commands, options, clauses (the last of a list), names of the configuration file, and files."""
    (tmp_path / "relayauth-contract.toml").write_text(
        '[profiles.nightly]\n[targets.staging]\nurl = "https://a.example"\n'
    )
    assert offered(tmp_path, "com") == ["compare", "completion"]
    assert offered(tmp_path, "check", "--upd") == ["--update-baseline"]
    assert offered(tmp_path, "check", "--clause", "TTL-01,rot-0")[:2] == ["TTL-01,ROT-01", "TTL-01,ROT-02"]
    assert offered(tmp_path, "check", "st") == ["staging"]
    assert offered(tmp_path, "check", "--profile", "n") == ["nightly"]
    assert offered(tmp_path, "diff", "reference", "st") == ["staging"]
    assert offered(tmp_path, "diff", "--api-key-env-") == ["--api-key-env-b"]


def test_a_broken_configuration_file_does_not_disturb_completion(tmp_path: Path) -> None:
    """The shell is no place for its error."""
    (tmp_path / "relayauth-contract.toml").write_text("[")
    assert offered(tmp_path, "check", "ref") == ["reference"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_script_for_each_shell(tmp_path: Path, shell: str) -> None:
    """It names the variable by which the command is asked, and the shell, if it is here, can read it."""
    script = run_here(["completion", shell], tmp_path, {})
    assert script.code == 0
    assert f"{COMPLETION}={shell}_complete" in script.out
    if shutil.which(shell):
        file = tmp_path / "script"
        file.write_text(script.out)
        assert subprocess.run([shell, "-n", str(file)], check=False).returncode == 0


def test_bash_completes_what_is_typed(tmp_path: Path) -> None:
    """The script is loaded into bash, and its function called as bash does on the tabulator key."""
    lines = (
        f'eval "$({COMMAND} completion bash)"; COMP_WORDS=({COMMAND} com); COMP_CWORD=1; '
        f'_relayauth_contract_completion {COMMAND}; printf "%s\\n" "${{COMPREPLY[@]}}"'
    )
    ended = subprocess.run(["bash", "-c", lines], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ended.stdout.split() == ["compare", "completion"], ended.stderr


def test_the_manual_tells_of_every_command_and_option(tmp_path: Path) -> None:
    """In the words of the help; `man` shows it without a warning."""
    page = run_here(["man"], tmp_path, {})
    assert page.code == 0
    for name in rows():
        assert re.search(rf"(?m)^\.SS {name}", page.out)
    plain = page.out.replace("\\-", "-")
    for flag in ("--baseline-strict", "--max-requests", "--older-than", "--ready-file"):
        assert f".B {flag}" in plain
    if shutil.which("groff"):
        words = ["groff", "-man", "-Tutf8", "-wall", "-z"]
        ended = subprocess.run(words, input=page.out, capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stderr) == (0, "")
