"""Two targets under the same requests: what is given to both, what is found, and what ends it."""

import functools
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from contract.harness.checks import side_by_side
from contract.harness.checks.api_document import Operation
from contract.harness.checks.api_requests import Sent, UsualRequests
from contract.harness.checks.paired_requests import singles
from contract.harness.checks.smallest_differences import Group
from contract.harness.client import Response, Service
from contract.harness.errors import CouldNotTry
from contract.harness.reports.differences import as_json, as_text
from contract.harness.run import diff
from contract.harness.run.diff import Compared, DiffResult, DiffSettings, run_diff
from contract.harness.targets import Target
from contract.harness.targets.clocks import frozen


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few requests of each kind: what is found does not depend on their number."""
    monkeypatch.setattr(diff, "COVERAGE", 2)
    monkeypatch.setattr(diff, "WALKS", 2)


def compared(a: str = "reference", b: str = "reference") -> DiffResult:
    return run_diff(Target(a, a), Target(b, b), DiffSettings())


@functools.cache
def compared_with(mutant: str) -> DiffResult:
    """The reference beside a mutant, once for all tests that look at it."""
    return compared(b=f"mutant:{mutant}")


def found(spec: str) -> Iterator[tuple[str, list[str], int]]:
    """Operation, what differs, and the steps before it, of each difference of a mutant."""
    for group in compared_with(spec).groups:
        finding = group.finding
        yield finding.operation, [each.what for each in finding.differences], len(finding.before)


@pytest.mark.proof
def test_a_target_is_like_itself() -> None:
    """The clock moves for both, and nothing is left out."""
    found = compared()
    assert found.verdict == "alike", as_text(found)
    assert found.clocks_moved
    assert found.compared > 300
    assert not found.skipped
    assert found.sentence == f"Alike: A and B answered {found.compared} requests in the same way."


@pytest.mark.proof
def test_one_seed_shows_a_mutant_in_the_same_way_each_time() -> None:
    assert as_json(compared(b="mutant:SubjectIsLost")) == as_json(compared_with("SubjectIsLost"))


@pytest.mark.proof
def test_both_are_sent_the_same_with_their_own_things(monkeypatch: pytest.MonkeyPatch) -> None:
    """Method, path and members are the same; no id or token of one target reaches the other."""
    passed: dict[int, list[tuple[str, str]]] = {}
    call = Service.call

    def noted(self: Service, method: str, path: str, **sent: Any) -> Response:
        response = call(self, method, path, **sent)
        shape = json.dumps(sorted(response.request.members)) + json.dumps(sorted(sent))
        passed.setdefault(id(self), []).append((f"{method} {path.count('/')} {shape}", response.request.text))
        return response

    monkeypatch.setattr(Service, "call", noted)
    assert compared().verdict == "alike"
    runs = [*passed.values()]
    assert len(runs) == 4  # two sessions, and a server of its own for the walks of each
    for a, b in ((runs[0], runs[1]), (runs[2], runs[3])):
        assert [shape for shape, _ in a] == [shape for shape, _ in b]
        own = {text.split("relayauth-contract-")[1][:8] for _, text in a if '"name": "relayauth-con' in text}
        others = " ".join(text for _, text in b)
        assert own
        assert not [name for name in own if f"relayauth-contract-{name}" in others]


@pytest.mark.proof
def test_a_lifetime_at_one_endpoint_is_found() -> None:
    rows = [*found("CapOnIdentityOnly")]
    mints = {operation: whats for operation, whats, before in rows if not before}
    assert set(mints) == {"POST /v1/tokens/agent", "POST /v1/tokens/path", "POST /v1/tokens/workspace-path"}
    assert all("lifetime of the refresh token" in whats for whats in mints.values())


@pytest.mark.proof
def test_a_difference_that_takes_a_walk_is_shown_with_few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A replay that ends nothing: mint, refresh, replay, and the refresh that succeeds all the same."""
    monkeypatch.setattr(diff, "WALKS", 5)
    rows = [*found("ReplayIsMerelyRefused")]
    assert rows
    assert {whats[0] for _, whats, _ in rows} == {"status"}
    assert min(before for _, _, before in rows) == 3
    assert ("POST /v1/tokens/refresh", ["status"], 3) in rows


