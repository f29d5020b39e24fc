"""Several processes try the cases of a run: what they find is what one finds, and none of them is left."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.command import COMMAND, environment, patience, run_program, run_python
from tests.support.room import until

FEW = "TTL-0[1256],SEC-07,API-01"
"""More than a hundred cases, those that judge the whole run among them."""
Found = list[tuple[str, str | None, str, list[tuple[str, str, int]]]]


def found(folder: Path, processes: int) -> tuple[Found, dict[str, Any]]:
    """What a run against a mutant found case by case, with the number of exchanges kept, and its target."""
    words = ["check", "mutant:NoCap", "--clause", FEW, "--processes", str(processes), "--json", "result.json"]
    ended = run_program([COMMAND, *words], folder, {})
    assert ended.code == 1, ended.said
    (target,) = json.loads((folder / "result.json").read_text())["targets"]
    rows = [
        (
            row["clause"],
            row["endpoint"],
            row["outcome"],
            [(case["id"], case["outcome"], len(case.get("transcript", ()))) for case in row["cases"]],
        )
        for row in target["results"]
    ]
    return rows, target


@pytest.mark.proof
def test_two_processes_find_what_one_finds(tmp_path: Path) -> None:
    """The same outcomes of the same cases in the same order, with the exchanges of what failed."""
    rows, alone = found(tmp_path, 1)
    same_rows, together = found(tmp_path, 2)
    assert same_rows == rows
    assert sum(number for *_, cases in rows for _, _, number in cases) > 0
    assert {name for name in alone if alone[name] != together[name]} <= {"requests", "results", "fingerprint"}
    # Each opens the target for itself.
    assert together["requests"] > alone["requests"]


FORKS = """
import os, sys, threading
from contract.harness.run import Settings, run_contract
from contract.harness.run.signals import ENDING

os.register_at_fork(before=lambda: print("forks", file=sys.stderr))
if sys.argv[1] == "with a thread":
    threading.Thread(target=threading.Event().wait, daemon=True).start()
(report,) = run_contract(Settings(clauses=("TTL-01", "TTL-05", "TTL-06"), processes=2))
print(report.sentence)
"""


@pytest.mark.parametrize(("threads", "forks"), [("with no thread", 2), ("with a thread", 0)])
def test_a_process_with_other_threads_does_not_fork(tmp_path: Path, threads: str, forks: int) -> None:
    """They may hold locks, and nobody would release them in the new process; the run has its verdict."""
    ended = run_python(["-c", FORKS, threads], tmp_path)
    assert ended.out == "Conforms: reference, 12 of 12 checks passed.\n"
    assert ended.err.splitlines() == ["forks"] * forks


INTERRUPTED = """
import os, signal, sys
from contract.harness.run import Settings, run_contract

os.register_at_fork(**{sys.argv[1]: lambda: os.kill(os.getpid(), signal.SIGTERM)})
(report,) = run_contract(Settings(clauses=("TTL-01", "TTL-05", "TTL-06"), processes=2))
print(report.sentence)
"""


@pytest.mark.parametrize("where", ["before", "after_in_parent", "after_in_child"])
def test_a_signal_that_arrives_at_a_fork_is_not_lost(tmp_path: Path, where: str) -> None:
    """Python drops what a handler raises there, and the process would go on, deaf to all further signals."""
    ended = run_python(["-c", INTERRUPTED, where], tmp_path)
    assert "; the run was interrupted" in ended.out
    assert "0 of 0 checks passed" in ended.out
    assert ended.err == ""


SIGNATURES = """
import re, sys
from contract.harness.redaction import scrub
from contract.harness.run import Settings, run_contract
from contract.harness.targets import Target

def show(_, row):
    for response in row.transcript:
        for signature in re.findall(r"eyJ[\\w-]+[.][\\w-]+[.]([\\w-]+)", response.content.decode()):
            print(signature in scrub(signature), file=sys.stderr)

target = Target("mutant:NoCap", "mutant:NoCap")
run_contract(Settings(targets=(target,), clauses=("TTL-01", "TTL-02", "TTL-05"), processes=2), show)
"""


def test_what_is_told_of_a_case_is_known_to_be_secret(tmp_path: Path) -> None:
    """A signature alone has no shape: the process that shows a case learns it with the case."""
    ended = run_python(["-c", SIGNATURES], tmp_path)
    assert set(ended.err.splitlines()) == {"False"}, ended.said


ONCE = """
import fcntl, os, sys
lock = os.open("lock", os.O_CREAT | os.O_RDWR)
fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
os.set_inheritable(lock, True)
os.execv(sys.argv[1], [sys.argv[1], "serve"])
"""


def test_a_command_that_can_be_started_only_once_is_tried_by_one(tmp_path: Path) -> None:
    """What the other process can't open, the first one tries."""
    (tmp_path / "once.py").write_text(ONCE)
    command = f"exec:{sys.executable} {tmp_path / 'once.py'} {COMMAND}"
    ended = run_program(
        [COMMAND, "check", command, "--clause", "TTL-0[125]", "--processes", "2"], tmp_path, {}
    )
    assert "12 of 12 checks passed" in ended.out, ended.said


@pytest.fixture
def run(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A whole run with two processes under way."""
    pipe, env = subprocess.PIPE, environment({}, tmp_path)
    words = [COMMAND, "check", "--processes", "2"]
    process = subprocess.Popen(words, env=env, cwd=tmp_path, stdout=pipe, stderr=subprocess.STDOUT, text=True)
    try:
        until(lambda: len(children(process)) == 2, what="two processes were forked", alive=process)
        yield process
    finally:
        for each in children(process):
            each.kill()
        process.kill()
        process.wait()


def children(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    """The processes that it has started."""
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda each: each.name)
def test_the_processes_end_with_the_one_that_started_them(
    run: "subprocess.Popen[str]", stop: signal.Signals
) -> None:
    """However it ends, nothing holds its output open, and there is a verdict if it could give one."""
    started = children(run)
    run.send_signal(stop)
    said, _ = run.communicate(timeout=patience())
    _, alive = psutil.wait_procs(started, timeout=patience())
    assert alive == []
    if stop != signal.SIGKILL:
        assert run.returncode == 2
        assert "the run was interrupted" in said
        assert "Traceback" not in said


@pytest.mark.proof
def test_a_process_that_is_ended_from_outside_leaves_no_verdict(run: "subprocess.Popen[str]") -> None:
    """As when the machine is out of memory: what it would have tried has no result."""
    os.kill(children(run)[0].pid, signal.SIGKILL)
    said, _ = run.communicate(timeout=patience(30))
    assert run.returncode == 2
    assert "No verdict: reference" in said
    assert "a process of the run was ended from outside: is there enough memory?" in said.replace("\n", " ")
