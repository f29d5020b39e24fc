"""The kill matrix as a heat map: a drawing for each chapter, mutants down and clauses across."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contract.harness.reports.outcomes import chapter

CELL = 16
LEFT = 260
TOP = 60


@dataclass(frozen=True)
class Hit:
    """A mark where a mutant and a clause meet: `killed`, `extra` (not declared), `missed` or `error`."""

    x: int
    y: int
    kind: str
    words: str


@dataclass(frozen=True)
class HeatMap:
    """The mutants whose first declared clause is of `chapter`, in coordinates."""

    chapter: str
    width: int
    height: int
    rows: Sequence[tuple[int, str]]
    columns: Sequence[tuple[int, str]]
    hits: Sequence[Hit]


WORDS: Mapping[str, str] = {
    "killed": "killed, as declared",
    "extra": "failed, but is not declared",
    "missed": "declared, but did not fail",
    "error": "could not be tried",
}


def heat_maps(proof: Mapping[str, Any]) -> list[HeatMap]:
    """Return the drawings in the order of the mutants."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for mutant in proof["mutants"]:
        clauses = mutant["declared"] or mutant["caught"]
        groups.setdefault(chapter(min(clauses)) if clauses else "none", []).append(mutant)
    return [_map(name, groups[name]) for name in groups]


def state(mutant: Mapping[str, Any]) -> str:
    """Return what became of a mutant: `killed`, `inexact`, `survived`, `error` or `not tried`."""
    if mutant["exact"]:
        return "killed"
    if mutant["problem"]:
        return "error"
    if not mutant["declared"] and not mutant["caught"]:
        return "not tried"
    return "inexact" if mutant["caught"] else "survived"


def _map(name: str, mutants: Sequence[Mapping[str, Any]]) -> HeatMap:
    met = [_met(mutant) for mutant in mutants]
    clauses = sorted({clause for kinds in met for clause in kinds})
    across = {clause: LEFT + CELL * number for number, clause in enumerate(clauses)}
    down = [TOP + CELL * number for number in range(len(mutants))]
    hits = [
        Hit(across[clause], y, kind, f"{mutant['name']}, {clause}: {WORDS[kind]}")
        for y, mutant, kinds in zip(down, mutants, met, strict=True)
        for clause, kind in kinds.items()
    ]
    return HeatMap(
        chapter=name,
        width=LEFT + CELL * len(clauses) + 20,
        height=TOP + CELL * len(mutants) + 4,
        rows=[(y, mutant["name"]) for y, mutant in zip(down, mutants, strict=True)],
        columns=[(x, clause) for clause, x in across.items()],
        hits=hits,
    )


def _met(mutant: Mapping[str, Any]) -> dict[str, str]:
    """Return what happened at each clause that a mutant declares or touched."""
    found = dict.fromkeys(mutant["errors"], "error")
    found |= {clause: "missed" for clause in mutant["declared"] if clause not in found}
    expected = {*mutant["declared"], *mutant.get("may_also", ())}
    found |= {clause: "killed" if clause in expected else "extra" for clause in mutant["caught"]}
    return found
