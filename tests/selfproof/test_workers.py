"""The processes of a proof: they end with their parent, and few mutants need no witness."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from contract.harness.errors import TargetError
from contract.harness.selfproof import report, runner
from contract.harness.selfproof.results import Witnessed
from contract.harness.selfproof.subjects import faults_on, mutants
from contract.harness.selfproof.workers import workers
from contract.harness.spec import catalogue
from contract.harness.targets import Target
from tests.support.command import COMMAND, environment, patience, run_python


@pytest.fixture
def proof(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A whole proof under way, with its workers; what it prints goes into a pipe."""
    pipe, env = subprocess.PIPE, environment({})
    process = subprocess.Popen(
        [COMMAND, "mutants"], env=env, cwd=tmp_path, stdout=pipe, stderr=subprocess.STDOUT
    )
    workers_seen: list[psutil.Process] = []
    try:
        until = time.monotonic() + patience()
        while len(workers_seen) < (os.cpu_count() or 1):
            assert process.poll() is None
            assert time.monotonic() < until, "no workers were forked"
            time.sleep(0.02)
            workers_seen = psutil.Process(process.pid).children()
        yield process
    finally:
        for each in workers_seen:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.mark.parametrize(
    "number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda each: each.name
)
def test_workers_end_with_their_parent_and_let_go_of_its_output(
    proof: subprocess.Popen[bytes], number: signal.Signals
) -> None:
    """However it ends, `mutants | tee log` ends too, and no process is left."""
    children = psutil.Process(proof.pid).children()
    assert children
    proof.send_signal(number)
    said, _ = proof.communicate(timeout=patience(20))
    _, alive = psutil.wait_procs(children, timeout=patience(20))
    assert alive == []
    if number != signal.SIGKILL:
        assert proof.returncode == 2
        assert said.decode().splitlines()[-1:] == ["relayauth-contract: no verdict: interrupted"]


FEW_CLAUSES = """
import os, psutil, signal, threading
from dataclasses import replace
from contract.harness.jose import SigningKey
from contract.harness.selfproof import runner, subjects
from contract.harness.spec import catalogue

few = replace(catalogue(), clauses={"TTL-02": catalogue()["TTL-02"], "TTL-05": catalogue()["TTL-05"]})
runner.catalogue = lambda: few
"""
WATCHED = """
plain = SigningKey.generate
def generate():
    print("generated in", threading.current_thread().name, flush=True)
    return plain()
SigningKey.generate = generate
os.register_at_fork(before=lambda: print("threads", psutil.Process().num_threads(), flush=True))
print("stands", runner.prove(subjects.mutants(), ["NoCap"]).stands)
"""
INTERRUPTED = """
os.register_at_fork(after_in_parent=lambda: signal.raise_signal(signal.SIGTERM))
try:
    runner.prove(subjects.mutants(), ["NoCap"])
except KeyboardInterrupt:
    print("interrupted")
"""


def proof_with(script: str, folder: Path) -> list[str]:
    """What a process prints that proves a mutant in this way."""
    ended = run_python(["-c", FEW_CLAUSES + script], folder)
    assert ended.code == 0, ended.said
    return ended.out.splitlines()


def test_workers_are_forked_where_no_other_thread_is_or_was(tmp_path: Path) -> None:
    """A thread that makes a key may hold a lock of OpenSSL, and then a worker hangs at its first key."""
    said = proof_with(WATCHED, tmp_path)
    number = os.cpu_count() or 1
    assert said == ["generated in MainThread"] * 2 + ["threads 1"] * number + ["stands True"]


def test_a_signal_that_arrives_at_a_fork_is_not_lost(tmp_path: Path) -> None:
    """Python drops what a handler raises there; the proof would go on, deaf to all further signals."""
    assert proof_with(INTERRUPTED, tmp_path) == ["interrupted"]


def _nothing(_: object) -> None:
    """Prepare nothing."""


def _end(_: int) -> None:
    os._exit(1)


def test_a_worker_that_is_ended_from_outside_is_one_sentence() -> None:
    """As when the machine is out of memory."""
    with pytest.raises(TargetError, match="is there enough memory"), workers(1, _nothing, None) as pool:
        list(pool.map(_end, [1]))


@pytest.fixture
def few_clauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue of a few clauses: what is tested here is the proof, not the contract."""
    chosen = ("TTL-01", "TTL-02", "TTL-05", "SES-01", "SES-02")
    few = replace(catalogue(), clauses={name: catalogue()[name] for name in chosen})
    monkeypatch.setattr(runner, "catalogue", lambda: few)


@pytest.mark.usefixtures("few_clauses")
def test_one_mutant_is_tried_with_all_clauses_and_without_a_witness(monkeypatch: pytest.MonkeyPatch) -> None:
    """A witness of every clause takes longer than the mutant itself; a name given twice is one."""

    def never(_: str) -> Witnessed:
        raise AssertionError

    monkeypatch.setattr(runner, "witness", never)
    found = runner.prove(mutants(), ["NoCap", "NoCap"])
    (result,) = found.mutant_results
    assert result.caught == {"TTL-02", "TTL-05"}
    assert (result.exact, found.stands, found.uncovered) == (True, True, [])


@pytest.mark.usefixtures("few_clauses")
@pytest.mark.parametrize(
    "declared", [{"TTL-02"}, {"TTL-02", "TTL-05", "SES-01"}], ids=["too little", "too much"]
)
def test_a_mutant_that_declares_wrongly_is_found_without_a_witness(
    monkeypatch: pytest.MonkeyPatch, declared: set[str]
) -> None:
    """Both directions count, as with one."""
    monkeypatch.setattr(mutants().known["NoCap"], "breaks", frozenset(declared))
    assert not runner.prove(mutants(), ["NoCap"]).stands


@pytest.mark.proof
@pytest.mark.usefixtures("few_clauses")
def test_clauses_that_the_target_does_not_keep_are_left_out_and_named() -> None:
    """A proof on a deployment with failures of its own judges by the clauses that hold there."""
    found = runner.prove(faults_on(Target("mutant:NoCap", "mutant:NoCap")), ["AnswersTwice"])
    assert (found.stands, list(found.left_out)) == (True, ["TTL-02", "TTL-05"])
    assert found.mutant_results[0].declared == {"SES-01", "SES-02"}
    first, _, killed, verdict = report.lines(found)
    assert first.startswith("left out  TTL-02, which the target itself does not keep: ")
    assert "7776001 s" in first
    assert killed.split()[:2] == ["killed", "AnswersTwice"]
    assert (
        "1 fault, 1 killed by exactly the clauses that it declares, 0 survived, 2 clauses left out."
        in verdict
    )


def test_nothing_is_proved_where_no_clause_holds() -> None:
    """A target that can't be tested at all is no proof of anything."""
    with pytest.raises(TargetError, match="there is no mutant 'Nobody'"):
        runner.prove(faults_on(Target("mutant:Nobody", "mutant:Nobody")))
