"""What a person reads: the matrix at every width, and the sentence of the verdict."""

import io
import re

import pytest

from contract.harness.reports.reproduction import Again
from contract.harness.reports.terminal import console, show, show_verdict
from contract.harness.reports.terminal_matrix import WORDS, matrix
from contract.harness.run import CaseResult, ClauseResult, Outcome, TargetReport
from contract.harness.spec import ENDPOINTS, catalogue

ALL: list[Outcome] = [*WORDS]


def result(clause: str, endpoint: str | None, outcome: Outcome, why: str = "a reason") -> ClauseResult:
    """A clause with one case."""
    blocked_by = ("TTL-02",) if outcome == "blocked" else ()
    row = CaseResult(clause, endpoint, "a case", outcome, why, 0.0, blocked_by=blocked_by)
    return ClauseResult(clause, endpoint, outcome, why, (row,))


def results() -> list[ClauseResult]:
    """Every clause, and every outcome many times."""
    found: list[ClauseResult] = []
    for clause in catalogue().clauses.values():
        for endpoint in clause.endpoints or (None,):
            found.append(result(clause.id, endpoint, ALL[len(found) % len(ALL)]))
    return found


@pytest.mark.parametrize("width", [20, 40, 60, 79, 80, 81, 100, 110, 200])
def test_ids_and_outcomes_are_whole_at_every_width(width: int) -> None:
    """A title is shortened or left out; nothing else is."""
    head, *lines = (line.plain for line in matrix(results(), width))
    assert head.split()[:1] == ["clause"]
    assert head.split()[-5:] == [*ENDPOINTS, "service"]
    assert [line.split()[0] for line in lines] == list(catalogue().clauses)
    for line in lines:
        clause = line.split()[0]
        shown = [WORDS[each.outcome][0] for each in results() if each.clause == clause]
        assert line.split()[-len(shown) :] == shown


@pytest.mark.parametrize("width", [80, 100, 110])
def test_the_matrix_keeps_to_the_width(width: int) -> None:
    """From 80 columns on no line is broken by the terminal."""
    assert max(len(line.plain) for line in matrix(results(), width)) <= width


def test_a_title_is_whole_where_there_is_room() -> None:
    """Nothing is shortened for its own sake."""
    text = "\n".join(line.plain for line in matrix(results(), 200))
    assert all(clause.title in text for clause in catalogue().clauses.values())


def printed(report: TargetReport, monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    """What is printed where no terminal is."""
    for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    stream = io.StringIO()
    show(console(stream), report, Again("relayauth-contract check a"))
    return stream.getvalue()


@pytest.mark.parametrize(
    "variables", [{}, {"COLUMNS": "80"}, {"FORCE_COLOR": "1"}, {"COLUMNS": "20"}], ids=str
)
def test_nothing_is_cut_off_without_a_terminal(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    """Colour that is asked for changes the colour alone."""
    text = printed(TargetReport("a target", "exec", results=results()), monkeypatch, **variables)
    plain = re.sub("\x1b\\[[0-9;]*m", "", text)
    assert (plain != text) == ("FORCE_COLOR" in variables)
    assert "\N{HORIZONTAL ELLIPSIS}" not in plain
    for each in results():
        assert re.search(rf"(?m)^{each.clause} .*{re.escape(WORDS[each.outcome][0])}", plain)


def test_the_verdict_is_the_last_line() -> None:
    """What was left behind and why there is no verdict stand before it."""
    stream = io.StringIO()
    report = TargetReport("a target", "url", problem="nobody answered", leftovers=["a session"])
    show_verdict(console(stream), report)
    *before, last = stream.getvalue().splitlines()
    assert before == ["left on the target: a session", "nobody answered"]
    assert last == report.sentence
    assert last.startswith("No verdict: a target, ")
