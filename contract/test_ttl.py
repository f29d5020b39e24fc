"""TTL: how long a refresh token lives."""

from collections.abc import Mapping
from typing import Any

import pytest

from contract.harness.checks import (
    TEXT,
    UNUSABLE,
    USABLE,
    RequestedValues,
    clause,
    describe,
    effective,
    is_unusable,
    require,
    require_access_no_longer,
    require_announced,
    require_equal,
    require_status,
    whole_number,
)
from contract.harness.client import Pair, Response, TokenPairs, pair_of
from contract.harness.run import TargetSession
from contract.harness.spec import (
    ACCESS_TTL,
    AUDIENCE,
    DAY,
    DEFAULT_REFRESH_TTL,
    REFRESH_TTL_CAP,
    REFRESH_TTL_FIELD,
    REFRESH_TTL_MARK,
    MintEndpoint,
    takes_paths,
)

HALF_A_DAY_ON = 30 * DAY + DAY // 2
"""The token ends in the other half of the day: a clock of twelve hours announces the wrong one."""


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
        HALF_A_DAY_ON,
        REFRESH_TTL_CAP - 1,
        REFRESH_TTL_CAP,
    ],
    ids="{}s".format,
)
def test_a_ttl_within_the_cap_is_given_to_the_second(
    token_pairs: TokenPairs, mint: MintEndpoint, sent: float
) -> None:
    """`exp - iat` of the refresh token is the TTL that was requested, rounded down."""
    pair = token_pairs.pair(mint, refreshTokenTtlSeconds=sent)
    lifetime_is(
        pair, int(sent), sent=f"requested {sent} s", requires="a TTL within the cap is granted, rounded down"
    )


BESIDE = [(60, {"expiresIn": 600}), (REFRESH_TTL_CAP, {"expiresIn": 7200})]


@clause("TTL-01")
@pytest.mark.parametrize(("sent", "fields"), BESIDE, ids=["60s-600s", "90d-7200s"])
def test_expires_in_does_not_change_the_refresh_ttl(
    token_pairs: TokenPairs, mint: MintEndpoint, sent: int, fields: dict[str, int]
) -> None:
    """Whether `expiresIn` is longer or shorter, the refresh token lives as requested."""
    _lives_beside(token_pairs.pair(mint, refreshTokenTtlSeconds=sent, **fields), sent, fields)


@clause("TTL-01")
@pytest.mark.parametrize("mint", takes_paths(), ids=str)
def test_ttl_seconds_does_not_change_the_refresh_ttl(token_pairs: TokenPairs, mint: MintEndpoint) -> None:
    """`ttlSeconds`, which path mints know as well, is about the access token."""
    fields = {"ttlSeconds": 7200}
    pair = token_pairs.pair(mint, refreshTokenTtlSeconds=REFRESH_TTL_CAP, **fields)
    _lives_beside(pair, REFRESH_TTL_CAP, fields)


@clause("TTL-01")
def test_scopes_and_audience_do_not_change_the_refresh_ttl(
    token_pairs: TokenPairs, mint: MintEndpoint
) -> None:
    """A mint that requests both as well is given its TTL."""
    fields = {**mint.fewer, "audience": AUDIENCE}
    pair = token_pairs.pair(mint, refreshTokenTtlSeconds=REFRESH_TTL_CAP, **fields)
    _lives_beside(pair, REFRESH_TTL_CAP, fields)


def _lives_beside(pair: Pair, want: int, fields: Mapping[str, Any]) -> None:
    """Hold that the refresh token of `pair` lives as requested, whatever `fields` the mint sent besides."""
    sent = f"requested {want} s, and {', '.join(fields)} as well"
    lifetime_is(pair, want, sent=sent, requires="a TTL within the cap is granted, rounded down")


