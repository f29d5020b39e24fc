"""CLK: time itself. A clock only goes forward, so each case starts from wherever the last one left it."""

import functools
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest

from contract.harness.checks import (
    CHECKS,
    Host,
    LastingRefusals,
    Leftovers,
    clause,
    describe,
    positive_control,
    renewals,
    renewed,
    requested_ttl,
    require,
    require_announced,
    require_status,
    started,
    still_live,
)
from contract.harness.client import Pair, Service, TokenPairs
from contract.harness.errors import Blocked, ContractError, CouldNotTry, NotTried, Violation
from contract.harness.jose import Token
from contract.harness.run import TargetSession
from contract.harness.spec import (
    ACCESS_TTL,
    CLOCK_SKEW,
    DAY,
    REFRESH_TTL_CAP,
    SHAPED,
    YEAR_2038,
    YEAR_2100,
    MintEndpoint,
    takes_paths,
)
from contract.harness.targets import Clock

# What asks for nothing comes first: slips about the mark do not show there, so the proof begins behind it.
TTLS = {"24h": None, "60s": 60, "90d": REFRESH_TTL_CAP}


def ttl_fields(ttl: int | None) -> dict[str, int]:
    """Return the mint's fields that ask for `ttl`; None asks for nothing."""
    return {} if ttl is None else {"refreshTokenTtlSeconds": ttl}


@clause("CLK-01")
@pytest.mark.parametrize("ttl", TTLS.values(), ids=TTLS)
def test_a_refresh_token_is_good_to_the_last_second(
    token_pairs: TokenPairs, clock: Clock, mint: MintEndpoint, ttl: int | None
) -> None:
    """Redeemed a second before `exp`, after another mint; its sibling gets 401 from `exp` + 60 s on."""
    early, late = (token_pairs.fresh(mint, **ttl_fields(ttl)) for _ in range(2))
    sent = f"{requested_ttl(ttl)} at mint"
    clock.set(max(early.refresh.exp - 1, clock.now()))
    token_pairs.keep(mint, token_pairs.fresh(mint))
    response = token_pairs.service.refresh(early.refresh)
    require_status(
        response, 200, sent=f"{sent}, presented 1 s before exp", requires="before exp a token is good"
    )
    clock.set(late.refresh.exp + CLOCK_SKEW)
    response = token_pairs.service.refresh(late.refresh)
    require_status(
        response,
        401,
        sent=f"{sent}, presented {CLOCK_SKEW} s after exp",
        requires=f"the skew is at most {CLOCK_SKEW} s",
    )


