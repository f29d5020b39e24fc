"""SEC: forgery and exposure."""

from collections.abc import Mapping
from typing import Any

import pytest

from contract.harness.checks import (
    PROVOCATIONS,
    KeySources,
    Presenter,
    Setup,
    clause,
    positive_control,
    require,
    require_no_leak,
    require_nothing_minted,
    require_status,
)
from contract.harness.client import MINTING_SCOPES, OwnOrg, TokenPairs, pair_of
from contract.harness.errors import CouldNotTry
from contract.harness.jose import PLACES, Place, Vector, bit_flips, vectors_of
from contract.harness.redaction import Secret
from contract.harness.run import TargetSession
from contract.harness.spec import READ_SCOPE, SHAPED, MintEndpoint, routes
from contract.harness.targets import StubAnswer

NOBODY = "agent_0123456789abcdef01234567"  # an identity that never was
NEVER = Secret("unknown api key", "rak_" + "0" * 40)
# RFC 9110, sections 15.5.14 and 15.5.15, and RFC 6585, section 5: so long a token may be turned away unread.
TOO_LONG = (400, 401, 413, 414, 431)


@pytest.fixture(scope="session")
def presenter(session: TargetSession) -> Presenter:
    """What bends tokens and presents them."""
    return Presenter(session.token_pairs, session.connection.clock, session.connection.key)


def each_vector(clause_id: str) -> pytest.MarkDecorator:
    """Try a case with each vector of a clause, at each place where it is presented."""
    rows = vectors_of(clause_id)
    return pytest.mark.parametrize(
        ("vector", "place"), rows, ids=[f"{vector}-{place}" for vector, place in rows]
    )


@clause("SEC-01")
@each_vector("SEC-01")
def test_no_other_algorithm_is_accepted(presenter: Presenter, vector: Vector, place: Place) -> None:
    """What the header says never chooses how a token is verified; signed by us where we hold the key."""
    presenter.judge(vector, place)


@clause("SEC-02")
@each_vector("SEC-02")
def test_no_other_form_is_accepted(presenter: Presenter, vector: Vector, place: Place) -> None:
    """Three segments, whole, in the one spelling that their octets have."""
    presenter.judge(vector, place)


@clause("SEC-02")
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("part", ["header", "payload", "signature"])
def test_no_bit_may_change(session: TargetSession, presenter: Presenter, part: str, place: Place) -> None:
    """Bits spread over header, payload and signature, the last one among them."""
    number = session.volume.flips if place == "bearer" else session.volume.flips // 4
    for turn, bent in enumerate(bit_flips(presenter.live(place), part, number)):
        presenter.turned_away(place, bent, f"bit flip {turn} of its {part}", "any changed bit is refused")


@clause("SEC-02")
@pytest.mark.parametrize("place", PLACES)
def test_a_token_of_great_length_is_turned_away(
    session: TargetSession, presenter: Presenter, place: Place
) -> None:
    """A signature lengthened by up to 1 MB is refused, and the service answers the next request."""
    try:
        response = presenter.present(place, presenter.live(place).text + "A" * session.volume.longest)
    except CouldNotTry:
        pass  # It may hang up on so much, too: nothing was opened, and the next request shows that it lives.
    else:
        require_status(
            response,
            *TOO_LONG,
            sent=f"presented a token of {session.volume.longest} bytes as a {place}",
            requires="a lengthened signature is refused",
        )
    positive_control(session.service.call("GET", routes.HEALTH), what="/health after it")


@clause("SEC-03")
@pytest.mark.parametrize("lent", ["jku", "x5u", "jwk", "x5c", "kid", "iss"])
@pytest.mark.parametrize(
    "setup",
    [Setup("bound", "itself", stub=StubAnswer.OTHER_KEY), Setup("unset", "stub")],
    ids=["bound key", "fetched key"],
)
def test_a_token_lends_no_trust(key_sources: KeySources, setup: Setup, lent: str) -> None:
    """A bearer that brings its own key or its address is refused, and nobody asks at that address."""
    seen = key_sources.observe_own_keys(setup)
    if seen.own == 401:
        raise CouldNotTry("no twin: the bearer of the deployment's own key was refused too (see JWKS-01)")
    sent = f"{setup}, presented a bearer of another key that brings its own {lent}"
    status, request_log = seen.others[lent]
    require(status == 401, sent=sent, requires="it is refused with 401", got=f"it answered {status}")
    strange = [url for url in request_log if setup.public == "bound" or url != seen.origin + routes.JWKS]
    require(
        not strange,
        sent=sent,
        requires="no address in a token is ever fetched",
        got=f"it asked {', '.join(strange)}",
    )


