"""ROT: what rotation keeps."""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from contract.harness.checks import (
    alike,
    clause,
    describe,
    entries_of,
    require,
    require_access_no_longer,
    require_equal,
    require_same_grant,
    require_status,
)
from contract.harness.client import Pair, Raw, Response, TokenPairs, pair_of, redeemed
from contract.harness.errors import Blocked, NotTried
from contract.harness.jose import SigningKey
from contract.harness.run import TargetSession
from contract.harness.spec import (
    ACCESS_TTL,
    AUDIENCE,
    DEFAULT_REFRESH_TTL,
    ENDPOINTS,
    FILES,
    NAMED,
    REFRESH_TTL_CAP,
    REFRESH_TTL_MARK,
    SHAPED,
    MintEndpoint,
    takes_paths,
)

NINETY_DAYS: dict[str, Any] = {"refreshTokenTtlSeconds": REFRESH_TTL_CAP}
ROWS = [row for rows in SHAPED.values() for row in rows]


def _has_ttl(pair: Pair, ttl: int, mark: str | None, *, sent: str, requires: str) -> None:
    """Require that a rotated pair lives `ttl` seconds, and that both tokens state `mark`."""
    require_equal(pair.refresh.lifetime, ttl, sent=sent, requires=requires, what="exp - iat after rotation")
    for name, token in pair.tokens.items():
        require_equal(
            token.mark,
            mark,
            sent=sent,
            requires=requires,
            what=f"meta.{REFRESH_TTL_MARK} of the rotated {name} token",
        )


def keeps_ttl(pair: Pair, requested: int | None, *, sent: str) -> None:
    """Require that a rotated pair has the refresh TTL `requested` at mint (None: none), and states it."""
    ttl, mark = (DEFAULT_REFRESH_TTL, None) if requested is None else (requested, str(requested))
    requires = f"a rotation keeps the requested TTL: {ttl} s, meta.{REFRESH_TTL_MARK} {describe(mark)}"
    _has_ttl(pair, ttl, mark, sent=sent, requires=requires)


@clause("ROT-01")
@pytest.mark.parametrize("ttl", [60, DEFAULT_REFRESH_TTL + 1, REFRESH_TTL_CAP], ids="{}s".format)
def test_a_rotated_pair_has_the_requested_ttl(token_pairs: TokenPairs, mint: MintEndpoint, ttl: int) -> None:
    """With nothing requested at refresh, `exp - iat` and `meta` are as was requested at mint."""
    pair = token_pairs.generation(mint, 1, refreshTokenTtlSeconds=ttl)
    keeps_ttl(pair, ttl, sent=f"requested {ttl} s at mint, rotated once")


# One live session at most has everybody's subject on a URL.
NAMING = [row for row in ROWS if row.shape != "bare"]


@clause("ROT-01")
@pytest.mark.parametrize("mint", NAMING, ids=str)
def test_a_pair_with_scopes_and_audience_keeps_its_ttl(token_pairs: TokenPairs, mint: MintEndpoint) -> None:
    """The same where the mint requested scopes and audience as well."""
    pair = token_pairs.generation(mint, 1, **NINETY_DAYS, **mint.fewer, audience=AUDIENCE)
    sent = f"requested {REFRESH_TTL_CAP} s, scopes and audience at mint, rotated once"
    keeps_ttl(pair, REFRESH_TTL_CAP, sent=sent)


@clause("ROT-02")
@pytest.mark.parametrize("rotation", range(2, 6))
def test_five_rotations_do_not_drift(token_pairs: TokenPairs, mint: MintEndpoint, rotation: int) -> None:
    """Each of five rotations in a row gives the TTL that was requested at mint."""
    pair = token_pairs.generation(mint, rotation, **NINETY_DAYS)
    keeps_ttl(pair, REFRESH_TTL_CAP, sent=f"requested {REFRESH_TTL_CAP} s at mint, rotated {rotation} times")


@clause("ROT-03")
@pytest.mark.parametrize("rotation", [1, 2])
def test_without_a_requested_ttl_rotations_keep_24_hours(
    token_pairs: TokenPairs, mint: MintEndpoint, rotation: int
) -> None:
    """With nothing requested at mint, a rotated pair lives 24 h and states no TTL."""
    pair = token_pairs.generation(mint, rotation)
    keeps_ttl(pair, None, sent=f"requested no TTL at mint, rotated {rotation} times")


