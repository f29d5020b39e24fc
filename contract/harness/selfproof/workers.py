"""The worker processes of a proof: forked once, and ended with their parent, however that one ends."""

import contextlib
import itertools
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from contract.harness.errors import TargetError
from contract.harness.run import ENDING, interruptible, shielded

_Result = TypeVar("_Result")
# Seconds: in which a run removes what it made and ends the servers that it started, and between two looks.
GRACE = 15.0
INTERVAL = 0.1
# In a worker: the parent has ended or was interrupted; a task is being done.
_ending, _busy = threading.Event(), threading.Event()


class Workers:
    """Does tasks in processes of their own."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def map(self, task: Callable[..., _Result], *arguments: Iterable[Any]) -> Iterator[_Result]:
        """Yield the result of `task` for each row of arguments, in their order.

        The first call forks. Python drops an exception that a signal raises meanwhile: the signal is lost.
        """
        with shielded():
            return self._pool.map(_done, itertools.repeat(task), *arguments)


@contextlib.contextmanager
def workers(number: int, prepare: Callable[[Any], None], subject: Any) -> Iterator[Workers]:
    """Fork `number` workers, each of which calls `prepare(subject)` first.

    The parent alone holds one end of a pipe. When that is closed, as it is even at SIGKILL, the workers end.
    A worker that waits for work would wait for ever: it holds both ends of the queue itself.
    """
    watched, held = os.pipe()
    pool = ProcessPoolExecutor(
        number,
        mp_context=multiprocessing.get_context("fork"),
        initializer=_begin,
        initargs=(watched, held, os.getpid(), prepare, subject),
    )
    try:
        with interruptible():
            yield Workers(pool)
    except BrokenProcessPool:
        raise TargetError(
            "a worker process of the proof was ended from outside: is there enough memory? Run it again"
        ) from None
    finally:
        # What is being done at an interrupt or an error is cut short; at the end of a proof there is nothing.
        os.close(held)
        pool.shutdown(cancel_futures=True)
        os.close(watched)


def _begin(watched: int, held: int, parent: int, prepare: Callable[[Any], None], subject: Any) -> None:
    os.close(held)
    # Ctrl-C reaches the workers as well, but it is for the parent to end them. Inside a run these signals
    # have handlers of their own.
    for each in ENDING:
        signal.signal(each, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(watched, parent), daemon=True).start()
    prepare(subject)


def _done(task: Callable[..., _Result], *arguments: Any) -> _Result:
    """Do one task, unless all is to end."""
    _busy.set()
    try:
        if _ending.is_set():
            raise KeyboardInterrupt
        return task(*arguments)
    finally:
        _busy.clear()


def _end_with_parent(watched: int, parent: int) -> None:
    """Wait until the parent is gone, or lets go; then cut short what is being done here.

    A parent that lives ends its workers itself once they are idle. Without one this process ends.
    """
    os.read(watched, 1)
    _ending.set()
    left = round(GRACE / INTERVAL)
    while left and (_busy.is_set() or os.getppid() == parent):
        if _busy.is_set():
            os.kill(os.getpid(), signal.SIGTERM)
        if os.getppid() != parent:
            left -= 1
        # Not a sleep: in a run the time of this process is frozen.
        threading.Event().wait(INTERVAL)
    os._exit(1)
