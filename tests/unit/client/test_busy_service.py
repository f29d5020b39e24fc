"""A service that says that it did nothing and is busy is waited for, alone and between races."""

from collections.abc import Callable

import httpx
import pytest

from contract.harness.client import Racer, Service
from contract.harness.client.waiting import SOON
from contract.harness.errors import CouldNotTry
from contract.harness.targets import ObservedClock
from contract.harness.targets.clocks import frozen
from contract.harness.targets.connections import Kind
from tests.unit.client.scripted import Script, served

OK = httpx.Response(200, json={})


def storage(retry_after: str, code: str = "storage_overloaded") -> httpx.Response:
    """The 503 of docs/contract.md, Overload and rate limits."""
    body = {"error": "busy", "code": code, "retryable": True, "operation": "write", "requestId": "r"}
    return httpx.Response(503, headers={"retry-after": retry_after}, json=body)


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of each wait, none of which passes."""
    seconds: list[float] = []
    monkeypatch.setattr("contract.harness.client.waiting.time.sleep", seconds.append)
    return seconds


@pytest.mark.parametrize("kind", ["url", "exec", "asgi", "reference"])
@pytest.mark.parametrize("code", ["storage_overloaded", "storage_capacity_exhausted"])
def test_a_503_about_storage_is_waited_out(waited: list[float], kind: Kind, code: str) -> None:
    """On every kind of target, as long as it says, and the request is sent again unchanged."""
    script = Script(storage("30", code), OK)
    with served(script, kind) as service:
        assert service.call("POST", "/v1/tokens", body={"a": 1}).status == 200
    assert waited == [30.0]
    assert [request.content for request in script.requests] == [b'{"a": 1}'] * 2
    assert service.requests == 2


def test_a_503_for_ever_is_given_up(waited: list[float]) -> None:
    """The waits of a run are bounded together."""
    with served(Script(storage("50"))) as service, pytest.raises(CouldNotTry, match="503 asks to wait 50 s"):
        service.call("GET", "/health")
    assert sum(waited) == 150


def _race(service: Service, racer: Racer, number: int = 3) -> list[int]:
    prepared = [service.prepare("POST", "/v1/tokens/refresh", body={}) for _ in range(number)]
    return sorted(response.status for response in racer.race(prepared).responses)


def _racing(service: Service, responses: Callable[[], list[httpx.Response]]) -> None:
    service.connection.at_once = lambda _requests: responses()


def test_a_503_of_a_race_is_waited_out_before_the_next_one(waited: list[float]) -> None:
    """Nothing of the race is sent again; the next race begins when the service said that it may."""
    with served(Script(OK)) as service:
        racer = Racer(service)
        _racing(service, lambda: [httpx.Response(200, json={}), storage("7"), storage("2")])
        assert _race(service, racer) == [200, 503, 503]
        assert waited == []
        _racing(service, lambda: [httpx.Response(200, json={}) for _ in range(3)])
        _race(service, racer)
        assert waited == [7.0]
        _race(service, racer)
    assert waited == [7.0]


@pytest.mark.parametrize("status", [409, 429])
def test_the_losers_of_a_race_may_be_told_so(waited: list[float], status: int) -> None:
    """A 409 or a 429 beside another response is a result of the race, and nobody waits for it."""
    with served(Script(OK)) as service:
        racer = Racer(service)
        _racing(service, lambda: [httpx.Response(200, json={}), *[httpx.Response(status)] * 2])
        assert _race(service, racer) == [200, status, status]
        _race(service, racer)
    assert waited == []


def test_a_race_that_is_limited_as_a_whole_is_waited_out(waited: list[float]) -> None:
    """A 429 to every request says nothing about the race: it is a rate limit."""
    with served(Script(OK)) as service:
        racer = Racer(service)
        _racing(service, lambda: [httpx.Response(429, headers={"retry-after": "3"})] * 3)
        assert _race(service, racer) == [429] * 3
        _race(service, racer)
    assert waited == [3.0]


def test_a_race_waits_within_the_bounds_of_the_run(waited: list[float]) -> None:
    """A service that asks for too long gets no second race."""
    with served(Script(OK)) as service:
        racer = Racer(service)
        _racing(service, lambda: [storage("61"), httpx.Response(200, json={})])
        _race(service, racer, 2)
        with pytest.raises(CouldNotTry, match="503 asks to wait 61 s; this run waits 60 s at most"):
            _race(service, racer, 2)
    assert waited == []


@pytest.mark.parametrize("settable", [True, False])
def test_a_server_of_this_run_is_asked_again_before_it_is_waited_for(
    waited: list[float], settable: bool
) -> None:
    """Soon first; then after a step of its clock, if that can be set; then after the time it asked for."""
    script = Script(*[storage("30")] * (3 if settable else 2), OK)
    with frozen() as clock, served(script, "exec", clock=clock if settable else ObservedClock()) as service:
        begin = clock.now()
        response = service.call("POST", "/v1/tokens", body={"a": 1})
        assert clock.now() - begin == (60 if settable else 0)
        assert not settable or response.request.sent_at == clock.now()
    assert waited == [SOON, 30.0]
    assert len(script.requests) == (4 if settable else 3)


def test_a_server_of_this_run_that_asks_for_too_long_is_asked_again_once(waited: list[float]) -> None:
    """Its clock is not moved by more than this run would wait."""
    with frozen() as clock, served(Script(storage("61")), "exec", clock=clock) as service:
        begin = clock.now()
        with pytest.raises(CouldNotTry, match="503 asks to wait 61 s; this run waits 60 s at most"):
            service.call("GET", "/health")
        assert clock.now() == begin
    assert waited == [SOON]


def test_races_on_a_server_of_this_run_wait_longer_where_none_is_decided(waited: list[float]) -> None:
    """Losers that are told to come again say nothing of the next race; if all are, the clock has to move."""
    with frozen() as clock, served(Script(OK), "exec", clock=clock) as service:
        racer, begin = Racer(service), clock.now()
        _racing(service, lambda: [httpx.Response(200, json={}), storage("7"), storage("2")])
        _race(service, racer)
        _race(service, racer)
        assert (waited, clock.now() - begin) == ([SOON], 0)
        _racing(service, lambda: [storage("7")] * 3)
        for _ in range(3):
            _race(service, racer)
        assert (waited, clock.now() - begin) == ([SOON, SOON, 7.0], 14)
