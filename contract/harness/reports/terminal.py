"""The report for a person: the matrix, each failure in full, and the verdict in one sentence."""

import os
from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.text import Text

from contract.harness.redaction import plain
from contract.harness.reports.first_run import preamble
from contract.harness.reports.reproduction import Again, reproduction
from contract.harness.reports.terminal_matrix import matrix
from contract.harness.run import ClauseResult, KnownFailure, Outcome, TargetReport
from contract.harness.spec import catalogue

STYLES = {"holds": "bold green", "broken": "bold red", "open": "bold yellow"}
PLAIN_WIDTH = 110  # characters, where there is no terminal whose width could be known
MOST_CASES = 5  # cases of one clause that are shown


def console(stream: TextIO) -> Console:
    """Return what prints to `stream`: with colour on a terminal, or if FORCE_COLOR asks for it."""
    given = os.environ.get("COLUMNS", "")
    columns = int(given) if given.isdecimal() and int(given) else None
    width = columns or (None if stream.isatty() else PLAIN_WIDTH)
    return Console(file=stream, highlight=False, markup=False, emoji=False, width=width)


def show(out: Console, report: TargetReport, again: Again) -> None:
    """Print all that there is to say of one target."""
    capabilities = ", ".join(report.capabilities) or "no special capabilities"
    _line(out, Text.assemble((report.name, "bold"), (f" ({capabilities})", "dim")))
    if report.results:
        for line in matrix(report.results, out.width):
            _line(out, line)
    _show_blocked(out, report)
    _show_untried(out, report)
    for result in _with(report, "pass"):
        if result.why:
            _line(out, Text.assemble((f"{_place(result)} passed, but: ", "yellow"), result.why))
    _show_failures(out, report, again)
    _show_errors(out, report)
    out.print()
    show_verdict(out, report)
    _show_known(out, report)


def show_verdict(out: Console, report: TargetReport) -> None:
    """Print what was left on the target, and the verdict."""
    for left in report.leftovers:
        _line(out, Text(f"left on the target: {left}", "yellow"))
    if report.problem:
        _line(out, Text(report.problem, "yellow"))
    _line(out, Text(report.sentence, STYLES[report.verdict]))


def _show_known(out: Console, report: TargetReport) -> None:
    """Print what the baseline accepts, with its reasons, and what there is to do about it."""
    by_reason: dict[str, list[str]] = {}
    for result in _with(report, "known"):
        for entry in dict.fromkeys(case.known for case in result.telling if case.known):
            by_reason.setdefault(entry.told, []).append(_place(result))
    baseline = report.baseline
    if by_reason:
        where = f", accepted by {baseline.file}" if baseline else ""
        _line(out, Text(f"known failures{where}:", "bold yellow"))
    for told, places in by_reason.items():
        _line(out, Text(f"  {', '.join(dict.fromkeys(places))}: {plain(told)}"))
    for entry in baseline.expired if baseline else ():
        _line(out, Text(f"expired: {entry.place}: {plain(entry.told)}", "yellow"))
    for entry in baseline.stale if baseline else ():
        _line(
            out,
            Text(f"stale: {entry.place} no longer fails as {baseline_line(report, entry)} says", "yellow"),
        )


def baseline_line(report: TargetReport, entry: KnownFailure) -> str:
    """Return where an entry of the baseline of `report` stands: `FILE:LINE`."""
    file = report.baseline.file if report.baseline else "the baseline"
    return f"{file}:{entry.line}" if entry.line else file


def _line(out: Console, text: Text) -> None:
    """Print one line, as long as it is: the terminal may wrap it, and a pipe gets it whole."""
    out.print(text, soft_wrap=True)


def _place(result: ClauseResult) -> str:
    return f"{result.clause} at {result.endpoint}" if result.endpoint else result.clause


def _with(report: TargetReport, outcome: Outcome) -> list[ClauseResult]:
    return [result for result in report.results if result.outcome == outcome]


def _by_reason(report: TargetReport, outcome: Outcome) -> dict[str, list[ClauseResult]]:
    reasons: dict[str, list[ClauseResult]] = {}
    for result in _with(report, outcome):
        reasons.setdefault(result.telling[0].why, []).append(result)
    return reasons


def _show_blocked(out: Console, report: TargetReport) -> None:
    """Print one line for each clause whose failure leaves nothing to judge of others."""
    by_clause: dict[str, list[ClauseResult]] = {}
    for result in _with(report, "blocked"):
        by_clause.setdefault(str(result.blocked_by), []).append(result)
    for clause_id, results in by_clause.items():
        names = ", ".join(dict.fromkeys(each.clause for each in results))
        why = f"{names} - {results[0].telling[0].why}"
        _line(out, Text.assemble((f"blocked by {clause_id}: ", "bold cyan"), why))


def _show_untried(out: Console, report: TargetReport) -> None:
    """Print one line for each reason, with every clause that it kept from being tried."""
    for why, results in _by_reason(report, "not_tried").items():
        of_one_endpoint = why.startswith("the API key")
        names = dict.fromkeys(
            f"{each.clause} ({each.endpoint})" if of_one_endpoint else each.clause for each in results
        )
        _line(out, Text.assemble(("not tried: ", "bold yellow"), ", ".join(names), " - ", why))


def _show_errors(out: Console, report: TargetReport) -> None:
    """Print each error in full; one that several clauses share is one line."""
    for why, results in _by_reason(report, "error").items():
        names = dict.fromkeys(each.clause for each in results)
        if len(names) > 1 and all({row.why for row in each.telling} == {why} for each in results):
            _line(out, Text.assemble(("\nerror: ", "bold magenta"), ", ".join(names), " - ", why))
            continue
        for result in results:
            _paragraph(out, result, "ended in an error", "magenta")


def _show_failures(out: Console, report: TargetReport, again: Again) -> None:
    commands: list[str] = []
    for result in _with(report, "fail"):
        should = result.level == "should"
        _paragraph(out, result, "failed (a recommendation)" if should else "failed", "red")
        lines = reproduction(result, again)
        commands += lines
        _commands(out, lines)
    first = preamble(again.address, again.api_key_envs, commands)
    if first:
        _line(out, Text("\nto reproduce, first run:", "bold"))
        _commands(out, first)


def _commands(out: Console, lines: Sequence[str]) -> None:
    for line in lines:
        _line(out, Text(f"    {line}", "cyan"))


def _paragraph(out: Console, result: ClauseResult, said: str, style: str) -> None:
    clause = catalogue()[result.clause]
    _line(out, Text(f"\n{_place(result)} {said}: {clause.title}", f"bold {style}"))
    _line(out, Text(f"  the contract: {clause.text}"))
    for row in result.telling[:MOST_CASES]:
        _line(out, Text(f"  {row.why}"))
    if len(result.telling) > MOST_CASES:
        _line(out, Text(f"  and {len(result.telling) - MOST_CASES} more of {len(result.cases)} cases"))
