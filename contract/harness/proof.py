"""The self-proof: the contract run against every mutant, and what each clause caught."""

import functools
import multiprocessing
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

from contract.harness.clauses import catalogue
from contract.harness.connections import Target
from contract.harness.inprocess import MUTANTS, load, witnessed
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


def autopsy(name: str, clauses: Sequence[str]) -> Autopsy:
    """Hold one mutant to `clauses`."""
    mutant = catalogue_of_mutants()[name]
    bare = Autopsy(
        name=name,
        sentence=" ".join((mutant.__doc__ or "").split()),
        declared=mutant.breaks,  # type: ignore[attr-defined]
        caught=frozenset(),
    )
    if not clauses:
        return bare
    target = Target(f"mutant:{name}", f"mutant:{name}", clauses=tuple(clauses))
    (report,) = run(Settings(targets=(target,), fuzz_examples=FUZZ_EXAMPLES, brief=True))
    return replace(
        bare,
        caught=frozenset(each.clause for each in report.results if each.outcome == "fail"),
        errors=frozenset(each.clause for each in report.results if each.outcome == "error"),
        problem=report.problem,
    )


def noticed_by(clause: str) -> frozenset[str]:
    """Return the mutants that decide otherwise than the reference while `clause` is tried on it.

    All others answer that clause as the reference does, so there is no need to ask them.
    """
    noticed: set[str] = set()
    target = Target("reference", "reference", opened_by=functools.partial(witnessed, noticed=noticed))
    run(Settings(targets=(target,), clauses=(clause,), fuzz_examples=FUZZ_EXAMPLES))
    return frozenset(noticed)


def prove(names: Sequence[str] = ()) -> Proof:
    """Examine the mutants of `names`, or all, on all cores; only with all is a clause called toothless.

    Each clause is tried on the reference first, with a witness; each mutant is then held to the clauses where
    it would decide otherwise. Both keys are made once, before the processes part.
    """
    run_key(), other_key()
    book = list(catalogue().clauses)
    forked = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=forked) as pool:
        noticed = dict(zip(book, pool.map(noticed_by, book), strict=True))
        held = {
            name: [clause for clause in book if name in noticed[clause]]
            for name in names or catalogue_of_mutants()
        }
        found = list(pool.map(autopsy, held, held.values()))
    bitten = frozenset().union(*(each.caught for each in found))
    musts = [each.id for each in catalogue().clauses.values() if each.level == "must"]
    return Proof(found, () if names else [clause for clause in musts if clause not in bitten])
