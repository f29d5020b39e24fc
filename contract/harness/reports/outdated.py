"""Entries of a baseline that have to be changed: what they accept passes now, or their last day is over."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contract.harness.reports.text import clip

MOST_ENTRIES = 100
"""Entries that a report lists; the rest are counted."""
_MOST_TEXT = 500
Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Outdated:
    """One entry: what it is about, what became of it, why it was accepted, and where it stands."""

    place: str
    state: str
    accepted: str
    where: str


def outdated(target: Mapping[str, Any]) -> list[Outdated]:
    """Return the entries of a target that fail again, then the other expired ones, then the stale ones."""
    baseline = target.get("baseline")
    if not baseline:
        return []
    failing, expired, stale = (_by_text(baseline.get(name, [])) for name in ("failing", "expired", "stale"))
    told = [(entry, f"{_expired(entry)}, fails again") for entry in failing.values()]
    for text, entry in expired.items():
        if text not in failing:
            told.append((entry, f"{_expired(entry)}, passes now" if text in stale else _expired(entry)))
    told += [(entry, "stale: passes now") for text, entry in stale.items() if text not in expired]
    return [
        Outdated(_place(entry), state, _accepted(entry), _where(baseline["file"], entry))
        for entry, state in told
    ]


def _by_text(entries: Sequence[Entry]) -> dict[str, Entry]:
    """Return entries by what they say: one may stand in several lists."""
    return {json.dumps(entry, sort_keys=True): entry for entry in entries}


def _expired(entry: Entry) -> str:
    return f"expired on {entry['until'][:10]}" if entry.get("until") else "expired"


def _place(entry: Entry) -> str:
    at = f" at {clip(entry['endpoint'], _MOST_TEXT)}" if entry["endpoint"] else ""
    shape = entry.get("shape")
    return f"{entry['clause']}{at}{f' [{clip(shape, _MOST_TEXT)}]' if shape else ''}"


def _accepted(entry: Entry) -> str:
    facts = (entry["reason"] or "no reason given", entry.get("who"), entry.get("issue"))
    return "; ".join(clip(fact, _MOST_TEXT) for fact in facts if fact)


def _where(file: str, entry: Entry) -> str:
    file = clip(file, _MOST_TEXT)
    return f"{file}:{entry['line']}" if entry.get("line") else file
