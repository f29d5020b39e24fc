"""What a proof is about: the mutants of the reference, or faults of a proxy before any target."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from contract.harness.errors import UsageError
from contract.harness.targets import ARROW, Target, is_loopback, kind_of, opener
from contract.harness.targets.faults import faults
from contract.harness.targets.in_process import MUTANTS, load, witnessed
from contract.harness.targets.proxy import PROXY, shadowed


@dataclass(frozen=True)
class Subjects:
    """Mutants by name, each a class with a docstring and `breaks`, a set of clause ids; `are` is their kind.

    `broken(name)` is the target with that mutant. `watched(noticed)` is the target without any, with a
    witness that adds to `noticed` the names of those that would have changed something. `complete` means that
    every must has to fail once; `sound`, that the target without a mutant keeps every clause; `alone`, that
    two runs would disturb each other: a launched server may need the one port 8787.
    """

    are: str
    known: Mapping[str, type]
    broken: Callable[[str], Target]
    watched: Callable[[set[str]], Target]
    complete: bool = False
    sound: bool = False
    alone: bool = False


def mutants() -> Subjects:
    """Return the reference with one rule broken, for every rule."""

    def watched(noticed: set[str]) -> Target:
        return Target("reference", "reference", opened_by=functools.partial(witnessed, noticed=noticed))

    def broken(name: str) -> Target:
        return Target(f"mutant:{name}", f"mutant:{name}")

    known: Mapping[str, type] = load(MUTANTS)()
    return Subjects("mutants", known, broken, watched, complete=True, sound=True)


def faults_on(target: Target) -> Subjects:
    """Return every fault before `target`; `UsageError` if so many runs must not be sent to it."""
    if kind_of(target.spec) == "url" and not is_loopback(target.host):
        raise UsageError(f"{target.name}: a proof sends many runs: give a target on loopback or exec:COMMAND")

    def broken(name: str) -> Target:
        spec = f"{PROXY}{name}{ARROW}{target.spec}"
        return replace(target, name=f"{PROXY}{name}{ARROW}{target.name}", spec=spec)

    def watched(noticed: set[str]) -> Target:
        inner = opener(target.spec)
        return replace(target, opened_by=functools.partial(shadowed, inner=inner, noticed=noticed))

    return Subjects("faults", faults(), broken, watched, alone=kind_of(target.spec) == "exec")
