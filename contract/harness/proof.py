"""The self-proof: the contract run against every mutant, and what each clause caught."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass

from contract.harness.clauses import catalogue
from contract.harness.connections import Target
from contract.harness.inprocess import MUTANTS, load
from contract.harness.runs import run
from contract.harness.tokens import other_key, run_key
from contract.harness.trial import Settings

# What the mutants break is met by rows of its own; generated values are for slips that nobody thought of.
FUZZ_EXAMPLES = 1


@dataclass(frozen=True)
class Autopsy:
    """What became of one mutant: the clauses that it declares, that failed, and that could not be tried."""

    name: str
    sentence: str
    declared: frozenset[str]
    caught: frozenset[str]
    errors: frozenset[str] = frozenset()
    problem: str | None = None

    @property
    def survived(self) -> bool:
        """Say whether nobody noticed."""
        return not self.caught

    @property
    def exact(self) -> bool:
        """Say whether exactly the declared clauses caught it."""
        return self.caught == self.declared and not self.problem


@dataclass(frozen=True)
class Proof:
    """All autopsies, in the mutants' own order, and the musts that no mutant breaks."""

    autopsies: Sequence[Autopsy]
    toothless: Sequence[str]

    @property
    def stands(self) -> bool:
        """Say whether every mutant was caught by exactly what it declares, and every must bites."""
        return bool(self.autopsies) and not self.toothless and all(each.exact for each in self.autopsies)


def catalogue_of_mutants() -> Mapping[str, type]:
    """Return the mutants by name; each has a docstring and `breaks`, a set of clause ids."""
    found: Mapping[str, type] = load(MUTANTS)()
    return found


def autopsy(name: str) -> Autopsy:
    """Run the whole contract against one mutant."""
    mutant = catalogue_of_mutants()[name]
    sentence = " ".join((mutant.__doc__ or "").split())
    declared: frozenset[str] = mutant.breaks  # type: ignore[attr-defined]
    target = Target(f"mutant:{name}", f"mutant:{name}")
    (report,) = run(Settings(targets=(target,), fuzz_examples=FUZZ_EXAMPLES))
    return Autopsy(
        name=name,
        sentence=sentence,
        declared=declared,
        caught=frozenset(each.clause for each in report.results if each.outcome == "fail"),
        errors=frozenset(each.clause for each in report.results if each.outcome == "error"),
        problem=report.problem,
    )


def autopsies(names: Sequence[str], heard: Callable[[Autopsy], None] | None = None) -> Iterator[Autopsy]:
    """Examine mutants on all cores; the keys are made once, before the processes part."""
    run_key(), other_key()
    forked = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=forked) as pool:
        waiting = [pool.submit(autopsy, name) for name in names]
        for done in as_completed(waiting):
            if heard:
                heard(done.result())
        yield from (each.result() for each in waiting)


def prove(names: Sequence[str] = (), heard: Callable[[Autopsy], None] | None = None) -> Proof:
    """Examine the mutants of `names`, or all; only with all of them is a clause called toothless."""
    found = list(autopsies(names or list(catalogue_of_mutants()), heard))
    bitten = frozenset().union(*(each.caught for each in found))
    musts = [each.id for each in catalogue().clauses.values() if each.level == "must"]
    return Proof(found, () if names else [clause for clause in musts if clause not in bitten])
