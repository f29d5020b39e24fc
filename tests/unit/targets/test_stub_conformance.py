"""What is said of one net of traps is held by both: the mocked one and the one of sockets."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from contract.harness.jose import other_key, run_key
from contract.harness.spec import routes
from contract.harness.targets import DEFAULT_ORIGIN, REAL, StubAnswer, StubRequest
from contract.harness.targets import socket_stubs as wiretraps
from contract.harness.targets.jwks_answers import SLOW_SECONDS
from contract.harness.targets.jwks_stubs import InProcessStubs, StubFactory
from contract.harness.targets.processes import free_port
from contract.harness.targets.socket_stubs import SocketStubs
from tests.support.command import patience
from tests.support.room import until

SHORT = 0.3  # seconds that a caller waits for a stub that is to keep it waiting


@dataclass(frozen=True)
class World:
    """A way to spread a net, and where its loopback default is."""

    spread: StubFactory
    default: str


@pytest.fixture(params=[InProcessStubs, SocketStubs], ids=["mocked", "wired"])
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> World:
    """Each net; the wired one with a default of its own, so that no other program is in its way."""
    default = DEFAULT_ORIGIN
    if request.param is SocketStubs:
        port = free_port()
        monkeypatch.setattr(wiretraps, "DEFAULT_PORT", port)
        default = f"http://127.0.0.1:{port}"
    return World(request.param(run_key(), other_key()), default)


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A verifier's HTTP client."""
    with httpx.Client(trust_env=False, timeout=patience(), follow_redirects=False) as client:
        yield client


@pytest.fixture
def impatient(http: httpx.Client) -> httpx.Client:
    """A verifier's HTTP client that gives up soon, as long as it is connected in time."""
    http.timeout = httpx.Timeout(patience(), read=SHORT)
    return http


TRUTH = {"keys": [run_key().jwk]}
TOLD: dict[StubAnswer, tuple[int, str, object]] = {
    StubAnswer.TRUE: (200, "application/json", TRUTH),
    StubAnswer.OTHER_KEY: (200, "application/json", {"keys": [other_key().jwk]}),
    StubAnswer.EMPTY: (200, "application/json", {"keys": []}),
    StubAnswer.SERVER_ERROR: (500, "application/json", TRUTH),
    StubAnswer.HTML: (200, "text/html", None),
    StubAnswer.NOT_JSON: (200, "application/json", None),
    StubAnswer.REDIRECT: (302, "application/json", TRUTH),
}
SILENT = {
    StubAnswer.SLOW: httpx.ReadTimeout,
    StubAnswer.STALLED: httpx.ReadTimeout,
    StubAnswer.UNREACHABLE: httpx.ConnectError,
}


def _json(response: httpx.Response) -> object:
    try:
        return response.json()
    except json.JSONDecodeError:
        return None


@pytest.mark.parametrize("lie", TOLD)
def test_a_trap_tells_its_lie(world: World, http: httpx.Client, lie: StubAnswer) -> None:
    """Status, type and keys are those of the lie, and the visit is written down."""
    with world.spread(lie, StubAnswer.UNREACHABLE) as net:
        response = http.get(net.origin + routes.JWKS)
    told = response.status_code, response.headers["content-type"], _json(response)
    assert told == TOLD[lie]
    assert net.request_log == [StubRequest("stub", "GET", net.origin + routes.JWKS)]


@pytest.mark.parametrize("lie", TOLD)
def test_the_loopback_default_tells_its_own_lie(world: World, http: httpx.Client, lie: StubAnswer) -> None:
    """It is told from the trap, by its answer and in what is written down."""
    with world.spread(StubAnswer.UNREACHABLE, lie) as net:
        response = http.get(world.default + routes.JWKS)
    told = response.status_code, response.headers["content-type"], _json(response)
    assert told == TOLD[lie]
    assert net.request_log == [StubRequest("default", "GET", world.default + routes.JWKS)]
    assert net.unobservable is None


@pytest.mark.parametrize(("lie", "error"), SILENT.items())
def test_a_silent_trap_is_no_answer(
    world: World, impatient: httpx.Client, lie: StubAnswer, error: type[Exception]
) -> None:
    """Unreachable refuses the connection; slow keeps a caller waiting past its patience."""
    with world.spread(lie, StubAnswer.TRUE) as net, pytest.raises(error):
        impatient.get(net.origin + routes.JWKS)


