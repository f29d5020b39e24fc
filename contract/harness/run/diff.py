"""Opens two targets, sends both the same requests, and says whether they answer alike."""

import contextlib
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from contract.harness.checks.api_requests import MINTS
from contract.harness.checks.paired_requests import Side, singles
from contract.harness.checks.paired_walks import Ground
from contract.harness.checks.session_steps import strategy
from contract.harness.checks.session_walks import Step
from contract.harness.checks.side_by_side import SideBySide
from contract.harness.checks.smallest_differences import Group, grouped, made_small
from contract.harness.checks.strategies import for_all
from contract.harness.client import OwnOrg, Service
from contract.harness.errors import ContractError
from contract.harness.redaction import scrub
from contract.harness.run.session import FailedOpening, TargetSession, open_target
from contract.harness.run.settings import Settings
from contract.harness.run.signals import interruptible, shielded
from contract.harness.spec import ENDPOINTS, SHAPED
from contract.harness.targets import Target

Verdict = Literal["alike", "different", "not compared"]
SHOWN = 10
"""Groups of differences that a person is shown, and whose cases are made small."""
COVERAGE, COVERAGE_ON_A_URL = 30, 4
"""Cases of the document's coverage for each operation."""
FUZZED = 2
"""Valid requests, and invalid ones, that are fuzzed for each operation."""
WALKS, WALKS_ON_A_URL = 5, 2
"""Walks that begin at each mint endpoint."""


@dataclass(frozen=True)
class DiffSettings:
    """What is compared: the seed, how much is generated, and how many requests each target gets at most."""

    seed: int = 0
    fuzz_examples: int | None = None
    max_requests: int | None = None
    polite: bool = False


@dataclass
class Compared:
    """One of the two targets as the comparison left it."""

    name: str
    kind: str = ""
    requests: int = 0
    leftovers: list[str] = field(default_factory=list)


@dataclass
class DiffResult:
    """What came of a comparison.

    `groups` are the differences, the smallest case first; `skipped` and `unanswered` count requests by the
    reason why they could not be compared; `problem` is what prevented or ended the comparison.
    """

    a: Compared
    b: Compared
    seed: int
    compared: int = 0
    different: int = 0
    groups: list[Group] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)
    problem: str | None = None
    clocks_moved: bool = False

    @property
    def verdict(self) -> Verdict:
        """`different` if any request was; else `alike` if every one that could be sent was answered."""
        if self.groups:
            return "different"
        return "not compared" if self.problem or self.unanswered or not self.compared else "alike"

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        if self.verdict == "alike":
            return f"Alike: A and B answered {_requests(self.compared)} in the same way."
        if self.verdict == "different":
            ended = f" before it ended: {self.problem}" if self.problem else ""
            were = "was" if self.different == 1 else "were"
            of_all = f"{self.different} of {_requests(self.compared)}"
            return f"Different: {of_all} {were} answered differently{ended}."
        if self.problem and not self.compared:
            return f"Could not compare: {self.problem}"
        number = sum(self.unanswered.values())
        why = self.problem or f"{_requests(number)} could not be compared"
        return f"Could not compare: {why}; {_requests(self.compared)} were answered in the same way."


def _requests(number: int) -> str:
    return f"{number} request" if number == 1 else f"{number} requests"


def run_diff(a: Target, b: Target, settings: DiffSettings) -> DiffResult:
    """Compare two targets; both are closed again, and what was made on them is removed, however it ends."""
    result = DiffResult(Compared(a.name), Compared(b.name), settings.seed)
    with warnings.catch_warnings(), interruptible():
        warnings.simplefilter("ignore")
        try:
            with contextlib.ExitStack() as exits:
                _compare((a, b), settings, result, exits)
        except KeyboardInterrupt:
            result.problem = result.problem or "interrupted"
    return result


def _compare(
    targets: Sequence[Target], settings: DiffSettings, result: DiffResult, exits: contextlib.ExitStack
) -> None:
    sessions: list[TargetSession] = []
    for letter, target, compared in zip("AB", targets, (result.a, result.b), strict=True):
        opened = open_target(target, _opening(target, settings), compared.leftovers.append)
        if isinstance(opened, FailedOpening):
            result.problem = f"{letter}: {opened.problem}"
            return
        exits.callback(_close, opened, compared)
        compared.kind = opened.connection.kind
        sessions.append(opened)
    try:
        _Comparison(sessions, settings, result, exits).run()
    except ContractError as error:
        result.problem = scrub(str(error))


