"""The self-proof: the contract run against every mutant, and the clauses that each of them failed."""

import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from contract.harness.errors import TargetError
from contract.harness.jose import other_key, run_key
from contract.harness.run import CaseResult, Settings, TargetReport, run_contract
from contract.harness.selfproof.results import MAY_ALSO, MutantResult, Proof, Witnessed
from contract.harness.selfproof.subjects import Subjects
from contract.harness.selfproof.workers import Workers, workers
from contract.harness.spec import catalogue

# The chapters' own rows kill each mutant; generated values look for what nobody thought of. And in this
# process a race has the same result with two requests and with 25.
SMALL: Mapping[str, Any] = {"fuzz_examples": 0, "polite": True}
# So many mutants are tried with all clauses: the witness, which finds out which clauses could notice a
# mutant, costs as much as two of these runs.
FEW = 2
# A mutant that so many clauses notice differs in nearly every response: of those that it does not declare one
# case of each test is tried.
BROAD = 30
# Held here for the processes that are forked: a target holds what can't be sent to them.
_subjects: Subjects


def mutant_result(
    name: str,
    clauses: Mapping[str, int],
    judged: frozenset[str],
    sampled: Mapping[str, str] = MappingProxyType({}),
) -> MutantResult:
    """Run the contract against the mutant of this name, with `clauses`.

    The number beside a clause says how many of its first cases are passed over. `judged` are the clauses that
    can be judged on the target: of what a mutant declares, no others are counted. Those in `sampled` are
    tried at the endpoint beside them alone, as `Settings.sampled` says.
    """
    if not clauses:
        return _result(name, judged, None)
    target = replace(_subjects.broken(name), clauses=tuple(clauses))
    settings = Settings(
        targets=(target,),
        first_failure_only=True,
        skip_first={target.name: clauses},
        sampled={target.name: sampled},
        sampled_cases=1 if len(sampled) > BROAD else Settings.sampled_cases,
        **SMALL,
    )
    (report,) = run_contract(settings)
    return _result(name, judged, report)


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
    places: dict[str, str] = {}
    shapes: dict[tuple[str, str], str | None] = {}
    cases = itertools.count()

    def record(_target: str, row: CaseResult) -> None:
        number = next(cases)
        new = noticed - first.keys()
        first.update(dict.fromkeys(new, number))
        if row.endpoint is not None:
            test = row.case.partition("[")[0]
            is_first = row.shape == shapes.setdefault((test, row.endpoint), row.shape)
            place = row.endpoint if is_first else f"{row.endpoint}/{row.shape}"
            places.update(dict.fromkeys(new, place))

    target = _subjects.watched(noticed)
    (report,) = run_contract(Settings(targets=(target,), clauses=(clause,), **SMALL), record)
    if report.problem:
        raise TargetError(report.problem)
    for each in report.results:
        if each.outcome not in ("pass", "not_tried"):
            return Witnessed(tried=False, noticed={}, failure=each.why)
    endpoints = tuple(dict.fromkeys(endpoint for _, endpoint in shapes))
    return Witnessed(any(each.outcome == "pass" for each in report.results), first, places, endpoints)


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
            found, left_out = _with_a_witness(pool, subjects, chosen, in_full=in_full)
    caught = frozenset().union(*(each.caught for each in found))
    musts = [each.id for each in catalogue().clauses.values() if each.level == "must"]
    complete = subjects.complete and not names
    uncovered = [each for each in musts if each not in caught] if complete else []
    return Proof(subjects.are, found, complete, uncovered, left_out)


def _with_all_clauses(pool: Workers, names: Sequence[str], number: int) -> list[MutantResult]:
    """Try each mutant with every clause, in as many parts as there are workers."""
    book = list(catalogue().clauses)
    parts = [dict.fromkeys(book[start::number], 0) for start in range(number)]
    tasks = [(name, part) for name in names for part in parts]
    done = list(pool.map(mutant_result, *zip(*tasks, strict=True), itertools.repeat(frozenset(book))))
    return [_merged([each for each in done if each.name == name]) for name in names]


def _merged(parts: Sequence[MutantResult]) -> MutantResult:
    return replace(
        parts[0],
        caught=frozenset().union(*(each.caught for each in parts)),
        errors=frozenset().union(*(each.errors for each in parts)),
        problem=next((each.problem for each in parts if each.problem), None),
    )


def _with_a_witness(
    pool: Workers, subjects: Subjects, names: Sequence[str], *, in_full: bool
) -> tuple[list[MutantResult], dict[str, str]]:
    """Try each clause without a mutant, with a witness; then each mutant with the clauses that notice it.

    Most of these clauses pass, and that is most of the work of a proof. So, unless `in_full`, one that a
    mutant does not declare is tried at one endpoint with one body shape, unless these are what makes the
    difference, with few cases of each test, and without what takes many requests. Return the clauses that the
    target itself does not keep, too: no mutant is judged by them.
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
    sampled = {
        name: {
            clause: endpoint
            for clause in held[name]
            if not in_full
            and clause not in _declared(subjects, name)
            and (endpoint := seen[clause].sample(name, clause)) is not None
        }
        for name in names
    }
    # The long ones first, so that no core waits for the other at the end.
    queue = sorted(held, key=lambda name: len(held[name]), reverse=True)
    tried = pool.map(
        mutant_result,
        queue,
        (held[name] for name in queue),
        itertools.repeat(judged),
        (sampled[name] for name in queue),
    )
    done = dict(zip(queue, tried, strict=True))
    failed = {clause: seen[clause].failure for clause in book if seen[clause].failure}
    return [done[name] for name in held], failed


def _is_held(witnessed: Witnessed, clause: str, name: str, declared: frozenset[str]) -> bool:
    """Say whether a mutant is tried with a clause: if that notices it, and a broad one if it is declared.

    One that judges the exchanges of other clauses notices more beside them than alone.
    """
    return clause in declared if clause in MAY_ALSO else name in witnessed.noticed


def examine(subjects: Subjects) -> None:
    """Choose what `witness` and `mutant_result` are about in this process."""
    global _subjects
    _subjects = subjects
