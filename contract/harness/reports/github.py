"""What GitHub Actions shows: a step summary in Markdown, and annotations."""

from collections.abc import Mapping, Sequence
from typing import Any

from contract.harness.reports import markdown
from contract.harness.reports.outcomes import (
    SERVICE,
    WORDS,
    Row,
    by_reason,
    clauses_and_places,
    columns,
    counted,
    having,
    heading,
    musts_first,
    names,
    names_shape,
    place,
    reproduction,
    telling,
    unlike,
)
from contract.harness.reports.outdated import MOST_ENTRIES, outdated
from contract.harness.reports.text import clip, one_line

MOST_ANNOTATIONS = 10
"""GitHub shows ten error annotations of a step and drops the rest in silence."""
MOST_BYTES = 900 * 1024
"""A step summary above 1 MiB is refused as a whole."""
_MARKS = {"pass": "✅", "fail": "❌", "known": "🔶", "blocked": "⛔", "not_tried": "⚪", "error": "❗"}
_SIGNS = {"holds": "✅", "broken": "❌", "open": "❔"}
_MOST_CASES = 5
_MOST_TEXT = 2000


def summary(result: Mapping[str, Any]) -> str:
    """Return Markdown for `$GITHUB_STEP_SUMMARY`: verdicts, failures, matrix, and what was not tried."""
    parts: list[str] = []
    size = 0
    for part in _parts(result):
        size += len(part.encode("utf-8", "replace")) + 2
        if size > MOST_BYTES:
            parts.append("More than a step summary can hold: the rest is in the result file.")
            break
        parts.append(part)
    return "\n\n".join(parts) + "\n"


def _parts(result: Mapping[str, Any]) -> list[str]:
    parts = ["## relayauth-contract"]
    for target, name in zip(result["targets"], names(result["targets"]), strict=True):
        parts += _target(target, name)
    if "proof" in result:
        parts += _proof(result["proof"])
    contract, digest = result["contract"], "sha256:" + result["contract"]["sha256"][:12]
    parts.append(
        f"contract {markdown.text(contract['version'])} {markdown.code(digest)}, "
        f"relayauth-contract {markdown.text(result['tool']['version'])}, "
        f"started {markdown.text(result['started'])}, {result['seconds']:.1f} s"
        + (f", seed {markdown.code(str(result['seed']))}" if result["seed"] is not None else "")
    )
    return parts


def _target(target: Mapping[str, Any], name: str) -> list[str]:
    rows = target["results"]
    parts = [
        f"### {_SIGNS[target['verdict']]} {markdown.text(name)}",
        f"**{markdown.text(target['sentence'])}**",
    ]
    if target["problem"]:
        parts.append(markdown.code(clip(target["problem"], _MOST_TEXT)))
    if target.get("firstRun") and having(rows, "fail"):
        parts += _folded("First run", markdown.block("\n".join(target["firstRun"]), "sh"))
    before = None
    for row in musts_first(having(rows, "fail")):
        parts += _failure(row, before)
        before = row
    errors = having(rows, "error")
    parts += _reasons("Errors", errors)
    parts += _known(having(rows, "known"))
    parts += _outdated(target)
    if rows:
        parts += _folded(f"All checks: {counted(rows)}", _matrix(rows))
    blocked = having(rows, "blocked")
    for cause in dict.fromkeys(row.get("blocked_by") for row in blocked):
        by = [row for row in blocked if row.get("blocked_by") == cause]
        parts += _reasons(f"Blocked by {cause or 'another clause'}", by)
    parts += _reasons("Not tried", having(rows, "not_tried"))
    if target["leftovers"]:
        left = "\n".join(f"- {markdown.code(clip(each, _MOST_TEXT))}" for each in target["leftovers"])
        parts.append(f"**Left on the target**\n\n{left}")
    return parts


def _failure(row: Row, before: Row | None) -> list[str]:
    """Return what is said of a row; what the contract says is not repeated behind a row of its clause."""
    should = " (should)" if row["level"] == "should" else ""
    parts = [f"#### {_MARKS['fail']} {heading(row)}{should}: {markdown.text(row['title'])}".rstrip(": ")]
    if row["text"] and not (before and before["clause"] == row["clause"]):
        parts.append(f"The contract: {markdown.text(row['text'])} ({markdown.text(row['source'])})")
    cases = telling(row)
    shown = unlike(cases)[:_MOST_CASES]
    said = [case["why"] if names_shape(case) else f"{case['shape']}: {case['why']}" for case in shown]
    lines = [f"- {markdown.code(clip(why, _MOST_TEXT))}" for why in said or [row["why"]] if why]
    if len(cases) > len(shown):
        lines.append(f"- and {len(cases) - len(shown)} more of {len(row['cases'])} cases")
    parts.append("\n".join(lines))
    commands = reproduction(cases)
    if commands:
        block = markdown.block(clip("\n".join(commands), 8 * _MOST_TEXT), "sh")
        parts += _folded("To reproduce", block, opened=not before)
    return parts


