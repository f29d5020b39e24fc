"""What blind mutation found: the fate of each mutation, which survivors are accounted for, and the score."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Fate = Literal["killed", "survived", "no verdict", "hung", "stillborn"]
LEAST = 0.95  # of what is neither stillborn nor equivalent, killed by clauses
_ACCOUNT = re.compile(r"^- (?:`(?P<decision>\w+)`: )?`(?P<was>[^`]+)` → `(?P<becomes>[^`]+)`$", re.MULTILINE)
_ROOM = re.compile(r"^## `(?P<module>[^`]+)`$", re.MULTILINE)


@dataclass(frozen=True)
class Bent:
    """A mutation: the line that `was`, and what it `becomes`, both without their indentation.

    `decision` is the method that holds the line, None where none does.
    """

    module: str
    decision: str | None
    was: str
    becomes: str

    def __str__(self) -> str:
        return f"{self.module}, {self.decision or 'values'}\n  - {self.was}\n  + {self.becomes}"


@dataclass(frozen=True)
class Finding:
    """What became of a mutation; `said` is the last that the judge printed."""

    bent: Bent
    fate: Fate
    said: str


def fate(output: str) -> Fate:
    """Read the fate from what the judge printed, or from cosmic-ray's own word for a judge that hung."""
    if output == "timeout":
        return "hung"
    last = output.strip().rpartition("\n")[2]
    if not last.startswith('{"exit"'):
        return "stillborn"
    verdict = json.loads(last)
    if verdict["exit"] == 0:
        return "survived"
    return "killed" if verdict["failed"] else "no verdict"


def bent(module: str, decision: str | None, diff: str) -> Bent:
    """Read a mutation from its unified diff."""
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
    was, becomes = (
        " ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in ("-", "+")
    )
    return Bent(module, decision, was, becomes)


def accounted(page: Path) -> set[Bent]:
    """Return the survivors that the page says are equivalent."""
    text = page.read_text()
    rooms = list(_ROOM.finditer(text))
    ends = [*(room.start() for room in rooms[1:]), len(text)]
    return {
        Bent(room["module"], row["decision"], row["was"], row["becomes"])
        for room, end in zip(rooms, ends, strict=False)
        for row in _ACCOUNT.finditer(text, room.end(), end)
    }


def lines(found: Iterable[Finding], equivalent: set[Bent]) -> Iterator[str]:
    """Tell what must be looked at, then the numbers."""
    findings = list(found)
    for each in findings:
        if each.fate in ("no verdict", "hung"):
            yield f"{each.fate}: {each.bent}\n    {each.said}"
        if each.fate == "survived" and each.bent not in equivalent:
            yield f"survived, and docs/survivors.md does not say why: {each.bent}"
    survivors = {each.bent for each in findings if each.fate == "survived"}
    for gone in sorted(map(str, equivalent - survivors)):
        yield f"in docs/survivors.md, and no survivor: {gone}"
    fates = Counter(each.fate for each in findings)
    told = ", ".join(f"{count} {name}" for name, count in sorted(fates.items()))
    yield f"{len(findings)} mutations: {told}; {len(survivors & equivalent)} survivors are equivalent."
    part = score(findings, equivalent)
    yield f"Killed by clauses alone, of those that are neither stillborn nor equivalent: {part:.1%}."


def score(findings: Iterable[Finding], equivalent: set[Bent]) -> float:
    """Return the part that clauses killed, of the mutations that are neither stillborn nor equivalent."""
    counted = [
        each.fate == "killed"
        for each in findings
        if each.fate != "stillborn" and not (each.fate == "survived" and each.bent in equivalent)
    ]
    return sum(counted) / len(counted) if counted else 0.0


def stands(findings: Iterable[Finding], equivalent: set[Bent]) -> bool:
    """Say whether enough were killed, every survivor is accounted for, and no account is out of date."""
    found = list(findings)
    survivors = {each.bent for each in found if each.fate == "survived"}
    return survivors == equivalent and score(found, equivalent) >= LEAST
