"""The reference with one rule broken: each mutant is a slip that somebody could make next."""

import functools
import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from typing import ClassVar

from reference_impl.rules import Rules

_NO_MUTANTS = ("edits", "witness")


class Mutant(Rules):
    """Base of all mutants: each overrides one decision and says which clauses see that."""

    breaks: ClassVar[frozenset[str]] = frozenset()


@functools.cache
def mutants() -> Mapping[str, type[Mutant]]:
    """Return every mutant by its name, module by module."""
    for module in sorted(each.name for each in pkgutil.iter_modules(__path__)):
        if module not in _NO_MUTANTS:
            importlib.import_module(f"{__name__}.{module}")
    return {mutant.__name__: mutant for mutant in leaves(Mutant)}


def leaves(base: type[Mutant]) -> Iterator[type[Mutant]]:
    """Yield the classes below `base` that are a base of no other."""
    for each in base.__subclasses__():
        yield from leaves(each) if each.__subclasses__() else (each,)