def keeps_mark(before: Pair, after: Pair, *, sent: str) -> None:
    """Require that a rotated pair has the refresh TTL of the pair before, and states the same."""
    ttl, mark = before.refresh.lifetime, before.refresh.mark
    requires = (
        f"nothing in the request changes the TTL of {ttl} s and meta.{REFRESH_TTL_MARK} {describe(mark)}"
    )
    _has_ttl(after, ttl, mark, sent=sent, requires=requires)


REQUESTS: dict[str, dict[str, Any]] = {
    "longer": {"refreshTokenTtlSeconds": REFRESH_TTL_CAP, "expiresIn": 24 * ACCESS_TTL},
    "shorter": {"refreshTokenTtlSeconds": 60},
    "meta": {"meta": {REFRESH_TTL_MARK: "60"}},
    "scopes": {"scopes": ["*:*:*:*"], "scope": "*:*:*:*"},
    "narrower scopes": {"scopes": ["relayauth:identity:read:nobody"]},
    "audience": {"audience": ["relaycast", "cloud"]},
}


@clause("ROT-04")
@pytest.mark.parametrize("fields", REQUESTS.values(), ids=REQUESTS)
def test_nothing_in_the_refresh_request_changes_what_is_granted(
    token_pairs: TokenPairs, mint: MintEndpoint, fields: dict[str, Any]
) -> None:
    """The request is refused with 400, or TTL, scopes and audience come out as they were."""
    before, response = token_pairs.attempt(
        mint, lambda pair: token_pairs.service.refresh(pair.refresh, **fields), 400
    )
    if response.status == 400:
        return
    after = redeemed(response)
    sent = f"presented a refresh token of {before.refresh.lifetime} s with {fields}"
    keeps_mark(before, after, sent=sent)
    require_same_grant(before, after, sent=sent)
    require_access_no_longer(after, sent=sent, requires="a rotated access token")
    token_pairs.keep(mint, after)


def with_mark(token_pairs: TokenPairs, mint: MintEndpoint, key: SigningKey, mark: Any) -> Pair:
    """Rotate a live refresh token whose mark was replaced by `mark`, signed with the deployment's own key."""

    def marked_again(pair: Pair) -> Response:
        live = pair.refresh
        claims = {**live.claims, "meta": {**live.meta, REFRESH_TTL_MARK: mark}}
        return token_pairs.service.refresh(
            key.sign(claims, prefix=live.prefix, header={"kid": live.header.get("kid")})
        )

    rotated = redeemed(token_pairs.attempt(mint, marked_again)[1])
    token_pairs.keep(mint, rotated)
    return rotated


@pytest.fixture
def key(session: TargetSession) -> SigningKey:
    """The deployment's key, which the harness holds too."""
    if session.connection.key is None:
        raise NotTried("needs key")
    return session.connection.key


@clause("ROT-05")
@pytest.mark.parametrize("mark", [str(REFRESH_TTL_CAP + 1), "31536000", "9" * 18])
def test_a_mark_above_the_cap_rotates_to_the_cap(
    token_pairs: TokenPairs, mint: MintEndpoint, key: SigningKey, mark: str
) -> None:
    """A validly signed token that says more than 90 days gives a refresh token of exactly the cap."""
    pair = with_mark(token_pairs, mint, key, mark)
    sent, requires = f"presented a token marked {mark}", f"the cap is {REFRESH_TTL_CAP} s, at rotation too"
    require_equal(
        pair.refresh.lifetime, REFRESH_TTL_CAP, sent=sent, requires=requires, what="exp - iat after rotation"
    )


