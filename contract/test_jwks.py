"""JWKS: where a verifier finds its keys."""

from dataclasses import replace
from typing import Any

import pytest

from contract.harness.checks import KeySources, Observation, Setup, clause, require
from contract.harness.client import Response, TokenPairs, redeemed
from contract.harness.errors import Blocked, NotTried
from contract.harness.jose import jwks
from contract.harness.run import TargetSession
from contract.harness.spec import ENDPOINTS, KEY_DEADLINE, routes
from contract.harness.targets import DEFAULT_ORIGIN, USABLE, StubAnswer

BOUND = Setup("bound", "stub", stub=StubAnswer.OTHER_KEY, default=StubAnswer.OTHER_KEY)


def believed(seen: Observation, *, sent: str) -> None:
    """Hold that the deployment's own bearer was accepted: any answer but 401, no answer and 5xx."""
    require(
        seen.own != 401 and 0 < seen.own < 500,
        sent=sent,
        requires="it is accepted",
        got=f"it answered {_said(seen.own)}",
    )


def _said(status: int) -> str:
    return str(status) if status else "nothing in time"


def only(seen: Observation, *urls: str, sent: str) -> None:
    """Hold that exactly `urls` were asked, perhaps more than once, and nothing anywhere else."""
    visited = {visit.where for visit in seen.request_log}
    require(
        visited == set(urls),
        sent=sent,
        requires=f"{'exactly ' + ', '.join(urls) if urls else 'no address'} is asked",
        got=f"it asked {', '.join(sorted(visited)) or 'nobody'}",
    )
    watched(seen)


def watched(seen: Observation) -> None:
    """Say that a verdict about who was asked was not reached where one of the addresses was out of sight."""
    if seen.unobservable:
        raise NotTried(seen.unobservable)


def trap_is_asked(seen: Observation, *, sent: str) -> None:
    """Hold that the JWKS of the trap's origin alone was asked, and that its key was believed."""
    only(seen, seen.origin + routes.JWKS, sent=sent)
    believed(seen, sent=f"{sent}, presented a bearer of its key")


def default_is_asked(seen: Observation, *, sent: str) -> None:
    """Hold that the loopback default alone was asked, and that its key was believed."""
    watched(seen)
    only(seen, DEFAULT_ORIGIN + routes.JWKS, sent=sent)
    believed(seen, sent=f"{sent}, presented a bearer of its key")


def on_trial(*setups: Setup) -> pytest.MarkDecorator:
    """Try a case with each setup; the ids say how they differ."""
    return pytest.mark.parametrize("setup", setups, ids=str)


@pytest.fixture
def seen(key_sources: KeySources, setup: Setup) -> Observation:
    """What a deployment with `setup` did."""
    return key_sources.observe(setup)


@clause("JWKS-01")
@on_trial(*(replace(BOUND, base_url=base_url) for base_url in ("unreachable", "itself", "stub")))
def test_a_bound_public_key_needs_no_network(setup: Setup, seen: Observation) -> None:
    """With the public key bound, a bearer is accepted wherever `BASE_URL` leads."""
    believed(seen, sent=f"{setup}, presented a bearer of the deployment's key")


@clause("JWKS-02")
@on_trial(BOUND)
def test_a_bound_public_key_asks_nobody(setup: Setup, seen: Observation) -> None:
    """With the public key bound, nobody asks the trap at start or at any of three verifications."""
    only(seen, sent=f"{setup}, three bearers verified")


@clause("JWKS-03")
@on_trial(BOUND)
def test_a_bound_public_key_is_the_only_key(setup: Setup, seen: Observation) -> None:
    """A bearer of the key that the trap serves is refused; its twin of the bound key is accepted."""
    if seen.own == 401:
        raise Blocked("JWKS-01", "positive control failed: a bearer of the bound key was refused as well")
    require(
        seen.foreign == 401,
        sent=f"{setup}, the trap serves another key, presented a bearer of that other key",
        requires="it is refused with 401",
        got=f"it answered {_said(seen.foreign)}",
    )


@clause("JWKS-04")
@on_trial(*(Setup("unset", base_url) for base_url in ("stub", "slash", "path", "query", "path-query-slash")))
def test_without_a_bound_key_the_origin_of_base_url_is_asked(setup: Setup, seen: Observation) -> None:
    """Exactly `<origin>/.well-known/jwks.json` is asked, and a bearer of its key is accepted."""
    trap_is_asked(seen, sent=str(setup))


@clause("JWKS-05")
@on_trial(Setup("unset", "unset", stub=StubAnswer.OTHER_KEY))
def test_with_neither_the_loopback_default_is_asked(setup: Setup, seen: Observation) -> None:
    """Neither public key nor `BASE_URL`: the default is asked, and a bearer of its key is accepted."""
    default_is_asked(seen, sent=str(setup))


@clause("JWKS-06")
@on_trial(Setup("blank", "stub"))
def test_a_blank_public_key_counts_as_unset(setup: Setup, seen: Observation) -> None:
    """With white space for a public key, `BASE_URL` is asked."""
    trap_is_asked(seen, sent=str(setup))


