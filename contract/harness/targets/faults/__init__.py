"""Faults of the proxy between suite and server; a new fault is one class in a module of this package."""

import functools
import importlib
import pkgutil
from collections.abc import Mapping

from contract.harness.targets.faults.base import Fault, Resigning
from contract.harness.targets.faults.exchanges import Call, Reply

__all__ = ["Call", "Fault", "Reply", "Resigning", "faults"]

_NO_FAULTS = ("base", "exchanges")


@functools.cache
def faults() -> Mapping[str, type[Fault]]:
    """Return every fault by its name: each public subclass of `Fault` in a module of this package."""
    names = [each.name for each in pkgutil.iter_modules(__path__) if each.name not in _NO_FAULTS]
    return {
        name: value
        for module in (importlib.import_module(f"{__name__}.{each}") for each in sorted(names))
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, Fault)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    }
