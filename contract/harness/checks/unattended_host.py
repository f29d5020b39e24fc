"""An unattended host: it renews its session a minute before each expiry, and records what it was given."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from contract.harness.checks.assertions import require
from contract.harness.client import Pair, TokenPairs
from contract.harness.errors import ContractError, Violation
from contract.harness.spec import CLOCK_SKEW, DEFAULT_REFRESH_TTL, ENDPOINTS, REFRESH_TTL_FIELD, MintEndpoint
from contract.harness.targets import Clock

RENEWED_EARLY = CLOCK_SKEW
"""Seconds before the expiry of its refresh token at which a host renews."""


@dataclass
class Host:
    """One session of an unattended host, from its mint on.

    `requested` is the refresh TTL in seconds, None if none was requested. `pairs` are the pairs that it got,
    the one of the mint first, and `moments` when it got each, in Unix seconds; there are none if the mint
    failed. `refusal` is what ended it, or why no answer came.
    """

    requested: int | None
    pairs: list[Pair] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)
    refusal: ContractError | Violation | None = None
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def fields(self) -> dict[str, int]:
        """The fields of its mint that request the TTL."""
        return {} if self.requested is None else {REFRESH_TTL_FIELD: self.requested}

    @property
    def required(self) -> int:
        """The refresh TTL that each of its pairs must have, in seconds."""
        return DEFAULT_REFRESH_TTL if self.requested is None else self.requested

    @property
    def due(self) -> float:
        """When it renews next, in Unix seconds."""
        return self.pairs[-1].refresh.exp - RENEWED_EARLY

    @property
    def goes_on(self) -> bool:
        """Whether it renews: one that got another TTL than it requested would show something else."""
        return self.refusal is None and self.pairs[-1].refresh.lifetime == self.required

    @property
    def timeline(self) -> dict[str, Any]:
        """The life of a session in seconds since its mint, as reports draw it (docs/result.md)."""
        start = self.moments[0]
        lives = [pair.refresh.lifetime for pair in self.pairs]
        return {
            "requested": self.requested,
            "given": lives[0],
            "required": self.required,
            "rotations": [
                {"at": round(moment - start), "given": life}
                for moment, life in zip(self.moments[1:], lives[1:], strict=True)
            ],
            "events": self.events,
        }

    def renew(self, token_pairs: TokenPairs, now: float) -> None:
        """Renew once; a refusal, or a token that has to be renewed at once, ends it."""
        try:
            pair = token_pairs.rotate(self.pairs[-1])
            left = pair.refresh.exp - now
            self.pairs.append(pair)
            self.moments.append(now)
            require(
                left > RENEWED_EARLY,
                sent="it was renewed",
                requires="it has its whole TTL again",
                got=f"the new refresh token expires {left:.0f} s later",
            )
        except (ContractError, Violation) as refusal:
            self.refusal = refusal
            self.events.append(
                {"at": round(now - self.moments[0]), "what": "renewal refused", "accepted": False}
            )


def renewals(
    token_pairs: TokenPairs,
    clock: Clock,
    *,
    requested: int | None,
    until: float,
    at: Collection[str] = tuple(ENDPOINTS),
) -> Mapping[str, Host]:
    """Let a host at each endpoint of `at` renew until `until` (Unix seconds); return them by endpoint.

    The clock moves once for all of them. A host ends when it is refused, and when it is given another TTL
    than it requested.
    """
    offered = [ENDPOINTS[name] for name in at if name not in token_pairs.own_org.closed]
    hosts = {mint.name: started(token_pairs, clock, mint, requested) for mint in offered}
    while running := [host for host in hosts.values() if host.goes_on]:
        moment = min(host.due for host in running)
        if moment > until:
            break
        clock.set(max(moment, clock.now()))
        for host in running:
            if host.due <= clock.now():
                host.renew(token_pairs, clock.now())
    return hosts


def started(token_pairs: TokenPairs, clock: Clock, mint: MintEndpoint, requested: int | None) -> Host:
    """Return a host whose session is minted now, or why it is not."""
    host = Host(requested)
    try:
        host.pairs.append(token_pairs.fresh(mint, **host.fields))
        host.moments.append(clock.now())
    except (ContractError, Violation) as refusal:
        host.refusal = refusal
    return host
