"""Tries the cases of one target in several processes, each on a server of its own.

Each takes the next test that none has taken, in the order of one process. What it shows goes to the process
that forked them, which judges the run as a whole and reports.
"""

import gc
import time
from pathlib import Path

import pytest

from contract.harness.jose import other_key, run_key
from contract.harness.run.items import group_of
from contract.harness.run.selection import case_id
from contract.harness.run.session import SURFACE_CLAUSE
from contract.harness.run.settings import Settings
from contract.harness.run.state import ContractRun
from contract.harness.targets import kind_of
from contract.harness.targets.proxy import PROXY

KINDS = ("reference", "mutant", "exec")
"""The kinds of target of which each process has a server of its own, with a database of its own."""
FEWEST = 100
"""Cases for which it pays to fork."""
WHOLE_RUN = "whole_run"
"""The mark of tests that judge what the other cases sent."""
LAST_THREADS = 0.5
"""Seconds in which the threads end that have generated the keys."""


def try_in_parallel(session: pytest.Session, run: ContractRun) -> bool:
    """Try the cases of `run` in several processes; say whether that was possible.

    With one target, of which each process can have a server of its own. What judges the whole run is tried
    at the end, in this process. A process with other threads must not fork: they may hold locks.
    """
    settings = run.settings
    if not _divides(settings) or len(session.items) < FEWEST:
        return False
    run_key(), other_key()
    if not _may_fork():
        return False
    # Here: most runs of a few cases fork nothing, and start without multiprocessing.
    from contract.harness.run.processes import Processes, try_each

    (target,) = run.targets.values()
    at_the_end = [item for item in session.items if item.get_closest_marker(WHOLE_RUN)]
    at_once = [item for item in session.items if item not in at_the_end]
    if SURFACE_CLAUSE in settings.chosen(target.target):
        from contract.harness.checks.api_document import schema

        schema()
    gc.freeze()
    try:
        with Processes(session, run, at_once, settings.processes) as processes:
            if not processes.number:
                return False
            processes.take_all()
        if at_the_end and not run.interrupted and target.problem is None:
            target.take_evidence()
            try_each(session, at_the_end)
    finally:
        order = {_place(item): number for number, item in enumerate(session.items)}
        target.cases.sort(key=lambda case: order[case.clause, case.case])
    return True


def _divides(settings: Settings) -> bool:
    """Say whether the run may be divided: not if it counts over all cases, or keeps examples in a file."""
    counts = settings.cases or settings.examples_file or settings.max_requests or settings.first_failure_only
    if settings.processes < 2 or counts or len(settings.targets) > 1:
        return False
    (target,) = settings.targets
    return kind_of(target.spec) in KINDS and not target.spec.startswith(PROXY)


def _may_fork() -> bool:
    """Say whether this process can be forked, and has one thread; one that is about to end is waited for.

    A thread that Python counts no more may still hold a lock of OpenSSL: the system counts it.
    """
    threads, until = Path("/proc/self/task"), time.monotonic() + LAST_THREADS
    try:
        while len(list(threads.iterdir())) > 1:
            if time.monotonic() > until:
                return False
            time.sleep(0.005)
    except OSError:  # not Linux, or nothing says how many there are
        return False
    return True


def _place(item: pytest.Item) -> tuple[str, str]:
    case = group_of(item)
    return (case.clause, case_id(item.name, case.target)) if case else ("", item.name)
