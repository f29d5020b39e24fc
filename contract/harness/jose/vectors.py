"""The hostile tokens as data: what is changed, where it is presented, the verdict, and the reason."""

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from contract.harness.jose.forgery import Recipe

Place = Literal["bearer", "refresh"]
PLACES: tuple[Place, ...] = ("bearer", "refresh")
_FILE = Path(__file__).parents[2] / "vectors.toml"


@dataclass(frozen=True)
class Vector:
    """One hostile token, or a positive control that is `accepted`; `reason` cites why."""

    id: str
    clause: str
    reason: str
    recipe: Recipe
    verdict: Literal["refused", "accepted"] = "refused"
    only: Place | None = None

    def __str__(self) -> str:
        return self.id

    @property
    def places(self) -> tuple[Place, ...]:
        """Where it is presented."""
        return (self.only,) if self.only else PLACES


@functools.cache
def vectors() -> Mapping[str, Vector]:
    """Read the file once; an unknown member of a row is a `TypeError`."""
    return {name: _vector(name, row) for name, row in tomllib.loads(_FILE.read_text("utf-8")).items()}


def _vector(name: str, row: dict[str, Any]) -> Vector:
    own = {key: row.pop(key) for key in ("clause", "reason", "verdict", "only") if key in row}
    row["without"] = tuple(row.get("without", ()))
    return Vector(id=name, recipe=Recipe(**row), **own)


def vectors_of(clause: str) -> list[tuple[Vector, Place]]:
    """Return the rows of a clause, each with each place where it is presented."""
    return [(each, place) for each in vectors().values() if each.clause == clause for place in each.places]
