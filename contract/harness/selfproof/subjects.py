"""What a proof puts on trial: the mutants of the reference, or faults before any target."""

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
    """Slips by name, each a class with a docstring and `breaks`, a set of clause ids; `are` is their kind.

    `guilty(name)` is the target with that slip; `watched(noticed)` is the one without any, with a witness who
    adds to `noticed` the names of those that would have shown; `complete` says that every must has to bite,
    `alone` that two runs would be in each other's way: a launched server may want the one port 8787.
    """

    are: str
    known: Mapping[str, type]
    broken: Callable[[str], Target]
    watched: Callable[[set[str]], Target]
    complete: bool = False
    alone: bool = False


def mutants() -> Subjects:
    """Return the reference with one rule broken, for every rule."""

    def watched(noticed: set[str]) -> Target:
        return Target("reference", "reference", opened_by=functools.partial(witnessed, noticed=noticed))

    known: Mapping[str, type] = load(MUTANTS)()
    return Subjects(
        "mutants", known, lambda name: Target(f"mutant:{name}", f"mutant:{name}"), watched, complete=True
    )


def faults_on(target: Target) -> Subjects:
    """Return every fault before `target`; `UsageError` if that is no target for so many runs."""
    if kind_of(target.spec) == "url" and not is_loopback(target.host):
        raise UsageError(
            f"{target.name}: a proof is many runs: it goes to loopback and launched targets only"
        )

    def broken(name: str) -> Target:
        spec = f"{PROXY}{name}{ARROW}{target.spec}"
        return replace(target, name=f"{PROXY}{name}{ARROW}{target.name}", spec=spec)

    def watched(noticed: set[str]) -> Target:
        inner = opener(target.spec)
        return replace(target, opened_by=functools.partial(shadowed, inner=inner, noticed=noticed))

    return Subjects("faults", faults(), broken, watched, alone=kind_of(target.spec) == "exec")
