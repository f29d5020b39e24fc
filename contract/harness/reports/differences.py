"""A comparison of two targets as text for a terminal and as JSON."""

import json
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from contract.harness.checks.correspondence import Difference
from contract.harness.checks.smallest_differences import Group
from contract.harness.reports.text import clip, one_line
from contract.harness.run.diff import SHOWN, Compared, DiffResult

WIDTH = 80
"""Columns."""
MOST_TEXT = 400
"""Characters of a request that are shown."""
MOST_LINES = 6
"""Differences of one answer, and reasons of one kind, that are shown."""
_LABEL = 10


def as_text(result: DiffResult) -> str:
    """Return the comparison for a terminal: the verdict, then the differences, the smallest case first."""
    lines = [*_target("A", result.a), *_target("B", result.b), *_wrapped("", result.sentence, 0)]
    for number, group in enumerate(result.groups[:SHOWN], 1):
        lines += ["", *_group(number, group)]
    if more := len(result.groups) - SHOWN:
        lines += ["", f"And {more} more, which --json FILE writes."] if more > 0 else []
    lines += _reasons("not compared", result.skipped)
    lines += _reasons("no answer", result.unanswered)
    for letter, compared in (("A", result.a), ("B", result.b)):
        for left in compared.leftovers:
            lines += _wrapped("", f"left on {letter}: {one_line(left)}", 2)
    if result.compared:
        moved = "" if result.clocks_moved else " No clock was moved."
        lines += ["", f"Seed: {result.seed} (--seed {result.seed} sends the same again).{moved}"]
    return "\n".join(lines) + "\n"


def _target(letter: str, compared: Compared) -> Iterator[str]:
    yield from _wrapped(f"{letter}: ", f"{one_line(compared.name)} ({compared.requests} requests)", 3)


def _group(number: int, group: Group) -> Iterator[str]:
    finding = group.finding
    times = "" if group.requests == 1 else f", and {group.requests - 1} more like it"
    yield from _wrapped(f"{number}. ", f"{finding.operation}{times}", 3)
    yield from _labelled("after", [one_line(step) for step in finding.before])
    yield from _labelled("sent", [clip(one_line(finding.sent), MOST_TEXT)])
    for letter in "AB":
        yield from _labelled(letter, _told(finding.differences, letter.lower()))


def _told(found: Sequence[Difference], side: str) -> list[str]:
    lines = [f"{each.what}: {one_line(getattr(each, side))}" for each in found[:MOST_LINES]]
    more = len(found) - MOST_LINES
    return [*lines, f"and {more} more"] if more > 0 else lines


def _labelled(label: str, lines: Sequence[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield from _wrapped(f"   {label if not number else '':<{_LABEL - 3}}", line, _LABEL)


def _reasons(label: str, reasons: Counter[str]) -> Iterator[str]:
    for number, (reason, times) in enumerate(reasons.most_common(MOST_LINES)):
        if not number:
            yield ""
        yield from _wrapped("", f"{label}: {clip(one_line(reason), MOST_TEXT)} ({times})", 2)
    if (more := len(reasons) - MOST_LINES) > 0:
        yield f"{label}: for {more} more reasons"


def _wrapped(label: str, text: str, indent: int) -> list[str]:
    return textwrap.wrap(
        f"{label}{text}", WIDTH, subsequent_indent=" " * indent, break_on_hyphens=False, drop_whitespace=True
    )


def as_json(result: DiffResult) -> str:
    """Return the comparison as JSON, all differences in it (docs/diff.md)."""
    document: dict[str, Any] = {
        "schema": 1,
        "verdict": result.verdict,
        "sentence": result.sentence,
        "seed": result.seed,
        "clocksMoved": result.clocks_moved,
        "a": asdict(result.a),
        "b": asdict(result.b),
        "compared": result.compared,
        "different": result.different,
        "differences": [_as_object(group) for group in result.groups],
        "notCompared": dict(result.skipped),
        "noAnswer": dict(result.unanswered),
        "problem": result.problem,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _as_object(group: Group) -> dict[str, Any]:
    finding = group.finding
    return {
        "operation": finding.operation,
        "requests": group.requests,
        "after": list(finding.before),
        "sent": finding.sent,
        "differences": [asdict(each) for each in finding.differences],
        "walk": [dict(step) for step in finding.steps],
    }
