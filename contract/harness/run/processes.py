"""Forks the processes that try the cases of a target in parallel, takes what they tell, and ends them."""

import contextlib
import math
import multiprocessing
import os
import signal
import time
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Self, cast

import pytest

from contract.harness.redaction import learn
from contract.harness.run.judging import judge
from contract.harness.run.session import TargetSession
from contract.harness.run.shares import Share, Told, test_of, tickets
from contract.harness.run.signals import ENDING, held_back, shielded
from contract.harness.run.state import ContractRun, TargetRun

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

GRACE = 60.0
"""Seconds in which a process that is to end removes what it made and ends its servers."""
_KILLED = (
    "a process of the run was ended from outside: is there enough memory? Servers that it started may run "
    "on. Run it again"
)


def try_each(session: pytest.Session, items: Sequence[pytest.Item]) -> None:
    """Try cases as pytest does."""
    for item, following in zip(items, [*items[1:], None], strict=True):
        session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


class Processes:
    """The processes as a context: on exit none of them is left, whatever ends the block.

    There are fewer than were asked for, or none, where the system allows no more.
    """

    def __init__(
        self, session: pytest.Session, run: ContractRun, items: Sequence[pytest.Item], most: int
    ) -> None:
        self._session, self._run, self._items, self._most = session, run, items, most
        self._readers: dict[Connection, BaseProcess] = {}
        self._ended: set[Connection] = set()
        self._ends_them = False
        self._mask: Collection[int] = ()

    def __enter__(self) -> Self:
        """Fork with signals held back: what a handler raises at a fork is lost."""
        tests = {test: number for number, test in enumerate(dict.fromkeys(map(test_of, self._items)))}
        try:
            with held_back() as self._mask, contextlib.suppress(OSError):
                self._fork_all(tests)
        except BaseException:
            self.__exit__()
            raise
        return self

    @property
    def number(self) -> int:
        """How many there are."""
        return len(self._readers)

    def _fork_all(self, tests: Mapping[str, int]) -> None:
        taker, giver = os.pipe()
        try:
            with os.fdopen(giver, "wb") as gives:
                gives.write(tickets(len(tests)))
            for _ in range(self._most):
                self._fork(tests, taker)
        finally:
            os.close(taker)

    def _fork(self, tests: Mapping[str, int], taker: int) -> None:
        context = multiprocessing.get_context("fork")
        reader, writer = context.Pipe(duplex=False)
        # The process alone holds the end to write to: when it ends, in whatever way, that is seen here.
        with writer:
            process = context.Process(target=self._work, args=(reader, Share(tests, taker, writer)))
            process.start()
        self._readers[reader] = process

    def _work(self, own_reader: Connection, share: Share) -> None:
        """Try the share of this process, which was forked just now with its signals held back."""
        # A process that others can read from would not learn that the one that started it is gone.
        for reader in (own_reader, *self._readers):
            reader.close()
        run, (target,) = self._run, self._run.targets.values()
        run.share = share
        for step in (partial(self._try_share, target), run.close):
            try:
                step()
            except KeyboardInterrupt:
                run.interrupted = True
            except BrokenPipeError:
                pass  # Nobody wants to know any more.
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is reported
                run.fault = run.fault or judge(error).why
        with contextlib.suppress(BrokenPipeError):
            share.end(target.part(), interrupted=run.interrupted, fault=run.fault)

    def _try_share(self, target: TargetRun) -> None:
        """Try cases, unless the target can't be opened: then the others try them all."""
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
            if isinstance(target.open(), TargetSession):
                try_each(self._session, self._items)
        finally:
            signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)

    def take_all(self, until: float = math.inf) -> None:
        """Take what the processes say, until all have ended, or until a moment of the monotonic clock."""
        while self._readers:
            left = None if until == math.inf else max(0.0, until - time.monotonic())
            ready = wait(list(self._readers), left)
            if not ready:
                return
            for reader in ready:
                self._take(cast("Connection", reader))

    def _take(self, reader: Connection) -> None:
        """Take one message, or the end of a process; one that has not said that it ends was killed."""
        run, (target,) = self._run, self._run.targets.values()
        try:
            with shielded():
                message = reader.recv()
        except (EOFError, OSError):  # at the end, or in the middle of a message
            self._readers.pop(reader).join()
            reader.close()
            if reader not in self._ended and not self._ends_them:
                run.fault = run.fault or _KILLED
            return
        learn(message.secrets)
        if isinstance(message, Told):
            run.record(message.group, message.case)
            return
        self._ended.add(reader)
        # A process that is ended from here was interrupted, and the run was not.
        run.interrupted |= message.interrupted and not self._ends_them
        run.fault = run.fault or message.fault
        target.add(message.part)

    def __exit__(self, *_: object) -> None:
        """End what still works, as a signal from outside does; what does not end in time is killed."""
        if not self._readers:
            return
        self._ends_them = True
        with shielded():
            for process in self._readers.values():
                for number in (signal.SIGTERM, signal.SIGCONT):
                    os.kill(process.pid or 0, number)
            try:
                self.take_all(until=time.monotonic() + GRACE)
            finally:
                for reader, process in self._readers.items():
                    process.kill()
                    process.join()
                    reader.close()
                self._readers.clear()
