"""SEC: forged tokens, access and disclosure."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from contract.harness.checks import (
    PROVOCATIONS,
    KeySources,
    Presenter,
    Setup,
    clause,
    describe,
    positive_control,
    require,
    require_no_leak,
    require_nothing_minted,
    require_status,
)
from contract.harness.client import (
    MINTING_SCOPES,
    OwnOrg,
    Response,
    Service,
    TokenPairs,
    Volume,
    by_operation,
    pair_of,
)
from contract.harness.errors import Blocked, CouldNotTry, NotTried, Violation
from contract.harness.jose import PLACES, Malformed, Place, Token, Vector, bit_flips, read_token, vectors_of
from contract.harness.redaction import Secret, holds_token
from contract.harness.run import TargetSession
from contract.harness.spec import FILES, READ_SCOPE, SHAPED, MintEndpoint, routes, takes_paths
from contract.harness.spec.headers import CONFIRM_DELETE
from contract.harness.spec.statuses import NO_ROUTE
from contract.harness.targets import StubAnswer

IDENTITY_MANAGE = "relayauth:identity:manage:*"
UNKNOWN_IDENTITY = "agent_0123456789abcdef01234567"
UNKNOWN_KEY = Secret("unknown api key", "rak_" + "0" * 40)
# RFC 9110, sections 15.5.14 and 15.5.15, and RFC 6585, section 5: a token so long may be refused unread.
TOO_LONG = (400, 401, 413, 414, 431)


@pytest.fixture(scope="session")
def own_org(session: TargetSession) -> OwnOrg:
    """The run's own org."""
    return session.own_org


@pytest.fixture(scope="session")
def volume(session: TargetSession) -> Volume:
    """How much hostile traffic the target gets."""
    return session.volume


@pytest.fixture(scope="session")
def presenter(session: TargetSession) -> Presenter:
    """What forges tokens and presents them."""
    return Presenter(session.token_pairs, session.connection.clock, session.connection.key)


def each_vector(clause_id: str) -> pytest.MarkDecorator:
    """Test with each vector of a clause, at each place where a token is presented."""
    rows = vectors_of(clause_id)
    return pytest.mark.parametrize(
        ("vector", "place"), rows, ids=[f"{vector}-{place}" for vector, place in rows]
    )


@clause("SEC-01")
@each_vector("SEC-01")
def test_no_other_algorithm_is_accepted(presenter: Presenter, vector: Vector, place: Place) -> None:
    """The header never chooses how a token is verified, even if the deployment's key signed the token."""
    presenter.judge(vector, place)


@clause("SEC-02")
@each_vector("SEC-02")
def test_a_token_of_another_form_is_refused(presenter: Presenter, vector: Vector, place: Place) -> None:
    """A token has exactly three segments and the whole signature of exactly this header and payload."""
    presenter.judge(vector, place)


@clause("SEC-02")
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("part", ["header", "payload", "signature"])
def test_a_token_with_one_changed_bit_is_refused(
    volume: Volume, presenter: Presenter, part: str, place: Place
) -> None:
    """The changed bits are spread over header, payload and signature; the last one is among them."""
    number = volume.flips if place == "bearer" else volume.flips // 4
    for turn, forged in enumerate(bit_flips(presenter.live(place), part, number)):
        presenter.require_refused(
            place, forged, f"bit flip {turn} of its {part}", "any changed bit is refused"
        )


@clause("SEC-02")
@pytest.mark.parametrize("place", PLACES)
def test_a_very_long_token_is_refused(
    service: Service, volume: Volume, presenter: Presenter, place: Place
) -> None:
    """A signature lengthened by up to 1 MB is refused, and the service answers the next request."""
    try:
        response = presenter.present(place, presenter.live(place).text + "A" * volume.longest)
    except CouldNotTry:
        pass  # A closed connection accepts nothing either, and the next request shows that the service is up.
    else:
        require_status(
            response,
            *TOO_LONG,
            sent=f"presented a token of {volume.longest} bytes as a {place}",
            requires="a lengthened signature is refused",
        )
    positive_control(service.call("GET", routes.HEALTH), what=f"GET {routes.HEALTH} after a very long token")


@clause("SEC-03")
@pytest.mark.parametrize("member", ["jku", "x5u", "jwk", "x5c", "kid", "iss"])
@pytest.mark.parametrize(
    "setup",
    [Setup("bound", "itself", stub=StubAnswer.OTHER_KEY), Setup("unset", "stub")],
    ids=["bound key", "fetched key"],
)
def test_a_token_with_its_own_key_is_refused(key_sources: KeySources, setup: Setup, member: str) -> None:
    """A bearer that brings its own key, or its address, is refused, and that address is not requested."""
    seen = key_sources.observe_own_keys(setup)
    if seen.own == 401:
        raise Blocked(
            ("JWKS-01", "JWKS-04"),
            "positive control failed: a bearer of the deployment's own key was refused as well",
        )
    sent = f"{setup}; presented a bearer of another key that brings its own {member}"
    status, request_log = seen.others[member]
    require(status == 401, sent=sent, requires="it is refused with 401", got=f"it answered {status}")
    strange = [url for url in request_log if setup.public == "bound" or url != seen.origin + routes.JWKS]
    require(
        not strange,
        sent=sent,
        requires="no address in a token is ever requested",
        got=f"it requested {', '.join(strange)}",
    )


