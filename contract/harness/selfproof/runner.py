"""The self-proof: the contract run against every mutant, and the clauses that each of them failed."""

import itertools
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from contract.harness.errors import TargetError
from contract.harness.jose import other_key, run_key
from contract.harness.run import CaseResult, Sample, Settings, TargetReport, run_contract
from contract.harness.selfproof.results import MAY_ALSO, MutantResult, Place, Proof, Witnessed
from contract.harness.selfproof.subjects import Subjects
from contract.harness.selfproof.workers import Workers, workers
from contract.harness.spec import catalogue

# The chapters' own rows kill each mutant; generated values look for what nobody thought of. And in this
# process a race has the same result with two requests and with 25.
SMALL: Mapping[str, Any] = {"fuzz_examples": 0, "polite": True}
# So many mutants are tried with all clauses: the witness, which finds out which clauses could notice a
# mutant, costs as much as two of these runs.
FEW = 2
# A mutant that more clauses notice differs in most responses: of those that it does not declare one case is
# tried.
BROAD = 8
# So many mutants that no more clauses than this notice are tried in one run.
SHORT = 3
BATCH = 8
# Held here for the processes that are forked: a target holds what can't be sent to them.
_subjects: Subjects


@dataclass(frozen=True)
class Trial:
    """What the mutant of this name is tried with.

    The number beside a clause says how many of its first cases are passed over. Of those in `sampled` the
    sample is tried alone.
    """

    name: str
    clauses: Mapping[str, int]
    sampled: Mapping[str, Sample] = field(default_factory=dict)


def mutant_results(trials: Sequence[Trial], judged: frozenset[str]) -> list[MutantResult]:
    """Run the contract against mutants, one after another in one run.

    `judged` are the clauses that can be judged on the target: of what a mutant declares, no others are
    counted.
    """
    tried = [each for each in trials if each.clauses]
    targets = {each.name: replace(_subjects.broken(each.name), clauses=tuple(each.clauses)) for each in tried}
    settings = Settings(
        targets=tuple(targets.values()),
        first_failure_only=True,
        skip_first={targets[each.name].name: each.clauses for each in tried},
        sampled={targets[each.name].name: each.sampled for each in tried},
        **SMALL,
    )
    reports = dict(zip(targets, run_contract(settings) if targets else [], strict=True))
    return [_result(each.name, judged, reports.get(each.name)) for each in trials]


def _result(name: str, judged: frozenset[str], report: TargetReport | None) -> MutantResult:
    mutant = _subjects.known[name]
    results = report.results if report else []
    return MutantResult(
        name=name,
        sentence=" ".join((mutant.__doc__ or "").split()),
        declared=mutant.breaks & judged,  # type: ignore[attr-defined]
        caught=frozenset(each.clause for each in results if each.outcome == "fail"),
        errors=frozenset(each.clause for each in results if each.outcome == "error"),
        problem=report.problem if report else None,
        also=getattr(mutant, "may_also", frozenset()),
    )


def _declared(subjects: Subjects, name: str) -> frozenset[str]:
    declared: frozenset[str] = subjects.known[name].breaks  # type: ignore[attr-defined]
    return declared


def witness(clause: str) -> Witnessed:
    """Try `clause` on the target without a mutant; one that is not noticed would answer it in the same way.

    Raises `TargetError` if the target can't be tested at all.
    """
    noticed: set[str] = set()
    first: dict[str, int] = {}
    differs: dict[str, Place] = {}
    shapes: dict[Place, str | None] = {}
    cases = itertools.count()
    there: Counter[Place] = Counter()

    def record(_target: str, row: CaseResult) -> None:
        number = next(cases)
        new = noticed - first.keys()
        first.update(dict.fromkeys(new, number))
        place = Place(row.case.partition("[")[0], row.endpoint)
        if row.shape != shapes.setdefault(place, row.shape):
            place = replace(place, shape=row.shape)
        differs.update(dict.fromkeys(new, replace(place, number=there[place])))
        there[place] += 1

    target = _subjects.watched(noticed)
    (report,) = run_contract(Settings(targets=(target,), clauses=(clause,), **SMALL), record)
    if report.problem:
        raise TargetError(report.problem)
    for each in report.results:
        if each.outcome not in ("pass", "not_tried"):
            return Witnessed(tried=False, noticed={}, failure=each.why)
    tried = any(each.outcome == "pass" for each in report.results)
    return Witnessed(tried, first, differs, tuple(shapes))