@clause("CLK-02")
@pytest.mark.parametrize("ttl", TTLS.values(), ids=TTLS)
def test_a_rotated_life_counts_from_the_rotation(
    token_pairs: TokenPairs, clock: Clock, mint: MintEndpoint, ttl: int | None
) -> None:
    """Rotated halfway through its life, a session has its whole TTL again."""
    before = token_pairs.fresh(mint, **ttl_fields(ttl))
    moment = max((before.refresh.iat + before.refresh.exp) // 2, int(clock.now()))
    clock.set(max(moment, clock.now()))
    after = token_pairs.rotate(before)
    off = after.refresh.exp - moment - before.refresh.lifetime
    require(
        off == 0,
        sent=f"{requested_ttl(ttl)} at mint, rotated {moment - before.refresh.iat} s later",
        requires=f"the rotated refresh token ends {before.refresh.lifetime} s after the rotation",
        got=f"it ends {abs(off)} s {'before' if off < 0 else 'after'} that",
    )


def _announced(pair: Pair) -> float:
    """Return when the service said that the refresh token expires, in Unix seconds."""
    return datetime.fromisoformat(pair.body["refreshTokenExpiresAt"]).timestamp()


Hosts = Mapping[str, Host]
YEARS = {"thirty days at 24 h": (None, 30), "five years at 90 days": (REFRESH_TTL_CAP, 5 * 365)}


def _endpoints(session: TargetSession) -> list[str]:
    return list(dict.fromkeys(row.name for row in session.rows("CLK-03")))


@pytest.fixture(scope="session")
def years(session: TargetSession) -> Callable[[int | None, int], Hosts]:
    """The hosts of all endpoints that renew for some days with a TTL; each is simulated once."""

    @functools.cache
    def simulate(ttl: int | None, days: int) -> Hosts:
        clock = session.connection.clock
        until = clock.now() + days * DAY
        return renewals(session.token_pairs, clock, requested=ttl, until=until, at=_endpoints(session))

    return simulate


@clause("CLK-03")
@pytest.mark.parametrize(("ttl", "days"), YEARS.values(), ids=YEARS)
def test_a_host_that_renews_in_time_goes_on(
    years: Callable[[int | None, int], Hosts],
    session: TargetSession,
    mint: MintEndpoint,
    ttl: int | None,
    days: int,
) -> None:
    """Renewed a minute before each expiry, with nothing requested again, the session goes on with its TTL."""
    renewed_in_time(session, years(ttl, days)[mint.name], span=f"a minute before each expiry for {days} days")


def renewed_in_time(session: TargetSession, host: Host, *, span: str) -> None:
    """Require that a host was never refused, and always got the TTL that it requested."""
    session.service.transcript.show(pair.response for pair in host.pairs[-2:])
    if host.pairs:
        session.timeline = host.timeline
    sent = f"requested {describe(host.requested)} at mint, renewed {span}"
    if host.refusal is not None and (not host.pairs or isinstance(host.refusal, ContractError)):
        raise host.refusal
    require(
        host.refusal is None,
        sent=sent,
        requires="a host that renews in time can go on indefinitely",
        got=f"the renewal after {len(host.pairs) - 1} renewals failed: {host.refusal}",
    )
    given, renewal = host.pairs[-1].refresh.lifetime, len(host.pairs) - 1
    require(
        given == host.required,
        sent=sent,
        requires=f"mint and renewals give {host.required} s",
        got=f"{f'renewal {renewal}' if renewal else 'the mint'} gave {given} s",
    )
    if _as_announced(host.pairs[0]):
        for number, pair in enumerate(host.pairs):
            require_announced(pair, sent=f"{sent}; renewal {number}")


def _as_announced(pair: Pair) -> bool:
    """Say whether `pair` announces its own expiries: TTL-04 is about one that does not."""
    try:
        require_announced(pair, sent="minted")
    except Violation:
        return False
    return True


DATES = {"2038-01-19": YEAR_2038, "2100-01-01": YEAR_2100}
HALF = REFRESH_TTL_CAP // 2


@pytest.fixture(scope="session")
def crossings(session: TargetSession) -> Callable[[int], Hosts]:
    """The hosts of all endpoints that renew across a date: minted 45 days before it, renewed twice after."""

    @functools.cache
    def simulate(date: int) -> Hosts:
        clock = session.connection.clock
        if clock.now() > date - HALF:
            raise NotTried("the clock of this run stands past that date already")
        clock.set(date - HALF)
        until = date + 2 * REFRESH_TTL_CAP
        at = _endpoints(session)
        return renewals(session.token_pairs, clock, requested=REFRESH_TTL_CAP, until=until, at=at)

    return simulate


# What fails once the clock stands there must not make any other clause look broken.
@pytest.mark.last
@clause("CLK-03")
@pytest.mark.parametrize("date", DATES.values(), ids=DATES)
def test_a_host_renews_across_the_date(
    crossings: Callable[[int], Hosts], session: TargetSession, mint: MintEndpoint, date: int
) -> None:
    """A session that was minted before a date is renewed after it, and goes on with its TTL."""
    day = datetime.fromtimestamp(date, UTC).date()
    span = f"a minute before each expiry from 45 days before {day} on"
    renewed_in_time(session, crossings(date)[mint.name], span=span)


def _before_a_new_year(now: float, days: float) -> float:
    """Return the moment that many days before a new year in the middle of an ISO week.

    Whoever writes a day of that week with the year of the week (`%G`, or `YYYY` of Java) is a year off.
    """
    year = datetime.fromtimestamp(now + days * DAY, UTC).year + 1
    if date(year, 1, 1).isoweekday() == 1:
        year += 1
    return datetime(year, 1, 1, tzinfo=UTC).timestamp() - days * DAY


@pytest.fixture(scope="session")
def through_a_new_year(session: TargetSession) -> Callable[[], Hosts]:
    """The hosts of all endpoints that renew for two weeks with a TTL of 24 h, a new year in the middle."""

    @functools.cache
    def simulate() -> Hosts:
        clock = session.connection.clock
        clock.set(_before_a_new_year(clock.now(), 7))
        until = clock.now() + 14 * DAY
        return renewals(session.token_pairs, clock, requested=None, until=until, at=_endpoints(session))

    return simulate


# After the dates: up to two years pass, and time is short before 2038.
@pytest.mark.last
@clause("CLK-03")
def test_a_host_renews_through_a_new_year(
    through_a_new_year: Callable[[], Hosts], session: TargetSession, mint: MintEndpoint
) -> None:
    """Each expiry that it is told is the token's own, in the last days of a year and the first ones."""
    renewed_in_time(
        session, through_a_new_year()[mint.name], span="a minute before each expiry over a new year"
    )


HOURLY = 100
"""Renewals, one before each expiry of an access token."""


@clause("CLK-03")
@pytest.mark.parametrize("mint", [SHAPED[name][0] for name in ("identity", "path")], ids=str)
def test_a_host_that_renews_its_access_token_goes_on(
    token_pairs: TokenPairs, clock: Clock, session: TargetSession, mint: MintEndpoint
) -> None:
    """As clients do that need a bearer at all times: no number of renewals is too many."""
    if session.leaves_out(f"{HOURLY} renewals of an access token were not tried"):
        return
    host = started(token_pairs, clock, mint, REFRESH_TTL_CAP)
    for _ in range(HOURLY):
        if not host.goes_on:
            break
        clock.set(max(clock.now(), host.pairs[-1].access.exp - CLOCK_SKEW))
        host.renew(token_pairs, clock.now())
    renewed_in_time(session, host, span=f"{HOURLY} times, a minute before its access token expires")


@clause("CLK-04")
@pytest.mark.parametrize("ttl", [None, 2592000], ids=["nothing", "30d"])
def test_who_sleeps_past_the_ttl_is_locked_out(
    token_pairs: TokenPairs, clock: Clock, mint: MintEndpoint, ttl: int | None
) -> None:
    """The announced expiry decides: good just before it, refused with 401 a minute after it."""
    awake, asleep = (token_pairs.fresh(mint, **ttl_fields(ttl)) for _ in range(2))
    sent = f"{requested_ttl(ttl)} at mint, presented the refresh token"
    requires = "the announced expiry decides and no other"
    clock.set(_announced(awake) - 1)
    require_status(
        token_pairs.service.refresh(awake.refresh),
        200,
        sent=f"{sent} 1 s before the announced expiry",
        requires=requires,
    )
    clock.set(max(_announced(asleep) + CLOCK_SKEW, clock.now()))
    require_status(
        token_pairs.service.refresh(asleep.refresh),
        401,
        sent=f"{sent} {CLOCK_SKEW} s after it",
        requires=requires,
    )


@clause("CLK-04")
@pytest.mark.parametrize("mint", takes_paths(), ids=str)
def test_who_sleeps_past_the_delegation_is_locked_out(
    token_pairs: TokenPairs, clock: Clock, mint: MintEndpoint
) -> None:
    """Before `delegationNotAfter` a refresh succeeds; a second after it, it gets 401."""
    horizon = int(clock.now()) + 600
    awake, asleep = (
        token_pairs.fresh(mint, **ttl_fields(REFRESH_TTL_CAP), delegationNotAfter=horizon) for _ in range(2)
    )
    sent = f"{requested_ttl(REFRESH_TTL_CAP)} and a delegation of 600 s at mint, presented the refresh token"
    requires = "a delegation ends when it was said to end"
    clock.set(horizon - 1)
    require_status(
        token_pairs.service.refresh(awake.refresh), 200, sent=f"{sent} 1 s before its end", requires=requires
    )
    clock.set(horizon + 1)
    require_status(
        token_pairs.service.refresh(asleep.refresh), 401, sent=f"{sent} 1 s after it", requires=requires
    )


@clause("CLK-05")
@pytest.mark.parametrize("generation", [0, 1], ids=["at mint", "at refresh"])
def test_both_tokens_are_issued_now(
    token_pairs: TokenPairs, clock: Clock, mint: MintEndpoint, generation: int
) -> None:
    """`iat` is the second in which the request was sent; on a clock that can't be set, within 5 s of it."""
    pair = token_pairs.generation(mint, generation)
    response = pair.response
    now = response.request.sent_at if clock.settable else (response.date or response.request.sent_at)
    slack = 0 if clock.settable else 5
    for name, token in pair.tokens.items():
        require(
            abs(token.iat - int(now)) <= slack,
            sent=f"requested {response.request.path} at {int(now)}",
            requires="iat is now" + (f", give or take {slack} s" if slack else ""),
            got=f"iat of the {name} token was {token.iat}, {token.iat - int(now):+} s",
        )


def bearer_ends(service: Service, clock: Clock, access: Token, *, sent: str) -> None:
    """Require that a bearer is accepted until a second before its `exp`, and gets 401 a minute after it."""
    what = f"presented the access token of {sent} as a bearer"
    for moment, when in ((clock.now(), "at once"), (access.exp - 1, "1 s before its exp")):
        clock.set(max(moment, clock.now()))
        response = service.present_bearer(access)
        require(
            response.status != 401,
            sent=f"{what} {when}",
            requires="before exp a token is good",
            got=f"it answered {response.summary}",
        )
    clock.set(access.exp + CLOCK_SKEW)
    require_status(
        service.present_bearer(access),
        401,
        sent=f"{what} {CLOCK_SKEW} s after its exp",
        requires=f"the skew is at most {CLOCK_SKEW} s",
    )


def accepted_at_once(service: Service, pair: Pair) -> None:
    """Check that the bearer of a fresh pair is accepted: otherwise JWKS-08 is broken."""
    response = service.present_bearer(pair.access)
    positive_control(response, what="the bearer right after the mint", unless="JWKS-08")


SHORT = {
    "default": {},
    "600 s": {"expiresIn": 600},
    "a refresh TTL of 60 s": {"refreshTokenTtlSeconds": 60},
}


@clause("CLK-06")
@pytest.mark.parametrize("fields", SHORT.values(), ids=SHORT)
def test_an_access_token_is_accepted_until_exp(
    token_pairs: TokenPairs, service: Service, clock: Clock, mint: MintEndpoint, fields: dict[str, int]
) -> None:
    """A second before its own `exp` it is accepted, and from `exp` + 60 s on it gets 401."""
    pair = token_pairs.fresh(mint, **fields)
    accepted_at_once(service, pair)
    bearer_ends(service, clock, pair.access, sent=f"a pair that was requested with {fields or 'no TTL'}")


@clause("CLK-06")
@pytest.mark.parametrize("mint", SHAPED["identity"], ids=str)
def test_a_long_lived_access_token_is_accepted_until_exp(
    token_pairs: TokenPairs, service: Service, clock: Clock, mint: MintEndpoint
) -> None:
    """The same holds where `expiresIn` was a week, which the delegated endpoints do not grant."""
    pair = token_pairs.fresh(mint, expiresIn=7 * DAY, refreshTokenTtlSeconds=8 * DAY)
    accepted_at_once(service, pair)
    bearer_ends(service, clock, pair.access, sent="a pair that was requested with an expiresIn of a week")


@clause("CLK-06")
def test_a_rotated_access_token_is_accepted_until_exp(
    token_pairs: TokenPairs, service: Service, clock: Clock, mint: MintEndpoint
) -> None:
    """The same holds for the access token of a pair that was rotated two hours after the mint."""
    pair = token_pairs.fresh(mint, refreshTokenTtlSeconds=DAY)
    accepted_at_once(service, pair)
    clock.set(clock.now() + 2 * 3600)
    if pair.refresh.exp <= clock.now():
        raise Blocked(
            "TTL-01", f"the refresh token lives {pair.refresh.lifetime} s, not the requested {DAY} s"
        )
    rotated = still_live(
        service.refresh(pair.refresh), what="a refresh token of 24 h, 2 h after its mint,", unless="CLK-01"
    )
    bearer_ends(service, clock, rotated.access, sent="a pair that was rotated 2 h after the mint")


@pytest.fixture(scope="session")
def introspected(session: TargetSession) -> Callable[[Token], Any]:
    """Introspect a token, and return its claims or None; `CouldNotTry` if there is no such response."""

    def claims(token: Token) -> Any:
        response = session.service.introspect(token, session.own_org.org_key)
        if response.status != 200:
            raise CouldNotTry(f"introspection answered {response.summary}, so nobody can tell what it shows")
        return response.json

    return claims


@clause("CLK-07")
def test_introspection_keeps_to_the_tokens_own_exp(
    token_pairs: TokenPairs, introspected: Callable[[Token], Any], clock: Clock, mint: MintEndpoint
) -> None:
    """Each token of a pair has its claims until its own `exp`, and is null from 61 s after it on."""
    pair = token_pairs.fresh(mint, refreshTokenTtlSeconds=2 * ACCESS_TTL)
    moments = sorted(
        (moment, after, name)
        for name, token in pair.tokens.items()
        for moment, after in (
            (clock.now(), "right after the mint"),
            (token.exp - 1, "1 s before its exp"),
            (token.exp + CLOCK_SKEW + 1, f"{CLOCK_SKEW + 1} s after its exp"),
        )
    )
    shown: dict[str, Any] = {}
    for moment, when, name in moments:
        clock.set(moment)
        claims = introspected(pair.tokens[name])
        sent = f"introspected the {name} token {when}"
        if when.endswith("after its exp"):
            got = "the response held claims"
            require(claims is None, sent=sent, requires="an expired token is null", got=got)
            continue
        require(
            claims is not None, sent=sent, requires="a live token has its claims", got="the response was null"
        )
        same = shown.setdefault(name, claims) == claims
        require(same, sent=sent, requires="the claims stay", got="they were others than right after the mint")


@pytest.fixture(scope="session")
def lasting(session: TargetSession) -> Callable[[], LastingRefusals]:
    """Used and revoked tokens of all endpoints over ninety days; they go through them together, once."""
    rows = session.rows("CLK-08")
    return functools.cache(lambda: LastingRefusals(session.token_pairs, session.connection.clock, rows))


@clause("CLK-08")
@pytest.mark.parametrize("check", CHECKS)
def test_used_and_revoked_tokens_stay_refused(
    lasting: Callable[[], LastingRefusals], mint: MintEndpoint, check: str
) -> None:
    """What was used or revoked is refused 25 h later and a minute before `exp`; a replay ends the session."""
    lasting().result(mint, check)


REFRESHES = 40


@clause("CLK-08")
@pytest.mark.parametrize("mint", [SHAPED[name][0] for name in ("identity", "path")], ids=str)
def test_a_used_token_is_remembered_over_many_refreshes(
    session: TargetSession, token_pairs: TokenPairs, clock: Clock, mint: MintEndpoint
) -> None:
    """The first token of a session ends it however many came after it."""
    if session.leaves_out(f"a replay after {REFRESHES} refreshes was not tried"):
        return
    first = newest = token_pairs.fresh(mint)
    for _ in range(REFRESHES):
        newest = renewed(token_pairs, newest)
    clock.set(clock.now() + CLOCK_SKEW)
    token_pairs.service.refresh(first.refresh)
    sent = f"refreshed {REFRESHES} times, and presented the first refresh token again {CLOCK_SKEW} s later"
    Leftovers(token_pairs, sent=sent, requires="the whole session ends").refused(newest)
