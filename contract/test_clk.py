"""CLK: time itself. A clock only goes forward, so each case starts from wherever the last one left it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from contract.harness.checks import clause, describe, positive_control, require, require_status
from contract.harness.client import Pair, TokenPairs
from contract.harness.errors import Violation
from contract.harness.run import TargetSession
from contract.harness.spec import (
    CLOCK_SKEW,
    DAY,
    DEFAULT_REFRESH_TTL,
    ENDPOINTS,
    REFRESH_TTL_CAP,
    MintEndpoint,
    takes_paths,
)
from contract.harness.targets import Clock

# What asks for nothing comes first: slips about the mark do not show there, so the proof begins behind it.
TTLS = {"24h": None, "60s": 60, "90d": REFRESH_TTL_CAP}


def asked_fields(ttl: int | None) -> dict[str, int]:
    """Return the mint's fields that ask for `ttl`; None asks for nothing."""
    return {} if ttl is None else {"refreshTokenTtlSeconds": ttl}


@clause("CLK-01")
@pytest.mark.parametrize("ttl", TTLS.values(), ids=TTLS)
def test_a_refresh_token_is_good_to_the_last_second(
    token_pairs: TokenPairs, clock: Clock, mint: MintEndpoint, ttl: int | None
) -> None:
    """A second before `exp` it is redeemed; its sibling is refused with 401 from `exp` + 60 s on."""
    early, late = (token_pairs.fresh(mint, **asked_fields(ttl)) for _ in range(2))
    sent = f"asked {describe(ttl)} at mint"
    clock.set(early.refresh.exp - 1)
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
    before = token_pairs.fresh(mint, **asked_fields(ttl))
    moment = (before.refresh.iat + before.refresh.exp) // 2
    clock.set(moment)
    after = token_pairs.rotate(before)
    off = after.refresh.exp - moment - before.refresh.lifetime
    require(
        off == 0,
        sent=f"asked {describe(ttl)} at mint, rotated {moment - before.refresh.iat} s later",
        requires=f"the rotated refresh token ends {before.refresh.lifetime} s after the rotation",
        got=f"it ends {abs(off)} s {'before' if off < 0 else 'after'} that",
    )


@dataclass
class Host:
    """An unattended host: it renews, and remembers what it was given, until it is refused."""

    pairs: list[Pair]
    lockout: Violation | None = None

    @property
    def due(self) -> float:
        """When it renews: a minute before its refresh token ends, in Unix seconds."""
        return self.pairs[-1].refresh.exp - CLOCK_SKEW


def renewals(token_pairs: TokenPairs, clock: Clock, ttl: int | None, days: int) -> Mapping[str, Host]:
    """Let one host on each endpoint renew a minute before each expiry for `days` days, all in lockstep.

    A host that was given another TTL than it asked for does not begin: its story would be another one. One
    whose new token would have to be renewed at once has come to its end: it would renew without end in sight.
    """
    hosts = {
        name: Host([token_pairs.fresh(mint, **asked_fields(ttl))])
        for name, mint in ENDPOINTS.items()
        if name not in token_pairs.own_org.closed
    }
    until = clock.now() + days * DAY
    while running := [host for host in hosts.values() if not _odd(host, ttl) and host.lockout is None]:
        moment = min(host.due for host in running)
        if moment > until:
            break
        clock.set(max(moment, clock.now()))
        for host in running:
            if host.due <= clock.now():
                try:
                    host.pairs.append(token_pairs.rotate(host.pairs[-1]))
                    left = host.pairs[-1].refresh.exp - clock.now()
                    require(
                        left > CLOCK_SKEW,
                        sent="it was renewed",
                        requires="it has its whole TTL again",
                        got=f"the new refresh token ends {left:.0f} s from then",
                    )
                except Violation as refusal:
                    host.lockout = refusal
    return hosts


def _odd(host: Host, ttl: int | None) -> bool:
    """Say whether the newest pair has another TTL than was asked."""
    return host.pairs[-1].refresh.lifetime != (ttl or DEFAULT_REFRESH_TTL)