@clause("ROT-06")
@pytest.mark.parametrize(
    "mark", ["0", "-3600", "ninety days", "", "7200abc", "NaN", "1e6", "0x1C20", "7_200"]
)
def test_a_mark_that_is_no_positive_decimal_rotates_to_a_day(
    token_pairs: TokenPairs, mint: MintEndpoint, key: SigningKey, mark: str
) -> None:
    """A validly signed token with a senseless mark gives a refresh token of the default."""
    pair = with_mark(token_pairs, mint, key, mark)
    sent, requires = (
        f"presented a token marked {mark!r}",
        f"no positive decimal gives {DEFAULT_REFRESH_TTL} s",
    )
    require_equal(
        pair.refresh.lifetime,
        DEFAULT_REFRESH_TTL,
        sent=sent,
        requires=requires,
        what="exp - iat after rotation",
    )


KEPT = ("sid", "sub", "org", "wks", "sponsorId", "sponsorChain", "parentTokenId", "iss", "token_type")


@clause("ROT-07")
@pytest.mark.parametrize("fields", [{}, NINETY_DAYS], ids=["no TTL", "90 days"])
def test_session_and_owner_stay(token_pairs: TokenPairs, mint: MintEndpoint, fields: dict[str, Any]) -> None:
    """Every claim that names the session and its owner stays, and so does `meta`; only `jti` is new."""
    first, second = (token_pairs.generation(mint, number, **fields) for number in (0, 1))
    same_session(first, second, sent=f"rotated a pair of {mint.path}")
    if fields and mint in NAMED:
        last = token_pairs.generation(mint, 5, **fields)
        same_session(first, last, sent=f"rotated a pair of {mint.path} five times")


def same_session(first: Pair, second: Pair, *, sent: str) -> None:
    """Require that both pairs are of one session and owner, and differ in `jti`."""
    for name in ("access", "refresh"):
        before, after = first.tokens[name], second.tokens[name]
        changed = sorted(claim for claim in KEPT if before.claims.get(claim) != after.claims.get(claim))
        require(
            not changed,
            sent=sent,
            requires=f"{', '.join(KEPT)} stay",
            got=f"{', '.join(changed)} of the {name} token changed",
        )
        entries = {*before.meta, *after.meta} - {REFRESH_TTL_MARK}
        moved = sorted(entry for entry in entries if before.meta.get(entry) != after.meta.get(entry))
        require(
            not moved,
            sent=sent,
            requires="the rest of meta stays",
            got=f"{', '.join(moved)} in meta of the {name} token changed",
        )
        require(
            before.claims.get("jti") != after.claims.get("jti"),
            sent=sent,
            requires="jti is new each time",
            got=f"the {name} token has the jti of the one before",
        )


NAME = "Zoë Ångström, 工作 🤖"
PLACE = FILES.replace("*", "Übergröße-档案/*")


# How JSON may be written: as it is in UTF-8, over two chunks that cut a character in two, and escaped.
WRITINGS: Mapping[str, tuple[Callable[[Any], Any], Mapping[str, str]]] = {
    "in UTF-8": (lambda body: body, {"content-type": "application/json; charset=utf-8"}),
    "in two chunks": (lambda body: body, {"transfer-encoding": "chunked"}),
    "escaped": (lambda body: Raw((json.dumps(body),)), {}),
}


