"""Outcomes and verdicts as every report words them, and the questions that reports ask of a result."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
"""One entry of a target's `results`: a clause at an endpoint."""

WORST_FIRST = ("fail", "error", "blocked", "not_tried", "known", "pass")
WORDS: Mapping[str, str] = {
    "pass": "passed",
    "fail": "failed",
    "known": "known failure",
    "blocked": "blocked",
    "not_tried": "not tried",
    "error": "error",
}
VERDICTS: Mapping[str, str] = {"holds": "conforms", "broken": "does not conform", "open": "no verdict"}
ENDPOINTS = ("identity", "agent", "path", "workspace-path")
"""The order of columns; other endpoints follow, and the service as a whole is last."""
SERVICE = "service"
"""What a column is called whose rows have no endpoint."""


def place(row: Row) -> str:
    """Return where a row was tried: an endpoint, or the service."""
    return row["endpoint"] or SERVICE


def columns(rows: Iterable[Row]) -> list[str]:
    """Return the places of `rows` in the order in which a matrix shows them."""
    places = {place(row) for row in rows}
    known = [name for name in ENDPOINTS if name in places]
    other = sorted(places - {*known, SERVICE})
    return [*known, *other, *([SERVICE] if SERVICE in places else [])]


def chapter(clause: str) -> str:
    """Return the chapter of a clause: `TTL` of `TTL-02`."""
    return clause.partition("-")[0]


def having(rows: Iterable[Row], *outcomes: str) -> list[Row]:
    """Return the rows with one of `outcomes`."""
    return [row for row in rows if row["outcome"] in outcomes]


def counts(rows: Iterable[Row]) -> dict[str, int]:
    """Return how many rows have each outcome that occurs, worst first."""
    found = Counter(row["outcome"] for row in rows)
    return {outcome: found[outcome] for outcome in WORST_FIRST if found[outcome]}


def counted(rows: Iterable[Row]) -> str:
    """Return the counts as a phrase: `176 passed, 8 failed`."""
    found = counts(rows)
    order = ("pass", *(name for name in WORST_FIRST if name != "pass"))
    told = []
    for name in order:
        if name in found or name == "pass":
            plural = "s" if name in ("known", "error") and found.get(name, 0) != 1 else ""
            told.append(f"{found.get(name, 0)} {WORDS[name]}{plural}")
    return ", ".join(told)


def telling(row: Row) -> list[Row]:
    """Return the cases that decided a row: those with its own outcome."""
    return [case for case in row["cases"] if case["outcome"] == row["outcome"]]


def unlike(cases: Iterable[Row]) -> list[Row]:
    """Return the first of all cases that say the same of the same shape."""
    return list({(case.get("shape"), case["why"]): case for case in reversed(list(cases))}.values())[::-1]


def names_shape(case: Row) -> bool:
    """Say whether the sentence of a case names its body shape, if it has one."""
    shape = case.get("shape")
    return not shape or f"(body shape: {shape})" in case["why"]


def by_reason(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Group rows by the sentence that says why, in the order in which they come."""
    reasons: dict[str, list[Row]] = {}
    for row in rows:
        why = next((case["why"] for case in telling(row) if case["why"]), row["why"])
        reasons.setdefault(why, []).append(row)
    return reasons


def clauses_and_places(rows: Iterable[Row]) -> dict[str, list[str]]:
    """Return each clause of `rows` with the places where it was tried."""
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["clause"], []).append(place(row))
    return found


def heading(row: Row) -> str:
    """Return a row's clause and place: `TTL-02 at path`, or `SEC-01` for the service as a whole."""
    return f"{row['clause']} at {row['endpoint']}" if row["endpoint"] else str(row["clause"])


def names(targets: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a name for each target that no other one has: the second `x` is `x #2`."""
    given: list[str] = []
    for target in targets:
        name, number = target["name"], 2
        while name in given:
            name, number = f"{target['name']} #{number}", number + 1
        given.append(name)
    return given


def musts_first(rows: Iterable[Row]) -> list[Row]:
    """Return musts before shoulds, otherwise in their order."""
    return sorted(rows, key=lambda row: row["level"] != "must")


def anchor(index: int, row: Row) -> str:
    """Return the id under which the page tells of a row."""
    return f"t{index}-{row['clause']}-{place(row)}"


def reproduction(cases: Iterable[Row]) -> list[str]:
    """Return the shell lines of the first of `cases` that has some."""
    return next((list(case["reproduce"]) for case in cases if case.get("reproduce")), [])