def prove(subjects: Subjects, names: Sequence[str] = (), *, in_full: bool = False) -> Proof:
    """Run the contract against the mutants of `names`, or all, on all cores if they may run side by side.

    Only with all of them is a clause uncovered. Both keys are made once, before the processes are forked.
    With `in_full` the clauses that a mutant does not declare are tried with every case, as those that it
    declares always are.
    """
    run_key(), other_key()
    chosen = list(dict.fromkeys(names)) or list(subjects.known)
    number = 1 if subjects.alone else os.cpu_count() or 1
    with workers(number, examine, subjects) as pool:
        if subjects.sound and len(chosen) <= FEW:
            found = _with_all_clauses(pool, chosen, number)
            left_out: dict[str, str] = {}
        else:
            found, left_out = _with_a_witness(pool, subjects, chosen, number, in_full=in_full)
    caught = frozenset().union(*(each.caught for each in found))
    musts = [each.id for each in catalogue().clauses.values() if each.level == "must"]
    complete = subjects.complete and not names
    uncovered = [each for each in musts if each not in caught] if complete else []
    return Proof(subjects.are, found, complete, uncovered, left_out)


def _with_all_clauses(pool: Workers, names: Sequence[str], number: int) -> list[MutantResult]:
    """Try each mutant with every clause, in as many parts as there are workers."""
    book = list(catalogue().clauses)
    parts = [dict.fromkeys(book[start::number], 0) for start in range(number)]
    tasks = [[Trial(name, part)] for name in names for part in parts]
    done = [result for (result,) in pool.map(mutant_results, tasks, itertools.repeat(frozenset(book)))]
    return [_merged([each for each in done if each.name == name]) for name in names]


def _merged(parts: Sequence[MutantResult]) -> MutantResult:
    return replace(
        parts[0],
        caught=frozenset().union(*(each.caught for each in parts)),
        errors=frozenset().union(*(each.errors for each in parts)),
        problem=next((each.problem for each in parts if each.problem), None),
    )


def _with_a_witness(
    pool: Workers, subjects: Subjects, names: Sequence[str], number: int, *, in_full: bool
) -> tuple[list[MutantResult], dict[str, str]]:
    """Try each clause without a mutant, with a witness; then each mutant with the clauses that notice it.

    Most of these clauses pass, and that is most of the work of a proof. So, unless `in_full`, one that a
    mutant does not declare is tried at one endpoint with one body shape, unless these are what makes the
    difference, with few cases of each test, and without what takes many requests; one that many clauses
    notice, with one case of each of these clauses. Return the clauses that the target itself does not
    keep, too: no mutant is judged by them.
    """
    book = list(catalogue().clauses)
    seen = dict(zip(book, pool.map(witness, book), strict=True))
    judged = frozenset(clause for clause in book if seen[clause].tried)
    if not judged:
        raise TargetError("the target keeps no clause that could be tried: nothing can be proved on it")
    held = {
        name: {
            clause: seen[clause].noticed.get(name, 0)
            for clause in book
            if _is_held(seen[clause], clause, name, declared)
        }
        for name, declared in ((name, _declared(subjects, name)) for name in names)
    }
    trials = [
        Trial(name, clauses, {} if in_full else _samples(subjects, name, clauses, seen))
        for name, clauses in held.items()
    ]
    tried = itertools.chain(*pool.map(mutant_results, _batches(trials, number), itertools.repeat(judged)))
    done = {each.name: each for each in tried}
    failed = {clause: seen[clause].failure for clause in book if seen[clause].failure}
    return [done[name] for name in held], failed


def _samples(
    subjects: Subjects, name: str, held: Iterable[str], seen: Mapping[str, Witnessed]
) -> dict[str, Sample]:
    """Return the samples of the clauses that a mutant is tried with and does not declare."""
    others = [clause for clause in held if clause not in _declared(subjects, name)]
    samples = {clause: seen[clause].sample(name, clause, one_case=len(others) > BROAD) for clause in others}
    return {clause: sample for clause, sample in samples.items() if sample is not None}


def _batches(trials: Iterable[Trial], number: int) -> list[list[Trial]]:
    """Divide the trials among so many workers: the long ones first, and short ones together.

    To begin and to end a run takes as long as a few cases, and those of one clause are collected once.
    """
    longest = sorted(trials, key=lambda each: (-len(each.clauses), tuple(each.clauses)))
    alone = [[each] for each in longest if len(each.clauses) > SHORT]
    short = longest[len(alone) :]
    size = max(1, min(BATCH, len(short) // (4 * number)))
    return alone + [short[start : start + size] for start in range(0, len(short), size)]


def _is_held(witnessed: Witnessed, clause: str, name: str, declared: frozenset[str]) -> bool:
    """Say whether a mutant is tried with a clause: if that notices it, and a broad one if it is declared.

    One that judges the exchanges of other clauses notices more beside them than alone.
    """
    return clause in declared if clause in MAY_ALSO else name in witnessed.noticed


def examine(subjects: Subjects) -> None:
    """Choose what `witness` and `mutant_results` are about in this process."""
    global _subjects
    _subjects = subjects
