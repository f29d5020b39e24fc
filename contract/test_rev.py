"""REV: revocation, and what introspection says. Each refusal follows the same call accepted before."""

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import pytest

from contract.harness.checks import (
    BUSY,
    Leftovers,
    Rounds,
    UnknownIdResponses,
    alike,
    clause,
    describe,
    just_minted,
    later,
    long_lived,
    positive_control,
    renewed,
    require,
    require_equal,
    require_no_failure,
    require_nothing_minted,
    require_status,
    shows_live,
)
from contract.harness.client import OwnOrg, Pair, Response, Service, TokenPairs, pair_of
from contract.harness.client.own_org import SPONSOR
from contract.harness.errors import Blocked, ContractError, NotTried, Violation
from contract.harness.jose import Token
from contract.harness.redaction import Secret
from contract.harness.run import TargetSession
from contract.harness.spec import (
    CLOCK_SKEW,
    DAY,
    ENDPOINTS,
    GROUPS,
    NAMED,
    READ_SCOPE,
    REFRESH_TTL_CAP,
    SHAPED,
    MintEndpoint,
    routes,
)
from contract.harness.spec.headers import CONFIRM_DELETE
from contract.harness.spec.statuses import NO_ROUTE
from contract.harness.targets import Clock

Subject = Callable[[MintEndpoint], Mapping[str, str]]
Made = TypeVar("Made")


@pytest.fixture(scope="session")
def subject(session: TargetSession) -> Subject:
    """Give the fields of mints for a subject all of whose sessions a case may end.

    It is a new identity or agent; a body that names nobody has the subject that
    all such bodies share.
    """
    return partial(_own_subject, session.own_org)


def _own_subject(own_org: OwnOrg, mint: MintEndpoint) -> Mapping[str, str]:
    match mint.shape:
        case "bare":
            return {}
        case "named":
            return mint.naming(own_org.another_agent())
        case "identity":
            return mint.naming(own_org.another_identity())


@pytest.fixture(scope="session")
def introspection_works(session: TargetSession) -> Callable[[MintEndpoint], None]:
    """Demand, once for each endpoint, that introspection shows live tokens: else its null proves nothing."""
    token_pairs = session.token_pairs

    @functools.cache
    def demand(mint: MintEndpoint) -> None:
        pair = token_pairs.spend(mint)
        for name, token in pair.tokens.items():
            if not shows_live(token_pairs, token):
                raise Blocked(("REV-06", "SES-04"), f"introspection answers null for a live {name} token")
        token_pairs.keep(mint, pair)

    return demand


def revoke(token_pairs: TokenPairs, what: Mapping[str, str], *, sent: str) -> None:
    """Revoke and hold that it is carried out."""
    response = token_pairs.service.revoke(token_pairs.own_org.org_key, **what)
    require_status(response, 204, sent=sent, requires="it is revoked")


NOTHING: Mapping[str, tuple[Mapping[str, Any], tuple[int, ...]]] = {
    "nothing": ({}, (400,)),
    "another member": ({"token": "tok_relayauth-contract"}, (400,)),
    "null": ({"tokenId": None}, (400,)),
    "three nulls": (dict.fromkeys(("tokenId", "identityId", "sessionId")), (400,)),
    "an empty id": ({"sessionId": ""}, (400, 404)),
    "an unknown token": ({"tokenId": "tok_relayauth-contract-nobody"}, (404,)),
    "an unknown session": ({"sessionId": "sess_relayauth-contract-nobody"}, (404,)),
    "an unknown identity": ({"identityId": "agent_relayauth-contract-nobody"}, (404,)),
}


@clause("REV-01")
@pytest.mark.parametrize("mint", [SHAPED["identity"][0]], ids=str)
@pytest.mark.parametrize("named", NOTHING)
def test_a_revocation_of_nothing_is_refused(
    session: TargetSession, token_pairs: TokenPairs, mint: MintEndpoint, named: str
) -> None:
    """Who revokes what is not there has to learn that nothing was revoked; on a URL some of them."""
    del mint
    if session.connection.kind == "url" and named not in ("nothing", "null", "an unknown token"):
        return
    body, statuses = NOTHING[named]
    answer = token_pairs.service.call("POST", routes.REVOKE, key=token_pairs.own_org.org_key, body=body)
    requires = "it is refused, since it revokes nothing"
    require_status(answer, *statuses, sent=f"revoked {named}", requires=requires)


# What a revocation names, of a session that was refreshed once.
WAYS: Mapping[str, Callable[[Pair, Pair], dict[str, str]]] = {
    "by its session id": lambda first, _: {"sessionId": str(first.refresh.claims["sid"])},
    "by the id of its newest refresh token": lambda _, newest: {"tokenId": str(newest.refresh.claims["jti"])},
    "by the id of a used refresh token": lambda first, _: {"tokenId": str(first.refresh.claims["jti"])},
    "by its identity": lambda first, _: {"identityId": str(first.refresh.claims["sub"])},
}


@clause("REV-01")
@pytest.mark.parametrize("way", WAYS)
def test_a_revoked_session_stays_revoked(
    token_pairs: TokenPairs,
    clock: Clock,
    introspection_works: Callable[[MintEndpoint], None],
    subject: Subject,
    mint: MintEndpoint,
    way: str,
) -> None:
    """Refresh and bearers are refused and introspection answers null.

    Where the clock can be set, the session is presented again later, and another one is revoked when its
    access tokens have expired.
    """
    introspection_works(mint)
    fields = subject(mint) if way == "by its identity" else {}
    moments = later(clock)

    def refreshed() -> tuple[Pair, Pair]:
        first = just_minted(token_pairs, mint, **fields)
        return first, renewed(token_pairs, first)

    first, newest = refreshed()
    if way == "by its identity":
        token_pairs.drop(str(first.refresh.claims["sub"]))
    sent = f"minted a session, refreshed it and revoked it {way}"
    revoke(token_pairs, WAYS[way](first, newest), sent=sent)
    left = Leftovers(token_pairs, sent=sent, requires="nothing of the session works")
    left.not_accepted(newest, anew=True)
    if way == "by its session id":
        left.not_accepted(first, what="the first access token")
        left.not_shown(newest.access, what="the newest access token")
    left.not_shown(newest.refresh, what="the newest refresh token")
    left.refused(newest)
    others = [refreshed()] if clock.settable else []
    gone = {f"{sent}, at once": newest}
    for when in moments:
        for done, pair in gone.items():
            Leftovers(token_pairs, sent=f"{done}, and it is now {when}", requires="it stays revoked").refused(
                pair
            )
        for first, newest in others:
            sent = f"minted a session, refreshed it and revoked it {way}, {when}"
            revoke(token_pairs, WAYS[way](first, newest), sent=sent)
            left = Leftovers(token_pairs, sent=sent, requires="nothing of the session works")
            left.not_shown(newest.refresh, what="the newest refresh token")
            left.refused(newest)
            gone[sent] = newest
        others = []


IN_USE = 8
"""Requests before a revocation: enough for a cache to keep the answer."""
MANY_REVOCATIONS = 60
"""Revocations after which an earlier one must still hold: more than a cache of them may keep."""


