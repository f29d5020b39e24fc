"""REV: what stays dead. Each refusal stands beside the same call before the revocation."""

import functools
from collections.abc import Callable
from typing import Any

import pytest

from contract.harness.checks import (
    UnknownIdResponses,
    clause,
    positive_control,
    require,
    require_equal,
    require_status,
)
from contract.harness.client import OwnOrg, Pair, Response, TokenPairs, pair_of
from contract.harness.errors import CouldNotTry, NotTried
from contract.harness.jose import Token
from contract.harness.run import TargetSession
from contract.harness.spec import MintEndpoint, routes


@pytest.fixture(scope="session")
def mortal(session: TargetSession) -> str:
    """An identity of the run whose sessions may all be ended."""
    return session.own_org.another_identity()


def minted_for(token_pairs: TokenPairs, mint: MintEndpoint, identity: str) -> Pair:
    """Mint a pair whose `sub` is `identity`."""
    return token_pairs.fresh(mint, **mint.naming(identity))


def live(token_pairs: TokenPairs, token: Token) -> bool:
    """Say whether introspection shows the claims of `token`; `CouldNotTry` if it says neither yes nor no."""
    response = token_pairs.service.introspect(token, token_pairs.own_org.org_key)
    if response.status != 200:
        raise CouldNotTry(f"introspection answered {response.summary}, so nobody can say what is live")
    return response.json is not None


@pytest.fixture(scope="session")
def shows_live(session: TargetSession) -> Callable[[MintEndpoint], None]:
    """Demand, once for each endpoint, that introspection shows what is live: else its null proves nothing."""

    @functools.cache
    def demand(mint: MintEndpoint) -> None:
        pair = session.token_pairs.spend(mint)
        for name, token in pair.tokens.items():
            if not live(session.token_pairs, token):
                raise CouldNotTry(f"no twin: introspection says null of a live {name} token")
        session.token_pairs.keep(mint, pair)

    return demand


def revoked(response: Response, *, sent: str) -> None:
    """Hold that a revocation was carried out."""
    require_status(response, 204, sent=sent, requires="it is revoked")


WAYS: dict[str, Any] = {
    "by session": lambda pair: {"sessionId": pair.refresh.claims["sid"]},
    "by refresh token": lambda pair: {"tokenId": pair.refresh.claims["jti"]},
    "by identity": lambda pair: {"identityId": pair.refresh.claims["sub"]},
}


def dead(token_pairs: TokenPairs, token: Token, *, sent: str) -> None:
    """Hold that introspection says null."""
    require(
        not live(token_pairs, token),
        sent=f"{sent}, then introspected the {token.claims['token_type']} token",
        requires="introspection says null",
        got="it showed the claims of a live token",
    )


@clause("REV-01")
@pytest.mark.parametrize("way", WAYS)
def test_a_revoked_session_stays_dead(
    token_pairs: TokenPairs,
    shows_live: Callable[[MintEndpoint], None],
    mint: MintEndpoint,
    mortal: str,
    way: str,
) -> None:
    """Its refresh token is introspected as null and refused with 401.

    By session, that goes for the access token before the newest, and by identity for every session.
    """
    shows_live(mint)
    pairs = [minted_for(token_pairs, mint, mortal) for _ in range(2 if way == "by identity" else 1)]
    first = pairs[0]
    if way == "by session":
        pairs = [token_pairs.rotate(first)]
    revoked(
        token_pairs.service.revoke(token_pairs.own_org.org_key, **WAYS[way](pairs[0])), sent=f"revoked {way}"
    )
    for token in (pairs[0].refresh, *([first.access] if way == "by session" else [])):
        dead(token_pairs, token, sent=f"revoked {way}")
    for pair in pairs:
        require_status(
            token_pairs.service.refresh(pair.refresh),
            401,
            sent=f"revoked {way}, then presented for a refresh",
            requires="refresh is refused with 401",
        )


@clause("REV-01")
def test_a_revoked_access_token_stays_dead(
    token_pairs: TokenPairs, shows_live: Callable[[MintEndpoint], None], mint: MintEndpoint
) -> None:
    """Revoked by its own id, an access token is introspected as null."""
    shows_live(mint)
    access = token_pairs.spend(mint).access
    sent = "revoked an access token by its id"
    revoked(
        token_pairs.service.revoke(token_pairs.own_org.org_key, tokenId=str(access.claims["jti"])), sent=sent
    )
    dead(token_pairs, access, sent=sent)


@clause("REV-02")
def test_a_session_dies_with_its_workspace_token(token_pairs: TokenPairs, mint: MintEndpoint) -> None:
    """Redeemed while the token that minted it lives, the session is refused with 401 once it is revoked."""
    own_org = token_pairs.own_org
    key_id, key = own_org.another_workspace_token()
    pair = token_pairs.rotate(token_pairs.own_org.pair(mint, key=key))
    response = token_pairs.service.call("POST", routes.api_key_revocation(key_id), key=own_org.org_key)
    require_status(response, 200, sent="revoked the workspace token", requires="it is revoked")
    require_status(
        token_pairs.service.refresh(pair.refresh),
        401,
        sent="revoked the workspace token, then refreshed",
        requires="a session dies with the workspace token that minted it",
    )


