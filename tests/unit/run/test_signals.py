"""A signal that arrives where it would leave a lock taken waits a moment."""

import functools
import signal
import threading
import time
from types import SimpleNamespace

import pytest
from httpcore._synchronization import ThreadLock

from contract.harness.run import interruptible
from tests.support.command import patience


def test_a_signal_while_the_client_takes_a_lock_leaves_no_lock_taken() -> None:
    """It ends the block that the lock guards, and the lock is released: who wants it next does not wait."""
    lock, released = ThreadLock(), threading.Event()
    arrives = functools.partial(signal.raise_signal, signal.SIGINT)
    lock._lock = SimpleNamespace(acquire=arrives, release=released.set)  # type: ignore[assignment]
    entered = False

    def wait() -> None:
        nonlocal entered
        with lock:
            entered = True
            time.sleep(patience())

    with interruptible(), pytest.raises(KeyboardInterrupt):
        wait()
    assert entered
    assert released.is_set()


def test_a_signal_while_the_client_gives_a_lock_back_leaves_no_lock_taken() -> None:
    """It arrives before the lock is released: what follows the block is interrupted, and not the release."""
    lock, arrives = ThreadLock(), functools.partial(signal.raise_signal, signal.SIGINT)
    lock._lock = SimpleNamespace(acquire=lambda: None, release=arrives)  # type: ignore[assignment]
    went_on = False

    def wait() -> None:
        nonlocal went_on
        with lock:
            pass
        went_on = True
        time.sleep(patience())

    with interruptible(), pytest.raises(KeyboardInterrupt):
        wait()
    assert went_on


def test_a_signal_anywhere_else_is_raised_at_once() -> None:
    """No moment passes."""
    with interruptible(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