def test_a_claim_that_a_rotation_loses_is_found() -> None:
    (operation, whats, before), *_ = found("SubjectIsLost")
    assert operation == "POST /v1/tokens/refresh"
    assert whats == ["claim sub of the access token", "claim sub of the refresh token"]
    assert before == 0


@pytest.mark.proof
def test_the_smallest_case_comes_first_and_like_ones_are_counted() -> None:
    result = compared_with("NoCap")
    sizes = [group.finding.size for group in result.groups]
    assert sizes == sorted(sizes)
    assert sum(group.requests for group in result.groups) == result.different
    kinds = [
        (group.finding.operation, group.finding.kinds, len(group.finding.before)) for group in result.groups
    ]
    assert len(kinds) == len(set(kinds))


def test_what_is_shown_fits_80_columns_and_holds_no_secret() -> None:
    text = as_text(compared_with("SubjectIsLost"))
    assert max(map(len, text.splitlines())) <= 80
    assert "eyJ" not in text
    assert "rak_" not in text


def test_more_than_ten_differences_are_counted() -> None:
    result = compared_with("NoCap")
    result = replace(result, groups=[Group(result.groups[0].finding)] * 13)
    text = as_text(result)
    assert "\n10. POST" in text
    assert "11. POST" not in text
    assert "And 3 more, which --json FILE writes." in text
    assert len(json.loads(as_json(result))["differences"]) == 13


def result(**values: Any) -> DiffResult:
    return DiffResult(Compared("x"), Compared("y"), 0, **values)


def test_no_answer_is_no_likeness() -> None:
    """One request without an answer, or none at all, leaves it open."""
    assert result().verdict == "not compared"
    assert result(compared=9).verdict == "alike"
    some = result(compared=9)
    some.unanswered["B: no connection"] += 2
    assert some.verdict == "not compared"
    assert some.sentence == (
        "Could not compare: 2 requests could not be compared; 9 requests were answered in the same way."
    )
    assert "no answer: B: no connection (2)" in as_text(some)
    assert result(problem="B: down").sentence == "Could not compare: B: down"


def test_a_target_that_falls_silent_ends_the_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    """After ten requests in a row no more are sent."""
    call, sent = Service.call, [0]

    def silent(self: Service, *words: Any, **given: Any) -> Response:
        sent[0] += 1
        if sent[0] > 200:
            raise CouldNotTry("no connection")
        return call(self, *words, **given)

    monkeypatch.setattr(Service, "call", silent)
    ended = compared()
    assert ended.verdict == "not compared"
    assert ended.problem == "10 requests in a row got no answer"
    assert sent[0] <= 200 + 10


def test_an_answer_that_no_request_can_be_made_of_leaves_it_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a crash nor a silent gap."""
    usual = UsualRequests.usual

    def without(self: UsualRequests, operation: Operation) -> Sent:
        if operation.name == "revokeTokens":
            raise KeyError("sid")
        return usual(self, operation)

    monkeypatch.setattr(UsualRequests, "usual", without)
    monkeypatch.setattr(diff, "WALKS", 0)
    monkeypatch.setattr(side_by_side, "PATIENCE", 10_000)
    ended = compared()
    assert ended.verdict == "not compared"
    assert [*ended.unanswered] == ["A: no request could be made of an answer: KeyError"]
    assert ended.compared > 100


def test_a_target_that_can_not_be_opened_is_named() -> None:
    ended = compared(b="exec:false")
    assert ended.verdict == "not compared"
    assert ended.sentence.startswith("Could not compare: B: exec: the server ended")


def test_a_process_has_one_clock() -> None:
    """What is opened beside a frozen target sees the same time, and leaves it frozen."""
    with frozen() as outer:
        with frozen() as inner:
            inner.set(inner.now() + 60)
        assert inner is outer
        outer.set(outer.now() + 1)
    with frozen() as fresh:
        assert fresh is not outer


def test_on_a_url_no_method_is_tried_that_an_operation_does_not_have() -> None:
    for single in singles(coverage=20, examples=1, seed=0, on_a_url=True):
        assert single.target == single.operation