@clause("REV-01")
@pytest.mark.parametrize("mint", SHAPED["identity"], ids=str)
def test_a_revocation_outlasts_many_others(
    session: TargetSession, token_pairs: TokenPairs, mint: MintEndpoint
) -> None:
    """A session that was revoked stays so when many others were revoked after it."""
    if session.leaves_out(f"a revocation before {MANY_REVOCATIONS} others was not tried"):
        return
    pairs = [token_pairs.fresh(mint) for _ in range(1 + MANY_REVOCATIONS)]
    sent = f"revoked a session that was in use, and {MANY_REVOCATIONS} others after it"
    for _ in range(IN_USE):
        token_pairs.service.introspect(pairs[0].refresh, token_pairs.own_org.org_key)
        token_pairs.service.present_bearer(pairs[0].access)
    for pair in pairs:
        revoke(token_pairs, {"sessionId": str(pair.refresh.claims["sid"])}, sent=sent)
    left = Leftovers(token_pairs, sent=sent, requires="it stays revoked")
    left.not_accepted(pairs[0])
    left.not_shown(pairs[0].refresh, what="the refresh token")
    left.refused(pairs[0])


@clause("REV-02")
@pytest.mark.parametrize("mint", SHAPED["path"][:1], ids=str)
@pytest.mark.parametrize("kind", ["org API key", "workspace token"])
def test_a_credential_in_use_is_refused_once_it_is_revoked(
    session: TargetSession, mint: MintEndpoint, kind: str
) -> None:
    """However often it was used just before."""
    del mint
    own_org = session.own_org
    if session.leaves_out(f"a {kind} that was used often was not revoked"):
        return
    make = own_org.another_key if kind == "org API key" else own_org.another_workspace_token
    key_id, key = make(READ_SCOPE)
    path = routes.identity(own_org.subject)
    for _ in range(IN_USE):
        control = own_org.service.call("GET", path, key=key)
        require_status(control, 200, 404, sent=f"read an identity with a new {kind}", requires="it may")
    answer = own_org.service.call("POST", routes.api_key_revocation(key_id), key=own_org.org_key)
    sent = f"used a credential ({kind}) {IN_USE} times, and revoked it"
    require_status(answer, 200, 204, sent=sent, requires="it is revoked")
    after = own_org.service.call("GET", path, key=key)
    require_status(after, 401, sent=f"{sent}, and used it", requires="it is refused at once")


MANY = 25
"""Sessions that one call must end: more than a page of them."""


def _many(session: TargetSession) -> int:
    """Return how many sessions of one identity are minted: few where each may cost a round trip."""
    return 2 if session.spares_requests else MANY


@clause("REV-01")
def test_a_revocation_by_identity_ends_what_was_minted_before(
    session: TargetSession, token_pairs: TokenPairs, subject: Subject, mint: MintEndpoint
) -> None:
    """All sessions of the identity end, and a new mint for it works at once."""
    fields = subject(mint)
    before = [token_pairs.fresh(mint, **fields) for _ in range(_many(session))]
    its_id = str(before[0].refresh.claims["sub"])
    sent = f"minted {len(before)} sessions for one identity and revoked by that identity"
    revoke(token_pairs, {"identityId": its_id}, sent=sent)
    token_pairs.drop(its_id)
    left = Leftovers(token_pairs, sent=sent, requires="all its sessions end")
    for number, pair in enumerate(before, 1):
        left.refused(pair, what=f"the refresh token of session {number}")
    response = token_pairs.own_org.mint(mint, None, **fields)
    require_status(response, 201, sent=f"{sent}, then minted for it", requires="a new mint works at once")
    require_status(
        token_pairs.service.refresh(pair_of(response).refresh),
        200,
        sent=f"{sent}, then minted for it and refreshed",
        requires="a new mint works at once",
    )


@clause("REV-01")
def test_a_revoked_access_token_stays_revoked(
    token_pairs: TokenPairs, introspection_works: Callable[[MintEndpoint], None], mint: MintEndpoint
) -> None:
    """Revoked by its own id, an access token is refused as a bearer, and introspection answers null.

    Over the connection too that has seen it accepted and introspected.
    """
    introspection_works(mint)
    pair = token_pairs.spend(mint)
    positive_control(
        token_pairs.service.present_bearer(pair.access),
        what="the access token as a bearer",
        unless=("JWKS-08", "SES-04"),
    )
    if not shows_live(token_pairs, pair.access):
        raise Blocked(("REV-06", "SES-04"), "introspection answers null for a live access token")
    sent = "revoked an access token by its id"
    revoke(token_pairs, {"tokenId": str(pair.access.claims["jti"])}, sent=sent)
    left = Leftovers(token_pairs, sent=sent, requires="the token no longer works")
    left.not_accepted(pair, what="it")
    left.not_accepted(pair, what="it", anew=True)
    left.not_shown(pair.access, what="it")


LONG_ACCESS = {"2 h later": 2 * 3600, "23 h later": 23 * 3600}
"""When an access token that was requested for a day is presented: what is kept of a revocation for as long as
usual access tokens live is gone by then."""


@clause("REV-01")
@pytest.mark.parametrize("mint", SHAPED["identity"], ids=str)
def test_a_long_access_token_stays_revoked(
    token_pairs: TokenPairs, clock: Clock, subject: Subject, mint: MintEndpoint
) -> None:
    """Until its own `exp`, however its session was revoked; where the clock can be set.

    Access tokens of the other endpoints live an hour at most.
    """
    if not clock.settable:
        return
    start, revoked = clock.now(), {}
    for way in ("by its identity", "by its session id", "by its own id"):
        fields = subject(mint) if way == "by its identity" else {}
        pair = revoked[way] = token_pairs.fresh(mint, expiresIn=DAY, **fields)
        what = (
            {"tokenId": str(pair.access.claims["jti"])} if way == "by its own id" else WAYS[way](pair, pair)
        )
        revoke(token_pairs, what, sent=f"requested an access token for a day, and revoked it {way}")
        if "identityId" in what:
            token_pairs.drop(what["identityId"])
    control = token_pairs.fresh(mint, expiresIn=DAY)
    for when, passed in LONG_ACCESS.items():
        if start + passed >= control.access.exp - CLOCK_SKEW:
            break
        clock.set(start + passed)
        positive_control(
            token_pairs.service.present_bearer(control.access),
            what=f"an access token that was requested for a day, {when}",
            unless=("CLK-06", "JWKS-08"),
        )
        for way, pair in revoked.items():
            sent = f"requested an access token for a day, revoked it {way}, and it is now {when}"
            left = Leftovers(token_pairs, sent=sent, requires="it no longer works")
            left.not_accepted(pair, what="it")
            left.not_shown(pair.access, what="it")


@clause("REV-02")
def test_a_session_ends_with_its_workspace_token(
    token_pairs: TokenPairs, clock: Clock, mint: MintEndpoint
) -> None:
    """Once the workspace token is revoked, its session is refused with 401, and so is another mint."""
    own_org, moments = token_pairs.own_org, later(clock)
    key_id, key = own_org.another_workspace_token()
    first = own_org.pair(mint, key=key, refreshTokenTtlSeconds=REFRESH_TTL_CAP)
    newest = renewed(token_pairs, first)
    response = token_pairs.service.call("POST", routes.api_key_revocation(key_id), key=own_org.org_key)
    require_status(response, 200, sent="revoked the workspace token", requires="it is revoked")
    sent = "revoked the workspace token that minted a session"
    requires = "the session ends with it"
    Leftovers(token_pairs, sent=sent, requires=requires).refused(newest)
    # Over the connection that has seen the token accepted: a cache of the connection would accept it again.
    require_nothing_minted(own_org.mint(mint, key), 401, sent="minted again with a revoked workspace token")
    if not mint.takes_paths:
        with token_pairs.service.over_a_new_connection():
            again = own_org.mint(mint, key)
        sent_anew = "minted with a revoked workspace token over a new connection"
        require_nothing_minted(again, 401, sent=sent_anew)
    for when in moments:
        then = f"{sent}, and it is now {when}"
        Leftovers(token_pairs, sent=then, requires=requires).refused(newest)
        require_nothing_minted(own_org.mint(mint, key), 401, sent=f"{then}, then minted again with it")