@clause("ROT-07")
@pytest.mark.parametrize("mint", [row for row in takes_paths() if row.shape == "named"], ids=str)
@pytest.mark.parametrize("writing", WRITINGS)
def test_text_beyond_ascii_stays(token_pairs: TokenPairs, mint: MintEndpoint, writing: str) -> None:
    """Agent name and paths beyond ASCII are in `meta` as they were sent, and after two rotations too."""
    text: dict[str, Any] = {"agentName": f"{token_pairs.own_org.agent} {NAME}", "paths": [PLACE]}
    own_org, (written, headers) = token_pairs.own_org, WRITINGS[writing]

    def minted(fields: Mapping[str, Any]) -> Response:
        body = written(own_org.mint_body(mint, fields))
        return own_org.service.call("POST", mint.path, body=body, key=own_org.key_for(mint), headers=headers)

    response = minted(NINETY_DAYS | text)
    if response.status == 400:
        control = minted({})
        sent = f"sent the usual mint to {mint.path}, {writing}"
        require_status(control, 201, sent=sent, requires="how JSON is written makes no difference")
        raise NotTried(f"a mint with an agentName and a path beyond ASCII is refused: {response.summary}")
    require_status(
        response,
        201,
        sent=f"requested agentName and paths beyond ASCII, {writing}, at {mint.path}",
        requires="a mint succeeds or is refused with 400",
    )
    pairs = [pair_of(response)]
    if writing == "in UTF-8":
        pairs += [token_pairs.rotate(pairs[0])]
        pairs += [token_pairs.rotate(pairs[1])]
    for rotations, pair in enumerate(pairs):
        sent = (
            f"requested agentName and paths beyond ASCII, {writing}, at {mint.path}, "
            f"rotated {rotations} times"
        )
        for name, token in pair.tokens.items():
            for entry, want in (("agentName", text["agentName"]), ("paths", json.dumps(text["paths"]))):
                got = token.meta.get(entry)
                if not isinstance(got, str) and not rotations:
                    raise Blocked("META-02", f"meta of the {name} token has no text {entry}")
                require(
                    isinstance(got, str) and _same_text(got, want, as_json=entry == "paths"),
                    sent=sent,
                    requires=f"meta.{entry} is the one that was sent",
                    got=f"meta.{entry} of the {name} token was {describe(got)}",
                )
        if rotations:
            same_session(pairs[0], pair, sent=sent)
            scopes, granted = (each.access.claims.get("scopes") for each in (pair, pairs[0]))
            require(
                # Scopes that were lost or added are for ROT-10 to tell.
                alike(scopes, granted) or len(scopes or ()) != len(granted or ()),
                sent=sent,
                requires=f"scopes are those of the mint, {describe(granted)}",
                got=f"they were {describe(scopes)}",
            )


def _same_text(got: str, want: str, *, as_json: bool) -> bool:
    """Say whether two texts are the same, escaped or not, composed or not (Unicode Annex 15)."""
    if as_json:
        try:
            got, want = (json.dumps(json.loads(each), ensure_ascii=False) for each in (got, want))
        except ValueError:
            return False
    return unicodedata.normalize("NFC", got) == unicodedata.normalize("NFC", want)


DELEGATED = [row for row in ROWS if row.delegated]


@clause("ROT-07")
@pytest.mark.parametrize(
    ("mint", "generation"),
    [(mint, number) for mint in DELEGATED for number in (0, 1, 2, 5) if number < 3 or mint in NAMED],
    ids=str,
)
def test_the_owner_is_the_minting_credentials(
    token_pairs: TokenPairs, mint: MintEndpoint, generation: int
) -> None:
    """The parent token, and on path endpoints workspace and sponsors, are those of the credential."""
    first, pair = (token_pairs.generation(mint, number, **NINETY_DAYS) for number in (0, generation))
    owners: dict[str, Any] = {}
    if mint.credential == "workspace":
        owners["parentTokenId"] = first.body.get("issuedViaWorkspaceTokenId")
    if mint.takes_paths:
        claims = pair.access.claims
        owners |= {
            "wks": token_pairs.own_org.workspace,
            "sponsorChain": [claims.get("sponsorId"), claims.get("sub")],
        }
    require_owners(pair, owners, sent=f"minted at {mint.path}, rotated {generation} times")


def require_owners(pair: Pair, owners: Mapping[str, Any], *, sent: str) -> None:
    """Require of both tokens of `pair` the claims that say whose they are."""
    for name, token in pair.tokens.items():
        for claim, want in owners.items():
            require_equal(
                token.claims.get(claim),
                want,
                sent=sent,
                requires=f"{claim} is the minting credential's",
                what=f"{claim} of the {name} token",
            )


@clause("ROT-07")
@pytest.mark.parametrize("mint", SHAPED["identity"], ids=str)
def test_a_workspace_token_is_the_parent_at_every_endpoint(
    session: TargetSession, token_pairs: TokenPairs, mint: MintEndpoint
) -> None:
    """Also where an org key mints usually."""
    own_org = token_pairs.own_org
    untried = f"which token is the parent of one that a workspace token mints at {mint.path} was not tried"
    if session.leaves_out(untried):
        return
    try:
        key_id, key = own_org.another_workspace_token()
    except NotTried as reason:
        session.note = f"{untried}: {reason}"
        return
    response = own_org.mint(mint, key)
    if response.status in (401, 403):
        session.note = f"{untried}: it answered {response.summary}"
        return
    first = pair_of(response)
    for rotated, pair in enumerate((first, token_pairs.rotate(first))):
        for name, token in pair.tokens.items():
            require_equal(
                token.claims.get("parentTokenId"),
                key_id,
                sent=f"minted at {mint.path} with a workspace token, rotated {rotated} times",
                requires="parentTokenId is the id of the workspace token",
                what=f"parentTokenId of the {name} token",
            )


