"""ROT: what rotation keeps."""

from typing import Any

import pytest

from contract.harness.checks import (
    clause,
    describe,
    require,
    require_equal,
    require_same_grant,
    require_status,
)
from contract.harness.client import Pair, Response, TokenPairs, redeemed
from contract.harness.errors import Blocked, NotTried
from contract.harness.jose import SigningKey
from contract.harness.run import TargetSession
from contract.harness.spec import DEFAULT_REFRESH_TTL, REFRESH_TTL_CAP, REFRESH_TTL_MARK, MintEndpoint

NINETY_DAYS = {"refreshTokenTtlSeconds": REFRESH_TTL_CAP}


def alike(before: Pair, after: Pair, *, sent: str) -> None:
    """Hold that a rotated pair has the refresh TTL of the pair before, and its mark on both tokens."""
    ttl, mark = before.refresh.lifetime, before.refresh.mark
    requires = f"a rotation keeps the TTL of {ttl} s and the mark {describe(mark)}"
    require_equal(after.refresh.lifetime, ttl, sent=sent, requires=requires, what="exp - iat after rotation")
    for name, token in after.tokens.items():
        require_equal(
            token.mark,
            mark,
            sent=sent,
            requires=requires,
            what=f"meta.{REFRESH_TTL_MARK} of the rotated {name} token",
        )


@clause("ROT-01")
@pytest.mark.parametrize("ttl", [60, DEFAULT_REFRESH_TTL + 1, 2592000, REFRESH_TTL_CAP], ids="{}s".format)
def test_a_rotated_pair_has_the_ttl_and_the_mark_of_the_one_before(
    token_pairs: TokenPairs, mint: MintEndpoint, ttl: int
) -> None:
    """With nothing asked at refresh, `exp - iat` and both marks are those of the mint."""
    before, after = (token_pairs.generation(mint, number, refreshTokenTtlSeconds=ttl) for number in (0, 1))
    marked(before, ttl)
    alike(before, after, sent=f"asked {ttl} s at mint, rotated once")


def marked(pair: Pair, requested: int) -> None:
    """Check for a marked pair: what a rotation keeps of a mark can't be seen on one that has none."""
    if pair.refresh.mark is not None:
        return
    if pair.refresh.lifetime != requested:
        got = f"{pair.refresh.lifetime} s at mint, not {requested} s"
        raise Blocked("TTL-01", f"the refresh token got {got}, so there is no requested TTL to keep")
    raise Blocked("META-01", "the minted refresh token has no mark, so there is none to keep")


@clause("ROT-02")
@pytest.mark.parametrize("rotation", range(2, 6))
def test_five_rotations_do_not_drift(token_pairs: TokenPairs, mint: MintEndpoint, rotation: int) -> None:
    """Each of five rotations on end gives the TTL and the mark of the first."""
    first, pair = (token_pairs.generation(mint, number, **NINETY_DAYS) for number in (1, rotation))
    marked(token_pairs.pair(mint, **NINETY_DAYS), REFRESH_TTL_CAP)
    alike(first, pair, sent=f"asked {REFRESH_TTL_CAP} s at mint, rotated {rotation} times")


@clause("ROT-03")
@pytest.mark.parametrize("rotation", [1, 2])
def test_an_unmarked_session_stays_an_unmarked_session(
    token_pairs: TokenPairs, mint: MintEndpoint, rotation: int
) -> None:
    """Asked nothing at mint, the rotated pair has the TTL of the mint, and no mark."""
    before, after = (token_pairs.generation(mint, number) for number in (0, rotation))
    alike(before, after, sent=f"asked nothing at mint, rotated {rotation} times")


REQUESTS: dict[str, dict[str, Any]] = {
    "longer": {"refreshTokenTtlSeconds": REFRESH_TTL_CAP},
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
    alike(before, after, sent=sent)
    require_same_grant(before, after, sent=sent)
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
@pytest.mark.parametrize("fields", [{}, NINETY_DAYS], ids=["unmarked", "marked"])
def test_a_session_stays_itself(token_pairs: TokenPairs, mint: MintEndpoint, fields: dict[str, Any]) -> None:
    """Every claim that names the session and its owner stays, and so does `meta`; only `jti` is new."""
    first, second = (token_pairs.generation(mint, number, **fields) for number in (0, 1))
    sent = f"rotated a pair of {mint.path}"
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


@clause("ROT-08")
@pytest.mark.parametrize("generation", range(3))
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


@clause("ROT-09")
@pytest.mark.parametrize("generation", range(3))
def test_the_delegation_horizon_bounds_every_exp(
    token_pairs: TokenPairs, mint: MintEndpoint, horizon: int, generation: int
) -> None:
    """No `exp` lies after `delegationNotAfter`, at mint or rotated, and the mark stays what was asked."""
    pair = token_pairs.generation(mint, generation, **NINETY_DAYS, delegationNotAfter=horizon)
    sent = f"asked {REFRESH_TTL_CAP} s and delegationNotAfter {horizon}, rotated {generation} times"
    for name, token in pair.tokens.items():
        require(
            token.exp <= horizon,
            sent=sent,
            requires="no exp lies after delegationNotAfter",
            got=f"exp of the {name} token lies {token.exp - horizon} s after it",
        )
        require_equal(
            token.mark,
            str(REFRESH_TTL_CAP),
            sent=sent,
            requires="the horizon leaves the mark as asked",
            what=f"meta.{REFRESH_TTL_MARK} of the {name} token",
        )
    # A refresh token that ends before the horizon would keep the bound for a wrong reason.
    lost = horizon - pair.refresh.exp
    require(lost == 0, sent=sent, requires="the refresh token lives to the horizon", got=f"{lost} s are lost")


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
    sent = f"asked for a delegation until {over} at {int(clock.now())}"
    require_status(response, 400, sent=sent, requires="delegationNotAfter lies in the future")


@pytest.fixture(scope="session")
def horizon(session: TargetSession) -> int:
    """An end of delegation before an access token ends of itself, in Unix seconds; one for the run."""
    return int(session.connection.clock.now()) + 1800


@clause("ROT-10")
@pytest.mark.parametrize(
    ("generation", "fields"),
    [(1, {}), (2, {}), (1, {"audience": ["relayauth", "relaycast"]})],
    ids=["once", "twice", "an audience of its own"],
)
def test_a_rotated_access_token_is_never_wider(
    token_pairs: TokenPairs, mint: MintEndpoint, generation: int, fields: dict[str, Any]
) -> None:
    """Scopes and audience of the rotated pair are those granted at mint, asked for or not."""
    before, after = (
        token_pairs.generation(mint, number, **NINETY_DAYS, **fields) for number in (0, generation)
    )
    sent = f"minted on {mint.path} with {fields or 'nothing more'}, rotated {generation} times"
    require_same_grant(before, after, sent=sent)
