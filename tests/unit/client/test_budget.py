"""The budget of requests on a URL: kept in any case, with enough of it for the removal."""

import httpx
import pytest

from contract.harness.client import (
    CORE_BUDGET,
    FULL_BUDGET,
    OwnOrg,
    Racer,
    RequestBudget,
    Service,
    budget_for,
)
from contract.harness.errors import CouldNotTry
from contract.harness.run import Settings, run_contract
from contract.harness.spec import SHAPED
from tests.unit.client.scripted import Script, reference, served

OK = httpx.Response(200, json={})


def test_a_request_that_does_not_fit_is_not_sent() -> None:
    """It says how many were sent, and what sets another budget."""
    script = Script(OK)
    with served(script) as service:
        service.budget = RequestBudget(2)
        for _ in range(2):
            service.call("GET", "/health")
        with pytest.raises(CouldNotTry, match="budget of 2 requests, 2 were sent: --max-requests"):
            service.call("GET", "/health")
    assert len(script.requests) == 2


def test_races_and_what_opens_their_connections_count() -> None:
    """A race of three over cold connections is six requests."""
    with served(Script(OK)) as service:
        racer = Racer(service)
        for expected in (6, 9):
            racer.race([service.prepare("POST", "/v1/tokens/refresh", body={}) for _ in range(3)])
            assert service.requests == expected


def test_a_race_that_does_not_fit_is_not_begun() -> None:
    """No part of it is sent: half a race would show nothing."""
    script = Script(OK)
    with served(script) as service:
        service.budget = RequestBudget(5)
        with pytest.raises(CouldNotTry, match="not sent"):
            Racer(service).race([service.prepare("POST", "/v1/tokens/refresh", body={}) for _ in range(3)])
    assert script.requests == []


def test_what_was_waited_for_counts_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that is sent again is another request."""
    monkeypatch.setattr("contract.harness.client.waiting.time.sleep", lambda _seconds: None)
    script = Script(httpx.Response(429))
    with served(script) as service:
        service.budget = RequestBudget(3)
        with pytest.raises(CouldNotTry, match="budget of 3 requests"):
            service.call("GET", "/health")
    assert len(script.requests) == 3


def test_enough_is_kept_to_remove_everything() -> None:
    """The run stops before the removal could not be paid for any more."""
    with reference() as deployment, deployment.connect() as connection:
        service = Service(connection, RequestBudget(120))
        own_org = OwnOrg(service, deployment.key)
        own_org.open()

        def many() -> None:
            for number in range(200):
                own_org.pair(SHAPED["path"][number % 3])

        with pytest.raises(CouldNotTry, match="are kept to remove what it made"):
            many()
        assert service.requests > 60
        assert own_org.close() == []
        assert service.requests <= 120


@pytest.mark.parametrize(
    ("kind", "profile", "most", "limit"),
    [
        ("url", "full", None, FULL_BUDGET),
        ("url", "core", None, CORE_BUDGET),
        ("url", "core", 5000, 5000),
        ("reference", "full", None, None),
        ("exec", "full", None, None),
    ],
)
def test_only_urls_have_a_budget(kind: str, profile: str, most: int | None, limit: int | None) -> None:
    """2,200 requests for the full profile and 700 for the core, unless the caller says otherwise."""
    assert (FULL_BUDGET, CORE_BUDGET) == (2600, 700)
    assert budget_for(kind, profile, most).limit == limit  # type: ignore[arg-type]


def test_what_no_longer_fits_is_an_error_and_never_a_gap() -> None:
    """Every case has a result: those after the end of the budget are errors that say so."""
    clauses = ("TTL-01", "TTL-02")
    with reference() as deployment:
        settings = Settings(targets=(deployment.target(),), clauses=clauses)
        (whole,) = run_contract(settings)
        used = len(deployment.watched.passed)
    with reference() as deployment:
        target = deployment.target()
        (cut,) = run_contract(Settings(targets=(target,), clauses=clauses, max_requests=used - 20))
        assert len(deployment.watched.passed) <= used - 20
    assert [(each.clause, each.endpoint) for each in cut.results] == [
        (each.clause, each.endpoint) for each in whole.results
    ]
    assert {each.outcome for each in whole.results} == {"pass"}
    errors = [each.why for each in cut.results if each.outcome == "error"]
    assert errors
    assert all("--max-requests" in why for why in errors)
    assert cut.verdict == "open"
    assert cut.leftovers == []