def _opening(target: Target, settings: DiffSettings) -> Settings:
    # The clause is one that needs no exchange to be kept.
    return Settings(
        targets=(target,),
        clauses=("API-02",),
        polite=settings.polite,
        max_requests=settings.max_requests,
    )


def _close(session: TargetSession, compared: Compared) -> None:
    with shielded():
        session.close()
        compared.requests += session.requests


class _Comparison:
    """One comparison of two open targets."""

    def __init__(
        self,
        sessions: Sequence[TargetSession],
        settings: DiffSettings,
        result: DiffResult,
        exits: contextlib.ExitStack,
    ) -> None:
        self._sessions, self._settings, self._result = sessions, settings, result
        for session in sessions:
            if session.service.clock.settable:
                # The clock of this process may have moved since the server was told of it.
                session.service.clock.set(session.service.clock.now())
        grounds = _grounds(sessions, exits)
        sides = zip("AB", sessions, grounds, strict=True)
        self._pair = SideBySide(*(Side(name, each.token_pairs, ground) for name, each, ground in sides))

    def run(self) -> None:
        """Send everything; what was found is in the result, also if it ends early."""
        result, tally = self._result, self._pair.tally
        try:
            self._send_all()
            result.groups = grouped(tally.findings)
            for group in result.groups[:SHOWN]:
                made_small(group, self._pair)
            result.groups.sort(key=lambda group: group.finding.size)
        finally:
            result.groups = result.groups or grouped(tally.findings)
            result.compared, result.different = tally.compared, len(tally.findings)
            result.skipped, result.unanswered = tally.skipped, tally.unanswered
            result.clocks_moved = self._pair.clocks_move

    def _send_all(self) -> None:
        pair, settings = self._pair, self._settings
        coverage = COVERAGE_ON_A_URL if pair.on_a_url else COVERAGE
        for single in singles(
            coverage=max(coverage, settings.fuzz_examples or 0),
            examples=settings.fuzz_examples or FUZZED,
            seed=settings.seed,
            on_a_url=pair.on_a_url,
        ):
            pair.send(single)
        for steps in self._walks():
            pair.walk(steps)

    def _walks(self) -> Iterator[Sequence[Step]]:
        """Yield the walks of API-03 that begin at each endpoint which is open on both targets."""
        on_a_url, settings = self._pair.on_a_url, self._settings
        number = settings.fuzz_examples or (WALKS_ON_A_URL if on_a_url else WALKS)
        closed = {
            name: f"{side.name}: {why}"
            for side in self._pair.sides
            for name, why in side.ground.own_org.closed.items()
        }
        for place, name in enumerate(ENDPOINTS):
            if name in closed:
                self._pair.tally.skipped[closed[name]] += 1
                continue
            # On a URL no session may have everybody's subject.
            rows = [str(row) for row in SHAPED[name] if row.shape != "bare" or not on_a_url]
            rows += [str(row) for row in MINTS.values() if row.name not in (name, *closed)]
            made: list[Sequence[Step]] = []
            for_all(
                lambda rows=rows: strategy(rows),  # type: ignore[misc]
                made.append,
                examples=number,
                # Otherwise all endpoints would be tried with the same walks.
                seed=settings.seed * len(ENDPOINTS) + place,
                shrink=False,
            )
            yield from made


def _grounds(sessions: Sequence[TargetSession], exits: contextlib.ExitStack) -> list[Ground]:
    """Return where the walks go: over servers that can be restarted, if both targets have such."""
    if any(session.connection.deployment is None for session in sessions):
        return [Ground(session.token_pairs.own_org) for session in sessions]
    grounds = []
    for session in sessions:
        server = exits.enter_context(session.connection.restartable())
        service = Service(server.connection, session.service.budget)
        own_org = OwnOrg(service, None)
        own_org.open()
        grounds.append(Ground(own_org, server.restart))
    return grounds