@clause("SEC-04")
@each_vector("SEC-04")
def test_a_valid_signature_is_not_enough(presenter: Presenter, vector: Vector, place: Place) -> None:
    """A token that the deployment's own key signed is refused if its header or claims are not in order."""
    presenter.judge(vector, place)


@pytest.fixture
def body(token_pairs: TokenPairs, own_org: OwnOrg, mint: MintEndpoint) -> Mapping[str, Any]:
    """The body of a usual mint; with the right credential it has succeeded."""
    token_pairs.pair(mint)
    return own_org.mint_body(mint)


@clause("SEC-05")
@pytest.mark.parametrize(
    ("key", "what"),
    [(None, "without a credential"), (UNKNOWN_KEY, "with an API key that was never issued")],
    ids=["no credential", "unknown key"],
)
def test_nothing_is_minted_without_a_credential(
    service: Service, mint: MintEndpoint, body: Mapping[str, Any], key: Secret | None, what: str
) -> None:
    """A mint without a credential, or with an API key that was never issued, gets 401."""
    response = service.call("POST", mint.path, body=body, key=key)
    require_nothing_minted(response, 401, sent=f"sent a mint to {mint.path} {what}")


# The scopes that each credential holds, the status that a mint with it gets, and what is wrong with it.
WEAK = {
    "small": ((READ_SCOPE,), 403, "that may only read identities"),
    "poor": (MINTING_SCOPES, 403, "that may mint, and holds none of the scopes that it would hand out"),
    "revoked": ((READ_SCOPE,), 401, "that was revoked"),
}


@pytest.fixture(scope="session")
def weak_keys(own_org: OwnOrg, service: Service) -> Mapping[tuple[str, str], Secret]:
    """Credentials by what is wrong with them and by their kind."""
    keys = {name: own_org.keys_with(*scopes) for name, (scopes, _, _) in WEAK.items()}
    for key_id, _ in keys["revoked"].values():
        response = service.call("POST", routes.api_key_revocation(key_id), key=own_org.org_key)
        require_status(response, 200, sent="revoked an API key of the run", requires="it is revoked with 200")
    return {(name, kind): key for name, kinds in keys.items() for kind, (_, key) in kinds.items()}


@clause("SEC-05")
@pytest.mark.parametrize("name", WEAK)
def test_a_weak_credential_mints_nothing(
    service: Service,
    mint: MintEndpoint,
    body: Mapping[str, Any],
    weak_keys: Mapping[tuple[str, str], Secret],
    name: str,
) -> None:
    """A credential of the right kind gets 403 if it holds too little, and 401 if it was revoked."""
    _, status, what = WEAK[name]
    response = service.call("POST", mint.path, body=body, key=weak_keys[name, mint.credential])
    require_nothing_minted(response, status, sent=f"sent a mint to {mint.path} with a credential {what}")


FORWARDED = {"x-forwarded-for": "127.0.0.1", "x-forwarded-host": "localhost", "x-real-ip": "127.0.0.1"}
"""What a client behind no proxy may send as well as a proxy does."""


@clause("SEC-05")
@pytest.mark.parametrize("mint", SHAPED["identity"], ids=str)
def test_a_forwarded_address_gives_no_scope(
    service: Service,
    mint: MintEndpoint,
    body: Mapping[str, Any],
    weak_keys: Mapping[tuple[str, str], Secret],
) -> None:
    """A credential that holds too little gets 403 wherever the request says that it comes from."""
    key = weak_keys["small", mint.credential]
    response = service.call("POST", mint.path, body=body, key=key, headers=FORWARDED)
    sent = f"sent a mint to {mint.path} with {', '.join(FORWARDED)} and a credential {WEAK['small'][2]}"
    require_nothing_minted(response, 403, sent=sent)


KEY_MANAGE = "relayauth:api-key:manage:*"
FOUR_SCOPES = tuple(IDENTITY_MANAGE.replace("manage", each) for each in ("read", "write", "create", "delete"))
"""What the action `manage` grants as well."""


@pytest.fixture(scope="session")
def managing_key(own_org: OwnOrg) -> Secret:
    """An API key that may manage identities and keys, and nothing besides."""
    return own_org.another_key(IDENTITY_MANAGE, KEY_MANAGE)[1]


