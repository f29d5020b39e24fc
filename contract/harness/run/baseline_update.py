"""An update of a baseline: new failures are added, ended ones are removed, and all other text is kept."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import tomlkit

from contract.harness import files, toml_file
from contract.harness.redaction import plain
from contract.harness.run.baseline import KNOWN, NOT_TRIED, Baseline, parse
from contract.harness.run.known import KnownFailure
from contract.harness.run.outcomes import CaseResult, covers, matching
from contract.harness.run.reconciling import is_stale

_HEAD = """\
# Failures of the token contract that this project knows and accepts. docs/adopting.md describes this file.
# Give each entry a reason, and if you can an end, who decided, and where it is followed up:
#   until = 2026-12-31    who = "..."    issue = "https://..."    pattern = 'what the failure must say'
schema = 2
"""
_MOST_WHY = 300  # characters of the sentence that says what failed


@dataclass(frozen=True)
class Update:
    """A baseline as it reads after a run, and a sentence for each thing that is different or needs a hand."""

    baseline: Baseline
    said: tuple[str, ...]


def updated(
    baseline: Baseline,
    target: str,
    cases: Sequence[CaseResult],
    today: date,
    settles: Callable[[KnownFailure], bool] = lambda _: True,
) -> Update:
    """Return the baseline after a run of `target`, in which every failure counted as one.

    An entry that still matches a failure stays as it is. One whose failure did not occur is removed if
    `settles` says that all cases ran that it is about. What no entry matches is added, without a reason.
    """
    entries = baseline.of(target)
    gone = [each for each in entries if settles(each) and is_stale(each, cases)]
    new = [] if baseline.version == 1 else _new(cases, entries)
    said: list[str] = []
    text = baseline.text
    if baseline.version == 1:
        text = _converted(baseline, target, cases, gone)
        new = _new(cases, [each for each in entries if each not in gone])
        name = baseline.file.with_suffix(".toml").name
        said.append(f"converted to version 2 (TOML); you may call it {name}")
    elif not text:
        text = _HEAD + _expectations(baseline.not_tried)
    else:
        text = _without(text, [each.line for each in gone])
    said += [f"removed {each.place} of {target}: it did not fail ({each.told})" for each in gone]
    for entry, why in new:
        text = text.rstrip("\n") + "\n\n" + _table(target, entry, why)
        said.append(f"added {entry.place} of {target}: say why it is accepted, in `reason`")
    for entry in entries:
        if entry.expired(today) and any(matching(case, [entry]) for case in cases):
            said.append(f"{entry.place} of {target} still fails, and was accepted until {entry.until}: "
                        "change `until` yourself if it is to be accepted on")  # fmt: skip
    document = toml_file.parse(baseline.file, text)
    return Update(parse(document, [target, *baseline.known, *baseline.not_tried]), tuple(said))


def write(baseline: Baseline) -> None:
    """Write the file completely or not at all; raises `ContractError` if it can't be written."""
    files.write(baseline.file, baseline.text)


def _new(cases: Sequence[CaseResult], entries: Sequence[KnownFailure]) -> list[tuple[KnownFailure, str]]:
    """Return an entry, and what failed, for each place with a failure that no entry matches.

    It names the body shape where another shape of the same place passed.
    """
    passed = {(case.clause, case.endpoint) for case in cases if case.outcome == "pass" and case.shape}
    found: dict[KnownFailure, str] = {}
    for case in cases:
        if case.outcome == "fail" and not matching(case, entries):
            narrow = (case.clause, case.endpoint) in passed and not _passed(cases, case)
            entry = KnownFailure(case.clause, case.endpoint, case.shape if narrow else None)
            found.setdefault(entry, case.why)
    return list(found.items())


def _passed(cases: Iterable[CaseResult], failed: CaseResult) -> bool:
    """Say whether another case with the same shape passed: then the shape is not what tells them apart."""
    return failed.shape is None or any(
        each.outcome == "pass" and (each.clause, each.endpoint, each.shape)
        == (failed.clause, failed.endpoint, failed.shape)
        for each in cases
    )  # fmt: skip


def _table(target: str, entry: KnownFailure, why: str) -> str:
    """Return an entry as TOML."""
    table = tomlkit.table()
    if why:
        table.add(tomlkit.comment(f"failed with: {plain(why)[:_MOST_WHY]}"))
    for key, value in (
        ("target", target),
        ("clause", entry.clause),
        ("endpoint", entry.endpoint),
        ("shape", entry.shape),
        ("reason", entry.reason),
    ):
        if value is not None:
            table.add(key, value)
    several = tomlkit.aot()
    several.append(table)
    document = tomlkit.document()
    document.add(KNOWN, several)
    return tomlkit.dumps(document)


def _expectations(not_tried: Mapping[str, Sequence[str]]) -> str:
    if not not_tried:
        return ""
    document = tomlkit.document()
    table = tomlkit.table()
    for name, globs in sorted(not_tried.items()):
        table.add(name, list(globs))
    document.add(NOT_TRIED, table)
    return "\n" + tomlkit.dumps(document)


def _converted(
    baseline: Baseline, target: str, cases: Sequence[CaseResult], gone: Sequence[KnownFailure]
) -> str:
    """Return a baseline of version 1 in version 2; its sentences are kept as comments."""
    parts = [_HEAD + _expectations(baseline.not_tried)]
    for name, entry, why in _entries_of_version_1(baseline):
        if name != target or entry not in gone:
            now = (case.why for case in cases if name == target and covers(entry, case) and case.why)
            parts.append(_table(name, entry, why or next(now, "")))
    return "\n".join(parts)


def _entries_of_version_1(baseline: Baseline) -> Iterator[tuple[str, KnownFailure, str]]:
    raw = json.loads(baseline.text)["targets"]
    for name, entries in baseline.known.items():
        for entry, row in zip(entries, raw[name], strict=True):
            yield name, entry, str(row.get("why", ""))


def _without(text: str, lines: Iterable[int]) -> str:
    """Return `text` without the tables that begin on `lines` (from 1), and without the comments above them.

    A comment belongs to the table below it if no blank line stands between.
    """
    rows = text.split("\n")
    for line in sorted(lines, reverse=True):
        begin = _first_comment(rows, line - 1)
        end = line
        while end < len(rows) and not rows[end].lstrip().startswith("["):
            end += 1
        if end < len(rows):
            end = _first_comment(rows, end)
        while end > line and begin and not rows[end - 1].strip():
            end -= 1
        while begin and not rows[begin - 1].strip():
            begin -= 1
        rows[begin:end] = []
    return "\n".join(rows).rstrip("\n") + "\n"


def _first_comment(rows: Sequence[str], at: int) -> int:
    while at and rows[at - 1].lstrip().startswith("#"):
        at -= 1
    return at
