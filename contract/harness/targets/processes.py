"""A server process of ours: started, waited for until it answers, and ended with all that it started."""

import contextlib
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from contract.harness.errors import TargetError, UsageError
from contract.harness.redaction import scrub
from contract.harness.targets.clocks import REAL
from contract.harness.targets.connection_owner import LAUNCH_MARK, launch_mark
from contract.harness.targets.connections import Launching
from contract.harness.targets.process_group import POLL_INTERVAL, ProcessGroup

# Seconds: between two probes of a server that starts, and for one probe.
PROBE_INTERVAL = 0.03
PROBE_TIMEOUT = 2.0
# Seconds after a connection broke in which a server that ends must have ended: it closes its sockets first.
EXIT_DELAY = 0.5
TAIL_LINES = 15
TAIL_BYTES = 64 * 1024
LINE_LENGTH = 300
# What would make a launch depend on the caller's own deployment.
CONFIGURATION = ("PORT", "BASE_URL", "RELAYAUTH_SIGNING_KEY_PEM", "RELAYAUTH_SIGNING_KEY_PEM_PUBLIC",
                 "RELAYAUTH_DB_PATH")  # fmt: skip
_NOT_INHERITED = frozenset({*CONFIGURATION, "INTERNAL_SECRET", "RELAYAUTH_CONTRACT_API_KEY"})


class Process:
    """A server of ours as a context: it answers on entry, and nothing of it is left on exit."""

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], launching: Launching, log: Path, port: int
    ) -> None:
        self._command, self._env, self._launching, self._log = command, env, launching, log
        self._port = port
        self._mark = launch_mark(secrets.token_hex(8))
        self._popen: subprocess.Popen[bytes] | None = None
        self._group: ProcessGroup | None = None
        self._output_was_shown = False
        self.url = f"http://127.0.0.1:{port}"

    @property
    def pid(self) -> int:
        """The id of the process that the command is."""
        return self._popen.pid if self._popen else 0

    def __enter__(self) -> Self:
        """Start it and wait until it answers; a `TargetError` shows its last output."""
        try:
            # On another thread, where no interrupt is raised: one inside Popen would lose a running child.
            with ThreadPoolExecutor(1) as starter:
                starter.submit(self._start).result()
            self._wait_until_ready()
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

    def kill(self) -> None:
        """End it at once, and all that it started: it can save nothing any more."""
        if self._popen is not None and self._group is not None:
            self._group.kill()
            self._popen.wait()

    def _start(self) -> None:
        words = [word.replace("{port}", str(self._port)) for word in self._command]
        try:
            with self._log.open("wb") as log:
                self._popen = subprocess.Popen(  # noqa: S603 - starting this command is what the user asked for
                    words,
                    cwd=self._launching.cwd,
                    env={**self._inherited(), **self._env, "PORT": str(self._port), LAUNCH_MARK: self._mark},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
                self._group = ProcessGroup(self._popen.pid, (LAUNCH_MARK, self._mark))
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
        withheld = _NOT_INHERITED | self._launching.withheld
        return {
            name: value
            for name, value in os.environ.items()
            if name not in withheld and not name.startswith("FAKETIME")
        }

    def _wait_until_ready(self) -> None:
        seconds = self._launching.seconds_to_start("exec")
        until = REAL["monotonic"]() + seconds
        while not self._answers(until - REAL["monotonic"]()):
            if ended := self._ended():
                raise TargetError(f"exec: the server {ended} before it answered{self._output_in_lines()}")
            if REAL["monotonic"]() > until:
                status = self._popen.poll() if self._popen else None
                alone = f" (the command itself {_exit(status)}, and a process that it started runs on)"
                raise TargetError(
                    f"exec: nothing answered GET {self._launching.ready_path} on port {self._port} within "
                    f"{seconds:g} s{'' if status is None else alone}: does the server "
                    f"listen on $PORT (or is {{port}} in its command), and is --ready-path right?"
                    f"{self._output_in_lines()}"
                )
            time.sleep(PROBE_INTERVAL)

    def _answers(self, seconds: float) -> bool:
        """Send one request over a bare socket: any HTTP response below 500 means that the server is up."""
        timeout = min(max(seconds, PROBE_INTERVAL), PROBE_TIMEOUT)
        place = ("127.0.0.1", self._port)
        with contextlib.suppress(OSError), socket.create_connection(place, timeout) as sent:
            sent.sendall(
                f"GET {self._launching.ready_path} HTTP/1.1\r\nhost: 127.0.0.1:{self._port}\r\n"
                "connection: close\r\n\r\n".encode()
            )
            first = sent.recv(64)
            return first.startswith(b"HTTP/1.") and first[9:10] != b"5"
        return False

    def _ended(self) -> str:
        """Return how the server ended; empty while any process of it runs."""
        status = self._popen.poll() if self._popen else None
        if status is None or (self._group and self._group.members()):
            return ""
        return _exit(status)

    def exit_description(self) -> str:
        """Return one line on how the server ended, the first time with its last output; empty if it runs."""
        until = REAL["monotonic"]() + EXIT_DELAY
        while not (ended := self._ended()):
            if REAL["monotonic"]() > until:
                return ""
            time.sleep(POLL_INTERVAL)
        output = "" if self._output_was_shown else f"; its last output: {' / '.join(self._tail()) or 'none'}"
        self._output_was_shown = True
        return f"the server {ended}{output}"

    def _output_in_lines(self) -> str:
        output = "\n".join(f"    {line}" for line in self._tail())
        return f"; its last output:\n{output}" if output else "; it printed nothing"

    def _tail(self) -> list[str]:
        """Return the end of the server's output; scrubbed before it is cut, since half a key has no shape."""
        with contextlib.suppress(OSError), self._log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - TAIL_BYTES))
            lines = scrub(log.read().decode("utf-8", "replace")).splitlines()
            return [line.rstrip()[:LINE_LENGTH] for line in lines if line.strip()][-TAIL_LINES:]
        return []

    def _end(self) -> None:
        if self._popen is None or self._group is None:
            return
        self._group.end()
        self._popen.wait()


def _exit(status: int | None) -> str:
    return f"ended with signal {-status}" if status and status < 0 else f"ended with exit code {status}"


# Below the ports that systems assign by themselves (Linux: from 32768): between our check and the server's
# bind, no stub and no outgoing connection, of ours or of another program, is assigned the port.
_PORTS = range(15000, 32000)
_given: set[int] = set()


def free_port() -> int:
    """Return a loopback port on which nothing listens now, and that this function has not returned before."""
    while True:
        port = secrets.choice(_PORTS)
        if port in _given:
            continue
        _given.add(port)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
