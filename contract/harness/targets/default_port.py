"""The port of the loopback default: one for the whole machine, so runs take turns and wait for it."""

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from contract.harness.targets.clocks import REAL

Opened = TypeVar("Opened")

# Seconds. Another run holds the port while it observes one server, or several side by side; a program that
# is not ours is unlikely to let go of it.
WAIT_FOR_A_RUN = 30.0
WAIT_FOR_A_PROGRAM = 5.0
POLL_INTERVAL = 0.1

# Ports for which this process has waited in vain: it does not wait again.
_given_up: set[int] = set()


class PortTaken(Exception):
    """The port stayed taken; the message says by what, and what to do."""


@contextlib.contextmanager
def in_turn(port: int, opener: Callable[[], contextlib.AbstractContextManager[Opened]]) -> Iterator[Opened]:
    """Wait for `port`, and hold what `opener` opens there; `PortTaken` if it stays taken."""
    with contextlib.ExitStack() as stack:
        waits = port not in _given_up
        try:
            stack.enter_context(_lock(port, WAIT_FOR_A_RUN if waits else 0.0))
            opened = _open(stack, port, opener, WAIT_FOR_A_PROGRAM if waits else 0.0)
        except PortTaken:
            _given_up.add(port)
            raise
        _given_up.discard(port)
        yield opened


def _open(
    stack: contextlib.ExitStack,
    port: int,
    opener: Callable[[], contextlib.AbstractContextManager[Opened]],
    seconds: float,
) -> Opened:
    return _waited_for(
        lambda: stack.enter_context(opener()),
        seconds,
        f"port {port}, the loopback default, is taken by another program: free it "
        f"(this run waited {WAIT_FOR_A_PROGRAM:g} s)",
    )


def _waited_for(attempt: Callable[[], Opened], seconds: float, taken: str) -> Opened:
    """Return what `attempt` returns once it raises no `OSError`; `PortTaken` with `taken` after `seconds`."""
    until = REAL["monotonic"]() + seconds
    while True:
        try:
            return attempt()
        except OSError:
            if REAL["monotonic"]() >= until:
                raise PortTaken(taken) from None
            time.sleep(POLL_INTERVAL)


@contextlib.contextmanager
def _lock(port: int, seconds: float) -> Iterator[None]:
    """Hold the lock by which runs on this machine take turns at `port`; no lock where there can be none."""
    try:
        import fcntl
    except ImportError:  # Windows: the port itself decides.
        yield
        return
    # One folder for all runs, whatever TMPDIR each of them has.
    folder = Path("/tmp") if Path("/tmp").is_dir() else Path(tempfile.gettempdir())  # noqa: S108 - no secret, no content
    lock = _lock_file(folder / f".relayauth-contract-port-{port}.lock")
    if lock is None:
        yield
        return
    try:
        _waited_for(
            lambda: fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB),
            seconds,
            f"port {port}, the loopback default, is taken by another run of relayauth-contract "
            f"on this machine (this run waited {WAIT_FOR_A_RUN:g} s): run again when it has ended",
        )
        yield
    finally:
        os.close(lock)


def _lock_file(path: Path) -> int | None:
    """Open the lock file, which may belong to another user; None where it can't be opened."""
    # A file of another user in a folder for all can't be opened with O_CREAT (Linux, protected_regular).
    for flags in (os.O_RDONLY, os.O_RDONLY | os.O_CREAT):
        with contextlib.suppress(OSError):
            return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o644)
    return None
