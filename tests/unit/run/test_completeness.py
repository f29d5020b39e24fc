"""No case gets lost: whatever removes cases, stops the run or raises, each of them has a result."""

from collections import Counter
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from contract.harness.run import Settings, TargetReport, run_contract
from contract.harness.run.selection import CaseGroup, Selection
from contract.harness.spec import ENDPOINTS, SHAPED, takes_paths
from contract.harness.targets import Target

if TYPE_CHECKING:
    from collections.abc import Callable

TARGET = Target("mutant:NoCap", "mutant:NoCap")
SETTINGS = Settings(targets=(TARGET,), clauses=("TTL-02", "TTL-03"))
PLACES = {(clause, endpoint) for clause in ("TTL-02", "TTL-03") for endpoint in ENDPOINTS}


class DropsItems:
    """As a plugin for sharding does."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if "TTL" not in str(item.get_closest_marker("clause"))]


class DropsOneCase:
    """The smallest loss: one value at one endpoint."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        del items[0]


class DeselectsFailures:
    """As `--deselect` does, of what would fail."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        failing = [item for item in items if "above_the_cap" in item.name]
        config.hook.pytest_deselected(items=failing)
        items[:] = [item for item in items if item not in failing]


class MakesNoItems:
    """No function is a test any more."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makeitem(self) -> list[pytest.Item]:
        return []


class SkipsTheProtocol:
    """A case counts as run, and nobody ran it."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self) -> bool:
        return True


class StopsEarly:
    """As `--maxfail` does."""

    def pytest_runtest_logfinish(self) -> None:
        self.session.shouldstop = "enough"

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self.session = session


class RaisesAtCollection:
    """A bug of a plugin, before the first case."""

    def pytest_collection_finish(self) -> NoReturn:
        raise RuntimeError("a bug of a plugin")


class RaisesAtACase:
    """A bug of a plugin, in the middle."""

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        if "31536000" in nodeid:
            raise RuntimeError("a bug of a plugin")


def run_with(monkeypatch: pytest.MonkeyPatch, plugin: object, settings: Settings = SETTINGS) -> TargetReport:
    """Run with one plugin more than a run has."""
    main: Callable[..., Any] = pytest.main

    def with_plugin(words: list[str], plugins: list[object]) -> Any:
        return main(words, plugins=[*plugins, plugin])

    monkeypatch.setattr("contract.harness.run.runner.pytest.main", with_plugin)
    (report,) = run_contract(settings)
    return report


@pytest.mark.parametrize(
    "plugin", [DropsItems, DeselectsFailures, MakesNoItems, SkipsTheProtocol, StopsEarly, RaisesAtACase]
)
def test_a_case_without_a_result_is_an_error(monkeypatch: pytest.MonkeyPatch, plugin: type) -> None:
    """Each clause and endpoint has a result, and none of a broken service conforms."""
    report = run_with(monkeypatch, plugin())
    assert {each.place for each in report.results} == PLACES
    lost = [each for each in report.results if each.outcome == "error"]
    assert lost
    for each in lost:
        assert "cases of test_" in each.why
        assert "have no result: " in each.why
    assert report.verdict in ("open", "broken")
    assert (report.verdict == "broken") == any(each.outcome == "fail" for each in report.results)


def test_the_loss_of_one_case_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other cases of the clause passed; it says how many are missing, and where."""
    report = run_with(monkeypatch, DropsOneCase(), Settings(clauses=("TTL-02",)))
    (lost,) = [each for each in report.results if each.outcome == "error"]
    assert lost.endpoint == "identity"
    assert lost.why.startswith("1 of 5 cases of test_above_the_cap")
    assert report.verdict == "open"


def test_an_error_of_the_harness_leaves_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named as the cause of what is missing."""
    report = run_with(monkeypatch, RaisesAtACase(), Settings(clauses=("TTL-02",)))
    assert report.verdict == "open"
    assert "RuntimeError: a bug of a plugin" in report.sentence
    assert any("RuntimeError: a bug of a plugin" in each.why for each in report.results)


def test_a_run_without_any_case_is_an_error_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was sent, so there is no report to make."""
    from contract.harness.errors import ContractError

    with pytest.raises(ContractError, match=r"could not be run: .*a bug of a plugin"):
        run_with(monkeypatch, RaisesAtCollection())


def test_a_run_for_first_failures_leaves_out_what_it_was_told_to() -> None:
    """What is left out on purpose is not missing."""
    settings = Settings(
        targets=(TARGET,),
        clauses=("TTL-02",),
        first_failure_only=True,
        skip_first={TARGET.name: {"TTL-02": 1}},
    )
    (report,) = run_contract(settings)
    assert {each.outcome for each in report.results} == {"fail"}
    assert sum(len(each.cases) for each in report.results) == 1


def one_mark(*marks: pytest.MarkDecorator) -> Any:
    """A test function of a chapter, with a `mint`."""

    def test_some_claim(mint: object, number: int) -> None: ...

    for mark in marks:
        mark(test_some_claim)
    return test_some_claim


NUMBERS = pytest.mark.parametrize("number", range(3))
LETTERS = pytest.mark.parametrize(("letter", "sign"), [("a", 1), ("b", 2)])
AT_PATHS = pytest.mark.parametrize("mint", takes_paths())


@pytest.mark.parametrize(
    ("clause", "marks", "endpoints", "kind", "expected"),
    [
        pytest.param("TTL-01", [NUMBERS], (), "reference", dict.fromkeys(ENDPOINTS, 3), id="rows"),
        pytest.param("TTL-01", [NUMBERS, LETTERS], (), "reference", dict.fromkeys(ENDPOINTS, 6), id="both"),
        pytest.param("TTL-01", [NUMBERS], ("agent",), "reference", {"agent": 3}, id="one endpoint"),
        pytest.param(
            "TTL-08", [AT_PATHS], (), "reference", {"path": 1, "workspace-path": 1}, id="endpoints of its own"
        ),
        pytest.param(
            "META-01", [NUMBERS], (), "reference",
            {name: 3 * len(rows) for name, rows in SHAPED.items()}, id="all shapes",
        ),
        pytest.param(
            "SES-01", [NUMBERS], ("path",), "http://127.0.0.1:1", {"path": 6}, id="shapes of our own"
        ),
    ],
)  # fmt: skip
def test_the_cases_of_a_run_are_counted_from_the_chapters(
    clause: str,
    marks: list[pytest.MarkDecorator],
    endpoints: tuple[str, ...],
    kind: str,
    expected: dict[str, int],
) -> None:
    """Whatever pytest makes of them."""
    function = one_mark(pytest.mark.clause(clause), *marks)
    settings = Settings(targets=(Target("a target", kind),), clauses=(clause,), endpoints=endpoints)
    planned = Selection(settings).planned([function])
    found: Counter[str | None] = Counter()
    for group, number in planned.items():
        assert isinstance(group, CaseGroup)
        assert (group.target, group.clause, group.function) == ("a target", clause, "test_some_claim")
        found[group.endpoint] += number
    assert found == expected
