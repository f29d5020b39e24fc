"""The fault proxy: the proof on any target, in this process, over a socket and on a launched server."""

import json
from pathlib import Path

import pytest

from contract.harness.jose import run_key
from contract.harness.selfproof import runner as proof
from contract.harness.selfproof import subjects
from contract.harness.spec import catalogue
from contract.harness.targets import Target
from contract.harness.targets.faults import faults
from tests.process.test_clearing_up import NOTHING, left
from tests.support.command import COMMAND, KEY_VARIABLE, Check, run_here, run_process
from tests.support.deployments import deployed
from tests.support.rows import rows

FAULTS = faults()
BOOK = catalogue().clauses
LAUNCHED = f"exec:{COMMAND} serve"
SEEN_THROUGH = ["AnswersTwice", "RotationGivesADay", "SwallowsRevocations", "PublishesNoKey"]
NOBODY = "rak" + "_of-nobody"


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    """The private key of what `deployed` serves, in a file."""
    file = tmp_path / "key.pem"
    file.write_text(run_key().private_pem)
    return str(file)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_says_what_it_does_and_who_sees_it(name: str) -> None:
    """It has a sentence, and declares clauses that there are."""
    fault = FAULTS[name]
    assert (fault.__doc__ or "").endswith(".")
    assert fault.breaks
    assert fault.breaks | fault.may_also <= set(BOOK)
    assert not fault.breaks & fault.may_also


def test_there_are_twenty_at_least() -> None:
    """The proof on a stranger is as broad as was promised, and every chapter has a part in it."""
    assert len(FAULTS) >= 20
    bitten = {clause.split("-")[0] for fault in FAULTS.values() for clause in fault.breaks}
    # What the chapter API tests has faults in the reference alone: a proxy does not know its document.
    assert bitten == set(catalogue().chapters) - {"API"}


@pytest.mark.proof
def test_the_proof_stands_on_the_reference_in_process(tmp_path: Path) -> None:
    """Every fault is killed by exactly the clauses that it declares."""
    ended = run_process(["mutants", "--on", "reference"], tmp_path, {})
    assert f"The proof stands: {len(FAULTS)} faults, {len(FAULTS)} killed" in ended.out, ended.said
    assert ended.code == 0


@pytest.mark.proof
def test_the_proof_stands_over_a_socket(tmp_path: Path, key_file: str) -> None:
    """With the deployment's key it stands on a URL, as far as the clauses can be tested there."""
    report = tmp_path / "proof.json"
    with deployed() as there:
        words = ["--on", there.url, "--signing-key", key_file, "--json", str(report)]
        ended = run_process(["mutants", *words], tmp_path, {KEY_VARIABLE: there.key})
    assert "The proof stands" in ended.out, ended.said
    assert ended.code == 0
    rows = {row["name"]: row for row in json.loads(report.read_text())["proof"]["mutants"]}
    judged = {each for each in FAULTS["AnswersTwice"].breaks if "clock" not in BOOK[each].needs}
    assert set(rows["AnswersTwice"]["caught"]) == judged
    assert rows["RefusesEveryBearer"]["caught"] == ["JWKS-08"]


@pytest.mark.usefixtures("loopback_reserved")
@pytest.mark.parametrize("name", rows({name: name for name in SEEN_THROUGH}, proof=SEEN_THROUGH[1:]))
def test_a_launched_server_behind_a_fault_is_seen_through(name: str) -> None:
    """The same clauses see the same faults before a server that runs in a process of its own."""
    proof.examine(subjects.faults_on(Target("launched", LAUNCHED)))
    trial = proof.Trial(name, dict.fromkeys(FAULTS[name].breaks, 0))
    (found,) = proof.mutant_results([trial], frozenset(BOOK))
    assert found.exact


def test_check_tries_what_is_behind_a_proxy(check: Check) -> None:
    """The report is of the kind of target that it stands before, and names the proxy."""
    said = check("proxy:LivesADayAtMost->reference", "--clause", "TTL-01")
    assert said.code == 1
    assert said.target["kind"] == "reference"
    assert said.target["name"] == "proxy:LivesADayAtMost->reference"
    assert set(said.outcomes("TTL-01").values()) == {"fail"}
    assert any("86400 s" in why for why in said.whys("fail"))


@pytest.mark.parametrize(
    "name",
    rows(
        {name: name for name in ("SwallowsDeletions", "SwallowsRevocationsOfKeys", "SwallowsRevocations")},
        proof=("SwallowsRevocationsOfKeys", "SwallowsRevocations"),
    ),
)
def test_what_a_run_made_behind_a_proxy_is_taken_away(check: Check, key_file: str, name: str) -> None:
    """A fault that swallows what takes away stands aside when the run clears up."""
    with deployed() as there:
        spec = f"proxy:{name}->{there.url}"
        said = check(spec, "--signing-key", key_file, "--clause", "REV-0[123]", key=there.key)
        after = left(there)
    assert said.code == 1
    assert said.target["leftovers"] == []
    assert after == NOTHING


USAGE = {
    "an unknown fault": (["check", "proxy:Nobody->reference"], "unknown fault 'Nobody'"),
    "no target": (["check", "proxy:AnswersTwice"], "write proxy:FAULT->TARGET"),
    "an empty target": (["check", "proxy:AnswersTwice-> "], "write proxy:FAULT->TARGET"),
    "a target that is none": (["check", "proxy:AnswersTwice->ftp://x"], "is no target"),
    "no key to sign with": (["check", "proxy:AnswersTwice->http://127.0.0.1:9"], "--signing-key FILE"),
    "an unknown name": (["mutants", "--on", "reference", "NoCap"], "mutants --on TARGET --list"),
    "a stranger's host": (
        ["mutants", "--on", "https://staging.example"],
        "give a target on loopback or exec:COMMAND",
    ),
}


@pytest.mark.parametrize(("words", "sentence"), USAGE.values(), ids=USAGE)
def test_bad_usage_is_one_clear_sentence(tmp_path: Path, words: list[str], sentence: str) -> None:
    """Exit code 2, and what to write instead."""
    ended = run_here(words, tmp_path, {KEY_VARIABLE: NOBODY})
    assert ended.code == 2
    assert sentence in ended.said
    assert "Traceback" not in ended.said


def test_the_list_names_every_fault(tmp_path: Path) -> None:
    """`--list` says of each what it does, and opens nothing."""
    ended = run_here(["mutants", "--on", "reference", "--list"], tmp_path, {})
    assert [line.split(":")[0] for line in ended.out.splitlines()] == list(FAULTS)
