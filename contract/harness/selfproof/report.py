"""The self-proof as a kill matrix: each mutant, what caught it, who survived, which clause never bit."""

import json
from collections.abc import Iterable

from contract.harness.selfproof.runner import MutantResult, Proof


def lines(proof: Proof) -> Iterable[str]:
    """Yield the matrix line by line, and the verdict last."""
    width = max(len(each.name) for each in proof.mutant_results)
    for each in proof.mutant_results:
        yield f"{_state(each):<9} {each.name:<{width}}  {', '.join(sorted(each.caught)) or '-'}"
        yield from (f"{'':<9} {fault}" for fault in _faults(each))
    for clause in proof.uncovered:
        yield f"toothless {clause}: no mutant breaks this must"
    exact = sum(each.exact for each in proof.mutant_results)
    survived = sum(each.survived for each in proof.mutant_results)
    unseen = sum(each.unseen for each in proof.mutant_results)
    yield (
        f"The proof {'stands' if proof.stands else 'does not stand'}: "
        f"{len(proof.mutant_results)} {proof.of}, "
        f"{exact} killed by exactly the clauses they declare, {survived} survived"
        + (f", {unseen} not tried" if unseen else "")
        + (f", {len(proof.uncovered)} musts without teeth." if proof.complete else ".")
    )


def _state(autopsy: MutantResult) -> str:
    if autopsy.unseen:
        return "not tried"
    if autopsy.survived:
        return "SURVIVED"
    return "killed" if autopsy.exact else "INEXACT"


def _faults(autopsy: MutantResult) -> Iterable[str]:
    if autopsy.exact:
        return
    if autopsy.unseen:
        yield "the target lets no clause be tried that could see it"
        return
    yield f"its slip: {autopsy.sentence}"
    if missing := autopsy.declared - autopsy.caught:
        yield f"declared, but did not fail: {', '.join(sorted(missing))}"
    if extra := autopsy.caught - autopsy.declared:
        yield f"failed, but is not declared: {', '.join(sorted(extra))}"
    if autopsy.problem:
        yield autopsy.problem


def as_json(proof: Proof) -> str:
    """Return the proof as JSON text, schema 1."""
    document = {
        "schema": 1,
        "stands": proof.stands,
        "mutants": [
            {
                "name": each.name,
                "sentence": each.sentence,
                "declared": sorted(each.declared),
                "caught": sorted(each.caught),
                "errors": sorted(each.errors),
                "exact": each.exact,
                "problem": each.problem,
            }
            for each in proof.mutant_results
        ],
        "toothless": list(proof.uncovered),
    }
    return json.dumps(document, indent=2) + "\n"