@clause("SEC-05")
@pytest.mark.parametrize("mint", [*SHAPED["identity"], *SHAPED["agent"]], ids=str)
def test_a_credential_holds_what_was_requested(
    service: Service, own_org: OwnOrg, managing_key: Secret, mint: MintEndpoint
) -> None:
    """A new credential of the endpoint's kind has exactly the scopes requested, which its maker's cover."""
    body = {"name": own_org.name, "scopes": list(FOUR_SCOPES)}
    path, member = routes.API_KEYS, "apiKey"
    if mint.credential == "workspace":
        path, member = routes.WORKSPACE_TOKENS, "workspaceToken"
        body["workspaceId"] = own_org.workspace
    response = service.call("POST", path, body=body, key=managing_key)
    sent = f"requested a credential at {path} with four scopes that {IDENTITY_MANAGE} of its maker covers"
    require_status(response, 201, sent=sent, requires="it is made")
    record = response.object.get(member)
    got = record.get("scopes") if isinstance(record, dict) else None
    if not isinstance(got, list):
        raise Blocked("API-01", f"the answer does not say which scopes {member} has")
    require(
        sorted(map(str, got)) == sorted(FOUR_SCOPES),
        sent=sent,
        requires="it holds exactly these",
        got=f"it has {describe(got)}",
    )


EIGHT_SCOPES = (
    KEY_MANAGE,
    *(KEY_MANAGE.replace("manage", each) for each in ("read", "write", "create", "delete")),
    *FOUR_SCOPES[1:],
)
"""Scopes that the run's key covers, none of which reads an identity."""


@clause("SEC-05")
@pytest.mark.parametrize("mint", SHAPED["identity"], ids=str)
def test_each_scope_of_a_credential_counts(service: Service, own_org: OwnOrg, mint: MintEndpoint) -> None:
    """With the last of nine scopes an API key does what it is for; as it has no path, it is for all."""
    del mint
    last = READ_SCOPE.removesuffix(":*")
    _, key = own_org.another_key(*EIGHT_SCOPES, last)
    require_status(
        service.call("GET", routes.identity(own_org.own_identity), key=key),
        200,
        sent=f"read an identity with an API key the last of whose nine scopes is {last}",
        requires="each scope of a credential counts",
    )


LONGEST_CHAIN = 10
"""Members of a sponsor chain (docs/contract.md, Mint endpoints)."""


@clause("SEC-05")
@pytest.mark.parametrize("mint", SHAPED["identity"], ids=str)
def test_no_sponsor_chain_is_longer_than_ten(
    session: TargetSession, token_pairs: TokenPairs, mint: MintEndpoint
) -> None:
    """Of identities each of which sponsors the next, one is refused, or a mint for it is.

    On a URL, where each costs a request, the chain of the usual mint is looked at.
    """
    own_org, pair = session.own_org, token_pairs.pair(mint)
    sent = f"made identities each of which sponsors the next, and minted at {mint.path} for each"
    granted = [pair]
    for _ in range(0 if session.connection.kind == "url" else LONGEST_CHAIN):
        try:
            sponsored = own_org.another_identity(sponsor=str(granted[-1].access.claims["sub"]))
        except NotTried:
            break
        response = own_org.mint(mint, None, **mint.naming(sponsored), scopes=[READ_SCOPE])
        if response.status == 400:
            break
        granted.append(pair_of(response))
    chains = [pair.access.claims.get("sponsorChain") for pair in granted]
    lengths = [len(chain) if isinstance(chain, list) else 0 for chain in chains]
    require(
        0 < lengths[-1] <= LONGEST_CHAIN,
        sent=sent,
        requires=f"a sponsor chain longer than {LONGEST_CHAIN} is refused with 400",
        got=f"sponsorChain was {describe(chains[-1])}",
    )
    # A deployment may take users alone as sponsors, or count otherwise.
    grew = len(lengths) > 1 and lengths == list(range(lengths[0], lengths[0] + len(lengths)))
    require(
        not grew or lengths[-1] == LONGEST_CHAIN,
        sent=sent,
        requires=f"a sponsor chain of {LONGEST_CHAIN} is granted",
        got=f"one of {lengths[-1]} was granted, and the next one refused",
    )


@clause("SEC-05")
def test_a_credential_makes_none_that_holds_more(
    service: Service, own_org: OwnOrg, mint: MintEndpoint, weak_keys: Mapping[tuple[str, str], Secret]
) -> None:
    """An API key that may make credentials makes none of the endpoint's kind with a scope that it lacks."""
    is_api_key = mint.credential == "org"
    path, what = (
        (routes.API_KEYS, "an API key") if is_api_key else (routes.WORKSPACE_TOKENS, "a workspace token")
    )
    body = {"name": own_org.name, "scopes": [MINTING_SCOPES[0], READ_SCOPE]}
    if not is_api_key:
        body["workspaceId"] = own_org.workspace
    response = service.call("POST", path, body=body, key=weak_keys["poor", "org"])
    sent = f"requested {what} with two scopes, the second of which the API key of the request does not hold"
    if is_api_key or response.status != 201:
        require_status(response, 403, 400, sent=sent, requires="it is refused with 403")
        return
    # docs/contract.md, Other routes: a workspace token has at most the caller's scopes; it may have fewer.
    record = response.object.get("workspaceToken")
    require(
        isinstance(record, dict) and READ_SCOPE not in record.get("scopes", ()),
        sent=sent,
        requires="the workspace token does not get the scope",
        got="it has the scope",
    )


