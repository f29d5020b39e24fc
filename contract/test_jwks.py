"""JWKS: where a verifier finds its keys."""

from dataclasses import replace
from typing import Any

import pytest

from contract.harness.checks import (
    KeyChange,
    KeySources,
    Observation,
    Setup,
    clause,
    require,
    require_status,
)
from contract.harness.client import Service, TokenPairs, redeemed
from contract.harness.errors import Blocked, NotTried
from contract.harness.jose import jwks
from contract.harness.run import TargetSession
from contract.harness.spec import ENDPOINTS, KEY_DEADLINE, SHAPED, MintEndpoint, routes
from contract.harness.targets import DEFAULT_ORIGIN, USABLE, StubAnswer

BOUND = Setup("bound", "stub", stub=StubAnswer.OTHER_KEY, default=StubAnswer.OTHER_KEY)
FETCHED = Setup("unset", "stub")
REDIRECTED = replace(FETCHED, stub=StubAnswer.REDIRECT)


def require_accepted(seen: Observation, *, sent: str) -> None:
    """Check that the bearer of the deployment's key got an answer other than 401 and 5xx."""
    require(
        seen.own != 401 and 0 < seen.own < 500,
        sent=f"{sent}; presented a bearer of the deployment's key",
        requires="it is accepted",
        got=f"it answered {_status(seen.own)}",
    )


def require_a_working_fetch(key_sources: KeySources) -> None:
    """Check that with the right keys at `BASE_URL` a bearer is accepted; else `Blocked` by JWKS-04."""
    status = key_sources.observe(FETCHED).own
    if status == 401 or not 0 < status < 500:
        why = f"positive control failed: with the right keys at BASE_URL a bearer got {_status(status)}"
        raise Blocked("JWKS-04", why)


def _status(status: int) -> str:
    return str(status) if status else "nothing in time"


def require_requests(seen: Observation, *urls: str, sent: str) -> None:
    """Check that exactly `urls` were requested, each once or more; `NotTried` if not all can be observed."""
    requested = {request.where for request in seen.request_log}
    require(
        requested == set(urls),
        sent=f"{sent}; presented three bearers",
        requires=f"{'exactly ' + ', '.join(urls) if urls else 'no URL'} is requested",
        got=f"it requested {', '.join(sorted(requested)) or 'nothing'}",
    )
    require_observable(seen)


def require_observable(seen: Observation) -> None:
    """Raise `NotTried` where requests to the loopback default can't be observed."""
    if seen.unobservable:
        raise NotTried(seen.unobservable)


def require_keys_from_the_stub(seen: Observation, *, sent: str) -> None:
    """Check that the JWKS of the origin of `BASE_URL` alone was requested, and that its key was used."""
    require_requests(seen, seen.origin + routes.JWKS, sent=sent)
    require_accepted(seen, sent=sent)


def require_keys_from_the_default(seen: Observation, *, sent: str) -> None:
    """Check that the loopback default alone was requested, and that its key was used."""
    require_observable(seen)
    require_requests(seen, DEFAULT_ORIGIN + routes.JWKS, sent=sent)
    require_accepted(seen, sent=sent)


def each_setup(*setups: Setup) -> pytest.MarkDecorator:
    """Test with each setup; the ids say how they differ."""
    return pytest.mark.parametrize("setup", setups, ids=str)


@pytest.fixture
def seen(key_sources: KeySources, setup: Setup) -> Observation:
    """What a deployment with `setup` did."""
    return key_sources.observe(setup)


@clause("JWKS-01")
@each_setup(*(replace(BOUND, base_url=base_url) for base_url in ("unreachable", "itself", "stub")))
def test_a_bound_public_key_needs_no_network(setup: Setup, seen: Observation) -> None:
    """With the public key bound, a bearer is accepted wherever `BASE_URL` leads."""
    require_accepted(seen, sent=f"{setup}")


