"""The self-proof: the contract run against every slip there is, and what each clause caught."""

import itertools
import math
import multiprocessing
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from contract.harness.errors import TargetError
from contract.harness.jose import other_key, run_key
from contract.harness.run import CaseResult, Settings, TargetReport, run_contract
from contract.harness.selfproof.subjects import Subjects
from contract.harness.spec import catalogue

# What the slips break is met by rows of its own; generated values are for those that nobody thought of. And a
# race in this process is decided alike with two and with 25.
SMALL: Mapping[str, Any] = {"fuzz_examples": 0, "polite": True}
# How many slips one run of the contract is for.
BATCH = 4
# Held here for the processes that are forked: a target holds what can't be sent to them.
_suspects: Subjects


@dataclass(frozen=True)
class MutantResult:
    """What became of one slip: the clauses that it declares, that failed, and that could not be tried.

    Of those that it declares only what the target lets be tried is counted.
    """

    name: str
    sentence: str
    declared: frozenset[str]
    caught: frozenset[str]
    errors: frozenset[str] = frozenset()
    problem: str | None = None

    @property
    def unseen(self) -> bool:
        """Say whether the target lets no clause be tried that could see it."""
        return not self.declared and not self.caught and not self.problem

    @property
    def survived(self) -> bool:
        """Say whether nobody noticed."""
        return not self.caught and not self.unseen

    @property
    def exact(self) -> bool:
        """Say whether exactly the declared clauses caught it."""
        return self.caught == self.declared and not self.problem and not self.unseen


@dataclass(frozen=True)
class Proof:
    """All autopsies, in the suspects' own order, and the musts that nothing breaks.

    `of` is what the suspects are; `complete` is true where every must had to bite.
    """

    of: str
    mutant_results: Sequence[MutantResult]
    complete: bool
    uncovered: Sequence[str] = ()

    @property
    def stands(self) -> bool:
        """Say whether every slip was caught by exactly what it declares, and every must bites."""
        caught = [each for each in self.mutant_results if not each.unseen]
        return bool(caught) and not self.uncovered and all(each.exact for each in caught)


@dataclass(frozen=True)
class Witnessed:
    """What a clause saw of the target without a slip: whether it was tried, and which slips would show.

    `noticed` has, for each of these, in how many of the first cases nothing showed yet.
    """

    tried: bool
    noticed: Mapping[str, int]


def mutant_results(held: Mapping[str, Mapping[str, int]], tried: frozenset[str]) -> list[MutantResult]:
    """Hold slips, by name, each to its clauses, without as many of their first cases as is said there.

    Of what a slip declares, `tried` is what the target lets be tried.
    """
    broken = {
        name: replace(_suspects.broken(name), clauses=tuple(clauses))
        for name, clauses in held.items()
        if clauses
    }
    skip_first = {target.name: held[name] for name, target in broken.items()}
    settings = Settings(targets=tuple(broken.values()), brief=True, skip_first=skip_first, **SMALL)
    reports = dict(zip(broken, run_contract(settings) if broken else (), strict=True))
    return [_autopsy(name, tried, reports.get(name)) for name in held]


def _autopsy(name: str, tried: frozenset[str], report: TargetReport | None) -> MutantResult:
    slip = _suspects.known[name]
    results = report.results if report else []
    return MutantResult(
        name=name,
        sentence=" ".join((slip.__doc__ or "").split()),
        declared=slip.breaks & tried,  # type: ignore[attr-defined]
        caught=frozenset(each.clause for each in results if each.outcome == "fail"),
        errors=frozenset(each.clause for each in results if each.outcome == "error"),
        problem=report.problem if report else None,
    )


def witness(clause: str) -> Witnessed:
    """Try `clause` on the target without a slip; all that is not noticed answers it as that target does.

    Raises `TargetError` if the target itself does not keep it: nothing can be proved on it.
    """
    noticed: set[str] = set()
    first: dict[str, int] = {}
    cases = itertools.count()

    def recorded(_target: str, _row: CaseResult) -> None:
        number = next(cases)
        first.update((name, number) for name in noticed - first.keys())

    target = _suspects.watched(noticed)
    (report,) = run_contract(Settings(targets=(target,), clauses=(clause,), **SMALL), recorded)
    if report.problem:
        raise TargetError(report.problem)
    for each in report.results:
        if each.outcome in ("fail", "error"):
            raise TargetError(f"{target.name} does not keep {clause} without any fault: {each.why}")
    return Witnessed(any(each.outcome == "pass" for each in report.results), first)


def prove(subjects: Subjects, names: Sequence[str] = ()) -> Proof:
    """Examine the suspects of `names`, or all, on all cores if they may; only with all is a clause toothless.

    Each clause is tried without a slip first, with a witness; each slip is then held to the clauses where it
    would show. Both keys are made once, before the processes part.
    """
    run_key(), other_key()
    book = list(catalogue().clauses)
    forked = multiprocessing.get_context("fork")
    workers = 1 if subjects.alone else os.cpu_count()
    with ProcessPoolExecutor(workers, mp_context=forked, initializer=examine, initargs=(subjects,)) as pool:
        seen = dict(zip(book, pool.map(witness, book), strict=True))
        tried = frozenset(clause for clause in book if seen[clause].tried)
        held = {
            name: {clause: seen[clause].noticed[name] for clause in book if name in seen[clause].noticed}
            for name in names or subjects.known
        }
        # Long and short ones in each batch, so that no core waits for the other at the end.
        queue = sorted(held, key=lambda name: len(held[name]), reverse=True)
        number = math.ceil(len(queue) / BATCH)
        batches = [{name: held[name] for name in queue[start::number]} for start in range(number)]
        done = {
            each.name: each for batch in pool.map(mutant_results, batches, [tried] * number) for each in batch
        }
    found = [done[name] for name in held]
    bitten = frozenset().union(*(each.caught for each in found))
    musts = [each.id for each in catalogue().clauses.values() if each.level == "must"]
    if not subjects.complete or names:
        return Proof(subjects.are, found, complete=False)
    return Proof(subjects.are, found, complete=True, uncovered=[each for each in musts if each not in bitten])


def examine(subjects: Subjects) -> None:
    """Choose what `witness` and `autopsies` are about in this process."""
    global _suspects
    _suspects = subjects