def _below(place: str) -> str:
    return FILES.replace("*", place)


HELD = ("relayauth:identity:read", "relayauth:token:manage:*", f"relayfile:fs:read:{FILES}")
# Scopes that an API key with `HELD` asks for, and whether it holds them (docs/contract.md, Scopes).
COVERED: Mapping[str, tuple[str, bool]] = {
    "a path where the grant has none": ("relayauth:identity:read:agent_relayauth-contract", True),
    "a path far below the granted one": (f"relayfile:fs:read:{_below('one/two/three/four')}", True),
    "what managing grants": ("relayauth:token:delete:*", True),
    "every action where the grant is to manage": ("relayauth:token:*:*", False),
    "every path where the grant has one": ("relayfile:fs:read:*", False),
    "no path where the grant has one": ("relayfile:fs:read", False),
    "a path in capitals": (f"relayfile:fs:read:{_below('one').upper()}", False),
    "a path that begins with the letters of the granted one": (
        f"relayfile:fs:read:{FILES.removesuffix('/*')}-beside/one",
        False,
    ),
    "another action on a granted path": (f"relayfile:fs:write:{_below('one')}", False),
}


@pytest.fixture(scope="session")
def holder(own_org: OwnOrg) -> Secret:
    """An API key that holds `HELD`, and may make others."""
    return own_org.another_key(*MINTING_SCOPES, *HELD)[1]


@clause("SEC-05")
@pytest.mark.parametrize("mint", SHAPED["identity"], ids=str)
@pytest.mark.parametrize("what", COVERED)
def test_a_credential_hands_on_what_it_holds_and_no_more(
    session: TargetSession, service: Service, mint: MintEndpoint, what: str, request: pytest.FixtureRequest
) -> None:
    """An API key makes another one with each scope that one of its own covers, segment by segment."""
    del mint
    if session.leaves_out("what a scope covers was tried with few scopes"):
        return
    own_org, (scope, held) = session.own_org, COVERED[what]
    key: Secret = request.getfixturevalue("holder")
    body = {"name": own_org.name, "scopes": [scope]}
    response = service.call("POST", routes.API_KEYS, body=body, key=key)
    sent = f"an API key with {', '.join(HELD)} requested one with {scope} ({what})"
    if held:
        require_status(response, 201, sent=sent, requires="it is covered, so the key is made")
    else:
        require_status(response, 403, 400, sent=sent, requires="it is not covered, so it is refused with 403")


@pytest.fixture(scope="session")
def narrow_scope(own_org: OwnOrg) -> str:
    """A scope within the one that the run's identity holds."""
    return READ_SCOPE.removesuffix("*") + own_org.own_identity


@pytest.fixture(scope="session")
def narrow_key(own_org: OwnOrg, narrow_scope: str) -> Secret:
    """An API key that may mint, and holds less than the run's identity."""
    return own_org.another_key(*MINTING_SCOPES, narrow_scope)[1]


@clause("SEC-05")
@pytest.mark.parametrize("mint", SHAPED["identity"], ids=str)
@pytest.mark.parametrize("requested", ["more", "nothing"])
def test_a_caller_hands_out_no_scope_of_the_identity_beyond_its_own(
    own_org: OwnOrg, mint: MintEndpoint, narrow_key: Secret, narrow_scope: str, requested: str
) -> None:
    """A scope that only the identity holds is refused beside one that both hold, and never a default."""
    control = own_org.mint(mint, narrow_key, scopes=[narrow_scope])
    if control.status != 201:
        why = f"positive control failed: a mint for a scope that both hold got {control.summary}"
        raise Blocked("ROT-10", why)
    if requested == "more":
        sent = f"sent a mint to {mint.path} for two scopes of the identity, one of which the caller lacks"
        response = own_org.mint(mint, narrow_key, scopes=[narrow_scope, READ_SCOPE])
        require_nothing_minted(response, 403, 400, sent=sent)
        return
    response = own_org.mint(mint, narrow_key, scopes=None)
    sent = f"sent a mint to {mint.path} for no scopes, by a caller that holds less than the identity"
    if response.status != 201:
        require_nothing_minted(response, 403, 400, sent=sent)
        return
    require(
        READ_SCOPE not in pair_of(response).access.claims.get("scopes", ()),
        sent=sent,
        requires="no scope is granted that the caller does not hold",
        got="the access token has every scope of the identity",
    )


