"""The reference with one rule broken: each mutant is a slip that somebody could make next."""

import functools
import importlib
from collections.abc import Mapping
from typing import ClassVar

from reference_impl.rules import Rules

_ROOMS = (
    "history",
    "ttl",
    "marks",
    "rotation",
    "grants",
    "time",
    "keys",
    "sessions",
    "revocation",
    "forgery",
    "claims",
    "exposure",
    "assertions",
    "surface",
)


class Mutant(Rules):
    """Base of all mutants: each overrides one decision and says which clauses see that."""

    breaks: ClassVar[frozenset[str]] = frozenset()


@functools.cache
def mutants() -> Mapping[str, type[Mutant]]:
    """Return every mutant by its name."""
    for room in _ROOMS:
        importlib.import_module(f"{__name__}.{room}")
    return {mutant.__name__: mutant for mutant in Mutant.__subclasses__()}
