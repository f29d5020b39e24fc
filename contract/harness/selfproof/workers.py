"""The worker processes of a proof: forked once, and ended with their parent, however that one ends."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from types import FrameType
from typing import Any

from contract.harness.errors import TargetError

GRACE = 15.0  # seconds in which a worker removes what it made and ends the servers that it started


@contextlib.contextmanager
def workers(number: int, prepare: Callable[[Any], None], subject: Any) -> Iterator[ProcessPoolExecutor]:
    """Fork `number` workers, each of which calls `prepare(subject)` first.

    The parent alone holds one end of a pipe. When it closes, as it does even at SIGKILL, the workers end. A
    worker that is waiting for work would wait for ever: it holds both ends of the queue itself.
    """
    watched, held = os.pipe()
    before = signal.signal(signal.SIGTERM, _interrupt) if _in_main_thread() else None
    pool = ProcessPoolExecutor(
        number,
        mp_context=multiprocessing.get_context("fork"),
        initializer=_begin,
        initargs=(watched, held, prepare, subject),
    )
    try:
        yield pool
    except BrokenProcessPool:
        raise TargetError(
            "a worker process of the proof was ended from outside: is there enough memory? Run it again"
        ) from None
    except BaseException:
        with contextlib.suppress(OSError):
            os.close(held)
        held = -1
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        for end in (watched, held):
            with contextlib.suppress(OSError):
                os.close(end)
        if _in_main_thread():
            signal.signal(signal.SIGTERM, before)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _begin(watched: int, held: int, prepare: Callable[[Any], None], subject: Any) -> None:
    os.close(held)
    # The parent's own handlers are not for its workers. Ctrl-C reaches all of them: the parent ends them.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(watched,), daemon=True).start()
    prepare(subject)


def _end_with_parent(watched: int) -> None:
    """Wait until the parent is gone, then end this process: a run that is under way cleans up first."""
    os.read(watched, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    # Only a run that handles the signal goes on from here.
    threading.Event().wait(GRACE)
    os._exit(1)