def _delete(identity: str) -> dict[str, Any]:
    return {"method": "DELETE", "path": routes.identity(identity), "headers": CONFIRM_DELETE}


def _suspend(identity: str) -> dict[str, Any]:
    return {"method": "POST", "path": routes.suspension(identity), "body": {"reason": "relayauth-contract"}}


def _retire(identity: str) -> dict[str, Any]:
    return {"method": "POST", "path": routes.retirement(identity), "body": {"reason": "relayauth-contract"}}


# How an identity ends: the request, and the statuses of success.
ENDINGS: Mapping[str, tuple[Callable[[str], dict[str, Any]], int]] = {
    "deleted": (_delete, 204),
    "suspended": (_suspend, 200),
    "retired": (_retire, 200),
}


def end_identity(token_pairs: TokenPairs, identity: str, how: str) -> None:
    """Delete, suspend or retire an identity; `NotTried` where the deployment has no such route."""
    request, status = ENDINGS[how]
    response = token_pairs.service.call(**request(identity), key=token_pairs.own_org.org_key)
    if how != "deleted" and response.status in NO_ROUTE:
        raise NotTried(f"the deployment has no route by which an identity is {how}: {response.summary}")
    require_status(response, status, sent=f"an identity was {how}", requires=f"it is {how}")


@clause("REV-03")
@pytest.mark.parametrize("mint", SHAPED["identity"], ids=str)
def test_a_suspension_ends_every_session_and_those_of_children(
    session: TargetSession, token_pairs: TokenPairs, mint: MintEndpoint
) -> None:
    """All sessions of the identity end, and those of each identity that it sponsors."""
    own_org = token_pairs.own_org
    parent, on_a_url = own_org.another_identity(), session.connection.kind == "url"
    try:
        children = [own_org.another_identity(sponsor=parent) for _ in range(1 if on_a_url else 4)]
    except NotTried as reason:
        children, session.note = [], str(reason)
    own_sessions = (0 if children else 1) if session.spares_requests else MANY
    pairs = {
        f"session {number} of it": token_pairs.fresh(mint, **mint.naming(parent))
        for number in range(1, own_sessions + 1)
    }
    named = {f"child {number}": child for number, child in enumerate(children, 1)}
    if children and not on_a_url:
        elsewhere = own_org.another_identity(f"{own_org.workspace}-elsewhere", sponsor=parent)
        named["a child in another workspace"] = elsewhere
    pairs |= {
        f"a session of {whose}": token_pairs.fresh(mint, **mint.naming(child))
        for whose, child in named.items()
    }
    *_, last = pairs.values()
    positive_control(
        token_pairs.service.present_bearer(last.access),
        what="the access token that was minted last as a bearer",
        unless="JWKS-08",
    )
    end_identity(token_pairs, parent, "suspended")
    left = Leftovers(
        token_pairs,
        sent="an identity that sponsors others was suspended",
        requires="its sessions end, and those of its children",
    )
    for whose, pair in pairs.items():
        left.not_accepted(pair, what=f"the access token of {whose}")
    if on_a_url:
        return
    response = token_pairs.service.call("POST", routes.reactivation(parent), key=own_org.org_key)
    if response.status not in NO_ROUTE:
        left = Leftovers(
            token_pairs,
            sent="an identity that sponsors others was suspended and reactivated",
            requires="what the suspension ended stays ended",
        )
        for whose, pair in pairs.items():
            left.refused(pair, what=f"the refresh token of {whose}")


@clause("REV-03")
@pytest.mark.parametrize("mint", SHAPED["identity"][:1], ids=str)
@pytest.mark.parametrize("said", [None, "false"], ids=["no header", "X-Confirm-Delete: false"])
def test_a_deletion_has_to_be_confirmed(
    session: TargetSession, token_pairs: TokenPairs, mint: MintEndpoint, said: str | None
) -> None:
    """Without `X-Confirm-Delete: true` nothing is deleted: the identity can still be minted for."""
    if session.leaves_out("a deletion that is not confirmed"):
        return
    own_org = token_pairs.own_org
    identity = own_org.another_identity()
    headers = {} if said is None else dict.fromkeys(CONFIRM_DELETE, said)
    path, key = routes.identity(identity), own_org.org_key
    answer = token_pairs.service.call("DELETE", path, key=key, headers=headers)
    sent = f"deleted an identity with {'no confirmation' if said is None else f'X-Confirm-Delete: {said}'}"
    require(
        400 <= answer.status < 500,
        sent=sent,
        requires="it is refused: X-Confirm-Delete: true is missing",
        got=f"it answered {answer.summary}",
    )
    after = own_org.mint(mint, None, **mint.naming(identity))
    require_status(after, 201, sent=f"{sent}, then minted for it", requires="nothing was deleted")


@clause("REV-03")
@pytest.mark.parametrize("mint", SHAPED["identity"][:1], ids=str)
@pytest.mark.parametrize("how", ["suspended", "retired"])
def test_what_is_not_active_can_not_be_suspended(
    session: TargetSession, token_pairs: TokenPairs, mint: MintEndpoint, how: str
) -> None:
    """It gets 409: a retired identity that could be suspended could be reactivated as well."""
    del mint
    if session.leaves_out("the suspension of an identity that is not active"):
        return
    own_org = token_pairs.own_org
    identity = own_org.another_identity()
    end_identity(token_pairs, identity, how)
    answer = token_pairs.service.call(**_suspend(identity), key=own_org.org_key)
    if answer.status in NO_ROUTE:
        session.note = f"the deployment has no route by which an identity is suspended: {answer.summary}"
        return
    sent = f"an identity was {how}, then suspended"
    require_status(answer, 409, sent=sent, requires="it is not active, so it can't be suspended")


@clause("REV-03")
@pytest.mark.parametrize("how", ENDINGS)
def test_sessions_end_with_their_identity(
    token_pairs: TokenPairs, clock: Clock, mint: MintEndpoint, how: str
) -> None:
    """Refresh token and bearer, which worked before, are refused, and nothing can be minted for it."""
    own_org, moments = token_pairs.own_org, later(clock)
    identity = own_org.another_identity()
    newest = renewed(token_pairs, long_lived(token_pairs, mint, **mint.naming(identity)))
    positive_control(
        token_pairs.service.present_bearer(newest.access),
        what="the access token as a bearer",
        unless="JWKS-08",
    )
    end_identity(token_pairs, identity, how)
    sent, requires = f"an identity was {how}", "its sessions end"
    left = Leftovers(token_pairs, sent=sent, requires=requires)
    left.not_accepted(newest, anew=True)
    left.refused(newest, 404, 401)
    _nothing_minted(token_pairs, mint, identity, sent=sent)
    if how == "suspended":
        sent = "an identity was suspended and reactivated"
        _reactivate(token_pairs, mint, identity, newest, sent=sent)
    for when in moments:
        left = Leftovers(
            token_pairs, sent=f"{sent}, and it is now {when}", requires="its old tokens stay refused"
        )
        left.refused(newest, 404, 401)