def _known(rows: Sequence[Row]) -> list[str]:
    if not rows:
        return []
    lines = []
    for row in rows:
        known = row.get("known", {})
        facts = [known.get("reason") or "no reason given"]
        facts += [known[name] for name in ("who", "issue") if known.get(name)]
        facts += [f"until {known['until']}"] if known.get("until") else []
        lines.append(f"- {heading(row)}: {markdown.code('; '.join(facts))}")
    return ["**Known failures**\n\n" + "\n".join(lines)]


def _outdated(target: Mapping[str, Any]) -> list[str]:
    entries = outdated(target)
    lines = [
        f"- {markdown.text(each.place)}: {each.state}; {markdown.code(each.accepted)}, "
        f"{markdown.code(each.where)}"
        for each in entries[:MOST_ENTRIES]
    ]
    if len(entries) > MOST_ENTRIES:
        lines.append(f"- and {len(entries) - MOST_ENTRIES} more")
    return ["**Outdated entries of the baseline**\n\n" + "\n".join(lines)] if lines else []


def _reasons(title: str, rows: Sequence[Row]) -> list[str]:
    lines = [
        f"- {_listed(group)}: {markdown.code(clip(why, _MOST_TEXT))}"
        for why, group in by_reason(rows).items()
    ]
    return [f"**{title}**\n\n" + "\n".join(lines)] if lines else []


def _listed(rows: Sequence[Row]) -> str:
    return ", ".join(
        clause if places == [SERVICE] else f"{clause} ({', '.join(places)})"
        for clause, places in clauses_and_places(rows).items()
    )


def _matrix(rows: Sequence[Row]) -> str:
    shown = columns(rows)
    clauses: dict[str, dict[str, Row]] = {}
    for row in rows:
        clauses.setdefault(row["clause"], {})[place(row)] = row
    body = []
    for clause, cells in clauses.items():
        title = next(iter(cells.values()))["title"]
        marks = [_MARKS[cells[name]["outcome"]] if name in cells else "" for name in shown]
        body.append([clause, markdown.text(title), *marks])
    legend = " · ".join(f"{mark} {WORDS[name]}" for name, mark in _MARKS.items())
    return markdown.table(["clause", "", *shown], body) + f"\n\n{legend}"


def _folded(title: str, inside: str, *, opened: bool = False) -> list[str]:
    return [f"<details{' open' if opened else ''}><summary>{title}</summary>\n\n{inside}\n\n</details>"]


def _proof(proof: Mapping[str, Any]) -> list[str]:
    inexact = [each for each in proof["mutants"] if not each["exact"]]
    sign = _SIGNS["holds" if proof["stands"] else "broken"]
    parts = [
        f"### {sign} The proof {'stands' if proof['stands'] else 'does not stand'}",
        f"{len(proof['mutants'])} {markdown.text(proof['of'])}, "
        f"{len(proof['mutants']) - len(inexact)} killed by exactly the clauses that they declare.",
    ]
    lines = []
    for each in inexact:
        declared, caught = (", ".join(each[side]) or "none" for side in ("declared", "caught"))
        sentence = markdown.code(clip(each["sentence"], _MOST_TEXT))
        lines.append(f"- {markdown.code(each['name'])} {sentence}: declares {declared}; failed: {caught}")
    lines += [f"- {clause}: no mutant breaks this must" for clause in proof["toothless"]]
    return [*parts, "\n".join(lines)] if lines else parts


def annotations(result: Mapping[str, Any]) -> str:
    """Return workflow commands, at most ten, for the standard output of a step; empty if nothing failed.

    One for each clause of a target that a must fails on, then one for each target that has no verdict.
    """
    said: list[tuple[str, str]] = []
    for target, name in zip(result["targets"], names(result["targets"]), strict=True):
        failed: dict[str, list[Row]] = {}
        for row in target["results"]:
            if row["outcome"] == "fail" and row["level"] == "must":
                failed.setdefault(row["clause"], []).append(row)
        for clause, rows in failed.items():
            places = ", ".join(row["endpoint"] for row in rows if row["endpoint"])
            where = f"{clause} at {places}" if places else clause
            said.append((f"{where}: {rows[0]['title']}".rstrip(": "), f"{name}: {rows[0]['why']}"))
        if target["verdict"] == "open":
            said.append(("relayauth-contract: no verdict", target["problem"] or target["sentence"]))
    if "proof" in result and not result["proof"]["stands"]:
        said.append(("relayauth-contract: the proof does not stand", "see the step summary"))
    if len(said) > MOST_ANNOTATIONS:
        rest = said[MOST_ANNOTATIONS - 1 :]
        titles = "; ".join(title for title, _ in rest)
        said = [*said[: MOST_ANNOTATIONS - 1], (f"{len(rest)} more", titles)]
    return "".join(f"{_command(title, message)}\n" for title, message in said)


def _command(title: str, message: str) -> str:
    escaped = _data(clip(one_line(title), 200)).replace(":", "%3A").replace(",", "%2C")
    return f"::error title={escaped}::{_data(clip(one_line(message), _MOST_TEXT))}"


def _data(text: str) -> str:
    # The runner reads a percent sign and line ends so, and the older form of a command anywhere in a line.
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace("##[", "# #[")
