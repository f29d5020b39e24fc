"""ROT: what rotation keeps."""

from typing import Any

import pytest

from contract.harness.errors import CouldNotTry
from contract.harness.evidence import Evidence, redeemed
from contract.harness.exchanges import Pair
from contract.harness.judging import clause, equal, hold, refused, same_grant, told
from contract.harness.mints import Mint
from contract.harness.tokens import MARK, SigningKey
from contract.harness.trial import Trial

CAP = 7776000  # seconds, 90 days: wire.md
DEFAULT = 86400  # seconds, 24 h: wire.md
NINETY_DAYS = {"refreshTokenTtlSeconds": CAP}


def alike(before: Pair, after: Pair, *, asked: str) -> None:
    """Hold that a rotated pair has the refresh TTL of the pair before, and its mark on both tokens."""
    ttl, mark = before.refresh.lifetime, before.refresh.mark
    contract = f"a rotation keeps the TTL of {ttl} s and the mark {told(mark)}"
    equal(after.refresh.lifetime, ttl, asked=asked, contract=contract, what="exp - iat after rotation")
    for name, token in after.tokens.items():
        equal(
            token.mark, mark, asked=asked, contract=contract, what=f"meta.{MARK} of the rotated {name} token"
        )


@clause("ROT-01")
@pytest.mark.parametrize("ttl", [60, 86401, 2592000, CAP], ids="{}s".format)
def test_a_rotated_pair_has_the_ttl_and_the_mark_of_the_one_before(
    evidence: Evidence, mint: Mint, ttl: int
) -> None:
    """With nothing asked at refresh, `exp - iat` and both marks are those of the mint."""
    before, after = (evidence.generation(mint, number, refreshTokenTtlSeconds=ttl) for number in (0, 1))
    marked(before)
    alike(before, after, asked=f"asked {ttl} s at mint, rotated once")


def marked(pair: Pair) -> None:
    """Demand a marked pair: what rotation keeps of a mark can't be seen on one that has none."""
    if pair.refresh.mark is None:
        raise CouldNotTry(
            "the minted refresh token bears no mark, so nothing shows what rotation keeps (META-01)"
        )


@clause("ROT-02")
@pytest.mark.parametrize("rotation", range(2, 6))
def test_five_rotations_do_not_drift(evidence: Evidence, mint: Mint, rotation: int) -> None:
    """Each of five rotations on end gives the TTL and the mark of the first."""
    first, pair = (evidence.generation(mint, number, **NINETY_DAYS) for number in (1, rotation))
    marked(evidence.pair(mint, **NINETY_DAYS))
    alike(first, pair, asked=f"asked {CAP} s at mint, rotated {rotation} times")


@clause("ROT-03")
@pytest.mark.parametrize("rotation", [1, 2])
def test_an_unmarked_session_stays_an_unmarked_session(evidence: Evidence, mint: Mint, rotation: int) -> None:
    """Asked nothing at mint, the rotated pair has the TTL of the mint, and no mark."""
    before, after = (evidence.generation(mint, number) for number in (0, rotation))
    alike(before, after, asked=f"asked nothing at mint, rotated {rotation} times")


REQUESTS: dict[str, dict[str, Any]] = {
    "longer": {"refreshTokenTtlSeconds": CAP},
    "shorter": {"refreshTokenTtlSeconds": 60},
    "meta": {"meta": {MARK: "60"}},
    "scopes": {"scopes": ["*:*:*:*"], "scope": "*:*:*:*"},
    "narrower scopes": {"scopes": ["relayauth:identity:read:nobody"]},
    "audience": {"audience": ["relaycast", "cloud"]},
}