@clause("SEC-04")
@each_vector("SEC-04")
def test_signed_is_not_enough(presenter: Presenter, vector: Vector, place: Place) -> None:
    """Signed with the deployment's own key, a token that is not its own in every word is refused."""
    presenter.judge(vector, place)


def asked_for(token_pairs: TokenPairs, mint: MintEndpoint, **fields: Any) -> Mapping[str, Any]:
    """Return the body of a usual mint, shown once to succeed."""
    token_pairs.pair(mint)
    return token_pairs.own_org.mint_body(mint, fields)


@clause("SEC-05")
def test_without_a_credential_nothing_is_minted(token_pairs: TokenPairs, mint: MintEndpoint) -> None:
    """401 without a credential and with an API key that never was."""
    body, call = asked_for(token_pairs, mint), token_pairs.service.call
    for key, what in ((None, "without a credential"), (NEVER, "with an API key that never was")):
        require_nothing_minted(
            call("POST", mint.path, body=body, key=key), 401, sent=f"asked {mint.path} {what}"
        )


# What each holds, what a mint with it is answered, and what it is.
WEAK = {
    "small": ((READ_SCOPE,), 403, "that may only read identities"),
    "poor": (MINTING_SCOPES, 403, "that may mint, and holds nothing of what it would hand out"),
    "revoked": ((READ_SCOPE,), 401, "that was revoked"),
}


@pytest.fixture(scope="session")
def weak_keys(session: TargetSession) -> Mapping[tuple[str, str], Secret]:
    """Credentials by what is wrong with them and by their kind."""
    keys = {name: session.own_org.keys_with(*scopes) for name, (scopes, _, _) in WEAK.items()}
    for key_id, _ in keys["revoked"].values():
        response = session.service.call(
            "POST", routes.api_key_revocation(key_id), key=session.own_org.org_key
        )
        require_status(
            response, 200, sent="revoked an API key or a workspace token", requires="it is revoked"
        )
    return {(name, kind): key for name, kinds in keys.items() for kind, (_, key) in kinds.items()}


@clause("SEC-05")
@pytest.mark.parametrize("name", WEAK)
def test_a_weak_credential_mints_nothing(
    token_pairs: TokenPairs, mint: MintEndpoint, weak_keys: Mapping[tuple[str, str], Secret], name: str
) -> None:
    """403 with a live credential of the right kind that holds too little, 401 with one that was revoked."""
    _, status, what = WEAK[name]
    body = asked_for(token_pairs, mint)
    response = token_pairs.service.call("POST", mint.path, body=body, key=weak_keys[name, mint.credential])
    require_nothing_minted(response, status, sent=f"asked {mint.path} with a credential {what}")


# A path token is made out to any name of an agent: there is no identity elsewhere to ask for.
@clause("SEC-05")
@pytest.mark.parametrize("mint", [*SHAPED["identity"], *SHAPED["agent"]], ids=str)
def test_an_identity_elsewhere_mints_nothing(session: TargetSession, mint: MintEndpoint) -> None:
    """404 for an identity of another org; where the harness has but one org, for one that never was."""
    whose, identity = "that never was", NOBODY
    if "orgs" not in session.connection.missing:
        whose, identity = "of another org", session.other_org.identity or NOBODY
    response = session.own_org.mint(mint, None, **mint.naming(identity))
    require_nothing_minted(response, 404, sent=f"asked {mint.path} for an identity {whose}")


@clause("SEC-05")
@pytest.mark.parametrize("mint", SHAPED["path"], ids=str)
def test_a_workspace_token_mints_for_its_own_workspace_alone(
    token_pairs: TokenPairs, mint: MintEndpoint
) -> None:
    """Asked for a pair in another workspace, it is refused, or the pair is in its own all the same."""
    own = token_pairs.pair(mint).access.claims["wks"]
    response = token_pairs.own_org.mint(mint, workspaceId=f"{token_pairs.own_org.workspace}-elsewhere")
    sent = f"asked {mint.path} for a pair in another workspace than the token's own"
    if response.status != 201:
        require_nothing_minted(response, 403, 400, 401, 404, sent=sent)
        return
    for name, token in pair_of(response).tokens.items():
        require(
            token.claims.get("wks") == own,
            sent=sent,
            requires="a workspace token is bound to one",
            got=f"wks of the {name} token names the other",
        )