@clause("ROT-07")
@pytest.mark.parametrize("mint", SHAPED["identity"], ids=str)
def test_a_chain_of_sponsors_stays_whole(
    session: TargetSession, token_pairs: TokenPairs, mint: MintEndpoint
) -> None:
    """The sponsor chain of an identity that another one sponsors is longer than two, and is kept."""
    own_org = token_pairs.own_org
    try:
        sponsored = own_org.another_identity(sponsor=own_org.own_identity)
    except NotTried as reason:
        session.note = str(reason)
        return
    before = token_pairs.fresh(mint, **NINETY_DAYS, **mint.naming(sponsored))
    after = token_pairs.rotate(before)
    for name, token in after.tokens.items():
        require_equal(
            token.claims.get("sponsorChain"),
            before.access.claims.get("sponsorChain"),
            sent=f"minted at {mint.path} for an identity that an identity sponsors, and rotated",
            requires="sponsorChain is the one of the mint",
            what=f"sponsorChain of the {name} token",
        )


@clause("ROT-07")
@pytest.mark.parametrize("mint", [row for row in takes_paths() if row.shape == "identity"], ids=str)
def test_naming_an_identity_changes_no_owner(
    token_pairs: TokenPairs, mint: MintEndpoint, elsewhere: str
) -> None:
    """With the `agentId` of an identity of another workspace the owner is still the credential's."""
    (usual,) = (row for row in SHAPED[mint.name] if row.shape == "named")
    control = token_pairs.pair(usual, **NINETY_DAYS).access.claims
    owners = {claim: control.get(claim) for claim in ("org", "wks", "sponsorId", "parentTokenId")}
    pair = token_pairs.fresh(mint, **NINETY_DAYS, **mint.naming(elsewhere))
    for rotations in range(3):
        subject = pair.access.claims.get("sub")
        owners["sponsorChain"] = [owners["sponsorId"], subject]
        sent = f"minted at {mint.path} with an agentId that names an identity, rotated {rotations} times"
        require_owners(pair, owners, sent=sent)
        pair = token_pairs.rotate(pair) if rotations < 2 else pair


@clause("ROT-07")
@pytest.mark.parametrize("mint", [row for row in takes_paths() if row.shape == "named"], ids=str)
def test_a_subject_is_made_of_plain_characters(token_pairs: TokenPairs, mint: MintEndpoint) -> None:
    """Of an `agentId` with others in it, `sub` is made to match `agent_[A-Za-z0-9_-]+`, and stays so."""
    own_org = token_pairs.own_org
    response = own_org.mint(mint, None, **NINETY_DAYS, agentId=f"{own_org.agent} {NAME}")
    if response.status == 400:
        raise NotTried(f"a mint with an agentId beyond ASCII is refused: {response.summary}")
    sent = f"requested an agentId with other characters than [A-Za-z0-9_-] at {mint.path}"
    require_status(response, 201, sent=sent, requires="a mint succeeds or is refused with 400")
    first = pair_of(response)
    for rotations, pair in enumerate((first, token_pairs.rotate(first))):
        for name, token in pair.tokens.items():
            got = token.claims.get("sub")
            require(
                re.fullmatch("agent_[A-Za-z0-9_-]+", str(got)) is not None,
                sent=f"{sent}, rotated {rotations} times",
                requires="sub is made to match agent_[A-Za-z0-9_-]+",
                got=f"sub of the {name} token was {describe(got)}",
            )