@clause("ROT-04")
@pytest.mark.parametrize("fields", REQUESTS.values(), ids=REQUESTS)
def test_nothing_in_the_refresh_request_changes_what_is_granted(
    evidence: Evidence, mint: Mint, fields: dict[str, Any]
) -> None:
    """The request is refused with 400, or TTL, scopes and audience come out as they were."""
    before = evidence.spend(mint)
    answer = evidence.service.refresh(before.refresh, **fields)
    if answer.status == 400:
        return
    after = redeemed(answer)
    asked = f"presented a refresh token of {before.refresh.lifetime} s with {fields}"
    alike(before, after, asked=asked)
    same_grant(before, after, asked=asked)
    evidence.keep(mint, after)


def with_mark(evidence: Evidence, mint: Mint, key: SigningKey, mark: Any) -> Pair:
    """Rotate a live refresh token whose mark was replaced by `mark`, signed with the deployment's own key."""
    live = evidence.spend(mint).refresh
    claims = {**live.claims, "meta": {**live.meta, MARK: mark}}
    forged = key.sign(claims, prefix=live.prefix, header={"kid": live.header.get("kid")})
    rotated = redeemed(evidence.service.refresh(forged))
    evidence.keep(mint, rotated)
    return rotated


@pytest.fixture
def key(trial: Trial) -> SigningKey:
    """The deployment's key, which the harness holds too."""
    assert trial.connection.key is not None
    return trial.connection.key


@clause("ROT-05")
@pytest.mark.parametrize("mark", ["7776001", "31536000", "9" * 18])
def test_a_mark_above_the_cap_rotates_to_the_cap(
    evidence: Evidence, mint: Mint, key: SigningKey, mark: str
) -> None:
    """A validly signed token that says more than 90 days gives a refresh token of exactly 7776000 s."""
    pair = with_mark(evidence, mint, key, mark)
    asked, contract = f"presented a token marked {mark}", f"the cap is {CAP} s, at rotation too"
    equal(pair.refresh.lifetime, CAP, asked=asked, contract=contract, what="exp - iat after rotation")


@clause("ROT-06")
@pytest.mark.parametrize(
    "mark", ["0", "-3600", "ninety days", "", "7200abc", "NaN", "1e6", "0x1C20", "7_200"]
)
def test_a_mark_that_is_no_positive_decimal_rotates_to_a_day(
    evidence: Evidence, mint: Mint, key: SigningKey, mark: str
) -> None:
    """A validly signed token with a senseless mark gives a refresh token of exactly 86400 s."""
    pair = with_mark(evidence, mint, key, mark)
    asked, contract = f"presented a token marked {mark!r}", f"no positive decimal gives {DEFAULT} s"
    equal(pair.refresh.lifetime, DEFAULT, asked=asked, contract=contract, what="exp - iat after rotation")


KEPT = ("sid", "sub", "org", "wks", "sponsorId", "sponsorChain", "parentTokenId", "iss", "token_type")


@clause("ROT-07")
@pytest.mark.parametrize("fields", [{}, NINETY_DAYS], ids=["unmarked", "marked"])
def test_a_session_stays_itself(evidence: Evidence, mint: Mint, fields: dict[str, Any]) -> None:
    """Every claim that names the session and its owner stays, and so does `meta`; only `jti` is new."""
    first, second = (evidence.generation(mint, number, **fields) for number in (0, 1))
    asked = f"rotated a pair of {mint.path}"
    for name in ("access", "refresh"):
        before, after = first.tokens[name], second.tokens[name]
        changed = sorted(claim for claim in KEPT if before.claims.get(claim) != after.claims.get(claim))
        hold(
            not changed,
            asked=asked,
            contract=f"{', '.join(KEPT)} stay",
            came=f"{', '.join(changed)} of the {name} token changed",
        )
        entries = {*before.meta, *after.meta} - {MARK}
        moved = sorted(entry for entry in entries if before.meta.get(entry) != after.meta.get(entry))
        hold(
            not moved,
            asked=asked,
            contract="the rest of meta stays",
            came=f"{', '.join(moved)} in meta of the {name} token changed",
        )
        hold(
            before.claims.get("jti") != after.claims.get("jti"),
            asked=asked,
            contract="jti is new each time",
            came=f"the {name} token has the jti of the one before",
        )


