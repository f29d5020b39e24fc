"""What is said of one net of traps is held by both: the mocked one and the one of sockets."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from contract.harness import wiretraps
from contract.harness.clocks import REAL
from contract.harness.processes import free_port
from contract.harness.tokens import other_key, run_key
from contract.harness.traps import DEFAULT_ORIGIN, JWKS_PATH, Lie, MockedNet, Spread, Visit
from contract.harness.wiretraps import WiredNet

PATIENCE = 0.3  # seconds


@dataclass(frozen=True)
class World:
    """A way to spread a net, and where its loopback default is."""

    spread: Spread
    default: str


@pytest.fixture(params=[MockedNet, WiredNet], ids=["mocked", "wired"])
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> World:
    """Each net; the wired one with a default of its own, so that no other program is in its way."""
    default = DEFAULT_ORIGIN
    if request.param is WiredNet:
        port = free_port()
        monkeypatch.setattr(wiretraps, "DEFAULT_PORT", port)
        default = f"http://127.0.0.1:{port}"
    return World(request.param(run_key(), other_key()), default)


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A verifier's HTTP client."""
    with httpx.Client(trust_env=False, timeout=PATIENCE, follow_redirects=False) as client:
        yield client


TRUTH = {"keys": [run_key().jwk]}
TOLD: dict[Lie, tuple[int, str, object]] = {
    Lie.TRUE: (200, "application/json", TRUTH),
    Lie.OTHER_KEY: (200, "application/json", {"keys": [other_key().jwk]}),
    Lie.EMPTY: (200, "application/json", {"keys": []}),
    Lie.SERVER_ERROR: (500, "application/json", TRUTH),
    Lie.HTML: (200, "text/html", None),
    Lie.NOT_JSON: (200, "application/json", None),
    Lie.REDIRECT: (302, "application/json", TRUTH),
}
SILENT = {
    Lie.SLOW: httpx.ReadTimeout,
    Lie.STALLED: httpx.ReadTimeout,
    Lie.UNREACHABLE: httpx.ConnectError,
}


def _json(answer: httpx.Response) -> object:
    try:
        return answer.json()
    except json.JSONDecodeError:
        return None


@pytest.mark.parametrize("lie", TOLD)
def test_a_trap_tells_its_lie(world: World, http: httpx.Client, lie: Lie) -> None:
    """Status, type and keys are those of the lie, and the visit is written down."""
    with world.spread(lie, Lie.UNREACHABLE) as net:
        answer = http.get(net.origin + JWKS_PATH)
    told = answer.status_code, answer.headers["content-type"], _json(answer)
    assert told == TOLD[lie]
    assert net.visits == [Visit("trap", "GET", net.origin + JWKS_PATH)]


@pytest.mark.parametrize("lie", TOLD)
def test_the_loopback_default_tells_its_own_lie(world: World, http: httpx.Client, lie: Lie) -> None:
    """It is told from the trap, by its answer and in what is written down."""
    with world.spread(Lie.UNREACHABLE, lie) as net:
        answer = http.get(world.default + JWKS_PATH)
    told = answer.status_code, answer.headers["content-type"], _json(answer)
    assert told == TOLD[lie]
    assert net.visits == [Visit("default", "GET", world.default + JWKS_PATH)]
    assert net.blind is None


@pytest.mark.parametrize(("lie", "error"), SILENT.items())
def test_a_silent_trap_is_no_answer(
    world: World, http: httpx.Client, lie: Lie, error: type[Exception]
) -> None:
    """Unreachable refuses the connection; slow keeps a caller waiting past its patience."""
    with world.spread(lie, Lie.TRUE) as net, pytest.raises(error):
        http.get(net.origin + JWKS_PATH)


@pytest.mark.parametrize("lie", [Lie.SLOW, Lie.STALLED])
def test_a_slow_trap_has_written_its_visitor_down(world: World, http: httpx.Client, lie: Lie) -> None:
    """Who asked counts, even where nothing was answered."""
    with world.spread(lie, Lie.TRUE) as net, pytest.raises(httpx.ReadTimeout):
        http.get(net.origin + JWKS_PATH)
    assert net.visits == [Visit("trap", "GET", net.origin + JWKS_PATH)]


