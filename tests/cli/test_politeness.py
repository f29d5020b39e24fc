"""What a deployment that is not ours is spared: hosts that nobody named for tests, speed, and volume."""

import math
import time
from dataclasses import replace
from typing import Any

import httpx
import pytest

from contract.harness.client import FULL, IN_PROCESS, SMALL, Volume
from contract.harness.run import Settings, TargetReport
from contract.harness.run.selection import Selection
from contract.harness.run.session import volume_for
from contract.harness.spec import catalogue
from contract.harness.targets.connections import Kind
from contract.harness.targets.transport import client
from contract.harness.targets.url import is_for_tests
from tests.support.command import Check
from tests.support.deployments import deployed
from tests.support.fakes import connected

HOSTS = {
    "auth.example": False,
    "relayauth.example.com": False,
    "latest.example": False,
    "developer.example": False,
    "attestation.example": False,
    "localstaging.example": False,
    "10.0.0.1": False,
    "staging.example": True,
    "auth-staging2.example": True,
    "relayauth.dev": False,
    "api.relayauth.dev": False,
    "staging.relayauth.dev": True,
    "staging": True,
    "DEV.example": True,
    "pr-17.preview.example": True,
    "auth.test": True,
    "auth.local": True,
}


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_is_for_tests_if_a_word_of_its_name_says_so(host: str) -> None:
    """Whole words count: a host that is the latest is no test."""
    assert is_for_tests(host) is HOSTS[host]


def test_a_host_that_may_be_production_asks_for_permission(check: Check) -> None:
    """Without the option nothing is sent; with it the run goes on to the next thing that it needs."""
    refused = check("https://auth.invalid", key="rak_not-sent")
    assert refused.code == 2
    assert "give --yes-i-may-test-this-host" in refused.out + refused.err
    allowed = check("https://auth.invalid", "--yes-i-may-test-this-host")
    assert allowed.code == 2
    assert "needs an org API key" in allowed.out + allowed.err


RATE = 40  # a second; the run below asks more than twice as often


@pytest.mark.proof
def test_a_rate_is_kept_on_a_url(check: Check) -> None:
    """However many requests a run asks, races and clearing up among them: never more a second than it may."""
    got: list[float] = []

    def noted(*_: Any) -> None:
        got.append(time.monotonic())

    with deployed(noted) as there:
        said = check(
            there.url, "--rate", f"{RATE}/s", "--clause", "SES-05", "--endpoint", "path", key=there.key
        )
    assert said.code == 0, said.out
    assert said.target["requests"] > 2 * RATE
    assert len(got) == said.target["requests"]
    windows = math.ceil(len(got) / RATE) - 1
    assert got[-1] - got[0] > 0.95 * windows


# Each request to a URL may cost a round trip over a network, so what only repeats is repeated less.
FULL_ON_URL = replace(FULL, rounds=SMALL.rounds, mints=SMALL.mints)


def _nobody_asks(request: httpx.Request) -> httpx.Response:
    pytest.fail(f"nothing is to be asked, and {request.url} was")


@pytest.mark.parametrize("kind", ["reference", "asgi", "exec", "url"])
@pytest.mark.parametrize(
    ("host", "polite", "on_url"),
    [
        pytest.param("127.0.0.1", False, FULL_ON_URL, id="loopback"),
        pytest.param("127.0.0.1", True, SMALL, id="loopback, polite"),
        pytest.param("staging.invalid", False, SMALL, id="elsewhere"),
        pytest.param("staging.invalid", True, SMALL, id="elsewhere, polite"),
    ],
)
def test_hostile_volume_is_small_on_what_is_not_ours(
    kind: Kind, host: str, polite: bool, on_url: Volume
) -> None:
    """A URL elsewhere, and whatever was asked for politely, gets the small measure; all else the full one."""
    with connected(_nobody_asks, kind=kind) as connection, client(f"https://{host}") as connection.http:
        ours = SMALL if polite else FULL
        assert volume_for(connection, polite=polite) == (on_url if kind == "url" else ours)


@pytest.mark.parametrize("polite", [False, True])
def test_fewer_rounds_show_all_of_an_application_in_this_process(polite: bool) -> None:
    """Its event loop decides equal rounds alike."""
    with connected(_nobody_asks, kind="asgi") as connection:
        connection.at_once = lambda _: []
        assert volume_for(connection, polite=polite) == (SMALL if polite else IN_PROCESS)


CORE = {"TTL", "META", "ROT", "CLK", "JWKS"}


@pytest.mark.parametrize(
    ("profile", "chapters"),
    [(["--profile", "core"], CORE), (["--profile", "full"], {*CORE, "SES", "REV", "SEC", "API"}),
     ([], {*CORE, "SES", "REV", "SEC", "API"})],
    ids=["core", "full", "by default"],
)  # fmt: skip
def test_a_profile_is_so_many_chapters(
    check: Check, monkeypatch: pytest.MonkeyPatch, profile: list[str], chapters: set[str]
) -> None:
    """The core, or hardening as well; nothing of a chapter is left out of what a run is to test."""
    chosen: list[Settings] = []

    def run_nothing(settings: Settings, *_: object) -> list[TargetReport]:
        chosen.append(settings)
        return []

    monkeypatch.setattr("contract.harness.cli.checking.run_contract", run_nothing)
    check(*profile)
    (clauses,) = Selection(chosen[0]).clauses.values()
    assert set(clauses) == {each.id for each in catalogue().clauses.values() if each.chapter in chapters}


def test_a_profile_and_a_clause_that_is_not_in_it_select_nothing(check: Check) -> None:
    """The sentence names both options."""
    said = check("--profile", "core", "--clause", "SES-*")
    assert said.code == 2
    assert "--clause, --level and --profile together select nothing" in said.out + said.err