@clause("ROT-07")
@pytest.mark.parametrize("mint", [row for row in takes_paths() if row.shape == "named"], ids=str)
def test_a_long_agent_id_is_the_subject(token_pairs: TokenPairs, mint: MintEndpoint) -> None:
    """An `agentId` of 120 plain characters is refused, or it is `sub`: cut, it would be another agent's."""
    own_org = token_pairs.own_org
    agent = f"{own_org.agent}-{'x' * 120}"[:120]
    response = own_org.mint(mint, None, **NINETY_DAYS, agentId=agent)
    if response.status == 400:
        return
    sent = f"requested an agentId of {len(agent)} characters at {mint.path}"
    require_status(response, 201, sent=sent, requires="a mint succeeds or is refused with 400")
    for name, token in pair_of(response).tokens.items():
        require_equal(
            token.claims.get("sub"),
            agent,
            sent=sent,
            requires="sub is the agentId",
            what=f"sub of the {name} token",
        )


@clause("ROT-08")
@pytest.mark.parametrize(
    ("mint", "generation"),
    [(mint, number) for mint in ROWS for number in range(6) if number < 3 or mint in NAMED],
    ids=str,
)
def test_class_and_prefix_stay(token_pairs: TokenPairs, mint: MintEndpoint, generation: int) -> None:
    """Token and `jti` show the class of the mint endpoint, rotated or not."""
    sent = f"minted on {mint.path}, rotated {generation} times"
    for name, token in token_pairs.generation(mint, generation, **NINETY_DAYS).tokens.items():
        require(
            token.prefix == mint.prefix,
            sent=sent,
            requires=f"the prefix is {mint.prefix!r}",
            got=f"the {name} token has {token.prefix!r}",
        )
        jti = str(token.claims.get("jti"))
        require(
            jti.startswith(mint.jti_prefix),
            sent=sent,
            requires=f"jti begins with {mint.jti_prefix!r}",
            got=f"that of the {name} token begins {jti[:9]!r}",
        )


def as_iso(moment: int, hours: float) -> str:
    """Return Unix seconds in ISO 8601 with the offset of `hours` from UTC, or with `Z` for 0."""
    text = datetime.fromtimestamp(moment, timezone(timedelta(hours=hours))).isoformat()
    return text.replace("+00:00", "Z")


FORMS: dict[str, Callable[[int], int | str]] = {
    "epoch seconds": lambda moment: moment,
    "ISO with Z": lambda moment: as_iso(moment, 0),
    # The minutes of an offset have its sign: -03:30 is not three hours less thirty minutes.
    "ISO west of UTC": lambda moment: as_iso(moment, -3.5),
}
# How a time is written matters at each endpoint, whatever else the body holds; epoch seconds in each shape.
DELEGATIONS = [
    (row, form)
    for row in takes_paths()
    for form in FORMS
    if form == "epoch seconds" or row.shape == ENDPOINTS[row.name].shape
]


@clause("ROT-09")
@pytest.mark.parametrize(("mint", "form"), DELEGATIONS, ids=str)
def test_no_exp_lies_after_the_end_of_the_delegation(
    session: TargetSession, token_pairs: TokenPairs, mint: MintEndpoint, horizon: int, form: str
) -> None:
    """No `exp` and no announced expiry lies after it, at mint or rotated; `meta` has the requested TTL.

    Over five rotations at one body shape of each endpoint, unless requests are spared.
    """
    fields = {**NINETY_DAYS, "delegationNotAfter": FORMS[form](horizon)}
    late = form == "epoch seconds" and mint in NAMED and not session.spares_requests
    rotations = 5 if late else 2
    for generation in range(rotations + 1):
        pair = token_pairs.generation(mint, generation, **fields)
        sent = (
            f"requested {REFRESH_TTL_CAP} s and delegationNotAfter {fields['delegationNotAfter']} ({horizon})"
        )
        within(pair, horizon, sent=f"{sent}, rotated {generation} times")


