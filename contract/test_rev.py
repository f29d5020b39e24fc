"""REV: what stays dead. Each refusal stands beside the same call before the revocation."""

import functools
from collections.abc import Callable
from typing import Any

import pytest

from contract.harness.errors import CouldNotTry, NotTried
from contract.harness.evidence import Evidence
from contract.harness.exchanges import Answer, Pair, pair_of
from contract.harness.judging import clause, equal, hold, refused, twin
from contract.harness.likeness import Nobodys
from contract.harness.mints import Mint
from contract.harness.tenancy import Tenant
from contract.harness.tokens import Token
from contract.harness.trial import Trial


@pytest.fixture(scope="session")
def mortal(trial: Trial) -> str:
    """An identity of the run whose sessions may all be ended."""
    return trial.tenant.another_identity()


def minted_for(evidence: Evidence, mint: Mint, identity: str) -> Pair:
    """Mint a pair whose `sub` is `identity`."""
    return evidence.fresh(mint, **mint.naming(identity))


def live(evidence: Evidence, token: Token) -> bool:
    """Say whether introspection shows the claims of `token`; `CouldNotTry` if it says neither yes nor no."""
    answer = evidence.service.introspect(token, evidence.tenant.org_key)
    if answer.status != 200:
        raise CouldNotTry(f"introspection answered {answer.told}, so nobody can say what is live")
    return answer.json is not None


@pytest.fixture(scope="session")
def shows_live(trial: Trial) -> Callable[[Mint], None]:
    """Demand, once for each endpoint, that introspection shows what is live: else its null proves nothing."""

    @functools.cache
    def demand(mint: Mint) -> None:
        pair = trial.evidence.spend(mint)
        for name, token in pair.tokens.items():
            if not live(trial.evidence, token):
                raise CouldNotTry(f"no twin: introspection says null of a live {name} token")
        trial.evidence.keep(mint, pair)

    return demand


def revoked(answer: Answer, *, asked: str) -> None:
    """Hold that a revocation was carried out."""
    refused(answer, 204, asked=asked, contract="it is revoked")


WAYS: dict[str, Any] = {
    "by session": lambda pair: {"sessionId": pair.refresh.claims["sid"]},
    "by refresh token": lambda pair: {"tokenId": pair.refresh.claims["jti"]},
    "by identity": lambda pair: {"identityId": pair.refresh.claims["sub"]},
}


def dead(evidence: Evidence, token: Token, *, asked: str) -> None:
    """Hold that introspection says null."""
    hold(
        not live(evidence, token),
        asked=f"{asked}, then introspected the {token.claims['token_type']} token",
        contract="introspection says null",
        came="it showed the claims of a live token",
    )


@clause("REV-01")
@pytest.mark.parametrize("way", WAYS)
def test_a_revoked_session_stays_dead(
    evidence: Evidence, shows_live: Callable[[Mint], None], mint: Mint, mortal: str, way: str
) -> None:
    """Its refresh token is introspected as null and refused with 401.

    By session, that goes for the access token before the newest, and by identity for every session.
    """
    shows_live(mint)
    pairs = [minted_for(evidence, mint, mortal) for _ in range(2 if way == "by identity" else 1)]
    first = pairs[0]
    if way == "by session":
        pairs = [evidence.rotate(first)]
    revoked(evidence.service.revoke(evidence.tenant.org_key, **WAYS[way](pairs[0])), asked=f"revoked {way}")
    for token in (pairs[0].refresh, *([first.access] if way == "by session" else [])):
        dead(evidence, token, asked=f"revoked {way}")
    for pair in pairs:
        refused(evidence.service.refresh(pair.refresh), 401,
                asked=f"revoked {way}, then presented for a refresh",
                contract="refresh is refused with 401")  # fmt: skip


@clause("REV-01")
def test_a_revoked_access_token_stays_dead(
    evidence: Evidence, shows_live: Callable[[Mint], None], mint: Mint
) -> None:
    """Revoked by its own id, an access token is introspected as null."""
    shows_live(mint)
    access = evidence.spend(mint).access
    asked = "revoked an access token by its id"
    revoked(evidence.service.revoke(evidence.tenant.org_key, tokenId=str(access.claims["jti"])), asked=asked)
    dead(evidence, access, asked=asked)


@clause("REV-02")
def test_a_session_dies_with_its_workspace_token(evidence: Evidence, mint: Mint) -> None:
    """Redeemed while the token that minted it lives, the session is refused with 401 once it is revoked."""
    tenant = evidence.tenant
    key_id, key = tenant.another_workspace_token()
    pair = evidence.rotate(evidence.tenant.pair(mint, key=key))
    answer = evidence.service.call("POST", f"/v1/api-keys/{key_id}/revoke", key=tenant.org_key)
    refused(answer, 200, asked="revoked the workspace token", contract="it is revoked")
    refused(evidence.service.refresh(pair.refresh), 401, asked="revoked the workspace token, then refreshed",
            contract="a session dies with the workspace token that minted it")  # fmt: skip