def _nothing_minted(token_pairs: TokenPairs, mint: MintEndpoint, identity: str, *, sent: str) -> None:
    """Hold that a mint for `identity` is refused; some deployments answer 403."""
    require_status(
        token_pairs.own_org.mint(mint, None, **mint.naming(identity)),
        404,
        403,
        sent=f"{sent}, then requested a pair for it",
        requires="nothing can be minted for it",
    )


def _reactivate(token_pairs: TokenPairs, mint: MintEndpoint, identity: str, old: Pair, *, sent: str) -> None:
    """Reactivate `identity`, and hold that new mints work and that `old` does not."""
    path = routes.reactivation(identity)
    response = token_pairs.service.call("POST", path, key=token_pairs.own_org.org_key)
    if response.status in NO_ROUTE:
        raise NotTried(f"the deployment has no route that reactivates an identity: {response.summary}")
    require_status(response, 200, sent=sent, requires="it is active again")
    left = Leftovers(token_pairs, sent=sent, requires="its old tokens stay refused")
    left.not_accepted(old, what="an access token of before", anew=True)
    left.refused(old, what="a refresh token of before")
    response = token_pairs.own_org.mint(mint, None, **mint.naming(identity))
    require_status(response, 201, sent=f"{sent}, then requested a pair for it", requires="new mints work")
    require_status(
        token_pairs.service.refresh(pair_of(response).refresh),
        200,
        sent=f"{sent}, then minted for it and refreshed",
        requires="new mints work",
    )


@pytest.fixture(scope="session")
def about_nothing(session: TargetSession) -> Callable[[str, str], UnknownIdResponses]:
    """What another org is answered that revokes something that never existed, for each form of an id."""

    @functools.cache
    def of(field: str, _form: str) -> UnknownIdResponses:
        return UnknownIdResponses(
            session.service,
            lambda identifier: session.service.revoke(session.other_org.org_key, **{field: identifier}),
            sent=f"another org revoked by {field}",
        )

    return lambda field, identifier: of(field, identifier.rpartition("_")[0])


@clause("REV-04")
def test_another_org_cannot_revoke(
    token_pairs: TokenPairs,
    mint: MintEndpoint,
    other_org: OwnOrg,
    about_nothing: Callable[[str, str], UnknownIdResponses],
) -> None:
    """By session, token and identity it gets 404, as for an id that never existed; the session continues."""
    pair, service = token_pairs.fresh(mint), token_pairs.service
    for field, claim in (("sessionId", "sid"), ("tokenId", "jti"), ("identityId", "sub")):
        identifier = str(pair.refresh.claims[claim])
        theirs = service.revoke(other_org.org_key, **{field: identifier})
        require_status(
            theirs, 404, sent=f"another org revoked by {field}", requires="it is told that there is none"
        )
        about_nothing(field, identifier).alike(theirs, identifier)
    after = service.refresh(pair.refresh)
    require_status(
        after, 200, sent="another org tried to revoke, then refreshed", requires="the session continues"
    )
    token_pairs.keep(mint, pair_of(after))


@clause("REV-04")
def test_another_org_cannot_introspect(
    token_pairs: TokenPairs,
    introspection_works: Callable[[MintEndpoint], None],
    mint: MintEndpoint,
    other_org: OwnOrg,
) -> None:
    """It gets null, as for a token that never existed; the org itself gets the claims."""
    pair = token_pairs.spend(mint)
    token_pairs.keep(mint, pair)
    for name, token in pair.tokens.items():
        seen = token_pairs.service.introspect(token, other_org.org_key)
        sent = f"another org introspected a live {name} token"
        require_status(seen, 200, sent=sent, requires="it answers null")
        require_equal(
            seen.json, None, sent=sent, requires="another org can't introspect a token", what="the answer"
        )
    introspection_works(mint)


Ending = Callable[[Pair], dict[str, Any]]


def revocation(way: str) -> Ending:
    """Return the request that revokes a session `way`, of its only pair."""
    return lambda pair: {"method": "POST", "path": routes.REVOKE, "body": WAYS[way](pair, pair)}


def deletion(pair: Pair) -> dict[str, Any]:
    """Return the request that deletes the identity of a session."""
    return _delete(str(pair.refresh.claims["sub"]))


AT_ONCE = ("by its session id", "by the id of its newest refresh token", "by its identity")


@clause("REV-05")
@pytest.mark.parametrize("way", AT_ONCE)
def test_no_concurrent_refresh_escapes_a_revocation(
    session: TargetSession, subject: Subject, mint: MintEndpoint, way: str
) -> None:
    """A refresh and the revocation are sent together; once the revocation was answered nothing works."""
    fields = subject(mint)
    rounds = Rounds(session.racer, session.volume, mint, kind=f"refresh and revocation {way}")
    race_ending(
        session, mint, rounds, lambda: fields, Raced(f"a revocation {way}", revocation(way), "REV-01")
    )


@clause("REV-05")
@pytest.mark.parametrize("mint", [ENDPOINTS[name] for name in GROUPS["identity"]], ids=str)
def test_no_concurrent_refresh_escapes_a_deletion(session: TargetSession, mint: MintEndpoint) -> None:
    """A refresh and the deletion of its identity are sent together; once that was answered nothing works."""
    rounds = Rounds(
        session.racer, session.volume, mint, kind="refresh and deletion", rows=len(GROUPS["identity"])
    )
    own_org = session.own_org
    raced = Raced("the deletion of its identity", deletion, "REV-03")
    race_ending(session, mint, rounds, lambda: mint.naming(own_org.another_identity()), raced)


AT_THE_SAME_TIME = 4
"""How many revocations are sent together, each of a session of its own."""


@clause("REV-05")
@pytest.mark.parametrize("mint", NAMED, ids=str)
def test_each_of_several_revocations_at_once_counts(session: TargetSession, mint: MintEndpoint) -> None:
    """Of revocations that are sent together each ends its own session; one that gets 409 did nothing."""
    if session.leaves_out("whether several revocations at once all count"):
        return
    token_pairs, service = session.token_pairs, session.service
    pairs = [token_pairs.fresh(mint) for _ in range(AT_THE_SAME_TIME)]
    by_session, key = revocation("by its session id"), session.own_org.org_key
    race = session.racer.race([service.prepare(**by_session(pair), key=key) for pair in pairs])
    sent = f"sent {len(pairs)} revocations at the same time, each of another session"
    require_no_failure(race.responses, sent=sent)
    for pair, answer in zip(pairs, race.responses, strict=True):
        if answer.status in BUSY:
            continue
        try:
            _ended(answer, token_pairs, pair, sent=sent)
        except Violation:
            raced = Raced("a revocation by its session id", by_session, "REV-01")
            _see_it_alone(token_pairs, token_pairs.fresh(mint), raced, refreshed=False)
            raise


@dataclass(frozen=True)
class Raced:
    """What a refresh is raced with: in words, as a request, and the clause that it keeps without a race."""

    what: str
    request: Ending
    alone: str


