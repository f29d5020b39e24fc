"""The matrix clause by endpoint of the HTML page, the targets side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contract.harness.reports.outcomes import WORDS, Row, anchor, chapter, columns, heading, place


@dataclass(frozen=True)
class Cell:
    """A clause at a place: the outcome, and where the page says more of it."""

    outcome: str
    href: str | None
    label: str


@dataclass(frozen=True)
class MatrixRow:
    """A clause with a cell, or None, for each column of each target."""

    clause: str
    title: str
    should: bool
    cells: Sequence[Cell | None]

    @property
    def outcomes(self) -> str:
        """The outcomes that occur, for the filters."""
        return " ".join(sorted({cell.outcome for cell in self.cells if cell}))


@dataclass(frozen=True)
class Matrix:
    """All rows by chapter; `columns` has the places of each target."""

    columns: Sequence[Sequence[str]]
    chapters: Mapping[str, Sequence[MatrixRow]]


def matrix(targets: Sequence[Mapping[str, Any]]) -> Matrix:
    """Return the matrix clause by endpoint, the targets side by side."""
    shown = [columns(target["results"]) for target in targets]
    rows: dict[str, dict[tuple[int, str], Row]] = {}
    for index, target in enumerate(targets):
        for row in target["results"]:
            rows.setdefault(row["clause"], {})[index, place(row)] = row
    chapters: dict[str, list[MatrixRow]] = {chapter(clause): [] for clause in rows}
    for clause, found in sorted(rows.items()):
        cells = [
            _cell(index, found.get((index, name))) for index, places in enumerate(shown) for name in places
        ]
        one = next(iter(found.values()))
        line = MatrixRow(clause, one["title"], one["level"] == "should", cells)
        chapters[chapter(clause)].append(line)
    return Matrix(shown, chapters)


def _cell(index: int, row: Row | None) -> Cell | None:
    if row is None:
        return None
    told = row["outcome"] != "pass" or bool(row["why"])
    href = f"#{anchor(index, row)}" if told else None
    return Cell(row["outcome"], href, f"{heading(row)}: {WORDS[row['outcome']]}")