@clause("JWKS-01")
@each_setup(BOUND)
def test_with_a_bound_key_its_pairs_are_renewed_and_shown(
    session: TargetSession, key_sources: KeySources, setup: Setup
) -> None:
    """A refresh and an introspection verify with the bound key as well, and request nothing."""
    with key_sources.deployed(setup) as (stubs, http):
        connection = replace(session.connection, http=http, deployment=None, disposable=True)
        with session.pairs_on(connection) as token_pairs:
            pair = token_pairs.fresh(SHAPED["workspace-path"][0])
            shown = token_pairs.service.introspect(pair.refresh, token_pairs.own_org.org_key)
            answer = token_pairs.service.refresh(pair.refresh)
        log = [request.where for request in stubs.request_log]
    sent = f"{setup}; minted a pair"
    requires = "the bound key verifies it, without any network"
    require_status(answer, 200, sent=f"{sent} and refreshed it", requires=requires)
    require(
        shown.status == 200 and shown.json is not None,
        sent=f"{sent} and introspected its refresh token",
        requires=requires,
        got=f"it answered {'null' if shown.status == 200 else shown.summary}",
    )
    require(
        not log,
        sent=f"{sent}, introspected and refreshed it",
        requires="no URL is requested",
        got=f"it requested {', '.join(dict.fromkeys(log))}",
    )


@clause("JWKS-02")
@each_setup(BOUND)
def test_a_bound_public_key_sends_no_request(setup: Setup, seen: Observation) -> None:
    """With the public key bound, nothing is requested, at start or at any of three verifications."""
    require_requests(seen, sent=f"{setup}")


@clause("JWKS-03")
@each_setup(BOUND)
def test_a_bound_public_key_is_the_only_key(setup: Setup, seen: Observation) -> None:
    """A bearer of the key that `BASE_URL` serves is refused; one of the bound key is accepted."""
    if seen.own == 401:
        raise Blocked("JWKS-01", "positive control failed: a bearer of the bound key was refused as well")
    require(
        seen.foreign == 401,
        sent=f"{setup}; presented a bearer of the other key, which the JWKS there holds",
        requires="it is refused with 401",
        got=f"it answered {_status(seen.foreign)}",
    )


@clause("JWKS-04")
@each_setup(
    FETCHED,
    Setup("unset", "slash", stub=StubAnswer.SEVERAL_KEYS),
    *(Setup("unset", base_url) for base_url in ("path", "query", "path-query-slash")),
)
def test_without_a_bound_key_the_origin_of_base_url_is_requested(setup: Setup, seen: Observation) -> None:
    """Exactly `<origin>/.well-known/jwks.json` is requested, and a bearer of its key is accepted."""
    require_keys_from_the_stub(seen, sent=f"{setup}")


@clause("JWKS-05")
@each_setup(Setup("unset", "blank", stub=StubAnswer.OTHER_KEY))
def test_with_neither_the_loopback_default_is_requested(setup: Setup, seen: Observation) -> None:
    """Without public key and `BASE_URL` the default is requested, and a bearer of its key is accepted."""
    require_keys_from_the_default(seen, sent=f"{setup}")


@clause("JWKS-05")
@each_setup(Setup("unset", "unset", stub=StubAnswer.OTHER_KEY))
def test_with_base_url_unset_no_other_address_is_requested(setup: Setup, seen: Observation) -> None:
    """The default is requested, or the deployment's own loopback origin, where no key of ours is served."""
    require_observable(seen)
    if seen.request_log:
        require_keys_from_the_default(seen, sent=f"{setup}")
        return
    require(
        0 < seen.own < 500,
        sent=f"{setup}; presented a bearer of the deployment's key",
        requires="the keys of the default are used, or those of the deployment's own origin",
        got=f"it requested nothing that can be observed, and answered {_status(seen.own)}",
    )


@clause("JWKS-06")
@each_setup(Setup("blank", "stub"))
def test_a_blank_public_key_counts_as_unset(setup: Setup, seen: Observation) -> None:
    """With white space for a public key, the origin of `BASE_URL` is requested."""
    require_keys_from_the_stub(seen, sent=f"{setup}")


@clause("JWKS-06")
@each_setup(
    Setup("blank", "blank", stub=StubAnswer.OTHER_KEY), Setup("unset", "blank", stub=StubAnswer.OTHER_KEY)
)
def test_a_blank_base_url_counts_as_unset(setup: Setup, seen: Observation) -> None:
    """With white space for `BASE_URL` and no public key, the loopback default is requested."""
    require_keys_from_the_default(seen, sent=f"{setup}")