@clause("ROT-08")
@pytest.mark.parametrize("generation", range(3))
def test_class_and_prefix_stay(evidence: Evidence, mint: Mint, generation: int) -> None:
    """Token and `jti` show the class of the mint endpoint, rotated or not."""
    asked = f"minted on {mint.path}, rotated {generation} times"
    for name, token in evidence.generation(mint, generation, **NINETY_DAYS).tokens.items():
        hold(
            token.prefix == mint.prefix,
            asked=asked,
            contract=f"the prefix is {mint.prefix!r}",
            came=f"the {name} token has {token.prefix!r}",
        )
        jti = str(token.claims.get("jti"))
        hold(
            jti.startswith(mint.jti_prefix),
            asked=asked,
            contract=f"jti begins with {mint.jti_prefix!r}",
            came=f"that of the {name} token begins {jti[:9]!r}",
        )


@clause("ROT-09")
@pytest.mark.parametrize("generation", range(3))
def test_the_delegation_horizon_bounds_every_exp(
    evidence: Evidence, mint: Mint, horizon: int, generation: int
) -> None:
    """No `exp` lies after `delegationNotAfter`, at mint or rotated, and the mark stays what was asked."""
    pair = evidence.generation(mint, generation, **NINETY_DAYS, delegationNotAfter=horizon)
    asked = f"asked {CAP} s and delegationNotAfter {horizon}, rotated {generation} times"
    for name, token in pair.tokens.items():
        hold(
            token.exp <= horizon,
            asked=asked,
            contract="no exp lies after delegationNotAfter",
            came=f"exp of the {name} token lies {token.exp - horizon} s after it",
        )
        equal(
            token.mark,
            str(CAP),
            asked=asked,
            contract="the horizon leaves the mark as asked",
            what=f"meta.{MARK} of the {name} token",
        )
    # A refresh token that ends before the horizon would keep the bound for a wrong reason.
    lost = horizon - pair.refresh.exp
    hold(lost == 0, asked=asked, contract="the refresh token lives to the horizon",
         came=f"{lost} s are lost")  # fmt: skip


@clause("ROT-09")
@pytest.mark.parametrize("ago", [0, 60], ids="{}s ago".format)
def test_a_delegation_that_is_over_is_refused(evidence: Evidence, mint: Mint, horizon: int, ago: int) -> None:
    """A `delegationNotAfter` that is not ahead gets 400; the same mint with one that is succeeds."""
    evidence.pair(mint, **NINETY_DAYS, delegationNotAfter=horizon)
    clock = evidence.service.clock
    if clock.settable:
        clock.set(int(clock.now()) + 1)
    over = int(clock.now()) - (ago if clock.settable else 60)
    answer = evidence.tenant.mint(mint, None, **NINETY_DAYS, delegationNotAfter=over)
    asked = f"asked for a delegation until {over} at {int(clock.now())}"
    refused(answer, 400, asked=asked, contract="delegationNotAfter lies in the future")


@pytest.fixture(scope="session")
def horizon(trial: Trial) -> int:
    """An end of delegation before an access token ends of itself, in Unix seconds; one for the run."""
    return int(trial.connection.clock.now()) + 1800


@clause("ROT-10")
@pytest.mark.parametrize(
    ("generation", "fields"),
    [(1, {}), (2, {}), (1, {"audience": ["relayauth", "relaycast"]})],
    ids=["once", "twice", "an audience of its own"],
)
def test_a_rotated_access_token_is_never_wider(
    evidence: Evidence, mint: Mint, generation: int, fields: dict[str, Any]
) -> None:
    """Scopes and audience of the rotated pair are those granted at mint, asked for or not."""
    before, after = (evidence.generation(mint, number, **NINETY_DAYS, **fields) for number in (0, generation))
    asked = f"minted on {mint.path} with {fields or 'nothing more'}, rotated {generation} times"
    same_grant(before, after, asked=asked)
