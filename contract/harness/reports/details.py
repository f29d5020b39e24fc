"""What the HTML page tells in full: a row with its cases, exchanges and commands, as far as there is room."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contract.harness.reports.lifelines import Lifeline, lifeline
from contract.harness.reports.outcomes import (
    Row,
    anchor,
    having,
    heading,
    musts_first,
    names_shape,
    telling,
    unlike,
)
from contract.harness.reports.text import clip

MOST_CASES = 5
MOST_EXCHANGES = 10
MOST_TEXT = 1500
_MOST_DETAIL = 300_000
"""Characters of exchanges and commands on a page, so that a run in which all fails stays below 1 MB."""


@dataclass(frozen=True)
class Exchange:
    """A request and its response as text; `response` is None where none came."""

    request: str
    status: int | None
    response: str | None


@dataclass(frozen=True)
class Telling:
    """A case as it is told: its sentence, and as much of the rest as there is room for."""

    id: str
    shape: str | None
    why: str
    exchanges: Sequence[Exchange] = ()
    left_out: int = 0
    reproduce: str = ""
    lifeline: Lifeline | None = None


@dataclass(frozen=True)
class Detail:
    """A row that is told in full; `more` cases are only counted."""

    anchor: str
    row: Row
    heading: str
    cases: Sequence[Telling]
    more: int


@dataclass
class Room:
    """How many characters of detail the page still takes."""

    left: int = field(default=_MOST_DETAIL)

    def take(self, texts: Iterable[str | None]) -> bool:
        """Take room for all of `texts`, or none; a quotation mark is five characters of HTML."""
        need = sum(len(text) + 4 * text.count('"') for text in texts if text)
        if need > self.left:
            return False
        self.left -= need
        return True


def details(index: int, target: Mapping[str, Any], outcome: str, room: Room) -> list[Detail]:
    """Return the rows of a target with `outcome` in full, musts before shoulds."""
    rows = musts_first(having(target["results"], outcome))
    return [_detail(anchor(index, row), row, room) for row in rows]


def _detail(name: str, row: Row, room: Room) -> Detail:
    cases = telling(row)
    shown = unlike(cases)[:MOST_CASES]
    told = [_told(case, room, whole=not number) for number, case in enumerate(shown)]
    if not told:
        told = [Telling("", None, clip(row["why"], MOST_TEXT))]
    return Detail(name, row, heading(row), told, len(cases) - len(shown))


def _told(case: Row, room: Room, *, whole: bool) -> Telling:
    """Return a case; only the first of a row has its exchanges: the others differ in a value."""
    why, shape = clip(case["why"], MOST_TEXT), None if names_shape(case) else case["shape"]
    line = lifeline(case["timeline"]) if "timeline" in case else None
    if not whole:
        return Telling(case["id"], shape, why, lifeline=line)
    trail = case.get("transcript", [])
    exchanges = [_exchange(each) for each in trail[-MOST_EXCHANGES:]]
    commands = clip("\n".join(case.get("reproduce", [])), 4 * MOST_TEXT)
    if not room.take([commands]):
        commands = ""
    if not room.take(text for each in exchanges for text in (each.request, each.response)):
        exchanges = []
    return Telling(case["id"], shape, why, exchanges, len(trail) - len(exchanges), commands, line)


def _exchange(exchange: Mapping[str, Any]) -> Exchange:
    request, response = exchange["request"], exchange["response"]
    sent = _message(f"{request['method']} {request['path']}", request)
    if response is None:
        return Exchange(sent, None, None)
    return Exchange(sent, response["status"], _message("", response))


def _message(first: str, message: Mapping[str, Any]) -> str:
    """Return a message as text: its first line, headers, an empty line and the body."""
    head = [first] if first else []
    head += [f"{name}: {value}" for name, value in message.get("headers", {}).items()]
    body = message.get("body")
    text = "\n".join(clip(line, MOST_TEXT) for line in head)
    return text if body in (None, "") else f"{text}\n\n{clip(plain(body), MOST_TEXT)}"


def plain(value: Any) -> str:
    """Return a value of JSON as text: a text as it is."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
