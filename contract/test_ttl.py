"""TTL: how long a refresh token lives."""

from datetime import UTC, datetime
from typing import Any

import pytest

from contract.harness.checks import clause, describe, require, require_equal
from contract.harness.client import Pair, TokenPairs, pair_of, redeemed
from contract.harness.run import TargetSession
from contract.harness.spec import (
    ACCESS_TTL,
    DEFAULT_REFRESH_TTL,
    REFRESH_TTL_CAP,
    REFRESH_TTL_FIELD,
    REFRESH_TTL_MARK,
    MintEndpoint,
    takes_paths,
)


def lifetime_is(pair: Pair, want: int, *, sent: str, requires: str) -> None:
    """Hold that the refresh token of `pair` lives `want` seconds."""
    require_equal(pair.refresh.lifetime, want, sent=sent, requires=requires, what="exp - iat")


def access_lives(pair: Pair, want: int, *, sent: str) -> None:
    """Hold that the access token of `pair` lives `want` seconds."""
    requires = f"the access token lives {want} s"
    require_equal(
        pair.access.lifetime, want, sent=sent, requires=requires, what="exp - iat of the access token"
    )


@clause("TTL-01")
@pytest.mark.parametrize(
    "sent",
    [
        1,
        60,
        3600.9,
        3600,
        DEFAULT_REFRESH_TTL - 1,
        DEFAULT_REFRESH_TTL,
        DEFAULT_REFRESH_TTL + 1,
        2592000,
        REFRESH_TTL_CAP - 1,
        REFRESH_TTL_CAP,
    ],
    ids="{}s".format,
)
def test_a_ttl_within_the_cap_is_given_to_the_second(
    token_pairs: TokenPairs, mint: MintEndpoint, sent: float
) -> None:
    """`exp - iat` of the refresh token is the TTL that was asked, a fraction floored."""
    pair = token_pairs.pair(mint, refreshTokenTtlSeconds=sent)
    lifetime_is(pair, int(sent), sent=f"asked {sent} s", requires="a TTL within the cap is given, floored")


@clause("TTL-02")
@pytest.mark.parametrize("sent", [REFRESH_TTL_CAP + 1, 31536000, 2**53, 1e300], ids="{}s".format)
def test_above_the_cap_the_mint_succeeds_and_gives_the_cap(
    token_pairs: TokenPairs, mint: MintEndpoint, sent: float
) -> None:
    """The refresh token lives exactly as long as the cap says, whatever more was asked."""
    pair = token_pairs.pair(mint, refreshTokenTtlSeconds=sent)
    lifetime_is(pair, REFRESH_TTL_CAP, sent=f"asked {sent} s", requires=f"the cap is {REFRESH_TTL_CAP} s")


@clause("TTL-03")
@pytest.mark.parametrize("fields", [{}, {REFRESH_TTL_FIELD: None}], ids=["absent", "null"])
def test_asked_nothing_a_refresh_token_lives_a_day(
    token_pairs: TokenPairs, mint: MintEndpoint, fields: dict[str, None]
) -> None:
    """The refresh token lives exactly as long as the default says."""
    sent = f"asked {REFRESH_TTL_FIELD} null" if fields else "asked nothing"
    lifetime_is(
        token_pairs.pair(mint, **fields),
        DEFAULT_REFRESH_TTL,
        sent=sent,
        requires=f"the default is {DEFAULT_REFRESH_TTL} s",
    )


@clause("TTL-04")
@pytest.mark.parametrize("generation", [0, 1], ids=["at mint", "at refresh"])
@pytest.mark.parametrize("sent", [None, 60, REFRESH_TTL_CAP], ids=["nothing", "60s", "90d"])
def test_the_announced_expiries_are_the_tokens_exp(
    token_pairs: TokenPairs, mint: MintEndpoint, sent: int | None, generation: int
) -> None:
    """Each announced time is ISO 8601 in UTC with milliseconds, and is `exp` exactly."""
    pair = token_pairs.generation(mint, generation, **({REFRESH_TTL_FIELD: sent} if sent else {}))
    for name, token in pair.tokens.items():
        announced = pair.body.get(f"{name}TokenExpiresAt")
        require(
            announced == iso(token.exp),
            sent=f"asked {'a refresh' if generation else 'a mint'} with {describe(sent)}",
            requires=f"{name}TokenExpiresAt is the token's exp, {iso(token.exp)}",
            got=f"it announced {announced!r}, for a token with exp {token.exp}",
        )


