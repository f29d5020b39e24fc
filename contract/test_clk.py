"""CLK: time itself. A clock only goes forward, so each case starts from wherever the last one left it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from contract.harness.clocks import Clock
from contract.harness.errors import Violation
from contract.harness.evidence import Evidence
from contract.harness.exchanges import Pair
from contract.harness.judging import clause, hold, refused, told, twin
from contract.harness.mints import MINTS, Mint
from contract.harness.trial import Trial

CAP = 7776000  # seconds, 90 days: wire.md
DEFAULT = 86400  # seconds, 24 h: wire.md
SKEW = 60  # seconds that a verifier may be late at exp: wire.md, The other routes
DAY = 86400
# What asks for nothing comes first: slips about the mark do not show there, so the proof begins behind it.
TTLS = {"24h": None, "60s": 60, "90d": CAP}


def asked_fields(ttl: int | None) -> dict[str, int]:
    """Return the mint's fields that ask for `ttl`; None asks for nothing."""
    return {} if ttl is None else {"refreshTokenTtlSeconds": ttl}


@clause("CLK-01")
@pytest.mark.parametrize("ttl", TTLS.values(), ids=TTLS)
def test_a_refresh_token_is_good_to_the_last_second(
    evidence: Evidence, clock: Clock, mint: Mint, ttl: int | None
) -> None:
    """A second before `exp` it is redeemed; its sibling is refused with 401 from `exp` + 60 s on."""
    early, late = (evidence.fresh(mint, **asked_fields(ttl)) for _ in range(2))
    asked = f"asked {told(ttl)} at mint"
    clock.set(early.refresh.exp - 1)
    answer = evidence.service.refresh(early.refresh)
    refused(answer, 200, asked=f"{asked}, presented 1 s before exp", contract="before exp a token is good")
    clock.set(late.refresh.exp + SKEW)
    answer = evidence.service.refresh(late.refresh)
    refused(
        answer, 401, asked=f"{asked}, presented {SKEW} s after exp", contract=f"the skew is at most {SKEW} s"
    )


@clause("CLK-02")
@pytest.mark.parametrize("ttl", TTLS.values(), ids=TTLS)
def test_a_rotated_life_counts_from_the_rotation(
    evidence: Evidence, clock: Clock, mint: Mint, ttl: int | None
) -> None:
    """Rotated halfway through its life, a session has its whole TTL again."""
    before = evidence.fresh(mint, **asked_fields(ttl))
    moment = (before.refresh.iat + before.refresh.exp) // 2
    clock.set(moment)
    after = evidence.rotate(before)
    off = after.refresh.exp - moment - before.refresh.lifetime
    hold(
        off == 0,
        asked=f"asked {told(ttl)} at mint, rotated {moment - before.refresh.iat} s later",
        contract=f"the rotated refresh token ends {before.refresh.lifetime} s after the rotation",
        came=f"it ends {abs(off)} s {'before' if off < 0 else 'after'} that",
    )


@dataclass
class Host:
    """An unattended host: it renews, and remembers what it was given, until it is refused."""

    pairs: list[Pair]
    lockout: Violation | None = None

    @property
    def due(self) -> float:
        """When it renews: a minute before its refresh token ends, in Unix seconds."""
        return self.pairs[-1].refresh.exp - SKEW