@clause("SEC-05")
@pytest.mark.parametrize("mint", SHAPED["identity"], ids=str)
def test_an_identity_is_given_no_scope_that_it_does_not_hold(
    token_pairs: TokenPairs, own_org: OwnOrg, mint: MintEndpoint
) -> None:
    """A scope that the caller holds and the identity does not is refused, beside one that both hold."""
    token_pairs.pair(mint)
    response = own_org.mint(mint, None, scopes=[READ_SCOPE, IDENTITY_MANAGE])
    sent = f"sent a mint to {mint.path} for two scopes of the caller, one of which the identity lacks"
    require_nothing_minted(response, 403, 400, sent=sent)


# A path token may name any agent, so there is no identity elsewhere to mint for.
@clause("SEC-05")
@pytest.mark.parametrize("mint", [*SHAPED["identity"], *SHAPED["agent"]], ids=str)
def test_nothing_is_minted_for_an_identity_elsewhere(session: TargetSession, mint: MintEndpoint) -> None:
    """An identity of another org gets 404; with one org alone, an identity that does not exist does."""
    whose, identity = "that does not exist", UNKNOWN_IDENTITY
    if "orgs" not in session.connection.missing:
        whose, identity = "of another org", session.other_org.identity or UNKNOWN_IDENTITY
    response = session.own_org.mint(mint, None, **mint.naming(identity))
    require_nothing_minted(response, 404, sent=f"sent a mint to {mint.path} for an identity {whose}")


@clause("SEC-05")
@pytest.mark.parametrize("mint", SHAPED["agent"], ids=str)
def test_nothing_is_minted_for_an_identity_of_another_workspace(
    own_org: OwnOrg, mint: MintEndpoint, elsewhere: str
) -> None:
    """A workspace token mints for the identities of its own workspace alone."""
    response = own_org.mint(mint, None, **mint.naming(elsewhere))
    sent = f"sent a mint to {mint.path} for an identity of another workspace than the workspace token's"
    require_nothing_minted(response, 404, 403, sent=sent)


@clause("SEC-05")
@pytest.mark.parametrize("mint", SHAPED["path"], ids=str)
def test_a_workspace_token_mints_for_its_own_workspace_alone(
    token_pairs: TokenPairs, own_org: OwnOrg, mint: MintEndpoint
) -> None:
    """A mint for another workspace is refused, or the pair is for the workspace token's own."""
    own = token_pairs.pair(mint).access.claims["wks"]
    response = own_org.mint(mint, workspaceId=f"{own_org.workspace}-elsewhere")
    sent = f"sent a mint to {mint.path} for another workspace than the workspace token's"
    if response.status != 201:
        require_nothing_minted(response, 403, 400, 401, 404, sent=sent)
        return
    for name, token in pair_of(response).tokens.items():
        require(
            token.claims.get("wks") == own,
            sent=sent,
            requires="a workspace token is bound to one workspace",
            got=f"wks of the {name} token names the other",
        )


DOTTED = "a path with `.` behind its first segment"
# Paths and scopes of a mint by what is wrong with them; a scope of None is left out.
BEYOND: Mapping[str, tuple[list[str], list[str] | None]] = {
    "a scope in capitals beside the paths, after one within them": (
        [_below("one/*")],
        [_below("one/*"), _below("ONE/*")],
    ),
    "a scope that covers one of two paths": ([_below("one/a/*"), _below("two/*")], [_below("one/*")]),
    "a scope whose path begins with the letters of a granted one": ([_below("one/*")], [_below("oneself/a")]),
    "a scope for the whole tree": ([FILES], ["/*"]),
    "the whole tree as a path": (["/*"], None),
    "a path that climbs, after a sound one": ([_below("one/*"), _below("../*")], None),
    "a path with `*` in its middle": ([_below("*/a")], None),
    DOTTED: ([_below("one/./two/*")], None),
}


@clause("SEC-05")
@pytest.mark.parametrize("mint", takes_paths(), ids=str)
@pytest.mark.parametrize("what", BEYOND)
def test_a_path_mint_grants_nothing_beyond_its_paths(
    session: TargetSession, token_pairs: TokenPairs, own_org: OwnOrg, mint: MintEndpoint, what: str
) -> None:
    """A scope outside the paths, and a path that is none, are refused with 400."""
    if what == DOTTED and session.leaves_out(f"{what} was not tried"):
        return
    token_pairs.pair(mint)
    paths, places = BEYOND[what]
    fields = {} if places is None else {"scopes": [f"relayfile:fs:read:{place}" for place in places]}
    response = own_org.mint(mint, None, paths=paths, **fields)
    require_nothing_minted(response, 400, 403, sent=f"sent a mint to {mint.path} with {what}")


def require_no_store(response: Response, *, sent: str) -> None:
    """Check that a response must not be stored."""
    cache_control = response.headers.get("cache-control")
    require(
        "no-store" in (cache_control or "").lower(),
        sent=sent,
        requires="the response has Cache-Control: no-store",
        got=f"Cache-Control was {cache_control or 'absent'}",
    )


