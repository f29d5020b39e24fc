"""What the HTML page shows of each target: its rows by what a reader has to do about them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contract.harness.reports.details import MOST_CASES, MOST_TEXT, Detail, Room, details, plain
from contract.harness.reports.lifelines import Lifeline, lifeline
from contract.harness.reports.outcomes import (
    Row,
    anchor,
    by_reason,
    clauses_and_places,
    counts,
    having,
    heading,
    names,
)
from contract.harness.reports.outdated import MOST_ENTRIES, Outdated, outdated
from contract.harness.reports.text import clip

REMEDIES: Mapping[str, str] = {
    "clock": "a target whose time can be set: exec:COMMAND with libfaketime, or one in this process",
    "key": "the deployment's private key: --signing-key FILE",
    "env": "a target that can be configured and restarted: exec:COMMAND",
    "orgs": "an API key of a second org: --second-api-key-env NAME",
}


@dataclass(frozen=True)
class Reason:
    """A sentence that several rows share: `where` has each clause with its places."""

    why: str
    where: Mapping[str, Sequence[str]]
    anchors: Sequence[str]
    blocked_by: str | None = None


@dataclass(frozen=True)
class TargetView:
    """All that the page says of one target; `brief` has its failures clause by clause."""

    index: int
    name: str
    raw: Mapping[str, Any]
    counts: Mapping[str, int]
    failures: Sequence[Detail]
    brief: Sequence[Sequence[Detail]]
    errors: Sequence[Detail]
    known: Sequence[Detail]
    outdated: Sequence[Outdated]
    more_outdated: int
    blocked: Sequence[Reason]
    not_tried: Sequence[Reason]
    remarks: Sequence[Row]
    lifelines: Sequence[tuple[str, Lifeline]]
    missing: Sequence[tuple[str, str, str]]
    fingerprint: Sequence[tuple[str, str]]


def views(result: Mapping[str, Any]) -> list[TargetView]:
    """Return a view of each target; failures get their room before errors and known failures."""
    room = Room()
    named = list(zip(result["targets"], names(result["targets"]), strict=True))
    failures = [details(index, target, "fail", room) for index, (target, _) in enumerate(named)]
    return [_view(index, target, name, failures[index], room) for index, (target, name) in enumerate(named)]


def _view(
    index: int, target: Mapping[str, Any], name: str, failures: Sequence[Detail], room: Room
) -> TargetView:
    rows, entries = target["results"], outdated(target)
    return TargetView(
        index=index,
        name=name,
        raw=target,
        counts=counts(rows),
        failures=failures,
        brief=_by_clause(failures),
        errors=details(index, target, "error", room),
        known=details(index, target, "known", room),
        outdated=entries[:MOST_ENTRIES],
        more_outdated=len(entries[MOST_ENTRIES:]),
        blocked=_blocked(index, having(rows, "blocked")),
        not_tried=_reasons(index, having(rows, "not_tried")),
        remarks=[row for row in having(rows, "pass") if row["why"]],
        lifelines=_passed_lifelines(rows),
        missing=[(name, why, REMEDIES.get(name, "")) for name, why in target["lacking"].items()],
        fingerprint=[(name, plain(value)) for name, value in (target["fingerprint"] or {}).items()],
    )


def _by_clause(failures: Sequence[Detail]) -> list[list[Detail]]:
    clauses: dict[str, list[Detail]] = {}
    for each in failures:
        clauses.setdefault(each.row["clause"], []).append(each)
    return [*clauses.values()]


def _reasons(index: int, rows: Sequence[Row]) -> list[Reason]:
    return [_reason(index, why, group) for why, group in by_reason(rows).items()]


def _blocked(index: int, rows: Sequence[Row]) -> list[Reason]:
    causes: dict[str | None, list[Row]] = {}
    for row in rows:
        causes.setdefault(row.get("blocked_by"), []).append(row)
    return [_reason(index, group[0]["why"], group, cause) for cause, group in causes.items()]


def _reason(index: int, why: str, rows: Sequence[Row], blocked_by: str | None = None) -> Reason:
    return Reason(
        clip(why, MOST_TEXT), clauses_and_places(rows), [anchor(index, row) for row in rows], blocked_by
    )


def _passed_lifelines(rows: Iterable[Row]) -> list[tuple[str, Lifeline]]:
    return [
        (f"{heading(row)}, {case['id']}", lifeline(case["timeline"]))
        for row in having(rows, "pass")
        for case in row["cases"][:MOST_CASES]
        if "timeline" in case
    ]