def renewals(evidence: Evidence, clock: Clock, ttl: int | None, days: int) -> Mapping[str, Host]:
    """Let one host on each endpoint renew a minute before each expiry for `days` days, all in lockstep.

    A host that was given another TTL than it asked for does not begin: its story would be another one. One
    whose new token would have to be renewed at once has come to its end: it would renew without end in sight.
    """
    hosts = {
        name: Host([evidence.fresh(mint, **asked_fields(ttl))])
        for name, mint in MINTS.items()
        if name not in evidence.tenant.closed
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
                    host.pairs.append(evidence.rotate(host.pairs[-1]))
                    left = host.pairs[-1].refresh.exp - clock.now()
                    hold(left > SKEW, asked="it was renewed", contract="it has its whole TTL again",
                         came=f"the new refresh token ends {left:.0f} s from then")  # fmt: skip
                except Violation as refusal:
                    host.lockout = refusal
    return hosts


def _odd(host: Host, ttl: int | None) -> bool:
    """Say whether the newest pair has another TTL than was asked."""
    return host.pairs[-1].refresh.lifetime != (ttl or DEFAULT)


def _announced(pair: Pair) -> float:
    """Return when the service said that the refresh token ends, in Unix seconds."""
    return datetime.fromisoformat(pair.body["refreshTokenExpiresAt"]).timestamp()


YEARS = {"thirty-days-at-24-h": (None, 30), "five-years-at-90-days": (CAP, 5 * 365)}


@pytest.fixture(scope="session")
def years(trial: Trial) -> Any:
    """The four hosts' renewals for a TTL, run once for all endpoints."""
    import functools

    return functools.cache(
        lambda ttl, days: renewals(trial.evidence, trial.connection.clock, ttl, days),
    )


@clause("CLK-03")
@pytest.mark.parametrize(("ttl", "days"), YEARS.values(), ids=YEARS)
def test_who_renews_in_time_renews_for_ever(
    years: Any, evidence: Evidence, mint: Mint, ttl: int | None, days: int
) -> None:
    """Renewed a minute before each expiry, with nothing asked again, the session lives on with its TTL."""
    host: Host = years(ttl, days)[mint.name]
    evidence.service.trail[:] = [pair.answer for pair in host.pairs[-2:]]
    want = ttl or DEFAULT
    asked = f"asked {told(ttl)} at mint, renewed a minute before each expiry for {days} days"
    hold(
        host.lockout is None,
        asked=asked,
        contract="who renews in time renews for ever",
        came=f"a renewal failed after {len(host.pairs) - 1} that did not: {host.lockout}",
    )
    hold(
        not _odd(host, ttl),
        asked=asked,
        contract=f"each renewal gives {want} s",
        came=f"renewal {len(host.pairs) - 1} gave {host.pairs[-1].refresh.lifetime} s",
    )


@clause("CLK-04")
@pytest.mark.parametrize("ttl", [None, 2592000], ids=["nothing", "30d"])
def test_who_sleeps_past_the_ttl_is_locked_out(
    evidence: Evidence, clock: Clock, mint: Mint, ttl: int | None
) -> None:
    """The announced expiry decides: good just before it, refused with 401 a minute after it."""
    awake, asleep = (evidence.fresh(mint, **asked_fields(ttl)) for _ in range(2))
    asked = f"asked {told(ttl)} at mint, presented the refresh token"
    contract = "the announced expiry decides and no other"
    clock.set(_announced(awake) - 1)
    refused(evidence.service.refresh(awake.refresh), 200, asked=f"{asked} 1 s before the announced expiry",
            contract=contract)  # fmt: skip
    clock.set(max(_announced(asleep) + SKEW, clock.now()))
    refused(
        evidence.service.refresh(asleep.refresh), 401, asked=f"{asked} {SKEW} s after it", contract=contract
    )


@clause("CLK-04")
@pytest.mark.parametrize("mint", [MINTS["path"], MINTS["workspace-path"]], ids=str)
def test_who_sleeps_past_the_delegation_is_locked_out(evidence: Evidence, clock: Clock, mint: Mint) -> None:
    """Before `delegationNotAfter` a refresh succeeds; a second after it, it gets 401."""
    horizon = int(clock.now()) + 600
    awake, asleep = (evidence.fresh(mint, **asked_fields(CAP), delegationNotAfter=horizon) for _ in range(2))
    asked = f"asked {told(CAP)} and a delegation of 600 s at mint, presented the refresh token"
    contract = "a delegation ends when it was said to end"
    clock.set(horizon - 1)
    refused(evidence.service.refresh(awake.refresh), 200, asked=f"{asked} 1 s before its end",
            contract=contract)  # fmt: skip
    clock.set(horizon + 1)
    refused(evidence.service.refresh(asleep.refresh), 401, asked=f"{asked} 1 s after it", contract=contract)


@clause("CLK-05")
@pytest.mark.parametrize("generation", [0, 1], ids=["at mint", "at refresh"])
def test_both_tokens_are_issued_now(evidence: Evidence, clock: Clock, mint: Mint, generation: int) -> None:
    """`iat` is the second in which the request was sent; on a clock that can't be set, within 5 s of it."""
    pair = evidence.generation(mint, generation)
    answer = pair.answer
    now = answer.asked.sent_at if clock.settable else (answer.date or answer.asked.sent_at)
    slack = 0 if clock.settable else 5
    for name, token in pair.tokens.items():
        hold(
            abs(token.iat - int(now)) <= slack,
            asked=f"asked {answer.asked.path} at {int(now)}",
            contract="iat is now" + (f", give or take {slack} s" if slack else ""),
            came=f"iat of the {name} token was {token.iat}, {token.iat - int(now):+} s",
        )


@clause("CLK-06")
@pytest.mark.parametrize("expires_in", [None, 600], ids=["default", "600s"])
def test_an_access_token_opens_doors_until_exp(
    evidence: Evidence, clock: Clock, mint: Mint, expires_in: int | None
) -> None:
    """A second before `exp` it is believed; from `exp` + 60 s on it gets 401."""
    pair = evidence.fresh(mint, **({"expiresIn": expires_in} if expires_in else {}))
    asked = "presented an access token as a bearer"
    twin(evidence.service.knock(pair.access), what="the bearer at once after the mint")
    clock.set(pair.access.exp - 1)
    hold(
        evidence.service.knock(pair.access).status != 401,
        asked=f"{asked} 1 s before exp",
        contract="before exp a token is good",
        came="it answered 401",
    )
    clock.set(pair.access.exp + SKEW)
    refused(evidence.service.knock(pair.access), 401, asked=f"{asked} {SKEW} s after exp",
            contract=f"the skew is at most {SKEW} s")  # fmt: skip
