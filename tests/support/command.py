"""The command `relayauth-contract`, run by a test in this process or in one of its own, and what it said."""

import contextlib
import io
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from unittest import mock

import click
import pytest

COMMAND = str(Path(sys.executable).parent / "relayauth-contract")
KEY_VARIABLE = "RELAYAUTH_CONTRACT_API_KEY"
# What a developer may have set for deployments of their own, besides RELAYAUTH_....
FOREIGN = ("PORT", "BASE_URL", "INTERNAL_SECRET")


def patience(seconds: float = 10) -> float:
    """Return how long a test waits for what takes `seconds` on an idle machine, before it calls it a hang.

    A test waits for the event itself, so a generous bound costs nothing unless the test fails.
    """
    return 12 * seconds


@dataclass(frozen=True)
class Run:
    """How a run of the command ended: exit code, what it printed, and its JSON report if it wrote one."""

    code: int
    out: str
    err: str = ""
    report: Mapping[str, Any] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """All that was printed."""
        return self.out + self.err

    @property
    def target(self) -> Mapping[str, Any]:
        """The one target of the report."""
        (target,) = self.report["targets"]
        found: Mapping[str, Any] = target
        return found

    def outcomes(self, clause: str) -> dict[str | None, str]:
        """Outcome by endpoint of one clause."""
        return {row["endpoint"]: row["outcome"] for row in self.target["results"] if row["clause"] == clause}

    def clauses(self, outcome: str) -> set[str]:
        """The ids of the clauses with `outcome` at any endpoint."""
        return {row["clause"] for row in self.target["results"] if row["outcome"] == outcome}

    def whys(self, outcome: str) -> set[str]:
        """Every reason that stands beside `outcome`."""
        return {row["why"] for row in self.target["results"] if row["outcome"] == outcome}


class Check(Protocol):
    """`relayauth-contract check` with some words, an API key and variables."""

    def __call__(self, *words: str, key: str | None = None, **variables: str) -> Run:
        """Run it to its end."""


def environment(variables: Mapping[str, str], folder: Path | None = None) -> dict[str, str]:
    """Return this process's environment without a developer's own settings, and with `variables`.

    What a run notes for a later one goes into `folder`: the runs of other tests are none of its business.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in FOREIGN and not name.startswith("RELAYAUTH_")
    }
    own = {"XDG_STATE_HOME": str(folder / "state")} if folder else {}
    return kept | own | dict(variables)


def run_here(words: Sequence[str], folder: Path, variables: Mapping[str, str]) -> Run:
    """Run the command in this process, in `folder`: the same code and exit code, without the start-up."""
    from contract.harness.cli.main import main

    return invoke(main, words, folder, variables)


def invoke(command: click.Command, words: Sequence[str], folder: Path, variables: Mapping[str, str]) -> Run:
    """Run a command of click's in this process, in `folder`."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    path = list(sys.path)
    with (
        mock.patch.dict(os.environ, environment(variables, folder), clear=True),
        mock.patch("tempfile.tempdir", None),  # else TMPDIR is not looked at again
        contextlib.chdir(folder),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            command(list(words), prog_name="relayauth-contract")
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        finally:
            sys.path[:] = path
    return Run(code, out.getvalue(), err.getvalue())


def run_process(words: Sequence[str], folder: Path, variables: Mapping[str, str]) -> Run:
    """Run the command as a process of its own, in `folder`."""
    return run_program([COMMAND, *words], folder, variables)


def run_python(words: Sequence[str], folder: Path) -> Run:
    """Run this interpreter as a process of its own, in `folder`."""
    return run_program([sys.executable, *words], folder, {})


def run_program(words: Sequence[str], folder: Path, variables: Mapping[str, str]) -> Run:
    """Run any program to its end, in `folder`."""
    try:
        ended = subprocess.run(
            list(words),
            env=environment(variables, folder),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=patience(60),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        pytest.fail(f"the command did not end within {error.timeout:g} s; it said:\n{error.stdout!r}")
    return Run(ended.returncode, ended.stdout, ended.stderr)


class Runner(Protocol):
    """`run_here` or `run_process`."""

    def __call__(self, words: Sequence[str], folder: Path, variables: Mapping[str, str]) -> Run:
        """Run the command to its end."""


def check_with(
    runner: Runner, words: Sequence[str], folder: Path, variables: Mapping[str, str], key: str | None = None
) -> Run:
    """Run `check` in `folder`, and read the report that it wrote."""
    report = folder / f"report-{secrets.token_hex(4)}.json"
    given = dict(variables) | ({} if key is None else {KEY_VARIABLE: key})
    run = runner(["check", *words, "--json", str(report)], folder, given)
    return Run(run.code, run.out, run.err, json.loads(report.read_text()) if report.exists() else {})
