"""All processes of one launch: found by their process group and by a mark in their environment, and ended."""

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import psutil

from contract.harness.targets.clocks import REAL

GRACE = 3.0  # seconds that processes get to end by themselves after SIGTERM
POLL_INTERVAL = 0.01  # seconds
# How often the process table is read before it counts as empty of members.
SCANS = 3
_ENDED = frozenset({psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD})


class ProcessGroup:
    """The process `leader`, which leads a process group, and all that it started.

    A daemon leaves the process group; it is found by `mark`, a variable that its environment inherits.
    """

    def __init__(self, leader: int, mark: tuple[str, str]) -> None:
        self._leader = leader
        self._mark = mark

    def members(self) -> list[psutil.Process]:
        """Return the members that run, after more than one scan where none is found.

        A process that forks and ends during a scan is gone when its entry is read, and its child was not
        yet in the list: this is how a daemon goes into the background.
        """
        return next(filter(None, (list(self._scan()) for _ in range(SCANS))), [])

    def _scan(self) -> Iterator[psutil.Process]:
        for pid in psutil.pids():
            try:
                if not self._in_group(pid):
                    process = psutil.Process(pid)
                    if process.environ().get(self._mark[0]) != self._mark[1]:
                        continue
                else:
                    process = psutil.Process(pid)
                if process.status() not in _ENDED:
                    yield process
            except (psutil.Error, OSError):
                continue  # It ended meanwhile, or belongs to another user.

    def _in_group(self, pid: int) -> bool:
        if not hasattr(os, "getpgid"):  # Windows has no process groups.
            return pid == self._leader
        return os.getpgid(pid) == self._leader

    def end(self) -> None:
        """Ask the members to end; kill those that remain after a grace."""
        self._stop(psutil.Process.terminate, psutil.Process.kill)

    def kill(self) -> None:
        """Kill the members."""
        self._stop(psutil.Process.kill)

    def _stop(self, *ways: Callable[[psutil.Process], None]) -> None:
        for stop in ways:
            until = REAL["monotonic"]() + GRACE
            signalled: set[psutil.Process] = set()
            while members := self.members():
                for process in members:
                    if process not in signalled:
                        signalled.add(process)
                        try:
                            stop(process)
                        except psutil.Error:
                            continue  # It ended meanwhile.
                if REAL["monotonic"]() > until:
                    break
                time.sleep(POLL_INTERVAL)
            if stop is psutil.Process.kill:
                _remove_shared_memory(process.pid for process in signalled)


def _remove_shared_memory(pids: Iterable[int]) -> None:
    """Remove what libfaketime leaves of processes that were killed; of those others it removes it."""
    for pid in pids:
        for name in (f"faketime_shm_{pid}", f"sem.faketime_sem_{pid}"):
            with contextlib.suppress(OSError):
                Path("/dev/shm", name).unlink()  # noqa: S108 - that is where the C library keeps it