def within(pair: Pair, horizon: int, *, sent: str) -> None:
    """Require that a pair ends with its delegation, and states the TTL that was requested."""
    for name, token in pair.tokens.items():
        require(
            token.exp <= horizon,
            sent=sent,
            requires="no exp lies after delegationNotAfter",
            got=f"exp of the {name} token lies {token.exp - horizon} s after it",
        )
        announced = _moment(pair.body.get(f"{name}TokenExpiresAt"))
        require(
            announced is None or announced < horizon + 1,
            sent=sent,
            requires="no announced expiry lies after delegationNotAfter",
            got=f"{name}TokenExpiresAt lies {(announced or 0) - horizon:.0f} s after it",
        )
        require_equal(
            token.mark,
            str(REFRESH_TTL_CAP),
            sent=sent,
            requires=f"meta.{REFRESH_TTL_MARK} stays as requested",
            what=f"meta.{REFRESH_TTL_MARK} of the {name} token",
        )
    # A refresh token that expires before the delegation ends would keep the limit for a wrong reason.
    lost = horizon - pair.refresh.exp
    require(
        lost == 0,
        sent=sent,
        requires="the refresh token lives until the delegation ends",
        got=f"it expires {lost} s before",
    )


def _moment(announced: object) -> float | None:
    """Return an announced time in Unix seconds, None for what is no time: TTL-04 is about that."""
    try:
        return datetime.fromisoformat(str(announced)).timestamp()
    except ValueError:
        return None


@clause("ROT-09")
@pytest.mark.parametrize("ago", [0, 60], ids="{}s ago".format)
def test_a_delegation_that_is_over_is_refused(
    token_pairs: TokenPairs, mint: MintEndpoint, horizon: int, ago: int
) -> None:
    """A `delegationNotAfter` that is not ahead gets 400; the same mint with one that is succeeds."""
    token_pairs.pair(mint, **NINETY_DAYS, delegationNotAfter=horizon)
    clock = token_pairs.service.clock
    if clock.settable:
        clock.set(int(clock.now()) + 1)
    over = int(clock.now()) - (ago if clock.settable else 60)
    response = token_pairs.own_org.mint(mint, None, **NINETY_DAYS, delegationNotAfter=over)
    sent = f"requested a delegation until {over} at {int(clock.now())}"
    require_status(response, 400, sent=sent, requires="delegationNotAfter lies in the future")


@pytest.fixture(scope="session")
def horizon(session: TargetSession) -> int:
    """An end of delegation before an access token ends of itself, in Unix seconds; one for the run."""
    return int(session.connection.clock.now()) + 1800


REFRESH_GRANT = {"scopes": ["relayauth:token:refresh"], "aud": ["relayauth"]}


@clause("ROT-10")
@pytest.mark.parametrize(
    ("mint", "rotations"),
    [(mint, number) for mint in ROWS for number in range(1, 6) if number < 4 or mint in NAMED],
    ids=str,
)
def test_a_rotation_keeps_scopes_and_audience(
    token_pairs: TokenPairs, mint: MintEndpoint, rotations: int
) -> None:
    """Scopes and audience of a rotated pair are those granted at mint."""
    before, after = (token_pairs.generation(mint, number, **NINETY_DAYS) for number in (0, rotations))
    require_same_grant(before, after, sent=f"minted at {mint.path}, rotated {rotations} times")
    _refresh_token_only_refreshes(after, sent=f"minted at {mint.path}, rotated {rotations} times")


def _refresh_token_only_refreshes(pair: Pair, *, sent: str) -> None:
    """Hold that the refresh token carries nothing of the grant: it is of use at the refresh alone."""
    for claim, want in REFRESH_GRANT.items():
        require_equal(
            pair.refresh.claims.get(claim),
            want,
            sent=sent,
            requires="a refresh token is good for a refresh and for nothing else",
            what=f"{claim} of the refresh token",
        )


@clause("ROT-10")
@pytest.mark.parametrize("mint", NAMING, ids=str)
@pytest.mark.parametrize("rotations", range(4))
def test_fewer_scopes_are_granted_exactly(
    token_pairs: TokenPairs, mint: MintEndpoint, rotations: int
) -> None:
    """With fewer scopes requested than the identity or key holds, the access token has exactly these."""
    pair = token_pairs.generation(mint, rotations, **NINETY_DAYS, **mint.fewer, audience=AUDIENCE)
    sent = f"requested scopes {mint.fewer['scopes']} and audience {AUDIENCE} at {mint.path}"
    sent = f"{sent}, rotated {rotations} times"
    _refresh_token_only_refreshes(pair, sent=sent)
    for claim, want in (("scopes", mint.fewer["scopes"]), ("aud", AUDIENCE)):
        got = pair.access.claims.get(claim)
        require(
            isinstance(got, list) and sorted(map(str, got)) == sorted(want),
            sent=sent,
            requires=f"{claim} of the access token are exactly those requested",
            got=f"they were {describe(got)}",
        )
    for name, token in pair.tokens.items():
        for entry, requested in (("accessScopes", "scopes"), ("paths", "paths")):
            stated = token.meta.get(entry)
            require(
                not isinstance(stated, str) or entries_of(stated) == sorted(mint.fewer[requested]),
                sent=sent,
                requires=f"meta.{entry} states exactly those requested",
                got=f"that of the {name} token was {describe(stated)}",
            )