@clause("JWKS-06")
@on_trial(
    Setup("blank", "blank", stub=StubAnswer.OTHER_KEY), Setup("unset", "blank", stub=StubAnswer.OTHER_KEY)
)
def test_a_blank_base_url_counts_as_unset(setup: Setup, seen: Observation) -> None:
    """With white space for `BASE_URL` and no public key, the loopback default is asked."""
    default_is_asked(seen, sent=str(setup))


@clause("JWKS-06")
@on_trial(replace(BOUND, base_url="blank"))
def test_a_blank_base_url_does_not_disturb_a_bound_key(setup: Setup, seen: Observation) -> None:
    """With the public key bound and `BASE_URL` blank, bearers are accepted and nobody is asked."""
    believed(seen, sent=f"{setup}, presented a bearer of the deployment's key")
    only(seen, sent=f"{setup}, three bearers verified")


@clause("JWKS-07")
@on_trial(*(Setup("unset", "stub", stub=answer) for answer in StubAnswer if answer not in USABLE))
def test_without_keys_a_bearer_is_refused(key_sources: KeySources, setup: Setup) -> None:
    """A JWKS that can't be fetched or read gives 401 within 15 s, and no other source is asked."""
    if key_sources.observe(replace(setup, stub=StubAnswer.TRUE)).own == 401:
        raise Blocked("JWKS-04", "positive control failed: with the right keys it was refused as well")
    seen = key_sources.observe(setup)
    sent = f"{setup}, the JWKS there is {setup.stub}, presented a bearer of the deployment's key"
    require(
        seen.own == 401 and seen.own_again == 401,
        sent=sent,
        requires="it is refused with 401",
        got=f"it answered {_said(seen.own)}, then {_said(seen.own_again)}",
    )
    require(
        seen.seconds <= KEY_DEADLINE,
        sent=sent,
        requires=f"it is refused within {KEY_DEADLINE} s",
        got=f"the answer took {seen.seconds:.0f} s",
    )
    require(
        not seen.strangers,
        sent=sent,
        requires="no other source is asked",
        got=f"it asked {', '.join(seen.strangers)}",
    )
    watched(seen)


@clause("JWKS-08")
@pytest.mark.parametrize("generation", [0, 1], ids=["at mint", "at refresh"])
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_deployment_believes_its_own_bearers(
    token_pairs: TokenPairs, endpoint: str, generation: int
) -> None:
    """An access token that it minted or rotated is answered with anything but 401."""
    _offered(token_pairs, endpoint)
    mint = ENDPOINTS[endpoint]
    if generation:
        _, response = token_pairs.attempt(mint, lambda live: token_pairs.service.refresh(live.refresh))
        pair = redeemed(response)
    else:
        pair = token_pairs.fresh(mint)
    token_pairs.keep(mint, pair)
    response = token_pairs.service.present_bearer(pair.access)
    require(
        response.status != 401 and response.status < 500,
        sent=f"presented the access token that {ENDPOINTS[endpoint].path} gave",
        requires="a bearer that the deployment minted is accepted",
        got=f"it answered {response.summary}",
    )


def _offered(token_pairs: TokenPairs, endpoint: str) -> None:
    if endpoint in token_pairs.own_org.closed:
        raise NotTried(token_pairs.own_org.closed[endpoint])


@pytest.fixture(scope="session")
def published(session: TargetSession) -> Response:
    """The deployment's JWKS."""
    return session.service.call("GET", routes.JWKS)


@clause("JWKS-09")
def test_the_published_set_holds_public_keys_of_a_sound_form(published: Response) -> None:
    """Each key has public members only, an RFC 7638 `kid`, `RS256` for `sig`, and at least 2048 bits."""
    keys = _keys(published)
    require(
        bool(keys),
        sent=f"asked {routes.JWKS}",
        requires="the set holds the key that signs",
        got="it is empty",
    )
    found = [fault for key in keys for fault in jwks.faults(key)]
    require(
        not found, sent=f"asked {routes.JWKS}", requires="keys are public and sound", got="; ".join(found)
    )


@clause("JWKS-09")
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_the_published_set_holds_the_kid_of_every_token(
    published: Response, token_pairs: TokenPairs, endpoint: str
) -> None:
    """The `kid` of both tokens of a pair is in the set, and their `alg` is RS256."""
    _offered(token_pairs, endpoint)
    kids = {key.get("kid") for key in _keys(published)}
    for name, token in token_pairs.pair(ENDPOINTS[endpoint]).tokens.items():
        require(
            token.header.get("kid") in kids and token.header.get("alg") == "RS256",
            sent=f"asked {routes.JWKS} after a mint on {ENDPOINTS[endpoint].path}",
            requires="the set holds the kid of every token, and tokens are RS256",
            got=f"the {name} token has alg {token.header.get('alg')!r} and a kid that is "
            + ("there" if token.header.get("kid") in kids else "not there"),
        )


def _keys(published: Response) -> list[dict[str, Any]]:
    sent, requires = f"asked {routes.JWKS}", 'it answers 200 with {"keys": [...]}'
    require(published.status == 200, sent=sent, requires=requires, got=f"it answered {published.summary}")
    keys = published.object.get("keys")
    require(
        isinstance(keys, list) and all(isinstance(key, dict) for key in keys),
        sent=sent,
        requires=requires,
        got="keys is no list of objects",
    )
    return list(keys or [])