@clause("SEC-06")
@pytest.mark.parametrize("generation", [0, 1], ids=["at mint", "at refresh"])
def test_answers_with_tokens_are_not_stored(
    token_pairs: TokenPairs, mint: MintEndpoint, generation: int
) -> None:
    """`Cache-Control` of the answer holds `no-store`."""
    response = token_pairs.generation(mint, generation).response
    told = response.headers.get("cache-control")
    require(
        "no-store" in (told or "").lower(),
        sent=f"asked {response.request.path}",
        requires="an answer that carries tokens is Cache-Control: no-store",
        got=f"Cache-Control was {told or 'absent'}",
    )


@clause("SEC-07")
@pytest.mark.parametrize("request_", PROVOCATIONS.values(), ids=PROVOCATIONS)
def test_a_provoked_error_tells_nothing(token_pairs: TokenPairs, request_: tuple[str, str, Any]) -> None:
    """A request that nobody would send gets an error without a word of where it came from."""
    method, path, body = request_
    key = None if path.endswith("refresh") else token_pairs.own_org.org_key
    require_no_leak(token_pairs.service.call(method, path, body=body, key=key))


@clause("SEC-07")
def test_no_error_of_the_run_told_anything(presenter: Presenter, token_pairs: TokenPairs) -> None:
    """Every refusal of the whole run, whatever clause it was for; a forged token's is among them."""
    for place in PLACES:
        presenter.present(place, f"{presenter.live(place).text}x")
    for response in token_pairs.service.refusals:
        token_pairs.service.transcript[:] = [response]
        require_no_leak(response)


@clause("SEC-08")
def test_each_org_has_tokens_of_its_own(
    token_pairs: TokenPairs, mint: MintEndpoint, other_org: OwnOrg
) -> None:
    """`org` of both tokens is the org that minted, at mint and at refresh, and no two orgs share it."""
    theirs = other_org.pair(mint)
    for pair in (token_pairs.pair(mint), token_pairs.generation(mint, 1)):
        for name, token in pair.tokens.items():
            require(
                token.claims.get("org") != theirs.tokens[name].claims.get("org"),
                sent=f"minted on {mint.path} with the keys of two orgs",
                requires="each org's tokens name that org",
                got=f"both {name} tokens name the same org",
            )


@clause("SEC-08")
def test_another_orgs_identity_is_out_of_sight(
    token_pairs: TokenPairs, mint: MintEndpoint, other_org: OwnOrg
) -> None:
    """Key and bearer of one org can neither see nor delete another's identity, which is still there."""
    service, path = token_pairs.service, routes.identity(other_org.own_identity)
    _, requires = token_pairs.own_org.own_identity, "another org's identity can be neither seen nor deleted"
    access = token_pairs.fresh(mint).access
    positive_control(service.present_bearer(access), what="the bearer at a door of its own org")
    for method in ("GET", "DELETE"):
        sent, headers = f"{method} of another org's identity", {"X-Confirm-Delete": "true"}
        by_key = service.call(method, path, key=token_pairs.own_org.org_key, headers=headers)
        require_status(by_key, 404, sent=f"{sent} with an API key", requires=requires)
        by_bearer = service.call(method, path, bearer=access, headers=headers)
        require_status(by_bearer, 403, 404, sent=f"{sent} with a bearer", requires=requires)
    require_status(
        service.call("GET", path, key=other_org.org_key),
        200,
        sent="deleted another org's identity, then looked for it",
        requires=requires,
    )


@clause("SEC-08")
@pytest.mark.parametrize("mint", [*SHAPED["agent"], *SHAPED["path"]], ids=str)
def test_another_orgs_keys_are_out_of_reach(
    token_pairs: TokenPairs, mint: MintEndpoint, other_org: OwnOrg
) -> None:
    """An org can't revoke another's workspace token; what that mints goes on."""
    key_id, key = other_org.another_workspace_token()
    response = token_pairs.service.call(
        "POST", routes.api_key_revocation(key_id), key=token_pairs.own_org.org_key
    )
    sent, requires = "revoked another org's workspace token", "it is told that there is none"
    require_status(response, 404, sent=sent, requires=requires)
    require_status(
        other_org.mint(mint, key),
        201,
        sent=f"{sent}, then minted with it",
        requires="an org's keys are out of another's reach",
    )
