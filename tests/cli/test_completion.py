"""Completion in a shell, and the manual page."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from contract.harness.cli.commands import COMPLETION, rows
from tests.support.command import COMMAND, environment, patience, run_here, run_process


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


TYPED = {
    "relayauth-contract compa": ["compare"],
    "relayauth-contract check --update-b": ["--update-baseline"],
    "relayauth-contract check --clause TTL-01,ROT-0": ["TTL-01,ROT-01", "Rotation keeps the refresh TTL"],
    "relayauth-contract check --clause API-": ["API-*", "API-01", "API-02"],
    "relayauth-contract check --baseline kno": ["known.toml"],
    "relayauth-contract check stag": ["staging"],
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a configuration file and a baseline."""
    (tmp_path / "relayauth-contract.toml").write_text('[targets.staging]\nurl = "https://a.example"\n')
    (tmp_path / "known.toml").write_text("")
    return tmp_path


def in_shell(words: list[str], folder: Path) -> str:
    """What a shell prints that finds the command on its path."""
    path = f"{Path(COMMAND).parent}:{os.environ['PATH']}"
    ended = subprocess.run(
        words, env=environment({"PATH": path, "HOME": str(folder), "TERM": "xterm"}), cwd=folder,
        capture_output=True, text=True, timeout=patience(), check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
@pytest.mark.parametrize("line", TYPED)
def test_fish_completes_what_is_typed(project: Path, line: str) -> None:
    """With the whole sentence that tells a clause, and past the comma of a list."""
    script = "relayauth-contract completion fish | source; complete --do-complete $argv[1]"
    offered = in_shell(["fish", "--no-config", "-c", script, "--", line], project)
    for expected in TYPED[line]:
        assert expected in offered


ZSH = r"""
zmodload zsh/zpty
typed() { zpty -w shell "$1" }
read_to() { while [[ $out != *${~1}* ]] && zpty -r shell chunk; do out+=$chunk; done }
zpty shell zsh -f -i
typed 'fpath=($PWD/functions $fpath); autoload -Uz compinit; compinit -u -D; LISTMAX=1000'
typed 'show() { print -r "line:${BUFFER}:end" }; zle -N show; bindkey "^X" show'
typed "$1; print LOADED-\$?"
read_to LOADED-0
out=
zpty -w -n shell "$2"$'\t\x18'
read_to "line:relayauth-contract*:end"
print -r -- "$out"
zpty -d shell
"""
LOADING = {
    "evaluated": 'eval "$(relayauth-contract completion zsh)"',
    "on fpath": "whence -w _relayauth-contract",
}


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
@pytest.mark.parametrize(
    ("loading", "line"),
    [
        # zsh takes a second to start: each way of loading with one line, and the other lines in `make proof`.
        pytest.param(loading, line, marks=[] if line == next(iter(TYPED)) else [pytest.mark.proof])
        for loading in LOADING
        for line in TYPED
    ],
)
def test_zsh_completes_what_is_typed(project: Path, line: str, loading: str) -> None:
    """In an interactive zsh on a terminal of its own, where the tabulator key is pressed."""
    if loading == "on fpath":
        (project / "functions").mkdir()
        script = run_here(["completion", "zsh"], project, {}).out
        (project / "functions" / "_relayauth-contract").write_text(script)
    offered = in_shell(["zsh", "-f", "-c", ZSH, "zsh", LOADING[loading], line], project)
    for expected in TYPED[line]:
        assert expected in offered.replace("\\", "")


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