@clause("REV-03")
def test_a_session_dies_with_its_identity(token_pairs: TokenPairs, mint: MintEndpoint) -> None:
    """The identity deleted, its refresh token gets 404 or 401 and its bearer 401; both worked before."""
    own_org = token_pairs.own_org
    identity = own_org.another_identity()
    pair = token_pairs.rotate(minted_for(token_pairs, mint, identity))
    positive_control(
        token_pairs.service.present_bearer(pair.access), what="the bearer of an identity that lives"
    )
    response = token_pairs.service.call(
        "DELETE", routes.identity(identity), key=own_org.org_key, headers={"X-Confirm-Delete": "true"}
    )
    require_status(response, 204, sent="deleted the identity", requires="it is deleted")
    requires = "what an identity held dies with it"
    require_status(
        token_pairs.service.refresh(pair.refresh),
        404,
        401,
        sent="deleted the identity, then refreshed",
        requires=requires,
    )
    require_status(
        token_pairs.service.present_bearer(pair.access),
        401,
        sent="deleted the identity, then presented its bearer",
        requires=requires,
    )


@pytest.fixture(scope="session")
def nobodys(session: TargetSession) -> Callable[[str, str], UnknownIdResponses]:
    """What another org is told that revokes what never was: asked once for each form of an id."""

    @functools.cache
    def of(field: str, _form: str) -> UnknownIdResponses:
        return UnknownIdResponses(
            session.service,
            lambda identifier: session.service.revoke(session.other_org.org_key, **{field: identifier}),
            sent=f"another org revoked by {field}",
        )

    return lambda field, identifier: of(field, identifier.rpartition("_")[0])


@clause("REV-04")
def test_another_org_can_not_revoke(
    token_pairs: TokenPairs,
    mint: MintEndpoint,
    other_org: OwnOrg,
    nobodys: Callable[[str, str], UnknownIdResponses],
) -> None:
    """By session, token and identity it gets 404, as of one that never was; the session goes on."""
    pair, service = token_pairs.spend(mint), token_pairs.service
    for field, claim in (("sessionId", "sid"), ("tokenId", "jti"), ("identityId", "sub")):
        identifier = str(pair.refresh.claims[claim])
        theirs = service.revoke(other_org.org_key, **{field: identifier})
        require_status(
            theirs, 404, sent=f"another org revoked by {field}", requires="it is told that there is none"
        )
        nobodys(field, identifier).alike(theirs, identifier)
    after = service.refresh(pair.refresh)
    require_status(
        after, 200, sent="another org tried to revoke, then refreshed", requires="the session goes on"
    )
    token_pairs.keep(mint, pair_of(after))


@clause("REV-04")
def test_another_org_can_not_introspect(
    token_pairs: TokenPairs, shows_live: Callable[[MintEndpoint], None], mint: MintEndpoint, other_org: OwnOrg
) -> None:
    """It gets null, as of a token that never was; the org itself sees the claims."""
    pair = token_pairs.spend(mint)
    token_pairs.keep(mint, pair)
    for name, token in pair.tokens.items():
        seen = token_pairs.service.introspect(token, other_org.org_key)
        sent = f"another org introspected a live {name} token"
        require_status(seen, 200, sent=sent, requires="it answers null")
        require_equal(
            seen.json, None, sent=sent, requires="another org can't introspect a token", what="the answer"
        )
    shows_live(mint)


@clause("REV-05")
@pytest.mark.parametrize("first", ["revoke", "refresh"])
def test_nothing_escapes_a_revocation_by_a_race(
    session: TargetSession, mint: MintEndpoint, first: str
) -> None:
    """Refresh and revoke leave at the same moment; whatever the refresh gave is dead afterwards."""
    token_pairs, service = session.token_pairs, session.service
    pair = token_pairs.fresh(mint)
    calls = {
        "refresh": service.prepare("POST", routes.REFRESH, body={"refreshToken": pair.refresh}),
        "revoke": service.prepare(
            "POST",
            routes.REVOKE,
            body={"sessionId": pair.refresh.claims["sid"]},
            key=token_pairs.own_org.org_key,
        ),
    }
    order = [first, *(name for name in calls if name != first)]
    responses = dict(zip(order, session.racer.race([calls[name] for name in order]), strict=True))
    if responses["revoke"].status == 429:
        raise NotTried("the revocation was turned away with 429, so there was no race")
    revoked(responses["revoke"], sent="revoked a session while it was refreshed")
    require(
        responses["refresh"].status < 500,
        sent="refreshed a session while it was revoked",
        requires="it does not fail",
        got=f"it answered {responses['refresh'].summary}",
    )
    sent = "refreshed and revoked a session at once; once revoke had answered, presented"
    requires = "nothing of the session works"
    newest = pair_of(responses["refresh"]) if responses["refresh"].status == 200 else pair
    require_status(
        service.refresh(newest.refresh), 400, 401, sent=f"{sent} a refresh token", requires=requires
    )
    require_status(service.present_bearer(newest.access), 401, sent=f"{sent} a bearer", requires=requires)
