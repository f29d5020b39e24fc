"""Signals that end a run early: each of them ends it as Ctrl-C does, with what it created removed."""

import contextlib
import os
import signal
import threading
from collections.abc import Collection, Iterator
from types import FrameType

from contract.harness import process

# Not SIGPIPE: every write to a closed connection sends it, and Python reports that as an error.
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
ENDING = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))


class _Shield:
    """How many blocks are protected now, and whether a signal arrived in one of them."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Protect nothing, as in a process that was forked inside such a block and never comes to its end."""
        self.depth = 0
        self.pending = False


_shield = _Shield()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_shield.reset)


def _ignore(_signal: int, _frame: FrameType | None) -> None:
    """Do nothing. With SIG_IGN Python reports an error for a signal that has already arrived."""


def _takes_a_lock(frame: FrameType | None) -> bool:
    """Say whether a lock is taken whose block has not begun, or whose block has ended.

    An exception that is raised there leaves the lock taken for ever, and who wants it next hangs.
    """
    if frame is None or frame.f_code.co_name not in ("__enter__", "__exit__"):
        return False
    return frame.f_globals.get("__name__") in ("httpcore._synchronization", "threading")


def _drops_exceptions(frame: FrameType | None) -> bool:
    """Say whether Python drops what is raised: in a finalizer, or where hypothesis times collections."""
    while frame is not None:
        if frame.f_code.co_name in ("__del__", "gc_callback"):
            return True
        frame = frame.f_back
    return False


def _send_again(number: int) -> None:
    """Send a signal to the main thread a moment later."""
    send = getattr(signal, "pthread_kill", lambda _, each: signal.raise_signal(each))
    again = threading.Timer(0.01, send, (threading.main_thread().ident, number))
    again.daemon = True
    again.start()


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Raise `KeyboardInterrupt` inside the block at the first signal of `ENDING`, and ignore further ones.

    After the first one the run clears up, which has time-outs of its own. A SIGHUP that is ignored on entry
    stays ignored: that is what `nohup` asks for. The handlers are restored on leaving, unless a signal has
    arrived and the process is the command's alone. Outside the main thread nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        if _takes_a_lock(frame) or _drops_exceptions(frame):
            _send_again(number)
            return
        for each in handled:
            signal.signal(each, _ignore)
        if _shield.depth:
            _shield.pending = True
            return
        raise KeyboardInterrupt

    handled = [
        each for each in ENDING if each.name != "SIGHUP" or signal.getsignal(each) is not signal.SIG_IGN
    ]
    before = {each: signal.signal(each, stop) for each in handled}
    if hasattr(signal, "SIGPIPE"):
        before[signal.SIGPIPE] = signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        yield
    finally:
        # One more signal would cut off the reports of a process that ends now, and its exit code.
        deaf = process.command_alone and signal.getsignal(signal.SIGTERM) is _ignore
        for each, handler in before.items():
            # Python itself resets any handler but SIG_IGN when it ends.
            signal.signal(each, signal.SIG_IGN if deaf else signal.SIG_DFL if handler is None else handler)


@contextlib.contextmanager
def held_back() -> Iterator[Collection[int]]:
    """Hold the signals of `ENDING` back until the end of the block; yield what was held back before.

    For a fork: what a handler raises there is dropped by Python. A process that is forked in the block begins
    with these signals held back.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield before
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def shielded() -> Iterator[None]:
    """Let a signal that arrives inside the block take effect at its end: clearing up is not cut short."""
    _shield.depth += 1
    try:
        yield
    finally:
        _shield.depth -= 1
    if _shield.pending and not _shield.depth:
        _shield.pending = False
        raise KeyboardInterrupt
