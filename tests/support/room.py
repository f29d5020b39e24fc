"""A place for runs of the command that start servers, and a count of all that such runs leave behind."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from contract.harness.targets.steering import library
from tests.support.command import COMMAND, Run, check_with, environment, patience, run_here, run_process

HERE = Path(__file__).parent
REFERENCE = f"exec:{COMMAND} serve"
MINIATURE = f"exec:node {HERE / 'miniature.mjs'}"
PYTHON = sys.executable
CLOCK_CLAUSES = {"CLK-01", "CLK-02", "CLK-03", "CLK-04", "CLK-06", "CLK-07", "CLK-08"}

needs_node = pytest.mark.skipif(
    shutil.which("node") is None, reason="node is not installed: no server in another language"
)

needs_faketime = pytest.mark.skipif(
    library() is None, reason="libfaketime is not installed: the clock of a launched server can't be set"
)

# A marker that every process of a run inherits, and the file in which a launched server notes its port.
MARK = "RELAYAUTH_TESTS_RUN"
PORTS = "RELAYAUTH_TESTS_PORTS"
NOTE_PORT = f"""
import os
with open(os.environ[{PORTS!r}], "a") as ports:
    ports.write(os.environ["PORT"] + "\\n")
"""


@dataclass(frozen=True)
class Left:
    """What there is of a run: its processes, its listening ports and its temporary files."""

    processes: int
    ports: int
    files: int


NOTHING = Left(0, 0, 0)


@dataclass
class Room:
    """A place for runs of the command: a folder, a folder of temporary files of its own, and a mark.

    `watched` are ports that nobody else uses while the room is open.
    """

    folder: Path
    mark: str = field(default_factory=lambda: secrets.token_hex(8))
    watched: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.tmp = self.folder / "tmp"
        self.tmp.mkdir()
        self.ports = self.folder / "ports"
        self.ports.touch()
        self._started: list[subprocess.Popen[str]] = []

    def script(self, text: str) -> str:
        """Write a Python program into the room, which notes its port; return the target that starts it."""
        file = self.folder / f"server-{secrets.token_hex(4)}.py"
        file.write_text(NOTE_PORT + text)
        return f"exec:{PYTHON} {file}"

    def _variables(self, env: Mapping[str, str] | None) -> dict[str, str]:
        own = {MARK: self.mark, PORTS: str(self.ports), "TMPDIR": str(self.tmp), "COLUMNS": "200"}
        return own | dict(env or {})

    def run(self, *words: str, env: Mapping[str, str] | None = None) -> Run:
        """Run the command in this process: where only its words and its verdict matter."""
        return run_here(words, self.folder, self._variables(env))

    def check(self, *words: str, env: Mapping[str, str] | None = None) -> Run:
        """Run `check` in this process, and read the report that it wrote."""
        return check_with(run_here, words, self.folder, self._variables(env))

    def run_process(self, *words: str, env: Mapping[str, str] | None = None) -> Run:
        """Run the command as a process of its own, to its end."""
        return run_process(words, self.folder, self._variables(env))

    def check_process(self, *words: str, env: Mapping[str, str] | None = None) -> Run:
        """Run `check` as a process of its own, and read the report that it wrote."""
        return check_with(run_process, words, self.folder, self._variables(env))

    def start(self, *words: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start the command as a process of its own."""
        process = subprocess.Popen(
            [COMMAND, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.folder,
            env=environment(self._variables(env), self.folder),
        )
        self._started.append(process)
        return process

    def ended(self, process: subprocess.Popen[str]) -> Run:
        """Wait for the end of a command that was started."""
        try:
            said, _ = process.communicate(timeout=patience(60))
        except subprocess.TimeoutExpired as error:
            process.kill()
            said, _ = process.communicate()
            pytest.fail(f"the command did not end within {error.timeout:g} s; it said:\n{said}")
        return Run(process.returncode, said)

    def close(self) -> None:
        """End what a failed test left running."""
        for process in self._started:
            if process.poll() is None:
                process.terminate()
                try:
                    process.communicate(timeout=patience())
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.communicate()

    def left(self) -> Left:
        """Count what there is of the room's runs."""
        ports = {int(line) for line in self.ports.read_text().split()} | self.watched
        files = len(list(self.tmp.glob("relayauth-contract-*")))
        processes = sum(self._is_ours(process) for process in psutil.process_iter())
        return Left(processes, sum(map(_listens, ports)), files)

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return process.pid != os.getpid() and process.environ().get(MARK) == self.mark
        except (psutil.Error, OSError):
            return False


def _listens(port: int) -> bool:
    with socket.socket() as sent:
        sent.settimeout(patience(1))
        return sent.connect_ex(("127.0.0.1", port)) == 0


def until(holds: Callable[[], bool], *, what: str, alive: "subprocess.Popen[str] | None" = None) -> None:
    """Look again and again until it holds; fail with `what` if it does not, or if `alive` ends before."""
    end = time.monotonic() + patience()
    while not holds():
        if alive is not None and alive.poll() is not None:
            said, _ = alive.communicate()
            pytest.fail(f"the command ended before {what}; it said:\n{said}")
        if time.monotonic() > end:
            pytest.fail(f"waited {patience():g} s in vain until {what}")
        time.sleep(0.02)
