"""A process group of ours: started, waited for until it answers, and ended with all that it started."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from contract.harness.errors import TargetError, UsageError
from contract.harness.redaction import scrub
from contract.harness.targets.clocks import REAL
from contract.harness.targets.connections import Launching

# Seconds: between two looks at a server that is coming up, for one of them, and the grace to end by itself.
LOOK_EVERY = 0.03
LONGEST_LOOK = 2.0
GRACE = 3.0
# Seconds that a server has to be gone in, once its connection broke: it closes its sockets first.
DYING = 0.5
# How often /proc is read before nobody is said to be left.
LOOKS = 3
TAIL_LINES = 15
TAIL_BYTES = 64 * 1024
LINE_LENGTH = 300
# A child inherits this mark, so that a daemon which left the process group is found all the same.
_MARK = "RELAYAUTH_CONTRACT_LAUNCH"
# What would make a launch depend on the caller's own deployment.
CONFIGURATION = ("PORT", "BASE_URL", "RELAYAUTH_SIGNING_KEY_PEM", "RELAYAUTH_SIGNING_KEY_PEM_PUBLIC",
                 "RELAYAUTH_DB_PATH")  # fmt: skip
_NOT_HANDED_ON = frozenset({*CONFIGURATION, "INTERNAL_SECRET", "RELAYAUTH_CONTRACT_API_KEY"})


class Process:
    """A server of ours, as a context: it answers on entry, and nothing is left of it on exit."""

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], launching: Launching, log: Path
    ) -> None:
        self._command, self._env, self._launching, self._log = command, env, launching, log
        self._mark = secrets.token_hex(8)
        self._popen: subprocess.Popen[bytes] | None = None
        self._mourned = False
        self.url = ""

    def __enter__(self) -> Self:
        """Start it on a free port and wait until it answers; `TargetError` tells its last words."""
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        try:
            # On a thread, where no interrupt is raised: one inside Popen would lose a child that runs.
            with ThreadPoolExecutor(1) as starter:
                starter.submit(self._start, port).result()
            self._await(port)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """End it, and all that it started."""
        try:
            self._end()
        except KeyboardInterrupt:
            self._end()
            raise

    def _start(self, port: int) -> None:
        words = [word.replace("{port}", str(port)) for word in self._command]
        try:
            with self._log.open("wb") as log:
                self._popen = subprocess.Popen(  # noqa: S603 - starting this command is what the user asked for
                    words,
                    cwd=self._launching.cwd,
                    env={**self._inherited(), **self._env, "PORT": str(port), _MARK: self._mark},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except (FileNotFoundError, NotADirectoryError) as error:
            cwd = self._launching.cwd
            if cwd is not None and not Path(cwd).is_dir():
                raise UsageError(
                    f"exec: there is no folder {cwd!r} to start the command in: see --cwd"
                ) from None
            raise UsageError(
                f"exec: {words[0]!r} can't be started: {error.strerror}: is it installed, and on the PATH?"
            ) from None
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise UsageError(f"exec: {words[0]!r} can't be started: {why}") from None

    def _inherited(self) -> dict[str, str]:
        withheld = _NOT_HANDED_ON | self._launching.withheld
        return {
            name: value
            for name, value in os.environ.items()
            if name not in withheld and not name.startswith("FAKETIME")
        }

    def _await(self, port: int) -> None:
        until = REAL["monotonic"]() + self._launching.ready_timeout
        while not self._answers(port, until - REAL["monotonic"]()):
            if ended := self._ended():
                raise TargetError(f"exec: the server {ended} before it answered{self._told_lines()}")
            if REAL["monotonic"]() > until:
                status = self._popen.poll() if self._popen else None
                alone = f" (the command itself {_told(status)}, and what it started lives)"
                raise TargetError(
                    f"exec: nothing answered GET {self._launching.ready_path} on port {port} within "
                    f"{self._launching.ready_timeout:g} s{'' if status is None else alone}: does the server "
                    f"listen on $PORT (or is {{port}} in its command), and is --ready-path right?"
                    f"{self._told_lines()}"
                )
            time.sleep(LOOK_EVERY)

    def _answers(self, port: int, seconds: float) -> bool:
        """Ask once over a bare socket: any HTTP answer below 500 is a server that is up."""
        patience = min(max(seconds, LOOK_EVERY), LONGEST_LOOK)
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), patience) as sent:
            sent.sendall(
                f"GET {self._launching.ready_path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n"
                "connection: close\r\n\r\n".encode()
            )
            first = sent.recv(64)
            return first.startswith(b"HTTP/1.") and first[9:10] != b"5"
        return False

    def _ended(self) -> str:
        """Say how the server ended; empty while any process of it is left."""
        status = self._popen.poll() if self._popen else None
        if status is None or self._left():
            return ""
        return _told(status)

    def obituary(self) -> str:
        """Say in one line how the server ended, with its last words the first time; empty while it lives."""
        until = REAL["monotonic"]() + DYING
        while not (ended := self._ended()):
            if REAL["monotonic"]() > until:
                return ""
            time.sleep(0.01)
        said = "" if self._mourned else f"; its last words: {' / '.join(self._last_words()) or 'none'}"
        self._mourned = True
        return f"the server {ended}{said}"

    def _told_lines(self) -> str:
        said = "\n".join(f"    {line}" for line in self._last_words())
        return f"; its last words:\n{said}" if said else "; it printed nothing"

    def _last_words(self) -> list[str]:
        """Return the tail of the server's output, scrubbed before it is cut: half a key has no shape."""
        with contextlib.suppress(OSError), self._log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - TAIL_BYTES))
            lines = scrub(log.read().decode("utf-8", "replace")).splitlines()
            return [line.rstrip()[:LINE_LENGTH] for line in lines if line.strip()][-TAIL_LINES:]
        return []

    def _end(self) -> None:
        """Ask all that is left of it to end, then insist."""
        for insist in (signal.SIGTERM, signal.SIGKILL):
            until = REAL["monotonic"]() + GRACE
            sent: set[int] = set()
            while left := self._left():
                for pid in left - sent:
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.kill(pid, insist)
                sent |= left
                if REAL["monotonic"]() > until:
                    break
                time.sleep(0.01)
        if self._popen:
            self._popen.wait()

    def _left(self) -> set[int]:
        """Return what lives of it, after more than one look where nobody is seen.

        Who forks and ends while /proc is read is no more when its entry is reached, and its child came after
        the list was made: so a daemon goes into the background.
        """
        return next(filter(None, (set(self._seen()) for _ in range(LOOKS))), set())

    def _seen(self) -> Iterator[int]:
        """Yield what lives of the group, and of what bears our mark, wherever it went."""
        if self._popen is None:
            return
        self._popen.poll()
        if not Path("/proc/self/stat").exists():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._popen.pid, 0)
                yield -self._popen.pid
            return
        yield from (pid for pid, group in _living() if group == self._popen.pid or self._bears_mark(pid))

    def _bears_mark(self, pid: int) -> bool:
        try:
            return f"{_MARK}={self._mark}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            return False


def _told(status: int | None) -> str:
    return f"ended with signal {-status}" if status and status < 0 else f"ended with exit code {status}"


def _living() -> Iterator[tuple[int, int]]:
    """Yield process and group ids from /proc, without the dead whom nobody has fetched yet."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                # Behind the name, which may hold anything: state, parent, group (proc(5)).
                state, _, group = (entry / "stat").read_bytes().rpartition(b")")[2].split()[:3]
                if state not in (b"Z", b"X"):
                    yield int(entry.name), int(group)


# Below the ports that systems hand out by themselves (Linux: from 32768): between our look and the server's
# bind, no trap and no outgoing connection, ours or another's, is given the port.
_PORTS = range(15000, 32000)
_given: set[int] = set()


def free_port() -> int:
    """Return a loopback port that nobody listens on at this moment, and that was not given out before."""
    while True:
        port = secrets.choice(_PORTS)
        if port in _given:
            continue
        _given.add(port)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
