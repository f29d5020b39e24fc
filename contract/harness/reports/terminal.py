"""The report for a person: the matrix, each failure in full, and one line of verdict."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from contract.harness.reports import curl
from contract.harness.run import CaseResult, ClauseResult, Outcome, TargetReport
from contract.harness.spec import ENDPOINTS, catalogue

WORDS: Mapping[Outcome, tuple[str, str]] = {
    "pass": ("pass", "green"),
    "fail": ("FAIL", "bold red"),
    "known": ("known", "yellow"),
    "blocked": ("blocked", "cyan"),
    "not_tried": ("-", "dim"),
    "error": ("ERROR", "bold magenta"),
}
STYLES = {"holds": "bold green", "broken": "bold red", "open": "bold yellow"}
PLAIN_WIDTH = 110


def console() -> Console:
    """Return what prints to standard output: in colour on a terminal, in plain lines elsewhere."""
    found = Console(highlight=False, soft_wrap=False)
    return found if found.is_terminal else Console(highlight=False, width=PLAIN_WIDTH, no_color=True)


def show(
    out: Console, report: TargetReport, *, url: str | None, api_key_envs: tuple[str, str | None]
) -> None:
    """Print all that there is to say of one target."""
    out.print()
    out.print(
        Text(report.name, "bold"),
        Text(f"({', '.join(report.capabilities) or 'no special abilities'})", "dim"),
    )
    if report.results:
        out.print(_matrix(report))
    _show_blocked(out, report)
    _show_untried(out, report)
    for verdict in _with(report, "pass"):
        if verdict.why:
            place = f"{verdict.clause} at {verdict.endpoint}" if verdict.endpoint else verdict.clause
            out.print(Text.assemble((f"{place} passed, but: ", "yellow"), verdict.why), soft_wrap=True)
    _show_failures(out, report, url, api_key_envs)
    _show_errors(out, report)
    for left in report.leftovers:
        out.print(Text(f"left on the target: {left}", "yellow"), soft_wrap=True)
    if report.problem:
        out.print(Text(report.problem, "yellow"), soft_wrap=True)
    out.print(Text(report.sentence, STYLES[report.verdict]), soft_wrap=True)


def _matrix(report: TargetReport) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("clause", no_wrap=True)
    table.add_column("", overflow="ellipsis", no_wrap=True)
    endpoints = [name for name in ENDPOINTS if any(each.endpoint == name for each in report.results)]
    columns: list[str | None] = [*endpoints]
    if any(each.endpoint is None for each in report.results):
        columns.append(None)
    for column in columns:
        table.add_column(column or "service", no_wrap=True)
    cells: dict[str, dict[str | None, ClauseResult]] = {}
    for verdict in report.results:
        cells.setdefault(verdict.clause, {})[verdict.endpoint] = verdict
    for clause_id, row in cells.items():
        clause = catalogue()[clause_id]
        title = clause.title + (" (should)" if clause.level == "should" else "")
        table.add_row(clause_id, title, *(_cell(row.get(column)) for column in columns))
    return table


def _cell(verdict: ClauseResult | None) -> Text:
    return Text(*WORDS[verdict.outcome]) if verdict else Text("")


def _with(report: TargetReport, outcome: Outcome) -> list[ClauseResult]:
    return [verdict for verdict in report.results if verdict.outcome == outcome]


def _by_reason(report: TargetReport, outcome: Outcome) -> dict[str, list[ClauseResult]]:
    reasons: dict[str, list[ClauseResult]] = {}
    for verdict in _with(report, outcome):
        reasons.setdefault(verdict.telling[0].why, []).append(verdict)
    return reasons


def _show_blocked(out: Console, report: TargetReport) -> None:
    """Say which clauses can't be judged because of another one, by that one."""
    by_clause: dict[str, list[ClauseResult]] = {}
    for verdict in _with(report, "blocked"):
        by_clause.setdefault(str(verdict.blocked_by), []).append(verdict)
    for clause_id, verdicts in by_clause.items():
        names = ", ".join(dict.fromkeys(each.clause for each in verdicts))
        why = f"{names} - {verdicts[0].telling[0].why}"
        out.print(Text.assemble((f"blocked by {clause_id}: ", "bold cyan"), why), soft_wrap=True)


def _show_untried(out: Console, report: TargetReport) -> None:
    """Say what was not tried, reason by reason: each is one sentence, however many clauses it hit."""
    for why, verdicts in _by_reason(report, "not_tried").items():
        of_one = why.startswith("the API key")
        names = dict.fromkeys(
            f"{each.clause} ({each.endpoint})" if of_one else each.clause for each in verdicts
        )
        out.print(Text.assemble(("not tried: ", "bold yellow"), ", ".join(names), " - ", why), soft_wrap=True)


def _show_errors(out: Console, report: TargetReport) -> None:
    """Say what could not be tried: in full, or in one line where one reason kept several clauses from it."""
    for why, verdicts in _by_reason(report, "error").items():
        names = dict.fromkeys(each.clause for each in verdicts)
        if len(names) > 1 and all({row.why for row in each.telling} == {why} for each in verdicts):
            line = Text.assemble(("\ncould not be tried: ", "bold magenta"), ", ".join(names), " - ", why)
            out.print(line, soft_wrap=True)
            continue
        for verdict in verdicts:
            _paragraph(out, verdict, "could not be tried", "magenta")


def _show_failures(
    out: Console, report: TargetReport, url: str | None, api_key_envs: tuple[str, str | None]
) -> None:
    failures = _with(report, "fail")
    commands: list[str] = []
    for verdict in failures:
        should = verdict.level == "should"
        _paragraph(out, verdict, "should be kept, and is not" if should else "is broken", "red")
        lines = curl.lines(verdict.telling[0].transcript)
        commands += lines
        for line in lines:
            out.print(Text(f"    {line}", "cyan"), soft_wrap=True)
    if commands:
        out.print(Text("\nto ask again, set first:", "bold"))
        for line in curl.preamble(url, api_key_envs, commands):
            out.print(Text(f"    {line}", "cyan"), soft_wrap=True)


def _paragraph(out: Console, verdict: ClauseResult, said: str, style: str) -> None:
    place = f" at {verdict.endpoint}" if verdict.endpoint else ""
    clause = catalogue()[verdict.clause]
    out.print(Text(f"\n{clause.id}{place} {said}: {clause.title}", f"bold {style}"), soft_wrap=True)
    out.print(Text(f"  the contract: {clause.text}"), soft_wrap=True)
    for row in verdict.telling[:5]:
        out.print(Text(f"  {row.why}"), soft_wrap=True)
    if len(verdict.telling) > 5:
        out.print(Text(f"  and {len(verdict.telling) - 5} more of {len(verdict.cases)} cases"))


class Progress:
    """A line that says what is being tried, while a run goes on and where there is a terminal to see it."""

    def __init__(self, out: Console) -> None:
        self._status = out.status("opening the target") if out.is_terminal else None
        self._cases = 0

    def __enter__(self) -> "Progress":
        if self._status:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    def tell(self, target: str, row: CaseResult) -> None:
        """Hear of a case that is done."""
        self._cases += 1
        if self._status:
            place = f" at {row.endpoint}" if row.endpoint else ""
            self._status.update(f"{target}: {self._cases} cases, now {row.clause}{place}")
