"""Sends the same requests to two targets, each with its own things in them, and compares the answers."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from contract.harness.checks.api_document import operation_of
from contract.harness.checks.comparable import Answer, answer, without_names
from contract.harness.checks.correspondence import Correspondence, Difference, differences
from contract.harness.checks.paired_requests import Side, Single, described, moments_in
from contract.harness.checks.paired_walks import SideWalk, in_real_time, last_looks, told
from contract.harness.checks.session_walks import Step
from contract.harness.client import OwnOrg, Response
from contract.harness.errors import ContractError, CouldNotTry, NotTried, Violation
from contract.harness.redaction import plain, scrub

if TYPE_CHECKING:
    from contract.harness.checks.api_requests import Sent

PATIENCE = 10
"""Requests in a row without an answer after which no more are sent."""
_UNSENT = "what the request needs"


class GaveUp(CouldNotTry):
    """One of the targets no longer answers."""


@dataclass(frozen=True)
class Finding:
    """One request that was answered differently: where, what was sent after which steps, and how.

    `steps` is the walk up to it, and `single` the request itself if it is none of a walk.
    """

    operation: str
    sent: str
    before: tuple[str, ...]
    differences: tuple[Difference, ...]
    single: Single | None = None
    steps: tuple[Step, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """What makes one case smaller than another: fewer requests, then a shorter one."""
        return len(self.before), len(self.sent)

    @property
    def kinds(self) -> frozenset[str]:
        """In what the answers differ."""
        return frozenset(each.what for each in self.differences)


@dataclass
class Tally:
    """What came of the requests: `skipped` and `unanswered` count the reasons."""

    compared: int = 0
    findings: list[Finding] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)


class SideBySide:
    """Sends requests to both targets, first to one and then to the other, and compares the answers."""

    def __init__(self, a: Side, b: Side) -> None:
        self.sides = (a, b)
        self.tally = Tally()
        self._in_a_row = 0

    @property
    def on_a_url(self) -> bool:
        """Whether one of the targets is somebody else's."""
        return any(side.on_a_url for side in self.sides)

    @property
    def clocks_move(self) -> bool:
        """Whether the time of both targets can be set."""
        return all(side.ground.own_org.service.clock.settable for side in self.sides)

    def send(self, single: Single) -> Finding | None:
        """Send one request to both; return what is found."""
        sent: dict[str, Sent] = {}

        def of(side: Side) -> Response:
            side.requests.service.transcript.begin_case()
            sent[side.name] = single.make(side)
            side.moments = moments_in(sent[side.name].get("body"))
            return side.requests.send(single.target, sent[side.name])

        got = self._both(of)
        if got is None:
            return None
        first = self.sides[0]
        text = described(sent.get(first.name, {}), single.operation, first.requests.service.names)
        ids = Correspondence(_known(*(side.requests.own_org for side in self.sides)))
        found = self._compare(got, ids)
        return self._found(Finding(str(single.target), text, (), found, single)) if found else None

    def walk(self, steps: Sequence[Step], *, looks: bool = True) -> list[Finding]:
        """Take one walk on both, as long as neither accepts what the other refuses.

        With `looks` every session is looked at once more at the end.
        """
        steps = steps if self.clocks_move else in_real_time(steps)
        findings: list[Finding] = []
        before: list[str] = []
        for side in self.sides:
            side.moments = {}
            side.ground.own_org.service.transcript.begin_case()
        halves = {side.name: SideWalk(side.ground, side.moments) for side in self.sides}
        first, second = halves.values()
        ids = Correspondence(_known(*(side.ground.own_org for side in self.sides)))
        taken: list[Step] = []
        for step in _with_last_looks(steps, first) if looks else steps:
            taken.append(step)
            if step["do"] == "wait":
                if (seconds := first.seconds(step)) > 0:
                    for half, moment in [(half, half.now + seconds) for half in (first, second)]:
                        half.move_to(moment)
                    before.append(told(step, (), seconds))
                continue
            text = told(step, first.state)
            got = self._both(lambda side, step=step: halves[side.name].send(step))  # type: ignore[misc]
            if got is None or (None in got and got != [None, None]):
                break
            if got == [None, None]:
                before += [text] if step["do"] == "restart" and first.restarts and second.restarts else []
                continue
            found = self._compare(got, ids)
            if found:
                finding = Finding(_place(got), text, (*before,), found, steps=(*taken,))
                findings.append(self._found(finding))
            before.append(text)
            if first.state != second.state or any(each.what in ("status", _UNSENT) for each in found):
                break
        return findings

    def _found(self, finding: Finding) -> Finding:
        self.tally.findings.append(finding)
        return finding

    def _both(self, send: Callable[[Side], Response | None]) -> "list[Response | Violation | None] | None":
        """Send to one after the other; None if there is nothing to compare, which is counted."""
        got: list[Response | Violation | None] = []
        for side in self.sides:
            try:
                got.append(send(side))
            except Violation as violation:
                got.append(violation)
            except NotTried as reason:
                self.tally.skipped[f"{side.name}: {scrub(str(reason))}"] += 1
                return None
            except ContractError as error:
                self._unanswered(f"{side.name}: {scrub(str(error))}")
                return None
            except (LookupError, ValueError, TypeError, AttributeError) as error:
                # What a request is made of came from an answer, which may have been anything.
                self._unanswered(
                    f"{side.name}: no request could be made of an answer: {type(error).__name__}"
                )
                return None
        self._in_a_row = 0
        if all(isinstance(each, Violation) for each in got):
            self.tally.skipped[f"{_UNSENT} could be made on neither: {scrub(str(got[0]))}"] += 1
            return None
        return got

    def _unanswered(self, reason: str) -> None:
        self.tally.unanswered[reason] += 1
        self._in_a_row += 1
        if self._in_a_row == PATIENCE:
            raise GaveUp(f"{PATIENCE} requests in a row got no answer")

    def _compare(
        self, got: "Sequence[Response | Violation | None]", ids: Correspondence
    ) -> tuple[Difference, ...]:
        self.tally.compared += 1
        if any(isinstance(each, Violation) for each in got):
            texts = [f"{each}" if isinstance(each, Violation) else "was made" for each in got]
            return (Difference(_UNSENT, *(plain(without_names(text)) for text in texts)),)
        a, b = (_answer(each, side) for each, side in zip(got, self.sides, strict=True))
        return tuple(dict.fromkeys(differences(a, b, ids)))


def _answer(got: object, side: Side) -> Answer:
    assert isinstance(got, Response)  # noqa: S101 - the caller has seen to it
    return answer(got, side.moments)


def _known(a: OwnOrg, b: OwnOrg) -> dict[str, str]:
    """Return which of the two runs' own things stand for one another."""
    pairs = ((getattr(a, name), getattr(b, name)) for name in ("org", "identity", "workspace", "agent"))
    return {one: other for one, other in pairs if isinstance(one, str) and isinstance(other, str)}


def _with_last_looks(steps: Sequence[Step], walk: SideWalk) -> Iterator[Step]:
    yield from steps
    yield from last_looks(len(walk.sessions))


def _place(got: Sequence[object]) -> str:
    response = next(each for each in got if isinstance(each, Response))
    return str(operation_of(response) or response.request.where)
