"""Slips in time itself."""

from collections.abc import Mapping
from typing import Any

from reference_impl.facts import Endpoint, Grant, Kind, Rotation
from reference_impl.mutants import Mutant


class RefreshDiesAMinuteEarly(Mutant):
    """The skew is taken off a refresh token's life, not added to it."""

    breaks = frozenset({"CLK-01", "CLK-02", "CLK-04", "CLK-07", "TTL-05"})

    def expired(self, kind: Kind, exp: int, now: float) -> bool:
        return now >= exp - 30 if kind == "refresh" else super().expired(kind, exp, now)


class RefreshLivesTwoMinutesLong(Mutant):
    """A refresh token is accepted until two minutes after its exp."""

    breaks = frozenset({"CLK-01", "CLK-04", "CLK-07"})

    def expired(self, kind: Kind, exp: int, now: float) -> bool:
        return now >= exp + 120 if kind == "refresh" else super().expired(kind, exp, now)


class RefreshNeverExpires(Mutant):
    """Nobody looks at a refresh token's exp."""

    breaks = frozenset({"CLK-01", "CLK-04", "CLK-07", "SEC-04"})

    def expired(self, kind: Kind, exp: int, now: float) -> bool:
        return kind == "access" and super().expired(kind, exp, now)


class RotatedLifeCountsFromTheMint(Mutant):
    """A rotated token ends when the first one would have ended."""

    breaks = frozenset({"CLK-02", "CLK-03"})

    def rotated_refresh_exp(self, rotation: Rotation, iat: int, ttl: int) -> int:
        return rotation.grant.minted_at + ttl


class RotatedLifeCountsFromTheTokenBefore(Mutant):
    """A rotated token's life is added to that of the token before."""

    breaks = frozenset({"CLK-02", "CLK-03", "ROT-01", "ROT-02", "ROT-03", "ROT-04", "ROT-05", "ROT-06"})

    def rotated_refresh_exp(self, rotation: Rotation, iat: int, ttl: int) -> int:
        return int(rotation.claims["exp"]) + ttl


class ThirtyDaysOldIsSweptAway(Mutant):
    """A job that looks for what is thirty days old ends sessions of that age whose token is still good."""

    breaks = frozenset({"CLK-04"})

    def delegation_over(self, grant: Grant, now: float) -> bool:
        return super().delegation_over(grant, now) or abs(now - grant.minted_at - 30 * 86400) < 600


class DelegatedAccessLivesAsAsked(Mutant):
    """On the delegated endpoints, too, an access token lives as long as the caller likes."""

    breaks = frozenset({"TTL-08"})

    def access_ttl(self, endpoint: Endpoint, body: Mapping[str, Any]) -> int:
        return super().access_ttl("identity", body)


class DelegationsOutliveTheirEnd(Mutant):
    """A delegation is over when its tokens are, and a verifier gives those some seconds more."""

    breaks = frozenset({"CLK-04"})

    def delegation_over(self, grant: Grant, now: float) -> bool:
        return False


class IssuedASecondAgo(Mutant):
    """iat lies a second in the past."""

    breaks = frozenset({"CLK-02", "CLK-05"})

    def issued_at(self, now: float) -> int:
        return int(now) - 1


class IssuedRoundedUp(Mutant):
    """iat is rounded up to the next second."""

    breaks = frozenset({"CLK-05"})

    def issued_at(self, now: float) -> int:
        return -int(-now // 1)


class AccessDiesAtOnce(Mutant):
    """An access token is refused during the last minute of its life."""

    breaks = frozenset({"CLK-06", "CLK-07"})

    def expired(self, kind: Kind, exp: int, now: float) -> bool:
        return now >= exp - 60 if kind == "access" else super().expired(kind, exp, now)


class AccessLivesOn(Mutant):
    """An access token is accepted for an hour after its exp."""

    breaks = frozenset({"CLK-06", "CLK-07"})

    def expired(self, kind: Kind, exp: int, now: float) -> bool:
        return now >= exp + 3600 if kind == "access" else super().expired(kind, exp, now)