@clause("ROT-10")
@pytest.mark.parametrize("mint", [*SHAPED["identity"], *SHAPED["agent"]], ids=str)
@pytest.mark.parametrize("requested", ["one scope", "several scopes"])
def test_the_audience_is_by_default_the_planes_of_the_scopes(
    token_pairs: TokenPairs, mint: MintEndpoint, requested: str
) -> None:
    """Each plane of the scopes and no other one, where no audience is requested; after a rotation too."""
    fields = {} if requested == "one scope" else mint.fewer
    pair = token_pairs.generation(mint, 1, **NINETY_DAYS, **fields)
    scopes = (fields or mint.bodies[mint.shape])["scopes"]
    sent = f"requested scopes {scopes} and no audience at {mint.path}, rotated once"
    planes = sorted({scope.partition(":")[0] for scope in scopes})
    got = pair.access.claims.get("aud")
    require(
        isinstance(got, list) and sorted(map(str, got)) == planes,
        sent=sent,
        requires=f"aud of the access token are the planes of its scopes, {describe(planes)}",
        got=f"they were {describe(got)}",
    )


@clause("ROT-10")
@pytest.mark.parametrize("mint", [row for row in takes_paths() if row.shape == "named"], ids=str)
@pytest.mark.parametrize("requested", ["no scopes", "each scope"])
def test_many_scopes_are_granted_for_many_paths(
    session: TargetSession, token_pairs: TokenPairs, mint: MintEndpoint, requested: str
) -> None:
    """To read and to write each of twelve paths, which makes a token of 5 kB; after a rotation too.

    They are the default. On a URL, where it takes requests, they are not requested one by one.
    """
    paths = [FILES.replace("*", f"a-place-whose-name-is-rather-long-{number}/*") for number in range(12)]
    want = sorted(f"relayfile:fs:{action}:{path}" for path in paths for action in ("read", "write"))
    fields = {} if requested == "no scopes" or session.connection.kind == "url" else {"scopes": want}
    pair = token_pairs.generation(mint, 1, **NINETY_DAYS, paths=paths, **fields)
    sent = f"requested {len(paths)} paths and {requested} at {mint.path}, rotated once"
    got = pair.access.claims.get("scopes")
    require(
        isinstance(got, list) and sorted(map(str, got)) == want,
        sent=sent,
        requires="scopes of the access token are to read and to write each path",
        got=f"they were {describe(got)}",
    )
    for entry, whole in (("paths", sorted(paths)), ("accessScopes", want)):
        stated = pair.access.meta.get(entry)
        require(
            not isinstance(stated, str) or entries_of(stated) == whole,
            sent=sent,
            requires=f"meta.{entry} names each of them",
            got=f"it was {describe(stated)}",
        )


@clause("ROT-10")
@pytest.mark.parametrize("mint", [row for row in takes_paths() if row.shape == "named"], ids=str)
def test_a_scope_that_covers_every_path_is_granted(token_pairs: TokenPairs, mint: MintEndpoint) -> None:
    """One scope, broader than each of the paths and not the whole tree, is granted exactly, and kept."""
    scope, deep = f"relayfile:fs:read:{FILES}", FILES.replace("*", "one/two/three/four")
    paths = [*mint.fewer["paths"], deep]
    pair = token_pairs.generation(mint, 1, **NINETY_DAYS, paths=paths, scopes=[scope])
    require_equal(
        pair.access.claims.get("scopes"),
        [scope],
        sent=f"requested {scope} for {len(paths)} paths below it at {mint.path}, rotated once",
        requires="it covers every path, so it is granted",
        what="scopes of the access token",
    )