@pytest.mark.parametrize("lie", [StubAnswer.SLOW, StubAnswer.STALLED])
def test_a_slow_stub_notes_the_request(world: World, impatient: httpx.Client, lie: StubAnswer) -> None:
    """Who asked counts, even where nothing was answered."""
    with world.spread(lie, StubAnswer.TRUE) as net:
        with pytest.raises(httpx.ReadTimeout):
            impatient.get(net.origin + routes.JWKS)
        until(lambda: bool(net.request_log), what="the request was noted")
    assert net.request_log == [StubRequest("stub", "GET", net.origin + routes.JWKS)]


@pytest.mark.parametrize("lie", [StubAnswer.SLOW, StubAnswer.STALLED])
def test_a_slow_trap_lets_the_net_be_taken_up_at_once(
    world: World, impatient: httpx.Client, lie: StubAnswer
) -> None:
    """Its minute is for its caller: the harness does not wait it out."""
    begun = REAL["monotonic"]()
    with world.spread(lie, lie) as net, pytest.raises(httpx.ReadTimeout):
        impatient.get(net.origin + routes.JWKS)
    assert REAL["monotonic"]() - begun < SLOW_SECONDS


def test_a_redirect_leads_to_the_true_keys_elsewhere(world: World, http: httpx.Client) -> None:
    """A verifier that follows it gets the true keys, and the request log says that it followed."""
    with world.spread(StubAnswer.REDIRECT, StubAnswer.TRUE) as net:
        location = http.get(net.origin + routes.JWKS).headers["location"]
        assert http.get(location).json() == TRUTH
    assert net.request_log == [
        StubRequest("stub", "GET", net.origin + routes.JWKS),
        StubRequest("redirect", "GET", location),
    ]
    assert not location.startswith((net.origin, DEFAULT_ORIGIN))


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/v1/some/path?query=a"])
def test_whatever_is_asked_is_written_down(world: World, http: httpx.Client, method: str, path: str) -> None:
    """Method, path and query: the visit is the evidence."""
    with world.spread(StubAnswer.TRUE, StubAnswer.TRUE) as net:
        http.request(method, net.origin + path)
        http.request(method, world.default + path)
    assert net.request_log == [
        StubRequest("stub", method, net.origin + path),
        StubRequest("default", method, world.default + path),
    ]


def test_a_fresh_net_has_seen_nobody(world: World, http: httpx.Client) -> None:
    """Nothing is carried over from the net before."""
    with world.spread(StubAnswer.TRUE, StubAnswer.TRUE) as net:
        http.get(net.origin)
    with world.spread(StubAnswer.TRUE, StubAnswer.TRUE) as again:
        pass
    assert (len(net.request_log), again.request_log) == (1, [])


def test_a_net_that_was_taken_up_catches_nothing_more(world: World, http: httpx.Client) -> None:
    """After its block nobody answers there."""
    with world.spread(StubAnswer.TRUE, StubAnswer.TRUE) as net:
        pass
    with pytest.raises(httpx.ConnectError):
        http.get(net.origin + routes.JWKS)
    assert net.request_log == []


def test_a_mocked_net_lets_nothing_out(http: httpx.Client) -> None:
    """An address that is no trap is written down as elsewhere, and nobody is there."""
    with (
        InProcessStubs(run_key(), other_key())(StubAnswer.TRUE, StubAnswer.TRUE) as net,
        pytest.raises(httpx.ConnectError),
    ):
        http.get("https://relayauth.dev/.well-known/jwks.json")
    assert net.request_log == [StubRequest("elsewhere", "GET", "https://relayauth.dev/.well-known/jwks.json")]


@pytest.mark.parametrize("lie", [StubAnswer.SLOW, StubAnswer.STALLED])
@pytest.mark.parametrize(("patience", "waited"), [(5.0, 5.0), (None, 60.0), (90.0, 60.0)])
def test_a_mocked_slow_trap_counts_what_it_would_have_taken(
    patience: float | None, waited: float, lie: StubAnswer
) -> None:
    """A caller that waits less than a minute gives up; any other gets the answer after the minute."""
    with (
        InProcessStubs(run_key(), other_key())(lie, StubAnswer.TRUE) as net,
        httpx.Client(timeout=patience) as http,
    ):
        if patience == waited:
            with pytest.raises(httpx.ReadTimeout):
                http.get(net.origin)
        else:
            assert http.get(net.origin).json() == TRUTH
    assert net.waited == waited


@pytest.mark.proof
def test_a_wired_net_says_when_it_is_blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another program has the default's port, the trap works and the blindness is told."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setattr(wiretraps, "DEFAULT_PORT", other.getsockname()[1])
        with (
            SocketStubs(run_key(), other_key())(StubAnswer.TRUE, StubAnswer.TRUE) as net,
            httpx.Client() as http,
        ):
            assert http.get(net.origin).json() == TRUTH
    assert net.unobservable is not None
    assert "taken by another program: free it" in net.unobservable
