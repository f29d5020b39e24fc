"""The self-proof: mutants are killed by exactly what they declare, and every must bites."""

import json
from pathlib import Path

import pytest

from contract.harness.spec import catalogue
from reference_impl.mutants import Mutant, leaves, mutants
from reference_impl.mutants.witness import overridden
from tests.support.command import run_process

MUTANTS = mutants()
BOOK = catalogue().clauses


def test_a_mutant_breaks_one_decision_and_says_so() -> None:
    """It overrides exactly one method of the rules, has a sentence for it, and declares clauses."""
    for name, mutant in MUTANTS.items():
        assert overridden(mutant), name  # fails to unpack if it is none, or several
        assert (mutant.__doc__ or "").endswith("."), name
        assert mutant.breaks, name
        assert mutant.breaks <= set(BOOK), name


@pytest.mark.parametrize("clause", [each.id for each in BOOK.values() if each.level == "must"])
def test_every_must_has_a_mutant_that_it_reports_first_or_alone(clause: str) -> None:
    """Some mutant that breaks it breaks nothing that stands before it in the catalogue."""
    order = list(BOOK)
    firsts = {min(mutant.breaks, key=order.index) for mutant in MUTANTS.values()}
    assert clause in firsts


def test_there_are_220_at_least() -> None:
    """The proof is as broad as was promised."""
    assert len(MUTANTS) >= 220


def test_no_two_mutants_have_one_name() -> None:
    """Of two with one name only one would be tried."""
    assert len(MUTANTS) == len([*leaves(Mutant)])


@pytest.mark.proof
@pytest.mark.parametrize("names", [("NoCap",), ()], ids=["one", "all"])
def test_the_proof_stands(tmp_path: Path, names: tuple[str, ...]) -> None:
    """`relayauth-contract mutants` exits 0, and its JSON has each mutant killed by what it declares."""
    report = tmp_path / "proof.json"
    ended = run_process(["mutants", *names, "--json", str(report)], tmp_path, {})
    assert "The proof stands" in ended.out.splitlines()[-1], ended.said
    assert ended.code == 0
    told = json.loads(report.read_text())["proof"]
    assert told["stands"] is True
    assert {row["name"]: set(row["caught"]) - set(row["may_also"]) for row in told["mutants"]} == {
        name: set(MUTANTS[name].breaks) for name in names or MUTANTS
    }


def test_a_mutant_that_declares_wrongly_fails_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """Declared and observed must be equal: more is as wrong as less."""
    from contract.harness.selfproof import runner as proof
    from contract.harness.selfproof import subjects

    proof.examine(subjects.mutants())
    mutant = MUTANTS["TextByItsPrefix"]
    trial = proof.Trial("TextByItsPrefix", {"TTL-01": 0, "TTL-07": 0})
    judged = frozenset(trial.clauses)
    assert [each.exact for each in proof.mutant_results([trial], judged)] == [True]
    monkeypatch.setattr(mutant, "breaks", mutant.breaks | {"TTL-01"})
    assert [each.exact for each in proof.mutant_results([trial], judged)] == [False]


def test_a_mutant_that_nothing_notices_survives() -> None:
    """A slip that no clause would see is held to none, and is told as a survivor."""
    from contract.harness.selfproof import runner as proof
    from contract.harness.selfproof import subjects

    proof.examine(subjects.mutants())
    (found,) = proof.mutant_results([proof.Trial("NoCap", {})], frozenset(BOOK))
    assert found.survived
    assert not found.exact


WITNESSED = [
    "TTL-02",
    *(pytest.param(each, marks=pytest.mark.proof) for each in ("ROT-03", "SES-01", "SEC-07")),
]


@pytest.mark.proof
@pytest.mark.parametrize("clause", WITNESSED)
def test_what_the_witness_does_not_notice_the_clause_does_not_see(clause: str) -> None:
    """No mutant that was not noticed fails the clause: to leave it out leaves nothing out."""
    from contract.harness.selfproof import runner as proof
    from contract.harness.selfproof import subjects

    proof.examine(subjects.mutants())
    seen = proof.witness(clause)
    assert seen.tried
    assert {name for name, mutant in MUTANTS.items() if clause in mutant.breaks} <= set(seen.noticed)
    unnoticed = sorted(set(MUTANTS) - set(seen.noticed))[::12]
    assert unnoticed
    trials = [proof.Trial(name, {clause: 0}) for name in unnoticed]
    found = proof.mutant_results(trials, frozenset(BOOK))
    assert [each.name for each in found if each.caught] == []


@pytest.mark.parametrize(
    "clause", ["TTL-04", *(pytest.param(each, marks=pytest.mark.proof) for each in ("CLK-03", "ROT-06"))]
)
def test_what_is_passed_over_would_have_passed(clause: str) -> None:
    """Before the first case in which a slip shows, the guilty one answers as the innocent does."""
    from contract.harness.run import Settings
    from contract.harness.run import runner as runs
    from contract.harness.selfproof import runner as proof
    from contract.harness.selfproof import subjects

    on_trial = subjects.mutants()
    proof.examine(on_trial)
    late = {name: number for name, number in proof.witness(clause).noticed.items() if number}
    assert late
    for name in sorted(late)[:3]:
        outcomes: list[str] = []
        settings = Settings(targets=(on_trial.broken(name),), clauses=(clause,), **proof.SMALL)
        runs.run_contract(settings, lambda _target, row, outcomes=outcomes: outcomes.append(row.outcome))  # type: ignore[misc]
        assert set(outcomes[: late[name]]) == {"pass"}