@clause("REV-03")
def test_a_session_dies_with_its_identity(evidence: Evidence, mint: Mint) -> None:
    """The identity deleted, its refresh token gets 404 or 401 and its bearer 401; both worked before."""
    tenant = evidence.tenant
    identity = tenant.another_identity()
    pair = evidence.rotate(minted_for(evidence, mint, identity))
    twin(evidence.service.knock(pair.access), what="the bearer of an identity that lives")
    answer = evidence.service.call(
        "DELETE", f"/v1/identities/{identity}", key=tenant.org_key, headers={"X-Confirm-Delete": "true"}
    )
    refused(answer, 204, asked="deleted the identity", contract="it is deleted")
    contract = "what an identity held dies with it"
    refused(evidence.service.refresh(pair.refresh), 404, 401, asked="deleted the identity, then refreshed",
            contract=contract)  # fmt: skip
    refused(evidence.service.knock(pair.access), 401, asked="deleted the identity, then presented its bearer",
            contract=contract)  # fmt: skip


@pytest.fixture(scope="session")
def nobodys(trial: Trial) -> Callable[[str, str], Nobodys]:
    """What another org is told that revokes what never was: asked once for each form of an id."""

    @functools.cache
    def of(field: str, _form: str) -> Nobodys:
        return Nobodys(
            trial.service,
            lambda identifier: trial.service.revoke(trial.stranger.org_key, **{field: identifier}),
            asked=f"another org revoked by {field}",
        )

    return lambda field, identifier: of(field, identifier.rpartition("_")[0])


@clause("REV-04")
def test_another_org_can_not_revoke(
    evidence: Evidence, mint: Mint, stranger: Tenant, nobodys: Callable[[str, str], Nobodys]
) -> None:
    """By session, token and identity it gets 404, as of one that never was; the session goes on."""
    pair, service = evidence.spend(mint), evidence.service
    for field, claim in (("sessionId", "sid"), ("tokenId", "jti"), ("identityId", "sub")):
        identifier = str(pair.refresh.claims[claim])
        theirs = service.revoke(stranger.org_key, **{field: identifier})
        refused(
            theirs, 404, asked=f"another org revoked by {field}", contract="it is told that there is none"
        )
        nobodys(field, identifier).alike(theirs, identifier)
    after = service.refresh(pair.refresh)
    refused(after, 200, asked="another org tried to revoke, then refreshed", contract="the session goes on")
    evidence.keep(mint, pair_of(after))


@clause("REV-04")
def test_another_org_can_not_introspect(
    evidence: Evidence, shows_live: Callable[[Mint], None], mint: Mint, stranger: Tenant
) -> None:
    """It gets null, as of a token that never was; the org itself sees the claims."""
    pair = evidence.spend(mint)
    evidence.keep(mint, pair)
    for name, token in pair.tokens.items():
        seen = evidence.service.introspect(token, stranger.org_key)
        asked = f"another org introspected a live {name} token"
        refused(seen, 200, asked=asked, contract="it answers null")
        equal(
            seen.json, None, asked=asked, contract="another org can't introspect a token", what="the answer"
        )
    shows_live(mint)


@clause("REV-05")
@pytest.mark.parametrize("first", ["revoke", "refresh"])
def test_nothing_escapes_a_revocation_by_a_race(trial: Trial, mint: Mint, first: str) -> None:
    """Refresh and revoke leave at the same moment; whatever the refresh gave is dead afterwards."""
    evidence, service = trial.evidence, trial.service
    pair = evidence.fresh(mint)
    calls = {
        "refresh": service.prepare("POST", "/v1/tokens/refresh", body={"refreshToken": pair.refresh}),
        "revoke": service.prepare(
            "POST",
            "/v1/tokens/revoke",
            body={"sessionId": pair.refresh.claims["sid"]},
            key=evidence.tenant.org_key,
        ),
    }
    order = [first, *(name for name in calls if name != first)]
    answers = dict(zip(order, trial.racer.race([calls[name] for name in order]), strict=True))
    if answers["revoke"].status == 429:
        raise NotTried("the revocation was turned away with 429, so there was no race")
    revoked(answers["revoke"], asked="revoked a session while it was refreshed")
    hold(answers["refresh"].status < 500, asked="refreshed a session while it was revoked",
         contract="it does not fail", came=f"it answered {answers['refresh'].told}")  # fmt: skip
    asked = "refreshed and revoked a session at once; once revoke had answered, presented"
    contract = "nothing of the session works"
    newest = pair_of(answers["refresh"]) if answers["refresh"].status == 200 else pair
    refused(service.refresh(newest.refresh), 400, 401, asked=f"{asked} a refresh token", contract=contract)
    refused(service.knock(newest.access), 401, asked=f"{asked} a bearer", contract=contract)
