"""Puts findings together that differ in the same way, and makes the case that is shown for them small."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from contract.harness.checks.paired_requests import without_member
from contract.harness.checks.session_steps import smallest
from contract.harness.checks.session_walks import Step
from contract.harness.checks.side_by_side import Finding, SideBySide, Tally
from contract.harness.errors import Violation

TRIES = 100
"""Cases that are tried at most to make one of them smaller; on a URL none are."""


@dataclass
class Group:
    """Requests to one operation that are answered differently in the same way, and the smallest of them."""

    finding: Finding
    requests: int = 1


def grouped(findings: Iterable[Finding]) -> list[Group]:
    """Return the groups, the smallest case first.

    A finding whose every difference is shown by smaller ones of its operation is counted to the first of
    them; one that a case of as many requests shows with more differences is counted to that one.
    """
    groups: list[Group] = []
    shown: dict[tuple[str, str], Group] = {}
    for finding in sorted(findings, key=lambda each: each.size):
        keys = [(finding.operation, each.what) for each in finding.differences]
        if all(key in shown for key in keys):
            shown[keys[0]].requests += 1
            continue
        groups.append(Group(finding))
        for key in keys:
            shown.setdefault(key, groups[-1])
    return _without_parts(groups)


def _without_parts(groups: list[Group]) -> list[Group]:
    kept: list[Group] = []
    for group in sorted(groups, key=lambda each: -len(each.finding.kinds)):
        whole = next((each for each in kept if _is_part(group.finding, each.finding)), None)
        if whole is None:
            kept.append(group)
        else:
            whole.requests += group.requests
    return sorted(kept, key=lambda each: each.finding.size)


def _is_part(finding: Finding, whole: Finding) -> bool:
    return (
        finding.operation == whole.operation
        and finding.kinds < whole.kinds
        and len(finding.before) == len(whole.before)
    )


def made_small(group: Group, pair: SideBySide) -> None:
    """Replace the case of `group` by a smaller one that differs in the same way, if one is found."""
    if pair.on_a_url:
        return
    before, pair.tally = pair.tally, Tally()
    try:
        group.finding = _smaller_single(group.finding, pair) or _smaller_walk(group.finding, pair)
    finally:
        pair.tally = before


def _smaller_single(finding: Finding, pair: SideBySide) -> Finding | None:
    """Leave out member after member of the body; None for a request of a walk."""
    left, changed = TRIES, True
    while changed and finding.single is not None:
        changed = False
        for single in without_member(finding.single):
            if left <= 0:
                return finding
            left -= 1
            found = pair.send(single)
            if found is not None and found.kinds == finding.kinds:
                finding, changed = found, True
                break
    return finding if finding.single is not None else None


def _smaller_walk(finding: Finding, pair: SideBySide) -> Finding:
    """Leave out steps as long as a request to the same operation differs in the same way."""
    latest = [finding]

    def take(steps: Sequence[Step]) -> None:
        for found in pair.walk(steps, looks=False):
            if found.operation == finding.operation and found.kinds == finding.kinds:
                latest.append(found)
                raise Violation("it still differs")

    smallest(finding.steps, Violation(""), take, TRIES)
    return min(latest, key=lambda each: each.size)