@pytest.mark.parametrize("lie", [Lie.SLOW, Lie.STALLED])
def test_a_slow_trap_lets_the_net_be_taken_up_at_once(world: World, http: httpx.Client, lie: Lie) -> None:
    """Its minute is for its caller: the harness does not wait it out."""
    begun = REAL["monotonic"]()
    with world.spread(lie, lie) as net, pytest.raises(httpx.ReadTimeout):
        http.get(net.origin + JWKS_PATH)
    assert REAL["monotonic"]() - begun < 5


def test_a_redirect_leads_to_the_true_keys_at_the_default(world: World, http: httpx.Client) -> None:
    """Whoever follows it is seen where it must not be."""
    with world.spread(Lie.REDIRECT, Lie.TRUE) as net:
        assert http.get(net.origin + JWKS_PATH).headers["location"] == DEFAULT_ORIGIN + JWKS_PATH


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/v1/some/path?query=a"])
def test_whatever_is_asked_is_written_down(world: World, http: httpx.Client, method: str, path: str) -> None:
    """Method, path and query: the visit is the evidence."""
    with world.spread(Lie.TRUE, Lie.TRUE) as net:
        http.request(method, net.origin + path)
        http.request(method, world.default + path)
    assert net.visits == [
        Visit("trap", method, net.origin + path),
        Visit("default", method, world.default + path),
    ]


def test_a_fresh_net_has_seen_nobody(world: World, http: httpx.Client) -> None:
    """Nothing is carried over from the net before."""
    with world.spread(Lie.TRUE, Lie.TRUE) as net:
        http.get(net.origin)
    with world.spread(Lie.TRUE, Lie.TRUE) as again:
        pass
    assert (len(net.visits), again.visits) == (1, [])


def test_a_net_that_was_taken_up_catches_nothing_more(world: World, http: httpx.Client) -> None:
    """After its block nobody answers there."""
    with world.spread(Lie.TRUE, Lie.TRUE) as net:
        pass
    with pytest.raises(httpx.ConnectError):
        http.get(net.origin + JWKS_PATH)
    assert net.visits == []


def test_a_mocked_net_lets_nothing_out(http: httpx.Client) -> None:
    """An address that is no trap is written down as elsewhere, and nobody is there."""
    with MockedNet(run_key(), other_key())(Lie.TRUE, Lie.TRUE) as net, pytest.raises(httpx.ConnectError):
        http.get("https://relayauth.dev/.well-known/jwks.json")
    assert net.visits == [Visit("elsewhere", "GET", "https://relayauth.dev/.well-known/jwks.json")]


@pytest.mark.parametrize("lie", [Lie.SLOW, Lie.STALLED])
@pytest.mark.parametrize(("patience", "waited"), [(5.0, 5.0), (None, 60.0), (90.0, 60.0)])
def test_a_mocked_slow_trap_counts_what_it_would_have_taken(
    patience: float | None, waited: float, lie: Lie
) -> None:
    """A caller that waits less than a minute gives up; any other gets the answer after the minute."""
    with MockedNet(run_key(), other_key())(lie, Lie.TRUE) as net, httpx.Client(timeout=patience) as http:
        if patience == waited:
            with pytest.raises(httpx.ReadTimeout):
                http.get(net.origin)
        else:
            assert http.get(net.origin).json() == TRUTH
    assert net.waited == waited


def test_a_wired_net_says_when_it_is_blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another program has the default's port, the trap works and the blindness is told."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setattr(wiretraps, "DEFAULT_PORT", other.getsockname()[1])
        with WiredNet(run_key(), other_key())(Lie.TRUE, Lie.TRUE) as net, httpx.Client() as http:
            assert http.get(net.origin).json() == TRUTH
    assert net.blind is not None
    assert "taken by another program: free it" in net.blind