@clause("TTL-02")
@pytest.mark.parametrize("sent", [REFRESH_TTL_CAP + 1, 31536000, 2**32 + 60, 2**53, 1e300], ids="{}s".format)
def test_above_the_cap_the_mint_succeeds_and_gives_the_cap(
    token_pairs: TokenPairs, mint: MintEndpoint, sent: float
) -> None:
    """The refresh token lives exactly as long as the cap says, whatever more was requested."""
    pair = token_pairs.pair(mint, refreshTokenTtlSeconds=sent)
    lifetime_is(pair, REFRESH_TTL_CAP, sent=f"requested {sent} s", requires=f"the cap is {REFRESH_TTL_CAP} s")


@clause("TTL-03")
@pytest.mark.parametrize("fields", [{}, {REFRESH_TTL_FIELD: None}], ids=["absent", "null"])
def test_without_a_requested_ttl_a_refresh_token_lives_a_day(
    token_pairs: TokenPairs, mint: MintEndpoint, fields: dict[str, None]
) -> None:
    """The refresh token lives exactly as long as the default says."""
    sent = f"requested {REFRESH_TTL_FIELD} null" if fields else "requested no TTL"
    lifetime_is(
        token_pairs.pair(mint, **fields),
        DEFAULT_REFRESH_TTL,
        sent=sent,
        requires=f"the default is {DEFAULT_REFRESH_TTL} s",
    )


@clause("TTL-03")
def test_a_mint_takes_no_ttl_of_the_one_before(token_pairs: TokenPairs, mint: MintEndpoint) -> None:
    """Right after a mint that requested a TTL, on the same connection, one that requests none gets 24 h."""
    token_pairs.keep(mint, token_pairs.fresh(mint, **{REFRESH_TTL_FIELD: REFRESH_TTL_CAP}))
    lifetime_is(
        token_pairs.fresh(mint),
        DEFAULT_REFRESH_TTL,
        sent=f"requested no TTL, right after a mint that requested {REFRESH_TTL_CAP} s",
        requires=f"the default is {DEFAULT_REFRESH_TTL} s",
    )


@clause("TTL-04")
@pytest.mark.parametrize(
    ("sent", "generation"),
    [*((sent, rotated) for rotated in (0, 1) for sent in (None, 60, REFRESH_TTL_CAP)), (HALF_A_DAY_ON, 0)],
    ids=lambda value: describe(value) if value is None or value > 1 else ("at mint", "at refresh")[value],
)
def test_the_announced_expiries_are_the_tokens_exp(
    token_pairs: TokenPairs, mint: MintEndpoint, sent: int | None, generation: int
) -> None:
    """Each announced time is ISO 8601 in UTC with milliseconds, and is `exp` exactly."""
    pair = token_pairs.generation(mint, generation, **({REFRESH_TTL_FIELD: sent} if sent else {}))
    require_announced(pair, sent=f"requested {'a refresh' if generation else 'a mint'} with {describe(sent)}")


@pytest.fixture(scope="session")
def requested(session: TargetSession) -> RequestedValues:
    """The list of values for TTL-05, TTL-06 and TTL-07."""
    settings = session.settings
    examples = settings.examples(session.connection.kind)
    return RequestedValues(
        session.token_pairs,
        examples=examples,
        seed=settings.seed,
        sparing=lambda: session.spares_requests,
    )


REFUSED = (400, 413)
"""A request with an unusable value may be refused, and one with a very long value as too large."""


def granted(response: Response, *, sent: str, requires: str) -> Pair | None:
    """Return the pair of a mint, or None if it was refused; any other response breaks the contract."""
    if response.status in REFUSED:
        return None
    require(response.status == 201, sent=sent, requires=requires, got=f"it answered {response.summary}")
    return pair_of(response)


def shown(value: Any) -> str:
    """Return the request for `value` as a failure names it."""
    text = repr(value)
    return f"requested {REFRESH_TTL_FIELD} {text if len(text) <= 60 else f'{text[:57]}...'}"