@clause("SEC-06")
@pytest.mark.parametrize("generation", [0, 1], ids=["at mint", "at refresh"])
def test_responses_with_tokens_are_not_stored(
    token_pairs: TokenPairs, mint: MintEndpoint, generation: int
) -> None:
    """Minted and rotated pairs come with `Cache-Control: no-store`."""
    response = token_pairs.generation(mint, generation).response
    require_no_store(response, sent=f"sent POST {response.request.path}, which gave a pair of {mint.path}")


@clause("SEC-06")
def test_introspected_claims_are_not_stored(
    token_pairs: TokenPairs, service: Service, own_org: OwnOrg, mint: MintEndpoint
) -> None:
    """The claims of a live token come with `Cache-Control: no-store`."""
    for name, token in token_pairs.fresh(mint).tokens.items():
        response = service.introspect(token, own_org.org_key)
        if response.status == 403:
            raise NotTried(f"the API key may not introspect: it got {response.summary}")
        if response.status != 200 or not isinstance(response.json, dict):
            why = f"introspection of a live {name} token got {response.summary} without claims"
            raise Blocked("REV-06", why)
        require_no_store(response, sent=f"introspected a live {name} token of {mint.path}")


@clause("SEC-07")
@pytest.mark.parametrize("request_", PROVOCATIONS.values(), ids=PROVOCATIONS)
def test_a_provoked_error_reveals_nothing(
    service: Service, own_org: OwnOrg, request_: tuple[str, str, Any]
) -> None:
    """A malformed request gets an error that reveals nothing of the service."""
    method, path, body = request_
    key = None if path.endswith("refresh") else own_org.org_key
    require_no_leak(service.call(method, path, body=body, key=key))


@clause("SEC-07")
@pytest.mark.whole_run
def test_no_error_of_the_run_reveals_anything(presenter: Presenter, service: Service) -> None:
    """No refusal of the whole run reveals anything, whatever its clause; that of a forged token included."""
    for place in PLACES:
        presenter.present(place, f"{presenter.live(place).text}x")
    for response in by_operation(service.refusals):
        service.transcript.show([response])
        require_no_leak(response)


@clause("SEC-08")
def test_tokens_name_the_org_that_minted_them(
    token_pairs: TokenPairs, mint: MintEndpoint, other_org: OwnOrg
) -> None:
    """The tokens of two orgs never name the same org, at mint and after a rotation."""
    others = other_org.pair(mint)
    for pair in (token_pairs.pair(mint), token_pairs.generation(mint, 1)):
        for name, token in pair.tokens.items():
            require(
                token.claims.get("org") != others.tokens[name].claims.get("org"),
                sent=f"minted on {mint.path} with the keys of two orgs",
                requires="each org's tokens name that org",
                got=f"both {name} tokens name the same org",
            )


@clause("SEC-08")
@pytest.mark.parametrize("mint", takes_paths(), ids=str)
def test_naming_an_identity_of_another_org_does_not_change_the_org(
    token_pairs: TokenPairs, service: Service, own_org: OwnOrg, mint: MintEndpoint, other_org: OwnOrg
) -> None:
    """With another org's `agentId` it is refused, or the tokens name the caller's org over two rotations."""
    own = token_pairs.pair(mint).access.claims.get("org")
    response = own_org.mint(mint, None, **mint.naming(other_org.own_identity))
    if 400 <= response.status < 500:
        return
    for what in ("the mint", "one rotation", "two rotations"):
        sent = f"sent a mint to {mint.path} with the agentId of another org's identity; after {what}"
        if what == "the mint":
            require_status(response, 201, sent=sent, requires="the pair is the caller's, or a 4xx")
        else:
            require_status(response, 200, sent=sent, requires="a pair that was minted is refreshed")
        pair = pair_of(response)
        for name, token in pair.tokens.items():
            require(
                token.claims.get("org") == own,
                sent=sent,
                requires="both tokens name the caller's org",
                got=f"org of the {name} token named another org",
            )
        response = service.refresh(pair.refresh)


@clause("SEC-08")
def test_an_identity_of_another_org_is_out_of_reach(
    token_pairs: TokenPairs, service: Service, own_org: OwnOrg, mint: MintEndpoint, other_org: OwnOrg
) -> None:
    """Key and bearer of one org can neither read nor delete another org's identity, which still exists."""
    path = routes.identity(other_org.own_identity)
    requires = "another org's identity can be neither read nor deleted"
    access = token_pairs.fresh(mint).access
    positive_control(service.present_bearer(access), what="the bearer in its own org", unless="JWKS-08")
    for method in ("GET", "DELETE"):
        sent, headers = f"sent {method} for another org's identity", CONFIRM_DELETE
        by_key = service.call(method, path, key=own_org.org_key, headers=headers)
        require_status(by_key, 404, sent=f"{sent} with an API key", requires=requires)
        by_bearer = service.call(method, path, bearer=access, headers=headers)
        require_status(by_bearer, 403, 404, sent=f"{sent} with a bearer", requires=requires)
    require_status(
        service.call("GET", path, key=other_org.org_key),
        200,
        sent="read the identity with its own org's key after another org's DELETE",
        requires=requires,
    )


