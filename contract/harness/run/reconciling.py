"""A baseline held against what a run showed: entries that match nothing any more, or have ended."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from contract.harness.run.known import KnownFailure, Reconciled
from contract.harness.run.outcomes import CaseResult, covers, matching, that_count


def reconcile(
    file: Path,
    entries: Sequence[KnownFailure],
    cases: Sequence[CaseResult],
    today: date,
    settles: Callable[[KnownFailure], bool],
) -> Reconciled:
    """Return what a run says of `entries`; `settles` says whether it ran all cases that one is about."""
    expired = tuple(each for each in entries if each.expired(today))
    found = [matching(case, entries) for case in cases]
    failing = [each for group in found if all(one.expired(today) for one in group) for each in group]
    return Reconciled(
        file=str(file),
        stale=tuple(each for each in entries if settles(each) and is_stale(each, cases)),
        expired=expired,
        failing=tuple(each for each in expired if each in failing),
    )


def is_stale(entry: KnownFailure, cases: Sequence[CaseResult]) -> bool:
    """Say whether the place of `entry` was judged in full, and nothing failed there as it says."""
    there = [case for case in cases if covers(entry, case)]
    if not there or any(case.outcome in ("fail", "known") and entry.says(case.why) for case in there):
        return False
    return all(case.outcome in ("pass", "fail", "known") for case in that_count(there))