def _announced(pair: Pair) -> float:
    """Return when the service said that the refresh token ends, in Unix seconds."""
    return datetime.fromisoformat(pair.body["refreshTokenExpiresAt"]).timestamp()


YEARS = {"thirty-days-at-24-h": (None, 30), "five-years-at-90-days": (REFRESH_TTL_CAP, 5 * 365)}


@pytest.fixture(scope="session")
def years(session: TargetSession) -> Any:
    """The four hosts' renewals for a TTL, run once for all endpoints."""
    import functools

    return functools.cache(
        lambda ttl, days: renewals(session.token_pairs, session.connection.clock, ttl, days),
    )


@clause("CLK-03")
@pytest.mark.parametrize(("ttl", "days"), YEARS.values(), ids=YEARS)
def test_who_renews_in_time_renews_for_ever(
    years: Any, token_pairs: TokenPairs, mint: MintEndpoint, ttl: int | None, days: int
) -> None:
    """Renewed a minute before each expiry, with nothing asked again, the session lives on with its TTL."""
    host: Host = years(ttl, days)[mint.name]
    token_pairs.service.transcript.show(pair.response for pair in host.pairs[-2:])
    want = ttl or DEFAULT_REFRESH_TTL
    sent = f"asked {describe(ttl)} at mint, renewed a minute before each expiry for {days} days"
    require(
        host.lockout is None,
        sent=sent,
        requires="who renews in time renews for ever",
        got=f"a renewal failed after {len(host.pairs) - 1} that did not: {host.lockout}",
    )
    require(
        not _odd(host, ttl),
        sent=sent,
        requires=f"each renewal gives {want} s",
        got=f"renewal {len(host.pairs) - 1} gave {host.pairs[-1].refresh.lifetime} s",
    )


@clause("CLK-04")
@pytest.mark.parametrize("ttl", [None, 2592000], ids=["nothing", "30d"])
def test_who_sleeps_past_the_ttl_is_locked_out(
    token_pairs: TokenPairs, clock: Clock, mint: MintEndpoint, ttl: int | None
) -> None:
    """The announced expiry decides: good just before it, refused with 401 a minute after it."""
    awake, asleep = (token_pairs.fresh(mint, **asked_fields(ttl)) for _ in range(2))
    sent = f"asked {describe(ttl)} at mint, presented the refresh token"
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
        token_pairs.fresh(mint, **asked_fields(REFRESH_TTL_CAP), delegationNotAfter=horizon) for _ in range(2)
    )
    sent = f"asked {describe(REFRESH_TTL_CAP)} and a delegation of 600 s at mint, presented the refresh token"
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
            sent=f"asked {response.request.path} at {int(now)}",
            requires="iat is now" + (f", give or take {slack} s" if slack else ""),
            got=f"iat of the {name} token was {token.iat}, {token.iat - int(now):+} s",
        )


@clause("CLK-06")
@pytest.mark.parametrize("expires_in", [None, 600], ids=["default", "600s"])
def test_an_access_token_opens_doors_until_exp(
    token_pairs: TokenPairs, clock: Clock, mint: MintEndpoint, expires_in: int | None
) -> None:
    """A second before `exp` it is believed; from `exp` + 60 s on it gets 401."""
    pair = token_pairs.fresh(mint, **({"expiresIn": expires_in} if expires_in else {}))
    sent = "presented an access token as a bearer"
    positive_control(
        token_pairs.service.present_bearer(pair.access),
        what="the bearer right after the mint",
        unless="JWKS-08",
    )
    clock.set(pair.access.exp - 1)
    require(
        token_pairs.service.present_bearer(pair.access).status != 401,
        sent=f"{sent} 1 s before exp",
        requires="before exp a token is good",
        got="it answered 401",
    )
    clock.set(pair.access.exp + CLOCK_SKEW)
    require_status(
        token_pairs.service.present_bearer(pair.access),
        401,
        sent=f"{sent} {CLOCK_SKEW} s after exp",
        requires=f"the skew is at most {CLOCK_SKEW} s",
    )
