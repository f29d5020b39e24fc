"""Ends what a test process started, if that process ends in any way without doing so itself.

A test marks all that it starts with a variable that children inherit. The guard is a process of its own: it
waits for the end of the test process, a SIGKILL among the ways, and then ends whatever still has the mark.
"""

import contextlib
import os
import secrets
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil

MARK = "CONTRACT_TESTS_GUARD"
GRACE_S = 5.0  # for what was told to end and clears up
SCRUPLE_S = 20.0  # for what is about to end by itself when the tests are over


def marked(mark: str) -> list[psutil.Process]:
    """Return the living processes that inherited `mark`, this one and its guard left out."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == mark and process.pid != os.getpid():
                found.append(process)
    return found


def end(mark: str) -> None:
    """Ask all that has the mark to end, then insist, until nothing of it is left."""
    ask = psutil.Process.terminate
    until = time.monotonic() + GRACE_S
    while left := marked(mark):
        for process in left:
            with contextlib.suppress(psutil.Error):
                ask(process)
        psutil.wait_procs(left, timeout=0.5)
        if time.monotonic() > until:
            ask = psutil.Process.kill


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Mark what this process starts, and guard it; `AssertionError` if some of it outlives the block."""
    mark = secrets.token_hex(8)
    # In a session of its own, so that a Ctrl-C at the terminal does not end the guard before the tests.
    guard = subprocess.Popen(
        [sys.executable, __file__, str(os.getpid()), mark],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.environ[MARK] = mark
    try:
        yield
        until = time.monotonic() + SCRUPLE_S
        while (left := marked(mark)) and time.monotonic() < until:
            psutil.wait_procs(left, timeout=0.5)
        told = []
        for process in left:
            with contextlib.suppress(psutil.Error):
                told.append(f"{process.pid}: {process.cmdline()}")
        end(mark)
        assert not told, f"the tests left processes behind: {told}"
    finally:
        del os.environ[MARK]
        end(mark)
        guard.kill()
        guard.wait()


def watch(pid: int, mark: str) -> None:
    """Wait until the process `pid` is gone, then end what has the mark."""
    try:
        gone = os.pidfd_open(pid)
        select.select([gone], [], [])
    except AttributeError:  # Linux alone has pidfd_open.
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(pid).wait()
    except ProcessLookupError:
        pass
    end(mark)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    watch(int(sys.argv[1]), sys.argv[2])