def race_ending(
    session: TargetSession,
    mint: MintEndpoint,
    rounds: Rounds,
    fields: Callable[[], Mapping[str, str]],
    raced: Raced,
) -> None:
    """Race a refresh with what ends its session, and hold that nothing of the session works afterwards.

    `fields` are those of the mint of each round.
    """
    token_pairs, service, key = session.token_pairs, session.service, session.own_org.org_key
    sent = f"sent a refresh and {raced.what} at the same time"
    for stagger in rounds:
        response = session.own_org.mint(mint, None, **fields())
        if response.status != 201:
            raise Blocked(raced.alone, f"a mint for its subject was answered {response.summary}")
        pair = pair_of(response)
        token_pairs.drop(str(pair.refresh.claims["sub"]))
        requests = rounds.ordered(
            {
                "refresh": service.prepare("POST", routes.REFRESH, body={"refreshToken": pair.refresh}),
                "ending": service.prepare(**raced.request(pair), key=key),
            }
        )
        race = session.racer.race(list(requests.values()), stagger)
        answers = dict(zip(requests, race.responses, strict=True))
        require_no_failure(race.responses, sent=sent)
        decided = answers["ending"].status not in BUSY
        rounds.count(race, decided=decided)
        if decided:
            newest = pair_of(answers["refresh"]) if answers["refresh"].status == 200 else pair
            try:
                _ended(answers["ending"], token_pairs, newest, sent=sent)
            except Violation:
                refreshed = newest is not pair
                _see_it_alone(token_pairs, token_pairs.fresh(mint, **fields()), raced, refreshed=refreshed)
                raise
    session.note = rounds.note()


def _ended(ending: Response, token_pairs: TokenPairs, pair: Pair, *, sent: str) -> None:
    """Hold that the `ending` of a session succeeded, and that nothing of `pair`, its newest, works."""
    require_status(ending, 204, sent=sent, requires="what ends the session is answered with 204")
    left = Leftovers(token_pairs, sent=sent, requires="nothing of the session works")
    left.not_accepted(pair)
    left.refused(pair, 400, 401, 404)


def _see_it_alone(token_pairs: TokenPairs, pair: Pair, raced: Raced, *, refreshed: bool) -> None:
    """Raise `Blocked` if what ends a session ends nothing either when it is sent after a refresh, if any."""
    newest = renewed(token_pairs, pair) if refreshed else pair
    response = token_pairs.service.call(**raced.request(pair), key=token_pairs.own_org.org_key)
    try:
        _ended(response, token_pairs, newest, sent=f"sent {raced.what}")
    except Violation as violation:
        raise Blocked(raced.alone, f"without a race it is the same: {violation}") from None


@clause("REV-06")
def test_introspection_answers_the_claims_of_the_token(
    token_pairs: TokenPairs, clock: Clock, mint: MintEndpoint
) -> None:
    """Of each live token it answers that token's own claims; of a used one, or after a replay, null.

    Where the clock can be set, it says the same of refresh tokens when their access tokens have expired.
    """
    moments = later(clock)
    first = just_minted(token_pairs, mint)
    for name, token in first.tokens.items():
        own_claims_shown(token_pairs, token, sent=f"introspected the {name} token of a mint")
    second = renewed(token_pairs, first)
    for pair, which in ((second, "the newest"), (first, "the first")):
        own_claims_shown(
            token_pairs, pair.access, sent=f"refreshed once, then introspected {which} access token"
        )
    _introspected_later(token_pairs, first, second, sent="refreshed once")
    for when in moments:
        _introspected_later(token_pairs, first, second, sent=f"refreshed once, and it is now {when}")
    token_pairs.service.refresh(first.refresh)
    left = Leftovers(
        token_pairs, sent="presented a used refresh token again", requires="introspection answers null"
    )
    _truly_over(token_pairs, left, second.refresh, what="the newest refresh token", promised_by="SES-02")


def _introspected_later(token_pairs: TokenPairs, used: Pair, newest: Pair, *, sent: str) -> None:
    own_claims_shown(token_pairs, newest.refresh, sent=f"{sent}, then introspected the newest refresh token")
    left = Leftovers(token_pairs, sent=sent, requires="introspection answers null for a used token")
    _truly_over(token_pairs, left, used.refresh, what="the used refresh token", promised_by="SES-01")


def _truly_over(
    token_pairs: TokenPairs, left: Leftovers, token: Token, *, what: str, promised_by: str
) -> None:
    """Hold that a refresh token is not shown; `Blocked` if it works: then introspection tells the truth."""
    try:
        left.not_shown(token, what=what)
    except Violation:
        if token_pairs.service.refresh(token).status == 200:
            raise Blocked(promised_by, f"{what} works, so introspection rightly shows it") from None
        raise


def own_claims_shown(token_pairs: TokenPairs, token: Token, *, sent: str) -> None:
    """Hold that introspection of a live token answers its claims; it may answer members beside them."""
    response = token_pairs.service.introspect(token, token_pairs.own_org.org_key)
    require_status(response, 200, sent=sent, requires="it answers the claims of the token")
    requires = "it answers the token's own claims"
    require(response.json is not None, sent=sent, requires=requires, got="it answered null")
    shown = response.object
    for claim, value in token.claims.items():
        require(
            alike(shown.get(claim), value),
            sent=sent,
            requires=requires,
            got=f"{claim} was {describe(shown.get(claim))}; in the token it is {describe(value)}",
        )


@dataclass(frozen=True)
class Sessions:
    """Sessions before a restart: two that are to go on, and one that was refreshed twice.

    `minted` was never refreshed; `live` is the newest pair of another one, and `steady` what its rotations
    kept; `used` and `newest` are the first and the last pair of the third.
    """

    minted: Pair
    live: Pair
    steady: Mapping[str, Any]
    used: Pair
    newest: Pair


@dataclass(frozen=True)
class Kept:
    """What a restart found, and what live pairs were answered after it.

    `bearer` and `refresh` are about the one that had been refreshed, `first` is the refresh of the other.
    """

    sessions: Sessions
    bearer: Response
    refresh: Response
    first: Response


@dataclass(frozen=True)
class Restarted:
    """A server that was started again on its database, and what it had been given before, or why not.

    `issued` are token ids of before. `over` are the newest pairs of sessions by how those were ended, `ended`
    identities by how they ended.
    `suspended` is a suspended identity with pairs of before: its own, and one of an identity that it sponsors
    where the deployment takes that; `family` is an active identity, and a pair of one that it sponsors;
    `shown` an identity as it was shown after a change; `revoked_keys` are credentials that were revoked, by
    their kind.
    """

    token_pairs: TokenPairs
    kept: Mapping[MintEndpoint, Kept | ContractError | Violation]
    issued: frozenset[Any]
    over: Mapping[tuple[MintEndpoint, str], Pair | ContractError | Violation]
    ended: Mapping[str, str | ContractError | Violation]
    suspended: tuple[str, list[Pair]] | ContractError | Violation
    family: tuple[str, Pair] | ContractError | Violation
    shown: Mapping[str, Any] | ContractError | Violation
    revoked_keys: Mapping[str, Secret | ContractError | Violation]


def made(found: Made | ContractError | Violation) -> Made:
    """Return what was made before the restart; raises what went wrong then."""
    if isinstance(found, ContractError | Violation):
        raise found
    return found


@pytest.fixture(scope="session")
def restarted(session: TargetSession) -> Iterator[Restarted]:
    """A server of its own, restarted twice for all endpoints and body shapes, a minute later if possible.

    What is refused is presented before any live session begins, and again after all of them were tried: if
    that ends other sessions, it is for SES-04 to say.
    """
    with session.connection.restartable() as server, session.pairs_on(server.connection) as token_pairs:
        service = token_pairs.service
        rows = session.rows("REV-07")
        over = {
            (mint, way): _or_why_not(partial(_over_before, token_pairs, mint, way))
            for mint in rows
            for way in OVER
        }
        sessions = {mint: _or_why_not(partial(_sessions, token_pairs, mint)) for mint in rows}
        ended = {how: _or_why_not(partial(_ended_before, token_pairs, how)) for how in ENDINGS}
        suspended = _or_why_not(partial(_suspended_before, token_pairs))
        family = _or_why_not(partial(_family_before, token_pairs))
        shown = _or_why_not(partial(_changed_before, token_pairs))
        keys = {kind: _or_why_not(partial(_revoked_before, token_pairs, kind)) for kind in KEYS}
        if server.connection.clock.settable:
            server.connection.clock.set(server.connection.clock.now() + CLOCK_SKEW)
        server.restart()
        server.restart()
        kept = {mint: _after(service, sessions[mint]) for mint in rows}
        yield Restarted(
            token_pairs,
            kept,
            _issued(over.values(), sessions.values()),
            over,
            ended,
            suspended,
            family,
            shown,
            keys,
        )


