"""A process group of ours: started, waited for until it answers, and ended with all that it started."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from contract.harness.clocks import REAL
from contract.harness.connections import Launching
from contract.harness.errors import TargetError, UsageError
from contract.harness.redaction import scrub

# Seconds between two looks at a server that is coming up, and the grace it has to end by itself.
LOOK_EVERY = 0.03
GRACE = 3.0
TAIL_LINES = 15
# A child inherits this mark, so that a daemon which left the process group is found all the same.
_MARK = "RELAYAUTH_CONTRACT_LAUNCH"
# What the harness holds for itself, and what would make a launch depend on the caller's own deployment.
_NOT_HANDED_ON = (
    "RELAYAUTH_SIGNING_KEY_PEM", "RELAYAUTH_SIGNING_KEY_PEM_PUBLIC", "RELAYAUTH_DB_PATH", "BASE_URL",
    "INTERNAL_SECRET", "RELAYAUTH_CONTRACT_API_KEY", "PORT",
)  # fmt: skip


class Process:
    """A server of ours, as a context: its URL on entry, nothing left of it on exit."""

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], launching: Launching, log: Path
    ) -> None:
        self._command, self._env, self._launching, self._log = command, env, launching, log
        self._mark = secrets.token_hex(8)
        self._popen: subprocess.Popen[bytes]

    def __enter__(self) -> str:
        """Start it on a free port and wait until it answers; `TargetError` tells its last words."""
        port = free_port()
        self._start(port)
        try:
            self._await(port)
        except BaseException:
            self._end()
            raise
        return f"http://127.0.0.1:{port}"

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """End the whole group."""
        self._end()

    def _start(self, port: int) -> None:
        inherited = {name: value for name, value in os.environ.items() if name not in _NOT_HANDED_ON}
        words = [word.replace("{port}", str(port)) for word in self._command]
        try:
            with self._log.open("wb") as log:
                self._popen = subprocess.Popen(  # noqa: S603 - starting this command is what the user asked for
                    words,
                    cwd=self._launching.cwd,
                    env={**inherited, **self._env, "PORT": str(port), _MARK: self._mark},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except FileNotFoundError as error:
            what = f"--cwd {self._launching.cwd}" if error.filename == self._launching.cwd else repr(words[0])
            raise UsageError(f"exec: there is no {what}: is it installed, and on the PATH?") from None
        except OSError as error:
            raise UsageError(f"exec: {words[0]!r} can't be started: {error.strerror}") from None

    def _await(self, port: int) -> None:
        until = REAL["monotonic"]() + self._launching.ready_timeout
        while not self._answers(port):
            status = self._popen.poll()
            if status is not None and not self._others():
                ended = f"ended with signal {-status}" if status < 0 else f"ended with exit code {status}"
                raise TargetError(f"exec: the server {ended} before it answered{self.last_words()}")
            if REAL["monotonic"]() > until:
                raise TargetError(
                    f"exec: nothing answered GET {self._launching.ready_path} on port {port} within "
                    f"{self._launching.ready_timeout:g} s: does the server listen on $PORT (or is {{port}} in "
                    f"its command), and is --ready-path right?{self.last_words()}"
                )
            time.sleep(LOOK_EVERY)

    def _answers(self, port: int) -> bool:
        """Ask once over a bare socket: any HTTP answer below 500 is a server that is up."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as asked:
            asked.settimeout(2)
            asked.sendall(
                f"GET {self._launching.ready_path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n"
                "connection: close\r\n\r\n".encode()
            )
            first = asked.recv(64)
            return first.startswith(b"HTTP/1.") and first[9:10] != b"5"
        return False

    def last_words(self) -> str:
        """Return the tail of the server's output, scrubbed, as the end of a sentence."""
        lines = self._log.read_text("utf-8", "replace").splitlines()[-TAIL_LINES:]
        said = scrub("\n".join(f"    {line}" for line in lines if line.strip()))
        return f"; its last words:\n{said}" if said else "; it printed nothing"

    def _end(self) -> None:
        """Ask the group to end, then insist; then see to what left the group."""
        for insist in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._popen.pid, insist)
            until = REAL["monotonic"]() + GRACE
            while self._lives() and REAL["monotonic"]() < until:
                time.sleep(0.01)
            if not self._lives():
                break
        for pid in self._others():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        self._popen.wait()

    def _lives(self) -> bool:
        """Say whether any process of the group is left (the leader is reaped on the way)."""
        self._popen.poll()
        try:
            os.killpg(self._popen.pid, 0)
        except (ProcessLookupError, PermissionError):
            return False
        return True

    def _others(self) -> list[int]:
        """Return the living processes that bear our mark, wherever they went (Linux tells, others don't)."""
        return [pid for pid in _pids() if pid != self._popen.pid and self._bears_mark(pid)]

    def _bears_mark(self, pid: int) -> bool:
        try:
            return f"{_MARK}={self._mark}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            return False


def _pids() -> Iterator[int]:
    with contextlib.suppress(OSError):
        yield from (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def free_port() -> int:
    """Return a loopback port that nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
