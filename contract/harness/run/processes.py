"""The processes that try the cases of a target in parallel, and what they say to the one that forked them."""

import contextlib
import math
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Self, cast

import pytest

from contract.harness.redaction import Known, known, learn
from contract.harness.run.judging import judge
from contract.harness.run.outcomes import CaseResult
from contract.harness.run.parts import Part
from contract.harness.run.selection import CaseGroup
from contract.harness.run.signals import shielded
from contract.harness.run.state import ContractRun

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

GRACE = 60.0
"""Seconds in which a process that is to end removes what it made and ends its servers."""
_TICKET = 2  # bytes
_NO_MORE = 1 << 8 * _TICKET
_KILLED = "a process of the run was ended from outside: is there enough memory? Run it again"


def test_of(item: pytest.Item) -> str:
    """Return what one process tries as a whole: a test, since its cases share what they observe.

    The tests that observe the same servers count as one, and each endpoint of the walks, which take longest,
    as one of its own.
    """
    fixtures = getattr(item, "fixturenames", ())
    if "key_sources" in fixtures:
        return "key_sources"
    return item.nodeid if "walker" in fixtures else item.nodeid.partition("[")[0]


class Share:
    """What one of the processes tries: `tickets` gives the number of the next test that none has taken.

    To read a ticket takes no lock, which a process that is ended from outside could hold for ever.
    """

    def __init__(self, tests: Mapping[str, int], tickets: int, tell: Connection) -> None:
        self._tests, self._tickets, self._tell = tests, tickets, tell
        self._taken: set[int] = set()
        self._last = -1

    def includes(self, item: pytest.Item) -> bool:
        """Say whether this process tries the case; the cases must come in their order."""
        number = self._tests[test_of(item)]
        while self._last < number:
            ticket = os.read(self._tickets, _TICKET)
            self._last = int.from_bytes(ticket) if ticket else _NO_MORE
            self._taken.add(self._last)
        return number in self._taken

    def tell(self, group: CaseGroup, case: CaseResult) -> None:
        """Send what a case showed; `BrokenPipeError` if nobody wants to know any more."""
        self._tell.send((group, case))

    def end(self, end: "End") -> None:
        """Send what is left to say."""
        self._tell.send(end)


@dataclass(frozen=True)
class End:
    """What a process says at its end: what its part of the run was, what ended it early, and its secrets."""

    part: Part
    interrupted: bool
    fault: str | None
    secrets: Known


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

    def __enter__(self) -> Self:
        """Fork. Python drops an exception that a signal raises at a fork: it is raised afterwards."""
        tests = {test: number for number, test in enumerate(dict.fromkeys(map(test_of, self._items)))}
        try:
            with shielded(), contextlib.suppress(OSError):
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
        tickets, giver = os.pipe()
        try:
            with os.fdopen(giver, "wb") as gives:
                gives.write(b"".join(number.to_bytes(_TICKET) for number in tests.values()))
            for _ in range(self._most):
                self._fork(tests, tickets)
        finally:
            os.close(tickets)

    def _fork(self, tests: Mapping[str, int], tickets: int) -> None:
        context = multiprocessing.get_context("fork")
        reader, writer = context.Pipe(duplex=False)
        # The process alone holds the end to write to: when it ends, in whatever way, that is seen here.
        with writer:
            process = context.Process(target=self._work, args=(reader, Share(tests, tickets, writer)))
            process.start()
        self._readers[reader] = process

    def _work(self, own_reader: Connection, share: Share) -> None:
        """Try the share of this process, which was forked just now."""
        # A process that others can read from would not learn that the one that started it is gone.
        for reader in (own_reader, *self._readers):
            reader.close()
        run, (target,) = self._run, self._run.targets.values()
        run.share = share
        steps: tuple[Callable[[], None], ...] = (lambda: try_each(self._session, self._items), run.close)
        for step in steps:
            try:
                step()
            except KeyboardInterrupt:
                run.interrupted = True
            except BrokenPipeError:
                pass  # Nobody wants to know any more.
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is reported
                run.fault = run.fault or judge(error).why
        with contextlib.suppress(BrokenPipeError):
            share.end(End(target.part(), run.interrupted, run.fault, known()))

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
            message = reader.recv()
        except EOFError:
            self._readers.pop(reader).join()
            reader.close()
            if reader not in self._ended:
                run.fault = run.fault or _KILLED
            return
        if isinstance(message, End):
            self._ended.add(reader)
            learn(message.secrets)
            run.interrupted |= message.interrupted
            run.fault = run.fault or message.fault
            target.add(message.part)
        else:
            run.record(*message)

    def __exit__(self, *_: object) -> None:
        """End what still works, as a signal from outside does; what does not end in time is killed."""
        if not self._readers:
            return
        with shielded():
            for process in self._readers.values():
                os.kill(process.pid or 0, signal.SIGTERM)
            self.take_all(until=time.monotonic() + GRACE)
            for reader, process in self._readers.items():
                process.kill()
                process.join()
                reader.close()
            self._readers.clear()