def _or_why_not(make: Callable[[], Made]) -> Made | ContractError | Violation:
    """Return what `make` makes, or why it can't."""
    try:
        return make()
    except (ContractError, Violation) as reason:
        return reason


REPLAY, ACCESS = "by a replay", "by the id of its access token"
OVER = ("by its session id", "by the id of its newest refresh token", "by its identity", REPLAY, ACCESS)
"""How a session is ended before a restart; by the id of its access token, that token is."""


def _over_before(token_pairs: TokenPairs, mint: MintEndpoint, way: str) -> Pair:
    """Return the newest pair of a session that was ended this way, and whose bearer is refused.

    Its refresh token is not presented: a server may take that for a replay, and end the session again.
    """
    own_org, service = token_pairs.own_org, token_pairs.service
    fields: Mapping[str, str] = {}
    if way == "by its identity":  # a subject of its own, also where the body names nobody
        fields = _own_subject(own_org, mint) or mint.naming(own_org.another_agent())
    first = token_pairs.fresh(mint, **fields)
    newest = renewed(token_pairs, first)
    if way == REPLAY:
        response = service.refresh(first.refresh)
    else:
        by_access = {"tokenId": str(newest.access.claims["jti"])}
        response = service.revoke(
            own_org.org_key, **(by_access if way == ACCESS else WAYS[way](first, newest))
        )
    bearer = service.present_bearer(newest.access)
    if bearer.status != 401:
        answers = f"that was answered {response.summary}, and its bearer {bearer.summary}"
        raise Blocked("SES-02" if way == REPLAY else "REV-01", f"a session was ended {way}: {answers}")
    return newest


def _sessions(token_pairs: TokenPairs, mint: MintEndpoint) -> Sessions:
    """Make the two sessions at `mint`."""
    fewer = {} if mint.shape == "bare" else {**mint.fewer, "audience": ["relayauth", "cloud"]}
    once = renewed(token_pairs, long_lived(token_pairs, mint, **fewer))
    live, used = renewed(token_pairs, once), token_pairs.fresh(mint)
    positive_control(
        token_pairs.service.present_bearer(live.access), what="the live access token", unless="JWKS-08"
    )
    newest = renewed(token_pairs, renewed(token_pairs, used))
    return Sessions(token_pairs.fresh(mint), live, _kept_by_rotation(once, live), used, newest)


_OF_ONE_TOKEN = frozenset({"jti", "iat", "exp", "nbf"})


def _described(pair: Pair) -> dict[str, Any]:
    """Return the lifetime of the refresh token and every claim that is not of one token alone, by a name."""
    found: dict[str, Any] = {"exp - iat of the refresh token": pair.refresh.lifetime}
    for kind, token in pair.tokens.items():
        claims = {name: value for name, value in token.claims.items() if name not in _OF_ONE_TOKEN}
        meta = claims.pop("meta", {})
        claims |= {f"meta.{name}": value for name, value in meta.items()} if isinstance(meta, dict) else {}
        found |= {f"{name} of the {kind} token": value for name, value in claims.items()}
    return found


def _kept_by_rotation(before: Pair, after: Pair) -> Mapping[str, Any]:
    """Return what both pairs have alike, as `_described` names it."""
    now = _described(after)
    return {
        name: value for name, value in _described(before).items() if name in now and alike(now[name], value)
    }


def _lost(steady: Mapping[str, Any], pair: Pair) -> list[str]:
    """Return the names of `steady` that `pair` does not have alike."""
    now = _described(pair)
    return [name for name, value in steady.items() if name not in now or not alike(now[name], value)]


def _issued(
    over: Iterable[Pair | ContractError | Violation], sessions: Iterable[Sessions | ContractError | Violation]
) -> frozenset[Any]:
    """Return the ids of the tokens of these pairs."""
    pairs = [each for each in over if isinstance(each, Pair)]
    for each in sessions:
        pairs += [each.minted, each.live, each.used, each.newest] if isinstance(each, Sessions) else []
    return _token_ids(*pairs)


def _token_ids(*pairs: Pair) -> frozenset[Any]:
    return frozenset(token.claims.get("jti") for pair in pairs for token in pair.tokens.values())


def _after(
    service: Service, sessions: Sessions | ContractError | Violation
) -> Kept | ContractError | Violation:
    """Present the live pairs after a restart; what could not be made before is passed on."""
    if not isinstance(sessions, Sessions):
        return sessions
    live, first = sessions.live, sessions.minted
    try:
        bearer = service.present_bearer(live.access)
        return Kept(sessions, bearer, service.refresh(live.refresh), service.refresh(first.refresh))
    except (ContractError, Violation) as reason:
        return reason


@clause("REV-07")
def test_live_sessions_and_used_tokens_survive_a_restart(restarted: Restarted, mint: MintEndpoint) -> None:
    """After a restart on the same database live sessions continue, and used tokens are refused."""
    kept, token_pairs = made(restarted.kept[mint]), restarted.token_pairs
    service, sent = token_pairs.service, "restarted the server twice on the same database"
    used, newest = kept.sessions.used, kept.sessions.newest
    pairs = (kept.sessions.minted, kept.sessions.live, used, newest)
    service.transcript.show([*(pair.response for pair in pairs), kept.bearer, kept.refresh, kept.first])
    requires = "a live session continues"
    require(
        kept.bearer.status != 401 and kept.bearer.status < 500,
        sent=f"{sent}, then presented a live access token of before as a bearer",
        requires=requires,
        got=f"it answered {kept.bearer.summary}",
    )
    require_status(
        kept.refresh,
        200,
        sent=f"{sent}, then presented a live refresh token of before",
        requires=requires,
    )
    require_status(
        kept.first,
        200,
        sent=f"{sent}, then presented the refresh token of a mint of before, which was never refreshed",
        requires=requires,
    )
    again = _token_ids(pair_of(kept.refresh), pair_of(kept.first)) & restarted.issued
    require(
        not again,
        sent=f"{sent}, then refreshed sessions of before",
        requires="each token has a jti of its own",
        got=f"{len(again)} of the new tokens have one that a token of before has",
    )
    _require_steady(token_pairs, mint, kept)
    left = Leftovers(token_pairs, sent=sent, requires="what was used before stays used")
    try:
        left.refused(used, 400, 401, 404, what="a refresh token that was used before")
    except Violation:
        _see_single_use(token_pairs, mint)
        raise
    sent = f"{sent}, then presented a refresh token that was used two refreshes before"
    left = Leftovers(token_pairs, sent=sent, requires="its session ends")
    try:
        left.refused(newest)
    except Violation:
        _see_replays(token_pairs, mint)
        raise


RESTARTED = "the server was restarted twice on the same database"


GRANTED = ("iss", "aud", "sub", "org", "wks", "scopes", "sponsorId", "sponsorChain", "parentTokenId")
"""Claims that the same request gets at each mint."""


