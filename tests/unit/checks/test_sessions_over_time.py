"""The moments at which sessions are tried again, and the rounds of a race."""

from collections import Counter
from dataclasses import dataclass, field

import pytest

from contract.harness.checks import Rounds, later, over_time
from contract.harness.client import FULL, IN_PROCESS, SMALL, STAGGERS, Race, Racer
from contract.harness.errors import CouldNotTry
from contract.harness.spec import DAY, SHAPED
from contract.harness.targets import ObservedClock
from tests.support.fakes import served

ROWS = [row for rows in SHAPED.values() for row in rows]


@dataclass
class Settable:
    """A clock that remembers where it was set."""

    settable: bool = True
    moments: list[float] = field(default_factory=lambda: [1000.0])

    def now(self) -> float:
        """The last moment."""
        return self.moments[-1]

    def set(self, moment: float) -> None:
        """Move there."""
        self.moments.append(moment)


def test_the_clock_is_moved_as_each_moment_is_taken() -> None:
    """25 h after the start, and a minute before a refresh token of eight days that began then ends."""
    clock = Settable()
    moments = later(clock)
    assert clock.moments == [1000.0]
    assert list(moments) == ["25 h later", "a minute before its exp"]
    assert clock.moments[1:] == [1000.0 + 25 * 3600, 1000.0 + 8 * DAY - 60]


def test_where_no_clock_can_be_set_it_stays_at_once() -> None:
    """One thing is made, for now."""
    made = iter(range(9))
    assert list(over_time(ObservedClock(), lambda: next(made))) == [("at once", 0)]


def test_all_that_is_tried_later_is_made_at_the_start() -> None:
    """Each moment has one of its own, and none is made after the clock moved."""
    clock = Settable()
    numbers = iter(range(9))
    tried = over_time(clock, lambda: (next(numbers), clock.now()))
    assert [thing for _, thing in tried] == [(0, 1000.0), (1, 1000.0), (2, 1000.0)]


def raced(*rounds: tuple[bool, bool], by_chance: bool = True, kind: str = "a kind") -> Rounds:
    """A row's rounds, each `(decided, overlapped)`, at the first row."""
    with served(lambda _: pytest.fail("nothing is sent")) as service:
        racer = Racer(service)
    racer.by_chance = by_chance
    counted = Rounds(racer, FULL, ROWS[0], kind=kind)
    for decided, overlapped in rounds:
        counted.count(Race([], overlapped), decided=decided)
    return counted


def test_a_note_counts_what_overlapped_and_what_that_shows() -> None:
    """A fault in one round of twenty shows in two rounds with 10 %."""
    assert raced((True, True), (True, False), (True, True)).note() == (
        "2 of 3 rounds overlapped (a kind), 2 so far at all endpoints: a fault in one round of 20 would show "
        "with a probability of 10%"
    )


def test_a_round_that_was_turned_away_shows_nothing() -> None:
    """It is not counted among those that overlapped."""
    assert raced((False, True), (True, True)).note().startswith("1 of 2 rounds overlapped")


def test_where_all_rounds_were_turned_away_there_is_no_result() -> None:
    """That is no pass."""
    with pytest.raises(CouldNotTry, match="none of 2 rounds proved anything"):
        raced((False, True), (False, False)).note()


def test_an_application_in_this_process_needs_no_probability() -> None:
    """One event loop decides equal rounds alike."""
    assert raced((True, True), by_chance=False).note() == ""


def test_the_rounds_of_a_kind_are_spread_over_all_rows() -> None:
    """Together at least 59, in both orders, with every stagger that there is."""
    with served(lambda _: pytest.fail("nothing is sent")) as service:
        racer = Racer(service)
    seen: list[tuple[int, tuple[str, ...]]] = []
    for row in ROWS:
        rounds = Rounds(racer, FULL, row, kind="a kind")
        seen += [(stagger, tuple(rounds.ordered({"a": 1, "b": 2}))) for stagger in rounds]
    assert len(seen) >= FULL.rounds
    assert {stagger for stagger, _ in seen} == set(range(STAGGERS))
    assert {order for _, order in seen} == {("a", "b"), ("b", "a")}


def test_of_an_application_in_this_process_each_stagger_is_tried_twice_in_both_orders() -> None:
    """Over all rows together; with more of them, equal rounds would be decided alike."""
    with served(lambda _: pytest.fail("nothing is sent")) as service:
        racer = Racer(service)
    seen: Counter[tuple[int, tuple[str, ...]]] = Counter()
    for row in ROWS:
        rounds = Rounds(racer, IN_PROCESS, row, kind="a kind")
        seen.update((stagger, tuple(rounds.ordered({"a": 1, "b": 2}))) for stagger in rounds)
    assert set(seen.values()) == {2}
    assert len(seen) == 2 * STAGGERS


def test_few_rounds_try_both_orders_too() -> None:
    """On a URL each row has one round, and they differ."""
    with served(lambda _: pytest.fail("nothing is sent")) as service:
        racer = Racer(service)
    orders = set()
    for row in ROWS:
        rounds = Rounds(racer, SMALL, row, kind="a kind")
        orders |= {tuple(rounds.ordered({"a": 1, "b": 2})) for _ in rounds}
    assert orders == {("a", "b"), ("b", "a")}