@clause("JWKS-06")
@each_setup(replace(BOUND, base_url="blank"))
def test_a_blank_base_url_does_not_matter_to_a_bound_key(setup: Setup, seen: Observation) -> None:
    """With the public key bound and `BASE_URL` blank, bearers are accepted and nothing is requested."""
    require_accepted(seen, sent=f"{setup}")
    require_requests(seen, sent=f"{setup}")


@clause("JWKS-07")
@each_setup(
    *(
        replace(FETCHED, stub=answer)
        for answer in StubAnswer
        if answer not in USABLE and answer is not StubAnswer.REDIRECT
    )
)
def test_without_keys_a_bearer_is_refused(key_sources: KeySources, setup: Setup) -> None:
    """A JWKS that can't be fetched or read gives 401 within 15 s, and no other source is requested."""
    require_a_working_fetch(key_sources)
    seen = key_sources.observe(setup)
    sent = f"{setup}; presented a bearer of the deployment's key"
    require(
        seen.own == 401 and seen.own_again == 401,
        sent=sent,
        requires="it is refused with 401",
        got=f"it answered {_status(seen.own)}, then {_status(seen.own_again)}",
    )
    require(
        seen.seconds <= KEY_DEADLINE,
        sent=sent,
        requires=f"it is refused within {KEY_DEADLINE} s",
        got=f"the response took {seen.seconds:.0f} s",
    )
    require(
        not seen.strangers,
        sent=sent,
        requires="no other source is requested",
        got=f"it requested {', '.join(seen.strangers)}",
    )
    require_observable(seen)


def each_endpoint() -> pytest.MarkDecorator:
    """Test with each mint endpoint; these clauses are about the deployment as a whole."""
    return pytest.mark.parametrize("endpoint", ENDPOINTS)


@pytest.fixture
def endpoint_row(session: TargetSession, endpoint: str) -> MintEndpoint:
    """The mint endpoint; `NotTried` where the credentials do not open it."""
    if endpoint in session.own_org.closed:
        raise NotTried(session.own_org.closed[endpoint])
    return ENDPOINTS[endpoint]


@clause("JWKS-08")
@pytest.mark.parametrize("generation", [0, 1], ids=["at mint", "at refresh"])
@each_endpoint()
def test_a_deployment_accepts_its_own_bearers(
    token_pairs: TokenPairs, service: Service, endpoint_row: MintEndpoint, generation: int
) -> None:
    """An access token that it minted or rotated gets an answer other than 401."""
    if generation:
        _, response = token_pairs.attempt(endpoint_row, lambda live: service.refresh(live.refresh))
        pair = redeemed(response)
    else:
        pair = token_pairs.fresh(endpoint_row)
    token_pairs.keep(endpoint_row, pair)
    response = service.present_bearer(pair.access)
    require(
        response.status != 401 and response.status < 500,
        sent=f"presented the access token of {'a rotation' if generation else endpoint_row.path}",
        requires="a bearer that the deployment issued is accepted",
        got=f"it answered {response.summary}",
    )


REFRESHES = 4


@clause("JWKS-08")
@each_endpoint()
def test_an_access_token_outlives_refreshes(
    session: TargetSession, token_pairs: TokenPairs, service: Service, endpoint_row: MintEndpoint
) -> None:
    """Before its `exp` it is accepted, however often its session was refreshed, seconds later."""
    if session.leaves_out("an access token of a session that was refreshed was not tried"):
        return
    first = newest = token_pairs.fresh(endpoint_row)
    for _ in range(REFRESHES):
        if service.clock.settable:
            service.clock.set(service.clock.now() + 2)
        newest = redeemed(service.refresh(newest.refresh))
    response = service.present_bearer(first.access)
    require(
        response.status != 401 and response.status < 500,
        sent=f"minted at {endpoint_row.path}, refreshed {REFRESHES} times, presented the first bearer",
        requires="before its exp a bearer is accepted",
        got=f"it answered {response.summary}",
    )