PAGES, ON_A_PAGE = 20, 20
"""How many pages of identities are read at most, and how many there are on each after the first."""


@clause("SEC-08")
@pytest.mark.parametrize("mint", SHAPED["identity"], ids=str)
def test_no_page_of_identities_shows_another_orgs(
    session: TargetSession, service: Service, own_org: OwnOrg, mint: MintEndpoint, other_org: OwnOrg
) -> None:
    """Each page of the list, also those after a cursor, holds the caller's org's own."""
    del mint
    _, foreign = own_org.own_identity, other_org.own_identity
    owner = service.call("GET", routes.identity(foreign), key=other_org.org_key).object.get("orgId")
    query: dict[str, Any] = {"limit": 1}
    for page in range(1, PAGES + 1):
        response = service.call("GET", routes.IDENTITIES, key=own_org.org_key, query=query)
        if response.status in NO_ROUTE:
            session.note = f"the deployment does not list identities: {response.summary}"
            return
        sent = f"listed the identities of the org, {query['limit']} on a page: page {page}"
        require_status(response, 200, sent=sent, requires="it is answered with the org's own")
        answer = response.json if isinstance(response.json, dict) else {}
        shown = answer.get("data")
        if not isinstance(shown, list):
            raise Blocked("API-01", f"a page of identities is not as the document says: {response.summary}")
        require(
            all(each.get("orgId") != owner for each in shown),
            sent=sent,
            requires="no page shows an identity of another org",
            got="it shows one",
        )
        if answer.get("cursor") is None:
            break
        query = {"limit": ON_A_PAGE, "cursor": answer["cursor"]}


@clause("SEC-08")
@pytest.mark.parametrize("mint", [*SHAPED["agent"], *SHAPED["path"]], ids=str)
def test_a_workspace_token_of_another_org_is_out_of_reach(
    service: Service, own_org: OwnOrg, mint: MintEndpoint, other_org: OwnOrg
) -> None:
    """An org can't revoke another org's workspace token, which still mints."""
    key_id, key = other_org.another_workspace_token()
    response = service.call("POST", routes.api_key_revocation(key_id), key=own_org.org_key)
    sent = "revoked another org's workspace token"
    require_status(response, 404, sent=sent, requires="it is answered as an unknown one")
    require_status(
        other_org.mint(mint, key),
        201,
        sent=f"{sent}, then minted on {mint.path} with it",
        requires="a workspace token cannot be revoked by another org",
    )


@clause("SEC-09")
@each_vector("SEC-09")
def test_a_second_spelling_is_refused(presenter: Presenter, vector: Vector, place: Place) -> None:
    """A token is refused in padded base64url, in the standard alphabet, and with stray bits."""
    presenter.judge(vector, place)


LONGEST_ASSERTION = 60
"""Seconds (docs/contract.md, Assertions for relayhistory)."""
ASSERTION_SCOPE = "relayauth:assertion:create:relayhistory"


@pytest.fixture(scope="session")
def assertion_body(token_pairs: TokenPairs, presenter: Presenter) -> Mapping[str, Any]:
    """The body of a usual assertion, for the org, the workspace and the sponsor of the run's own tokens."""
    claims = token_pairs.pair(presenter.endpoint).access.claims
    owner = {"orgId": claims["org"], "workspaceId": claims["wks"], "sponsorId": claims["sponsorId"]}
    return {**owner, "scopes": ["rth:read"]}


@pytest.fixture(scope="session")
def assertion_key(service: Service, own_org: OwnOrg, assertion_body: Mapping[str, Any]) -> Secret:
    """An API key that may make assertions; `NotTried` where the route does not exist, or there is none."""
    response = service.call("POST", routes.ASSERTION, body=assertion_body, key=own_org.org_key)
    if response.status in (404, 405):
        raise NotTried(f"the deployment has no {routes.ASSERTION} (it answered {response.summary})")
    if response.status != 403:
        return own_org.org_key
    key = own_org.another_key(ASSERTION_SCOPE)[1]
    response = service.call("POST", routes.ASSERTION, body=assertion_body, key=key)
    if response.status == 403:
        raise NotTried(f"a key that holds {ASSERTION_SCOPE} got {response.summary}")
    return key


@pytest.fixture
def assertion(service: Service, assertion_body: Mapping[str, Any], assertion_key: Secret) -> Response:
    """The response to the request for an assertion."""
    response = service.call("POST", routes.ASSERTION, body=assertion_body, key=assertion_key)
    require_status(response, 201, sent="requested an assertion", requires="it is made with 201")
    return response