@clause("REV-07")
def test_a_mint_after_a_restart_grants_the_same(restarted: Restarted, mint: MintEndpoint) -> None:
    """The same request gets the same claims: keys, identities and workspaces are what they were."""
    before, after = made(restarted.kept[mint]).sessions.minted, restarted.token_pairs.fresh(mint)
    want, got, granted = (
        _described(before),
        _described(after),
        (*GRANTED, *(f"meta.{name}" for name in mint.own_meta)),
    )
    moved = [
        name
        for name, value in want.items()
        if name.partition(" of the ")[0] in granted and not alike(got.get(name), value)
    ]
    require(
        not moved,
        sent=f"minted at {mint.path} before and after a restart, with the same request",
        requires="both grant the same",
        got="; ".join(f"{name} was {describe(got.get(name))}, not {describe(want[name])}" for name in moved),
    )


@clause("REV-07")
@pytest.mark.parametrize("way", OVER)
def test_what_was_ended_stays_so_over_a_restart(restarted: Restarted, mint: MintEndpoint, way: str) -> None:
    """A session that was revoked or ended by a replay is refused, and so is a revoked access token."""
    pair = made(restarted.over[mint, way])
    restarted.token_pairs.service.transcript.show([pair.response])
    sent = f"a session was ended {way}, and {RESTARTED}"
    left = Leftovers(restarted.token_pairs, sent=sent, requires="what was ended before stays so")
    left.not_accepted(pair)
    if way != ACCESS:
        left.refused(pair, 401, 404)


@clause("REV-07")
@pytest.mark.parametrize("mint", [*SHAPED["identity"], *SHAPED["agent"]], ids=str)
@pytest.mark.parametrize("how", ENDINGS)
def test_an_identity_that_ended_is_not_back_after_a_restart(
    restarted: Restarted, mint: MintEndpoint, how: str
) -> None:
    """Nothing can be minted for an identity that was deleted, suspended or retired before."""
    identity = made(restarted.ended[how])
    _nothing_minted(restarted.token_pairs, mint, identity, sent=f"an identity was {how}, and {RESTARTED}")


@clause("REV-07")
@pytest.mark.parametrize("mint", SHAPED["identity"], ids=str)
def test_a_reactivation_after_a_restart_revives_nothing(restarted: Restarted, mint: MintEndpoint) -> None:
    """The sessions of an identity that was suspended before and is reactivated after it stay ended.

    So do those of an identity that it sponsors.
    """
    identity, (old, *of_a_child) = made(restarted.suspended)
    sent = f"an identity was suspended that sponsors another one, and {RESTARTED}"
    for pair in of_a_child:
        left = Leftovers(restarted.token_pairs, sent=sent, requires="the other one's sessions stay ended")
        left.not_accepted(pair)
        left.refused(pair, 401, 404)
    sent = f"an identity was suspended, {RESTARTED}, and it was reactivated"
    try:
        _reactivate(restarted.token_pairs, mint, identity, old, sent=sent)
    except Violation:
        _see_reactivations(restarted.token_pairs, mint)
        raise


@clause("REV-07")
@pytest.mark.parametrize("mint", SHAPED["identity"], ids=str)
def test_a_suspension_after_a_restart_reaches_children_of_before(
    session: TargetSession, restarted: Restarted, mint: MintEndpoint
) -> None:
    """Which identity sponsors which is still known."""
    del mint
    if isinstance(restarted.family, NotTried):
        session.note = str(restarted.family)
        return
    parent, pair = made(restarted.family)
    end_identity(restarted.token_pairs, parent, "suspended")
    sent = f"an identity sponsored another one, {RESTARTED}, and it was suspended"
    left = Leftovers(restarted.token_pairs, sent=sent, requires="the sessions of the other one end")
    try:
        left.refused(pair, 401, 404)
    except Violation:
        _see_children(restarted.token_pairs)
        raise


@clause("REV-07")
@pytest.mark.parametrize("mint", SHAPED["identity"], ids=str)
def test_an_identity_is_the_same_after_a_restart(restarted: Restarted, mint: MintEndpoint) -> None:
    """It is shown as it was after its last change."""
    del mint
    before, own_org = made(restarted.shown), restarted.token_pairs.own_org
    path = routes.identity(str(before["id"]))
    after = own_org.service.call("GET", path, key=own_org.org_key)
    sent = f"changed an identity, and {RESTARTED}"
    require_status(after, 200, sent=sent, requires="the identity is still there")
    moved = [name for name, value in before.items() if after.object.get(name) != value]
    require(not moved, sent=sent, requires="it is as it was", got=f"{', '.join(moved)} changed")
    _name_is_taken(own_org, str(before["name"]), sent=f"made an identity, and {RESTARTED}")


def _name_is_taken(own_org: OwnOrg, name: str, *, sent: str) -> None:
    """Hold that no second identity can have this name."""
    body = {"name": name, "sponsorId": SPONSOR, "scopes": [READ_SCOPE]}
    answer = own_org.service.call("POST", routes.IDENTITIES, key=own_org.org_key, body=body)
    require_status(answer, 409, sent=f"{sent}, then made another with its name", requires="the name is taken")


@clause("REV-07")
@pytest.mark.parametrize("mint", SHAPED["identity"][:1], ids=str)
def test_what_was_answered_survives_a_kill(session: TargetSession, mint: MintEndpoint) -> None:
    """What was answered is in the database by then: a server that is killed can save nothing any more.

    A server in this process can't be killed.
    """
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(session.connection.restartable())
        if not server.can_be_killed:
            return
        token_pairs = stack.enter_context(session.pairs_on(server.connection))
        used, revoked = token_pairs.fresh(mint), token_pairs.fresh(mint)
        newest = renewed(token_pairs, used)
        what = {"sessionId": str(revoked.refresh.claims["sid"])}
        revoke(token_pairs, what, sent="revoked a session by its session id")
        server.restart(killed=True)
        sent = "{} the server was killed right after it had answered, and started again on the same database"
        revoked_before = sent.format("revoked a session;")
        left = Leftovers(token_pairs, sent=revoked_before, requires="what was revoked before stays so")
        left.not_accepted(revoked)
        left.refused(revoked, 401, 404)
        rotated_before = sent.format("refreshed a session;")
        answer = token_pairs.service.refresh(newest.refresh)
        require_status(answer, 200, sent=rotated_before, requires="the newest refresh token is known")
        left = Leftovers(token_pairs, sent=rotated_before, requires="what was used before stays used")
        left.refused(used, 400, 401, 404, what="a refresh token that was used before")


KEYS = ("org API key", "workspace token")


@clause("REV-07")
@pytest.mark.parametrize("mint", [SHAPED["path"][-1]], ids=str)
@pytest.mark.parametrize("kind", KEYS)
def test_a_revoked_key_stays_revoked_over_a_restart(
    restarted: Restarted, mint: MintEndpoint, kind: str
) -> None:
    """A credential that was revoked before is refused."""
    del mint
    answer = _read_with(restarted.token_pairs.own_org, made(restarted.revoked_keys[kind]))
    sent = f"a credential ({kind}) was revoked, {RESTARTED}, and it read an identity"
    require_status(answer, 401, sent=sent, requires="it is refused")


def _read_with(own_org: OwnOrg, key: Secret) -> Response:
    return own_org.service.call("GET", routes.identity(own_org.own_identity), key=key)