def require_sound(requested: RequestedValues, mint: MintEndpoint, response: Response, *, sent: str) -> None:
    """Require of a mint that succeeded: a live token within the cap, its lifetime stated in both or none."""
    pair = granted(response, sent=sent, requires="a mint succeeds with 201 or is refused with 400")
    if pair is None:
        return
    lifetime, marks = pair.refresh.lifetime, (pair.access.mark, pair.refresh.mark)
    require(
        0 < lifetime <= REFRESH_TTL_CAP,
        sent=sent,
        requires=f"a refresh token lives at least 1 s and at most the cap of {REFRESH_TTL_CAP} s",
        got=f"exp - iat was {lifetime} s",
    )
    require(
        marks == (str(lifetime),) * 2 or (marks == (None, None) and lifetime == DEFAULT_REFRESH_TTL),
        sent=sent,
        requires=f"both tokens state the lifetime in meta.{REFRESH_TTL_MARK}, or neither does and it is "
        f"{DEFAULT_REFRESH_TTL} s",
        got=f"exp - iat was {lifetime} s, access token and refresh token stated {describe(marks[0])} and "
        f"{describe(marks[1])}",
    )
    requested.require_usable(mint, pair, sent=sent)


@clause("TTL-05")
@pytest.mark.parametrize("group", [*USABLE, *UNUSABLE, *TEXT])
def test_every_requested_value_yields_a_sound_token_or_400(
    requested: RequestedValues, mint: MintEndpoint, group: str
) -> None:
    """Each value of the list is refused with 400, or yields a token that is sound and can be used."""
    for value in requested.of_group(mint, group).values():
        require_sound(requested, mint, requested.response(mint, value), sent=shown(value))


@clause("TTL-05")
def test_every_spelling_yields_a_sound_token_or_4xx(requested: RequestedValues, mint: MintEndpoint) -> None:
    """Numbers and bodies that no JSON library writes are refused with a 4xx, or yield a sound token."""
    for name, response in requested.spelled(mint):
        if not 400 <= response.status < 500:
            require_sound(requested, mint, response, sent=f"requested {REFRESH_TTL_FIELD} spelled {name}")


@clause("TTL-05")
def test_generated_values_yield_a_sound_token_or_400(requested: RequestedValues, mint: MintEndpoint) -> None:
    """Generated values of every type are refused with 400, or yield a sound token."""
    requested.for_generated(
        mint,
        lambda value: require_sound(requested, mint, requested.response(mint, value), sent=shown(value)),
    )


def is_default(pair: Pair) -> bool:
    """Say whether a pair is as if no TTL had been requested."""
    marks = {token.mark for token in pair.tokens.values() if isinstance(token.mark, str | None)}
    return marks == {None} and pair.refresh.lifetime == DEFAULT_REFRESH_TTL


def refused_or_absent(response: Response, *, sent: str, requires: str) -> None:
    """Require that a mint was refused with 400, or gave what it gives when no TTL is requested."""
    pair = granted(response, sent=sent, requires=requires)
    if pair is None:
        return
    lifetime_is(pair, DEFAULT_REFRESH_TTL, sent=sent, requires=requires)
    for name, token in pair.tokens.items():
        require_equal(
            token.mark,
            None,
            sent=sent,
            requires=requires,
            what=f"meta.{REFRESH_TTL_MARK} of the {name} token",
        )


UNUSED = "what is not a usable number of seconds is refused with 400 or treated as absent"


@clause("TTL-06")
@pytest.mark.parametrize("group", UNUSABLE)
def test_an_unusable_value_is_refused_or_ignored(
    requested: RequestedValues, mint: MintEndpoint, group: str
) -> None:
    """The mint is refused with 400, or is as if no TTL had been requested."""
    for value in requested.of_group(mint, group).values():
        refused_or_absent(requested.response(mint, value), sent=shown(value), requires=UNUSED)


@clause("TTL-06")
def test_generated_unusable_values_are_refused_or_ignored(
    requested: RequestedValues, mint: MintEndpoint
) -> None:
    """The same holds for generated values that are no text and no number of at least 1."""

    def judge(value: Any) -> None:
        if is_unusable(value):
            refused_or_absent(requested.response(mint, value), sent=shown(value), requires=UNUSED)

    requested.for_generated(mint, judge)


