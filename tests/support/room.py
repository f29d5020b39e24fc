"""The command from outside: run as a user runs it, and all that it leaves behind counted."""

import json
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
from typing import Any

import pytest

HERE = Path(__file__).parent
COMMAND = str(Path(sys.executable).parent / "relayauth-contract")
REFERENCE = f"exec:{COMMAND} serve"
MINIATURE = f"exec:node {HERE / 'miniature.mjs'}"
PYTHON = sys.executable
LONGEST = 60  # seconds until a run that hangs is a failure
CLOCK_CLAUSES = {"CLK-01", "CLK-02", "CLK-03", "CLK-04", "CLK-06"}

needs_node = pytest.mark.skipif(
    shutil.which("node") is None, reason="node is not installed: no server in another language"
)
needs_proc = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="/proc tells who is left")

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
    """A place for one run of the command: a folder of temporary files of its own, and a mark."""

    folder: Path
    mark: str = field(default_factory=lambda: secrets.token_hex(8))

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

    def start(self, *words: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start the command in the room."""
        own = {MARK: self.mark, PORTS: str(self.ports), "TMPDIR": str(self.tmp), "COLUMNS": "200"}
        foreign = {"RELAYAUTH_CONTRACT_API_KEY", "RELAYAUTH_CONTRACT_LIBFAKETIME"}
        clean = {name: value for name, value in os.environ.items() if name not in foreign}
        process = subprocess.Popen(
            [COMMAND, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.folder,
            env=clean | own | dict(env or {}),
        )
        self._started.append(process)
        return process

    def close(self) -> None:
        """End what a failed test left running."""
        for process in self._started:
            if process.poll() is None:
                process.terminate()
                process.communicate(timeout=LONGEST)

    def run(self, *words: str, env: Mapping[str, str] | None = None) -> "Run":
        """Run the command to its end."""
        process = self.start(*words, env=env)
        return self.ended(process)

    def ended(self, process: subprocess.Popen[str]) -> "Run":
        """Wait for the end of a command that was started."""
        try:
            said, _ = process.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            process.kill()
            said, _ = process.communicate()
            pytest.fail(f"the command did not end within {LONGEST} s; it said:\n{said}")
        return Run(process.returncode, said)

    def check(self, *words: str, env: Mapping[str, str] | None = None) -> "Run":
        """Run `check` to its end, and read the report that it wrote."""
        file = self.folder / f"report-{secrets.token_hex(4)}.json"
        run = self.run("check", "--json", str(file), *words, env=env)
        return Run(run.code, run.said, json.loads(file.read_text()) if file.exists() else {})

    def left(self) -> Left:
        """Count what there is of the room's runs."""
        ports = {int(line) for line in self.ports.read_text().split()} | {8787}
        files = len(list(self.tmp.glob("relayauth-contract-*")))
        return Left(sum(map(self._is_ours, Path("/proc").glob("[0-9]*"))), sum(map(_listens, ports)), files)

    def _is_ours(self, process: Path) -> bool:
        try:
            return f"{MARK}={self.mark}".encode() in (process / "environ").read_bytes().split(b"\0")
        except OSError:
            return False


@dataclass(frozen=True)
class Run:
    """How a run of the command ended: exit code, what it printed, and its JSON report."""

    code: int
    said: str
    report: Mapping[str, Any] = field(default_factory=dict)

    @property
    def target(self) -> Mapping[str, Any]:
        """The report's one target."""
        (only,) = self.report["targets"]
        found: Mapping[str, Any] = only
        return found

    def clauses(self, outcome: str) -> set[str]:
        """The ids of the clauses with `outcome` at any endpoint."""
        return {row["clause"] for row in self.target["results"] if row["outcome"] == outcome}

    def why(self, outcome: str) -> set[str]:
        """All that was said of rows with `outcome`."""
        return {row["why"] for row in self.target["results"] if row["outcome"] == outcome}


def _listens(port: int) -> bool:
    with socket.socket() as sent:
        sent.settimeout(1)
        return sent.connect_ex(("127.0.0.1", port)) == 0


def until(holds: Callable[[], bool], *, seconds: float = 15, what: str) -> None:
    """Look again and again until it holds; fail with `what` if it does not within `seconds`."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            pytest.fail(f"waited {seconds} s in vain until {what}")
        time.sleep(0.02)
