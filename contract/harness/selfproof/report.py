"""The self-proof as a kill matrix: each mutant, the clauses that killed it, and the uncovered clauses."""

import os
from collections.abc import Iterable
from datetime import datetime
from importlib.metadata import version
from typing import Any

from contract.harness.reports.result_document import Occasion, commit, head
from contract.harness.selfproof.results import MutantResult, Proof


def lines(proof: Proof) -> Iterable[str]:
    """Yield the matrix line by line, and the verdict last."""
    for clause, why in proof.left_out.items():
        yield f"left out  {clause}, which the target itself does not keep: {why}"
    width = max(len(each.name) for each in proof.mutant_results)
    for each in proof.mutant_results:
        yield f"{_state(each):<9} {each.name:<{width}}  {', '.join(sorted(each.caught)) or '-'}"
        yield from (f"{'':<9} {fault}" for fault in _faults(each))
    for clause in proof.uncovered:
        yield f"uncovered {clause}: no mutant breaks this must"
    yield _verdict(proof)


def _verdict(proof: Proof) -> str:
    results = proof.mutant_results
    exact = sum(each.exact for each in results)
    unseen = sum(each.unseen for each in results)
    parts = [
        _counted(len(results), proof.of),
        f"{exact} killed by exactly the clauses {'that it declares' if exact == 1 else 'they declare'}",
        f"{sum(each.survived for each in results)} survived",
    ]
    if unseen:
        parts.append(f"{unseen} could not be tried here")
    if proof.left_out:
        parts.append(f"{_counted(len(proof.left_out), 'clauses')} left out")
    if proof.complete:
        parts.append(_counted(len(proof.uncovered), "uncovered clauses"))
    return f"The proof {'stands' if proof.stands else 'does not stand'}: {', '.join(parts)}."


def _counted(number: int, things: str) -> str:
    return f"{number} {things.removesuffix('s') if number == 1 else things}"


def _state(result: MutantResult) -> str:
    if result.unseen:
        return "not tried"
    if result.survived:
        return "SURVIVED"
    return "killed" if result.exact else "INEXACT"


def _faults(result: MutantResult) -> Iterable[str]:
    if result.exact:
        return
    if result.unseen:
        yield "no clause that could notice it can be judged on the target"
        return
    yield f"what it does: {result.sentence}"
    if missing := result.declared - result.caught:
        yield f"declared, but did not fail: {', '.join(sorted(missing))}"
    if extra := result.caught - result.declared - result.may_also:
        yield f"failed, but not declared: {', '.join(sorted(extra))}"
    if result.problem:
        yield result.problem


def document(proof: Proof, started: datetime, seconds: float) -> dict[str, Any]:
    """Return the proof as a result of schema 2 (docs/result.md)."""
    return {
        **head(Occasion(started, seconds, version("relayauth-contract"))),
        "seed": None,
        "verdict": "holds" if proof.stands else "broken",
        "selection": {},
        "profile": None,
        "interrupted": False,
        "commit": commit(os.environ),
        "targets": [],
        "proof": {
            "of": proof.of,
            "stands": proof.stands,
            "complete": proof.complete,
            "mutants": [
                {
                    "name": each.name,
                    "sentence": each.sentence,
                    "declared": sorted(each.declared),
                    "caught": sorted(each.caught),
                    "errors": sorted(each.errors),
                    "may_also": sorted(each.may_also),
                    "exact": each.exact,
                    "problem": each.problem,
                }
                for each in proof.mutant_results
            ],
            "toothless": list(proof.uncovered),
            "leftOut": dict(proof.left_out),
        },
    }
