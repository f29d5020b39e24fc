"""A hostile environment: what is around a run of the command, and how such a run is made and read."""

import json
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.command import environment, patience

# The environment that `make hostile` builds beside that of the tests: the plugins of pytest are in it.
WITH_PLUGINS = Path(f"{sys.prefix}-hostile") / "bin"
OWN = Path(sys.executable).parent
READ_SIZE = 65536
# Clause, endpoint, case and outcome.
Results = frozenset[tuple[str, str, str, str]]


@dataclass(frozen=True)
class Ends:
    """How a run of a service that conforms ends, and of one that does not; `says` is one sentence of either.

    `judged` is false where no report is expected. Whatever differs from the default has its reason in `why`.
    """

    conforms: int = 0
    broken: int = 1
    judged: bool = True
    says: str = ""
    why: str = ""


@dataclass(frozen=True)
class Environment:
    """One row of the table: what surrounds the command, and a proof that it does.

    `within` are the words of a command that runs the rest of its command line. A path in `variables` or
    `within` may begin with `{folder}`. `shown_by` is a Python expression that is true in this environment.
    `plain_pytest` is what a plain run of pytest prints here: each of these would reach a run that let it.
    """

    name: str
    variables: Mapping[str, str] = field(default_factory=dict)
    unset: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    within: tuple[str, ...] = ()
    python: tuple[str, ...] = ()
    plugins: bool = False
    columns: int | None = None
    report_to_output: bool = False
    clauses: tuple[str, ...] = ("TTL-0[23]",)
    launched: bool = False
    shown_by: str = "True"
    plain_pytest: str = ""
    ends: Ends = Ends()
    lacking: Callable[[], str] = str

    def __str__(self) -> str:
        return self.name


CLEAN = Environment("nothing hostile")


@dataclass(frozen=True)
class Ended:
    """A process that ended: exit code, standard output, and standard error or all that a terminal showed."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Place:
    """A folder for one run in an environment: `folder` is the working directory, `report` is outside it."""

    root: Path
    environment: Environment

    @property
    def folder(self) -> Path:
        """The working directory."""
        return self.root / "work"

    @property
    def report(self) -> Path:
        """The JSON report, where it is written to a file."""
        return self.root / "report.json"

    def prepare(self) -> None:
        """Write the files of the environment."""
        self.folder.mkdir()
        for name, text in self.environment.files.items():
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def run(self, words: Sequence[str]) -> Ended:
        """Run `words` in the environment, to their end."""
        within = [self._filled(word) for word in self.environment.within]
        given = {name: self._filled(text) for name, text in self.environment.variables.items()}
        variables = environment(given, self.root)
        for name in self.environment.unset:
            variables.pop(name, None)
        if self.environment.columns is not None:
            return self._on_a_terminal([*within, *words], variables, self.environment.columns)
        ended = subprocess.run(
            [*within, *words],
            cwd=self.folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=patience(),
            check=False,
        )
        return Ended(
            ended.returncode,
            ended.stdout.decode("utf-8", "replace"),
            ended.stderr.decode("utf-8", "replace"),
        )

    def python(self, *words: str) -> list[str]:
        """Return the words of a Python of this environment."""
        tools = WITH_PLUGINS if self.environment.plugins else OWN
        return [str(tools / "python"), *self.environment.python, *words]

    def check(self, *words: str) -> tuple[Ended, Results]:
        """Run `check`, and return its end and what its report says of each case."""
        to = "-" if self.environment.report_to_output else str(self.report)
        command = str(Path(self.python()[0]).with_name("relayauth-contract"))
        ended = self.run([*self.python(command), "check", *words, "--json", to])
        if self.report.is_file():
            self.report.chmod(0o600)
            return ended, results(self.report.read_text("utf-8"))
        return ended, results(ended.out) if to == "-" else frozenset()

    def _filled(self, text: str) -> str:
        return text.replace("{folder}", str(self.folder))

    def _on_a_terminal(self, words: list[str], variables: Mapping[str, str], columns: int) -> Ended:
        ours, theirs = pty.openpty()
        try:
            termios.tcsetwinsize(theirs, (24, columns))
            process = subprocess.Popen(
                words, cwd=self.folder, env=variables, stdin=theirs, stdout=theirs, stderr=theirs
            )
        finally:
            os.close(theirs)
        with process:
            shown = _read(ours, process)
        return Ended(process.returncode, shown, shown)


def results(report: str) -> Results:
    """Return what a JSON report says of each case."""
    document: Mapping[str, Any] = json.loads(report)
    (target,) = document["targets"]
    return frozenset(
        (row["clause"], str(row["endpoint"]), case["id"], case["outcome"])
        for row in target["results"]
        for case in row["cases"]
    )


def _read(terminal: int, process: "subprocess.Popen[bytes]") -> str:
    """Read all that is shown until the process has let go of its terminal."""
    shown, until = b"", time.monotonic() + patience()
    try:
        while select.select([terminal], [], [], max(until - time.monotonic(), 0))[0]:
            part = os.read(terminal, READ_SIZE)
            if not part:
                break
            shown += part
        else:
            process.kill()
    except OSError:
        pass  # Linux reports the end of a terminal as an error.
    finally:
        os.close(terminal)
    return shown.decode("utf-8", "replace")