def iso(moment: int) -> str:
    """Return Unix seconds in ISO 8601, UTC, milliseconds."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def granted(
    token_pairs: TokenPairs, mint: MintEndpoint, fields: dict[str, Any], *, requires: str
) -> Pair | None:
    """Mint with `fields` and return the pair, or None for a 400; any other answer breaks the contract."""
    response = token_pairs.own_org.mint(mint, **fields)
    if response.status == 400:
        return None
    got = f"it answered {response.summary}"
    require(response.status == 201, sent=f"asked {_short(fields)}", requires=requires, got=got)
    return pair_of(response)


def judge_any_value(token_pairs: TokenPairs, mint: MintEndpoint, sent: Any) -> None:
    """Hold TTL-05 for one value: refused with 400, or alive, within the cap, and marked truly or not."""
    token_pairs.service.transcript.begin_case()
    fields = {REFRESH_TTL_FIELD: sent}
    pair = granted(token_pairs, mint, fields, requires="a mint succeeds with 201 or refuses with 400")
    if pair is None:
        return
    said = f"asked {_short(fields)}"
    lifetime, marks = pair.refresh.lifetime, (pair.access.mark, pair.refresh.mark)
    require(
        0 < lifetime <= REFRESH_TTL_CAP,
        sent=said,
        requires=f"a refresh token is alive and within the cap of {REFRESH_TTL_CAP} s",
        got=f"exp - iat was {lifetime} s",
    )
    require(
        marks == (str(lifetime),) * 2 or (marks == (None, None) and lifetime == DEFAULT_REFRESH_TTL),
        sent=said,
        requires=f"a token is marked with its lifetime, or is an unmarked one of {DEFAULT_REFRESH_TTL} s",
        got=f"exp - iat was {lifetime} s, the marks {describe(marks[0])} and {describe(marks[1])}",
    )
    redeemed(token_pairs.service.refresh(pair.refresh))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


@clause("TTL-05")
def test_whatever_json_is_asked_no_monster_is_minted(
    token_pairs: TokenPairs, mint: MintEndpoint, session: TargetSession
) -> None:
    """A generated JSON value of any type is refused with 400, or gives a sound token that can be redeemed."""
    from contract.harness.checks import for_all, json_values

    settings = session.settings
    count = settings.examples(session.connection.kind)
    for_all(
        json_values,
        lambda value: judge_any_value(token_pairs, mint, value),
        first=(0, REFRESH_TTL_CAP + 1, "ninety days"),
        examples=count,
        seed=settings.seed,
        shrink=session.connection.kind != "url",
    )


def refused_or_absent(
    token_pairs: TokenPairs, mint: MintEndpoint, fields: dict[str, Any], *, requires: str
) -> None:
    """Hold that a mint with `fields` answers 400, or what it answers when asked for no refresh TTL."""
    pair = granted(token_pairs, mint, fields, requires=requires)
    if pair is None:
        return
    sent = f"asked {_short(fields)}"
    lifetime_is(pair, DEFAULT_REFRESH_TTL, sent=sent, requires=requires)
    for name, token in pair.tokens.items():
        require_equal(
            token.mark,
            None,
            sent=sent,
            requires=requires,
            what=f"meta.{REFRESH_TTL_MARK} of the {name} token",
        )


UNUSED = "what is no usable number of seconds is refused with 400 or treated as absent"
UNUSABLE = {
    "zero": 0,
    "minus-one": -1,
    "half": 0.5,
    "minus-half": -0.5,
    "minus-1e300": -1e300,
    "true": True,
    "false": False,
    "empty-text": "",
    "words": "ninety days",
    "empty-list": [],
    "list": [3600],
    "object": {"seconds": 3600},
}


@clause("TTL-06")
@pytest.mark.parametrize("sent", UNUSABLE.values(), ids=UNUSABLE)
def test_what_is_no_usable_number_is_refused_or_absent(
    token_pairs: TokenPairs, mint: MintEndpoint, sent: Any
) -> None:
    """The mint answers 400, or exactly as if nothing had been asked."""
    refused_or_absent(token_pairs, mint, {REFRESH_TTL_FIELD: sent}, requires=UNUSED)


@clause("TTL-07")
@pytest.mark.parametrize("sent", ["3600abc", "90d", "60 60", "7200,5"], ids=lambda text: text.split()[0])
def test_text_is_never_taken_by_a_numeric_prefix(
    token_pairs: TokenPairs, mint: MintEndpoint, sent: str
) -> None:
    """Text that only begins with a number is refused with 400 or treated as absent."""
    refused_or_absent(token_pairs, mint, {REFRESH_TTL_FIELD: sent}, requires=UNUSED)


@clause("TTL-08")
@pytest.mark.parametrize(
    ("sent", "expires_in"),
    [(60, None), (60, 600), (REFRESH_TTL_CAP, None), (REFRESH_TTL_CAP, 600), (REFRESH_TTL_CAP, 7200)],
    ids=["60s-default", "60s-600s", "90d-default", "90d-600s", "90d-7200s"],
)
def test_the_access_ttl_does_not_depend_on_the_refresh_ttl(
    token_pairs: TokenPairs, mint: MintEndpoint, sent: int, expires_in: int | None
) -> None:
    """The access token lives as `expiresIn` says: 3600 s by default, and at most where it is delegated."""
    fields = {"expiresIn": expires_in} if expires_in else {}
    pair = token_pairs.pair(mint, refreshTokenTtlSeconds=sent, **fields)
    want = expires_in or ACCESS_TTL
    if mint.delegated:
        want = min(want, ACCESS_TTL)
    access_lives(pair, want, sent=f"asked {REFRESH_TTL_FIELD} {sent}, expiresIn {describe(expires_in)}")


@clause("TTL-08")
def test_a_rotation_makes_no_access_token_live_longer(token_pairs: TokenPairs, mint: MintEndpoint) -> None:
    """Asked for no `expiresIn`, a rotated access token lives as a minted one does: 3600 s."""
    pair = token_pairs.generation(mint, 1, refreshTokenTtlSeconds=REFRESH_TTL_CAP)
    access_lives(pair, ACCESS_TTL, sent=f"asked {REFRESH_TTL_FIELD} {REFRESH_TTL_CAP}, and rotated")


@clause("TTL-08")
@pytest.mark.parametrize("mint", takes_paths(), ids=str)
def test_no_field_makes_a_delegated_access_token_live_longer(
    token_pairs: TokenPairs, mint: MintEndpoint
) -> None:
    """`ttlSeconds`, which path mints know as well, is bounded as `expiresIn` is."""
    pair = token_pairs.pair(mint, refreshTokenTtlSeconds=REFRESH_TTL_CAP, ttlSeconds=7200)
    lifetime = pair.access.lifetime
    require(
        0 < lifetime <= ACCESS_TTL,
        sent=f"asked {REFRESH_TTL_FIELD} {REFRESH_TTL_CAP}, ttlSeconds 7200",
        requires=f"a delegated access token lives {ACCESS_TTL} s at most",
        got=f"exp - iat of the access token was {lifetime} s",
    )


OTHER_FIELDS = {
    "another-case": {"refreshTokenTTLSeconds": REFRESH_TTL_CAP},
    "lower-case": {"refreshtokenttlseconds": REFRESH_TTL_CAP},
    "snake-case": {"refresh_token_ttl_seconds": REFRESH_TTL_CAP},
    "without-unit": {"refreshTokenTtl": REFRESH_TTL_CAP},
    "meta": {"meta": {REFRESH_TTL_MARK: str(REFRESH_TTL_CAP)}},
    "expiresIn": {"expiresIn": 1800},
    "refreshExpiresIn": {"refreshExpiresIn": REFRESH_TTL_CAP},
    "ttlSeconds": {"ttlSeconds": 1800},
}


@clause("TTL-09")
@pytest.mark.parametrize("fields", OTHER_FIELDS.values(), ids=OTHER_FIELDS)
def test_no_other_field_sets_the_refresh_ttl(
    token_pairs: TokenPairs, mint: MintEndpoint, fields: dict[str, Any]
) -> None:
    """A misspelt field is refused with 400, or leaves an unmarked token of 24 h."""
    refused_or_absent(token_pairs, mint, fields, requires=f"only {REFRESH_TTL_FIELD} sets the refresh TTL")
