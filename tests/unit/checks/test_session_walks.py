"""Walks and their model: what the table says, that the reference agrees, and that session mutants do not."""

import json
from pathlib import Path

import pytest

from contract.harness.checks.api_cases import GeneratedCase
from contract.harness.checks.api_examples import Examples
from contract.harness.checks.session_steps import REPLAYS, smallest
from contract.harness.errors import UsageError, Violation
from contract.harness.run import Settings, run_contract
from contract.harness.spec import session_model as model
from contract.harness.targets import Target

DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_the_table_says_something_of_every_event_in_every_state() -> None:
    for state in model.State:
        assert set(model.TRANSITIONS[state]) == set(model.Event)
    for answers in (model.REFRESHES, model.BEARERS, model.SHOWN):
        assert set(answers) == set(model.State)


def test_what_has_ended_stays_so_and_every_state_is_reached() -> None:
    assert set(model.TRANSITIONS[model.State.ENDED].values()) == {model.State.ENDED}
    reached = {each for row in model.TRANSITIONS.values() for each in row.values()}
    assert reached == set(model.State)


def test_the_page_is_drawn_from_the_table() -> None:
    assert (DOCS / "session-model.md").read_text("utf-8") == model.page()


def outcome(spec: str, examples: int | None = None) -> tuple[list[str], str]:
    settings = Settings(targets=(Target(spec, spec),), clauses=("API-03",), fuzz_examples=examples)
    (report,) = run_contract(settings)
    return [each.outcome for each in report.results], " ".join(each.why for each in report.results).strip()


@pytest.mark.proof
def test_the_reference_agrees_with_the_model() -> None:
    assert outcome("reference") == (["pass"] * 4, "")


MUTANTS = [
    "ReplayIsMerelyRefused",
    *(
        pytest.param(each, marks=pytest.mark.proof)
        for each in (
            "RefreshTokensAreReusable",
            "OnlyTheFirstTokenIsWatched",
            "ReplayEndsAllSessions",
            "BearersOutliveTheirSession",
        )
    ),
]


@pytest.mark.proof
@pytest.mark.parametrize("name", MUTANTS)
def test_walks_kill_mutants_of_sessions_and_show_a_small_walk(name: str) -> None:
    outcomes, why = outcome(f"mutant:{name}", 12)
    assert "fail" in outcomes
    steps = json.loads(why.partition("the walk is ")[2].partition("]")[0] + "]")
    assert steps[0]["do"] == "mint"
    assert len(steps) <= 6


def test_a_walk_is_made_small_within_its_budget() -> None:
    steps = [{"do": str(number)} for number in range(40)]
    tried = []

    def take(fewer: object) -> None:
        tried.append(fewer)
        names = [each["do"] for each in fewer]  # type: ignore[attr-defined]
        if "7" in names and "31" in names:
            raise Violation("both")

    found, _ = smallest(steps, Violation("both"), take, REPLAYS)
    assert [each["do"] for each in found] == ["7", "31"]
    assert len(tried) <= REPLAYS
    assert len(smallest(steps, Violation("both"), take, 3)[0]) > 2


def test_examples_are_kept_from_one_run_to_the_next(tmp_path: Path) -> None:
    file = tmp_path / "cases.json"
    case = GeneratedCase("refreshTokens", False, "fuzzed", "POST", body={"refreshToken": 0}, has_body=True)
    first = Examples(file)
    for _ in range(2):
        first.keep_request(case)
        first.keep_walk("agent", [{"do": "mint", "at": "agent"}])
    again = Examples(file)
    assert (again.requests, again.walks("agent")) == ([case], ([{"do": "mint", "at": "agent"}],))
    assert again.walks("path") == ()


@pytest.mark.parametrize(
    "content", ["", "[]", '{"version": 2}', '{"version": 1, "requests": [1], "walks": {}}']
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "cases.json"
    file.write_text(content)
    with pytest.raises(UsageError, match="give a file that this option wrote"):
        Examples(file)
