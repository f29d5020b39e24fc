"""The share of one of several processes that try the cases of a target, and what it tells of it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection

import pytest

from contract.harness.redaction import Learnt, Secrets
from contract.harness.run.outcomes import CaseResult
from contract.harness.run.parts import Part
from contract.harness.run.selection import CaseGroup
from contract.harness.run.signals import shielded

_TICKET = 2  # bytes
_NO_MORE = 1 << 8 * _TICKET
_NOTHING: Secrets = ((), ())


def tickets(number: int) -> bytes:
    """Return the tickets of so many tests, one behind the other."""
    return b"".join(each.to_bytes(_TICKET) for each in range(number))


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
        self._learnt = Learnt()

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
        secrets = self._learnt.news() if case.transcript else _NOTHING
        # A message of which a part is sent could not be read.
        with shielded():
            self._tell.send(Told(group, case, secrets))

    def end(self, part: Part, *, interrupted: bool, fault: str | None) -> None:
        """Send what is left to say."""
        self._tell.send(End(part, interrupted, fault, self._learnt.news()))


@dataclass(frozen=True)
class Told:
    """What one case showed, and the secrets that its exchanges may hold."""

    group: CaseGroup
    case: CaseResult
    secrets: Secrets


@dataclass(frozen=True)
class End:
    """What a process says at its end: what its part of the run was, what ended it early, and its secrets."""

    part: Part
    interrupted: bool
    fault: str | None
    secrets: Secrets
