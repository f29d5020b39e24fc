"""A comparison of two results as text for a terminal, as Markdown and as JSON."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from contract.harness.reports import markdown
from contract.harness.reports.compare import Change, Comparison
from contract.harness.reports.outcomes import WORDS
from contract.harness.reports.text import clip, one_line

_MOST_TEXT = 500


def _sections(found: Comparison) -> Iterator[tuple[str, Sequence[Change]]]:
    yield from (
        (title, changes)
        for title, changes in (
            ("Newly failing", found.newly_failing),
            ("Newly failing, accepted by the baseline", found.accepted),
            ("No longer tried", found.no_longer_tried),
            ("Mended", found.mended),
            ("Newly tried", found.newly_tried),
            ("Failing in another way", found.reworded),
        )
        if changes
    )


def as_text(found: Comparison) -> str:
    """Return the comparison for a terminal; the verdict is the last line."""
    lines = [f"from {one_line(found.started[0])} to {one_line(found.started[1])}"]
    lines += [one_line(note) for note in found.notes]
    for title, changes in _sections(found):
        lines += ["", f"{title}:"]
        for (head, why), group in _grouped(changes).items():
            lines.append(f"  {head}{_where(group)}{_title(group[0])}")
            lines += [f"      {line}" for line in why]
    lines.append("")
    for each in found.amounts:
        lines.append(
            f"{one_line(each.target)}: {each.requests[0]} requests, then {each.requests[1]}; "
            f"{each.seconds[0]:.1f} s, then {each.seconds[1]:.1f} s"
        )
    return "\n".join([*lines, found.sentence]) + "\n"


def as_markdown(found: Comparison) -> str:
    """Return the comparison as Markdown, in which no text of a service is markup."""
    parts = [f"## {'❌' if found.worse else '✅'} {markdown.text(found.sentence)}"]
    parts.append(f"From {markdown.code(found.started[0])} to {markdown.code(found.started[1])}.")
    if found.notes:
        parts.append("\n".join(f"- {markdown.code(clip(note, _MOST_TEXT))}" for note in found.notes))
    for title, changes in _sections(found):
        lines = [f"### {title}", ""]
        for (head, why), group in _grouped(changes).items():
            lines.append(f"- **{head}**{_where(group)}{markdown.text(_title(group[0]))}")
            lines += [f"  - {markdown.code(line)}" for line in why]
        parts.append("\n".join(lines))
    if found.amounts:
        rows = [
            [
                markdown.text(each.target),
                *(str(count) for count in each.requests),
                *(f"{seconds:.1f}" for seconds in each.seconds),
            ]
            for each in found.amounts
        ]
        columns = ["target", "requests before", "after", "seconds before", "after"]
        parts.append(markdown.table(columns, rows))
    return "\n\n".join(parts) + "\n"


def as_json(found: Comparison) -> str:
    """Return the comparison as JSON text."""
    document = {"schema": 1, "worse": found.worse, "sentence": found.sentence, **asdict(found)}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _grouped(changes: Sequence[Change]) -> dict[tuple[str, tuple[str, ...]], list[Change]]:
    """Put changes together that differ in their endpoint alone."""
    groups: dict[tuple[str, tuple[str, ...]], list[Change]] = {}
    for change in changes:
        groups.setdefault((change.clause, _why(change)), []).append(change)
    return groups


def _why(change: Change) -> tuple[str, ...]:
    was, now = (clip(one_line(text), _MOST_TEXT) for text in (change.was, change.now))
    if change.before is None:
        outcome = f"{WORDS[change.after or '']}, not in the old result"
    elif change.after is None:
        outcome = f"{WORDS[change.before]}, then not in the new result"
    elif change.shapes:
        outcome = f"still failed, and now with {one_line(', '.join(change.shapes))} too"
    else:
        outcome = f"{WORDS[change.before]}, then {WORDS[change.after]}"
    lines = [f"{one_line(change.target)}: {outcome}"]
    lines += [f"was: {was}"] if was and was != now else []
    lines += [f"now: {now}"] if now else []
    return tuple(lines)


def _where(changes: Sequence[Change]) -> str:
    endpoints = [change.endpoint for change in changes if change.endpoint]
    return f" at {', '.join(endpoints)}" if endpoints else ""


def _title(change: Change) -> str:
    should = " (should)" if change.level == "should" else ""
    return (f": {one_line(change.title)}" if change.title else "") + should