def token_of(response: Response) -> Token:
    """Return the token of an assertion; a `Violation` if there is none."""
    try:
        return read_token(response.object.get("accessToken"))
    except Malformed as reason:
        raise Violation(
            f"requested an assertion; the contract requires an accessToken; {response.status} came back "
            f"and {reason}"
        ) from None


@clause("SEC-10")
def test_an_assertion_is_for_relayhistory_alone(assertion: Response) -> None:
    """It lives at most 60 s, its audience is relayhistory alone, and no refresh token comes with it."""
    token, sent = token_of(assertion), "requested an assertion with no expiresIn"
    require(
        0 < token.lifetime <= LONGEST_ASSERTION,
        sent=sent,
        requires=f"exp - iat is at most {LONGEST_ASSERTION} s",
        got=f"it was {token.lifetime} s",
    )
    require(
        token.claims.get("aud") in (["relayhistory"], "relayhistory"),
        sent=sent,
        requires="aud is relayhistory alone",
        got=f"it was {describe(token.claims.get('aud'))}",
    )
    tokens = [name for name, value in assertion.object.items() if holds_token(str(value))]
    require(
        tokens == ["accessToken"] and assertion.object.get("refreshToken") is None,
        sent=sent,
        requires="no refresh token comes with it",
        got=f"the response has {', '.join(sorted(assertion.object))}",
    )


@clause("SEC-10")
@pytest.mark.parametrize("seconds", [LONGEST_ASSERTION, LONGEST_ASSERTION + 1])
def test_an_assertion_never_lives_longer(
    service: Service, assertion_body: Mapping[str, Any], assertion_key: Secret, seconds: int
) -> None:
    """Whatever `expiresIn` is requested, the assertion lives at most 60 s, or is refused."""
    body = {**assertion_body, "expiresIn": seconds}
    response = service.call("POST", routes.ASSERTION, body=body, key=assertion_key)
    sent = f"requested an assertion with expiresIn {seconds}"
    if seconds > LONGEST_ASSERTION and response.status != 201:
        require_nothing_minted(response, 400, 403, 422, sent=sent)
        return
    require_status(response, 201, sent=sent, requires="it is made with 201")
    lifetime = token_of(response).lifetime
    require(
        lifetime <= LONGEST_ASSERTION,
        sent=sent,
        requires=f"exp - iat is at most {LONGEST_ASSERTION} s",
        got=f"it was {lifetime} s",
    )


# What no assertion may be made for, each beside a body that is sound otherwise.
UNUSABLE_ASSERTIONS: Mapping[str, Mapping[str, Any]] = {
    "a fraction of a second in expiresIn": {"expiresIn": LONGEST_ASSERTION / 8},
    "a scope of another plane beside one of relayhistory": {"scopes": ["rth:read", READ_SCOPE]},
}


@clause("SEC-10")
@pytest.mark.parametrize("fields", UNUSABLE_ASSERTIONS.values(), ids=UNUSABLE_ASSERTIONS)
def test_an_assertion_for_anything_else_is_refused(
    session: TargetSession,
    assertion_body: Mapping[str, Any],
    assertion_key: Secret,
    fields: Mapping[str, Any],
) -> None:
    """Its seconds are whole, and each of its scopes is one of relayhistory."""
    if session.leaves_out("an assertion with a fraction or a further scope was not tried"):
        return
    body = {**assertion_body, **fields}
    response = session.service.call("POST", routes.ASSERTION, body=body, key=assertion_key)
    require_nothing_minted(response, 400, 403, 422, sent=f"requested an assertion with {json.dumps(fields)}")


@clause("SEC-10")
def test_an_assertion_is_no_bearer_of_the_api(
    service: Service, presenter: Presenter, assertion: Response
) -> None:
    """The API's own routes refuse it with 401; a 403 for a missing scope means that it was accepted."""
    presenter.live("bearer")
    response = service.present_bearer(token_of(assertion))
    accepted = response.status not in (401, 403) or b"insufficient_scope" in response.content
    require(
        not accepted,
        sent="presented an assertion as a bearer to a route of the API",
        requires="it is refused",
        got=f"it answered {response.summary}, so it was accepted as a bearer",
    )


@clause("SEC-10")
def test_an_assertion_cannot_be_refreshed(
    service: Service, presenter: Presenter, assertion: Response
) -> None:
    """At refresh it gets 400 or 401, and no pair."""
    presenter.live("refresh")
    response = service.refresh(token_of(assertion))
    require_nothing_minted(response, 401, 400, sent="presented an assertion for a refresh")


@clause("SEC-11")
@each_vector("SEC-11")
def test_an_implausible_bearer_is_refused(presenter: Presenter, vector: Vector, place: Place) -> None:
    """A bearer that the deployment's own key signed is refused for absurd times, and without a `kid`."""
    presenter.judge(vector, place)
