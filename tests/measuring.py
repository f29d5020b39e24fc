"""What a measure is made of: a figure and its bound, what a process cost, and the reference on a socket."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

COMMAND = str(Path(sys.executable).parent / "relayauth-contract")
NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"
LONGEST_S = 180


@dataclass(frozen=True)
class CaseResult:
    """A figure and the bound it must keep: at most that, or at least if it is a floor."""

    name: str
    figure: float
    bound: float
    unit: str
    floor: bool = False

    @property
    def ok(self) -> bool:
        """Whether the bound is kept."""
        return self.figure >= self.bound if self.floor else self.figure <= self.bound

    def __str__(self) -> str:
        """The row as it is printed."""
        bound = f"{'>=' if self.floor else '<='} {self.bound:g}"
        word = "ok" if self.ok else "under" if self.floor else "over"
        return f"{self.name:<56} {self.figure:>8.2f} {self.unit:<3} {bound:<8} {word}"


@dataclass(frozen=True)
class Run:
    """What a process cost from its start to its end."""

    seconds: float
    peak_mb: float
    cpu: float
    """Seconds of a processor: what it takes where no other process is in its way."""


class UnmeasuredError(Exception):
    """What was to be measured did not do its work, so its figure would say nothing."""


def run(command: list[str], **variables: str) -> Run:
    """Run a command that must succeed, and say what it cost; its memory includes its children's."""
    with tempfile.TemporaryFile() as output:
        start = time.monotonic()
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if name != NO_BYTECODE} | variables,
        )
        bell = threading.Timer(LONGEST_S, process.kill)
        bell.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        bell.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            last = b"\n".join(output.read().splitlines()[-15:]).decode(errors="replace")
            raise UnmeasuredError(f"{' '.join(command)} ended with {process.returncode}:\n{last}")
    unit = (
        1 if sys.platform == "darwin" else 1024
    )  # getrusage(2): ru_maxrss is in bytes there, in kilobytes here
    return Run(seconds, usage.ru_maxrss * unit / 1e6, usage.ru_utime + usage.ru_stime)


@dataclass(frozen=True)
class Served:
    """The reference on a socket."""

    url: str
    key: str
    pid: int

    @property
    def port(self) -> int:
        """Where it listens."""
        return urlsplit(self.url).port or 80


@contextmanager
def served() -> Iterator[Served]:
    """`relayauth-contract serve` on a free port of loopback, ended at the end."""
    with tempfile.TemporaryDirectory() as room:
        ready = Path(room) / "ready.json"
        words = [COMMAND, "serve", "--port", "0", "--ready-file", str(ready)]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                until = time.monotonic() + 30
                while not (ready.exists() and ready.stat().st_size):
                    if process.poll() is not None or time.monotonic() > until:
                        raise UnmeasuredError("relayauth-contract serve did not begin to serve")
                    time.sleep(0.02)
                said = json.loads(ready.read_text())
                yield Served(said["url"], said["apiKey"], process.pid)
            finally:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