def require_whole(response: Response, text: str) -> None:
    """Require that a text was refused, ignored, or read as the number that all of it is."""
    sent, requires = shown(text), "a text is used as a whole, refused with 400 or treated as absent"
    pair = granted(response, sent=sent, requires=requires)
    number = whole_number(text)
    if pair is None or is_default(pair) or (number and pair.refresh.lifetime == effective(number)):
        return
    marks = describe(pair.refresh.mark)
    got = f"exp - iat was {pair.refresh.lifetime} s, with meta.{REFRESH_TTL_MARK} {marks}"
    require(False, sent=sent, requires=requires, got=got)  # noqa: FBT003


@clause("TTL-07")
@pytest.mark.parametrize("group", TEXT)
def test_a_text_is_read_as_a_whole_or_not_at_all(
    requested: RequestedValues, mint: MintEndpoint, group: str
) -> None:
    """A text that begins with a number is never that number; one that is a number may be used."""
    for text in requested.of_group(mint, group).values():
        require_whole(requested.response(mint, text), text)


@clause("TTL-07")
def test_generated_text_is_read_as_a_whole_or_not_at_all(
    requested: RequestedValues, mint: MintEndpoint
) -> None:
    """The same holds for generated text."""

    def judge(value: Any) -> None:
        if isinstance(value, str):
            require_whole(requested.response(mint, value), value)

    requested.for_generated(mint, judge)


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
    access_lives(pair, want, sent=f"requested {REFRESH_TTL_FIELD} {sent}, expiresIn {describe(expires_in)}")


NO_EXPIRES_IN = (-5, "7200", 0, True, "an hour", [60])
"""Values of `expiresIn` that are no positive number; the first two are sent to a URL."""


@clause("TTL-08")
def test_an_expires_in_that_is_no_positive_number_counts_as_absent(
    session: TargetSession, token_pairs: TokenPairs, mint: MintEndpoint
) -> None:
    """The access token lives 3600 s, or it is refused with 400; a text may count as the number in it."""
    values = NO_EXPIRES_IN[: 2 if session.connection.kind == "url" else None]
    for value in values:
        sent = f"requested expiresIn {describe(value)}"
        response = token_pairs.own_org.mint(mint, None, expiresIn=value)
        if response.status != 400:
            require_status(response, 201, sent=sent, requires="a mint succeeds or is refused with 400")
            pair = pair_of(response)
            if str(pair.access.lifetime) != value or mint.delegated:
                access_lives(pair, ACCESS_TTL, sent=sent)


@clause("TTL-08")
@pytest.mark.parametrize("expires_in", [None, 7200], ids=["default", "7200s"])
def test_a_rotation_makes_no_access_token_live_longer(
    token_pairs: TokenPairs, mint: MintEndpoint, expires_in: int | None
) -> None:
    """Whatever `expiresIn` the mint requested, a rotated access token lives 3600 s at most."""
    fields = {"expiresIn": expires_in} if expires_in else {}
    pair = token_pairs.generation(mint, 1, refreshTokenTtlSeconds=REFRESH_TTL_CAP, **fields)
    sent = f"requested {REFRESH_TTL_FIELD} {REFRESH_TTL_CAP}, expiresIn {describe(expires_in)}, and rotated"
    require_access_no_longer(pair, sent=sent, requires="a rotated access token")


@clause("TTL-08")
@pytest.mark.parametrize("mint", takes_paths(), ids=str)
def test_no_field_makes_a_delegated_access_token_live_longer(
    token_pairs: TokenPairs, mint: MintEndpoint
) -> None:
    """`ttlSeconds`, which path mints know as well, is bounded as `expiresIn` is."""
    pair = token_pairs.pair(mint, refreshTokenTtlSeconds=REFRESH_TTL_CAP, ttlSeconds=7200)
    sent = f"requested {REFRESH_TTL_FIELD} {REFRESH_TTL_CAP}, ttlSeconds 7200"
    require_access_no_longer(pair, sent=sent, requires="a delegated access token")


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
    """A misspelt field is refused with 400, or the token lives 24 h and states no TTL."""
    refused_or_absent(
        token_pairs.own_org.mint(mint, **fields),
        sent=f"requested {fields}",
        requires=f"only {REFRESH_TTL_FIELD} sets the refresh TTL",
    )