@pytest.fixture(scope="session")
def published(service: Service) -> list[dict[str, Any]]:
    """The keys of the deployment's JWKS."""
    response = service.call("GET", routes.JWKS)
    sent, requires = f"sent GET {routes.JWKS}", 'it answers 200 with {"keys": [...]}'
    require(response.status == 200, sent=sent, requires=requires, got=f"it answered {response.summary}")
    keys = response.object.get("keys")
    require(
        isinstance(keys, list) and all(isinstance(key, dict) for key in keys),
        sent=sent,
        requires=requires,
        got="keys is not a list of objects",
    )
    return list(keys or [])


@clause("JWKS-09")
def test_the_published_set_holds_public_keys_of_a_sound_form(published: list[dict[str, Any]]) -> None:
    """No key shows private members; an RS256 signing key has its thumbprint as `kid` and 2048 bits."""
    sent = f"sent GET {routes.JWKS}"
    require(bool(published), sent=sent, requires="the set holds the key that signs", got="it is empty")
    found = [fault for key in published for fault in jwks.faults(key)]
    require(not found, sent=sent, requires="keys are public and sound", got="; ".join(found))


@clause("JWKS-09")
@each_endpoint()
def test_the_published_set_holds_the_kid_of_every_token(
    published: list[dict[str, Any]], token_pairs: TokenPairs, endpoint_row: MintEndpoint
) -> None:
    """Both tokens of a pair are RS256, and their `kid` is that of an RS256 signing key of the set."""
    kids = {key.get("kid") for key in published if jwks.signs_with_rs256(key)}
    for name, token in token_pairs.pair(endpoint_row).tokens.items():
        known = token.header.get("kid") in kids
        require(
            known and token.header.get("alg") == "RS256",
            sent=f"sent GET {routes.JWKS} after a mint on {endpoint_row.path}",
            requires="tokens are RS256, and the set holds a signing key with the kid of every token",
            got=f"the {name} token has alg {token.header.get('alg')!r} and the kid of "
            + ("such a key" if known else "no such key"),
        )


# A set that is unavailable and comes back, and one to which the deployment's key is added.
CHANGES = {
    "comes back": KeyChange(StubAnswer.UNREACHABLE, StubAnswer.TRUE),
    "key added": KeyChange(StubAnswer.OTHER_KEY, StubAnswer.SEVERAL_KEYS),
}
FIVE_MINUTES = 300
"""Seconds within which a verifier finds what changed (docs/contract.md, How a verifier finds its keys)."""


@clause("JWKS-10")
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_keys_that_come_back_or_are_added_are_found(
    session: TargetSession, key_sources: KeySources, change: KeyChange
) -> None:
    """A bearer of the deployment's key is refused before the change and accepted 5 minutes later."""
    require_a_working_fetch(key_sources)
    seen = key_sources.observe_change(change)
    if seen.before.own != 401:
        why = f"before the change a bearer of a key that the set did not hold got {seen.before.own}"
        raise Blocked("JWKS-07", why)
    if not seen.found_in_time and not seen.requested_again and session.connection.kind == "exec":
        raise NotTried(
            f"{change}: nothing was requested again while the clock went on for a day, so the verifier "
            "caches by a clock that can't be set, or for ever"
        )
    statuses = ", ".join(f"{_status(each.own)} after {each.seconds:.0f} s" for each in seen.after)
    fetches = sum(each.requests for each in seen.after)
    require(
        seen.found_in_time,
        sent=f"public key unset, {change}; presented bearers of the deployment's key",
        requires=f"they are accepted within {FIVE_MINUTES} s, without a restart",
        got=f"they got {statuses}; the JWKS was requested {fetches} times after the change",
    )


@clause("JWKS-11")
@each_setup(REDIRECTED)
def test_a_redirect_is_not_followed(key_sources: KeySources, setup: Setup) -> None:
    """The JWKS address of `BASE_URL` answers 302, and the address that it names is not requested."""
    require_a_working_fetch(key_sources)
    seen = key_sources.observe(setup)
    followed = sorted({request.where for request in seen.request_log if request.source == "redirect"})
    require(
        not followed,
        sent=f"{setup}; presented three bearers",
        requires="the address that the redirect names is not requested",
        got=f"it requested {', '.join(followed)}",
    )