def _ended_before(token_pairs: TokenPairs, how: str) -> str:
    """Return an identity that was ended."""
    identity = token_pairs.own_org.another_identity()
    try:
        end_identity(token_pairs, identity, how)
    except Violation as violation:
        raise Blocked("REV-03", str(violation)) from None
    for mint in (*SHAPED["identity"], *SHAPED["agent"]):
        answer = token_pairs.own_org.mint(mint, None, **mint.naming(identity))
        if answer.status == 201:
            raise Blocked("REV-03", f"an identity was {how}, and a mint for it was answered {answer.summary}")
    return identity


NESTED = {"a": {"b": ["c"]}}
CHANGES: tuple[Mapping[str, Any], ...] = (
    {"scopes": []},
    {"scopes": [READ_SCOPE], "roles": ["relayauth-contract"], "metadata": {"changed": NESTED}},
    {"metadata": {"changed": "again"}},
    {"roles": ["relayauth-contract", "another"]},
)


def _changed_before(token_pairs: TokenPairs) -> Mapping[str, Any]:
    """Return an identity as it is shown after it was made and changed; each time it is as it was sent.

    What a change does not name stays, too.
    """
    own_org = token_pairs.own_org
    service, key = own_org.service, own_org.org_key
    name = f"{own_org.name}-changed"
    body = {"name": name, "sponsorId": SPONSOR, "scopes": [READ_SCOPE], "metadata": NESTED}
    answer = service.call("POST", routes.IDENTITIES, key=key, body=body)
    if answer.status != 201:
        raise Blocked("API-02", f"an identity with metadata could not be made: {answer.summary}")
    _shown_as_sent(answer, body, sent="made an identity with metadata")
    _name_is_taken(own_org, name, sent="made an identity")
    path = routes.identity(str(answer.object["id"]))
    for change in CHANGES:
        answer = service.call("PATCH", path, key=key, body=change)
        if answer.status in NO_ROUTE:
            raise NotTried(f"the deployment has no route by which an identity is changed: {answer.summary}")
        if not 200 <= answer.status < 300:
            raise Blocked("API-02", f"a change of an identity was answered {answer.summary}")
        answer, body = service.call("GET", path, key=key), {**body, **change}
        _shown_as_sent(answer, body, sent=f"changed {', '.join(change)} of an identity")
    return answer.object


def _shown_as_sent(answer: Response, members: Mapping[str, Any], *, sent: str) -> None:
    other = [name for name, value in members.items() if answer.object.get(name) != value]
    require(not other, sent=sent, requires="it is shown as it was sent", got=f"{', '.join(other)} were not")


def _suspended_before(token_pairs: TokenPairs) -> tuple[str, list[Pair]]:
    """Return an identity that was suspended, a pair of before, and one of a child if it may have one."""
    (mint, *_), identity = SHAPED["identity"], token_pairs.own_org.another_identity()
    subjects = [identity]
    with contextlib.suppress(NotTried):
        subjects.append(token_pairs.own_org.another_identity(sponsor=identity))
    pairs = [token_pairs.fresh(mint, **mint.naming(subject)) for subject in subjects]
    try:
        end_identity(token_pairs, identity, "suspended")
    except Violation as violation:
        raise Blocked("REV-03", str(violation)) from None
    for pair in pairs:
        bearer = token_pairs.service.present_bearer(pair.access)
        if bearer.status != 401:
            why = f"an identity was suspended, and its bearer, or its child's, was answered {bearer.summary}"
            raise Blocked("REV-03", why)
    return identity, pairs


def _family_before(token_pairs: TokenPairs) -> tuple[str, Pair]:
    """Return an identity, and a pair of one that it sponsors; `NotTried` if it may sponsor none."""
    own_org, (mint, *_) = token_pairs.own_org, SHAPED["identity"]
    parent = own_org.another_identity()
    return parent, token_pairs.fresh(mint, **mint.naming(own_org.another_identity(sponsor=parent)))


def _revoked_before(token_pairs: TokenPairs, kind: str) -> Secret:
    """Return a credential of this kind that was revoked, and that is refused."""
    own_org = token_pairs.own_org
    make = own_org.another_key if kind == "org API key" else own_org.another_workspace_token
    key_id, key = make(READ_SCOPE)
    control = _read_with(own_org, key)
    own_org.service.call("POST", routes.api_key_revocation(key_id), key=own_org.org_key)
    answer = _read_with(own_org, key)
    if control.status != 200 or answer.status != 401:
        why = f"it read an identity ({control.summary}), was revoked, and read it again ({answer.summary})"
        raise Blocked("REV-02", f"a new credential ({kind}): {why}")
    return key


def _require_steady(token_pairs: TokenPairs, mint: MintEndpoint, kept: Kept) -> None:
    """Require of the pair that was rotated after the restart what a rotation before it kept."""
    after = pair_of(kept.refresh)
    live, steady = kept.sessions.live, kept.sessions.steady
    lost = _lost(steady, after)
    if not lost:
        return
    _see_rotations(token_pairs, mint, live.refresh.lifetime)
    name = lost[0]
    require(
        kept=False,
        sent="restarted the server on the same database, then refreshed a session of before once more",
        requires="its lifetime and claims stay those that refreshes before the restart kept",
        got=f"{name} was {describe(_described(after).get(name))}; before the restart it was "
        f"{describe(steady[name])}",
    )


def _see_rotations(token_pairs: TokenPairs, mint: MintEndpoint, ttl: int) -> None:
    """Raise `Blocked` if a third rotation loses without a restart what the second one kept."""
    once = renewed(token_pairs, token_pairs.fresh(mint, refreshTokenTtlSeconds=ttl))
    twice, clock = renewed(token_pairs, once), token_pairs.service.clock
    if clock.settable:
        clock.set(clock.now() + CLOCK_SKEW)
    if _lost(_kept_by_rotation(once, twice), renewed(token_pairs, twice)):
        raise Blocked(
            ("ROT-02", "ROT-07", "META-02", "CLK-02"), "a third rotation loses it without a restart as well"
        )


def _see_children(token_pairs: TokenPairs) -> None:
    """Raise `Blocked` if a suspension reaches no children without a restart as well."""
    parent, pair = _family_before(token_pairs)
    end_identity(token_pairs, parent, "suspended")
    if token_pairs.service.refresh(pair.refresh).status == 200:
        raise Blocked("REV-03", "a suspension does not reach children without a restart as well")


def _see_reactivations(token_pairs: TokenPairs, mint: MintEndpoint) -> None:
    """Raise `Blocked` if a reactivation goes wrong without a restart as well."""
    identity, (old, *_) = _suspended_before(token_pairs)
    try:
        _reactivate(token_pairs, mint, identity, old, sent="an identity was suspended and reactivated")
    except Violation as violation:
        raise Blocked("REV-03", f"without a restart it is the same: {violation}") from None


def _see_single_use(token_pairs: TokenPairs, mint: MintEndpoint) -> None:
    """Raise `Blocked` if a used refresh token is accepted without a restart as well."""
    pair = token_pairs.fresh(mint)
    renewed(token_pairs, pair)
    if token_pairs.service.refresh(pair.refresh).status == 200:
        raise Blocked("SES-01", "a used refresh token is accepted without a restart as well")


def _see_replays(token_pairs: TokenPairs, mint: MintEndpoint) -> None:
    """Raise `Blocked` if a replay of an old refresh token ends no session without a restart as well."""
    old = token_pairs.fresh(mint)
    newest = renewed(token_pairs, renewed(token_pairs, old))
    token_pairs.service.refresh(old.refresh)
    if token_pairs.service.refresh(newest.refresh).status == 200:
        raise Blocked(("SES-02", "SES-03"), "a replay ends no session without a restart as well")
