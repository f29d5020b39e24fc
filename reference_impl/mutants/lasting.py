"""Mutants that show when time has passed: forgotten replays, late revocations, dates that do not fit."""

from collections.abc import Mapping
from typing import Any

from reference_impl import clock
from reference_impl.facts import Endpoint, Kind, Rotation, Session, TokenState
from reference_impl.mutants import Mutant
from reference_impl.rules import MARK, SKEW

HOUR, DAY = 3600, 86400


class ReplaysAreForgottenAfterADay(Mutant):
    """What was used more than a day ago is refused, and its session goes on."""

    breaks = frozenset({"CLK-08", "SES-02", "SES-03"})

    def is_reuse(self, state: TokenState, now: float) -> bool:
        return super().is_reuse(state, now) and now - (state.used_at or 0) < DAY


class ReplaysAreForgottenAfterAMonth(Mutant):
    """What was used more than thirty days ago is swept away, and its replay goes unnoticed."""

    breaks = frozenset({"CLK-08"})

    def is_reuse(self, state: TokenState, now: float) -> bool:
        return super().is_reuse(state, now) and now - (state.used_at or 0) < 30 * DAY


class PathReplaysAreForgottenAfterADay(Mutant):
    """On the path endpoints a replay is noticed for a day."""

    breaks = frozenset({"CLK-08", "SES-02", "SES-03"})

    def is_reuse(self, state: TokenState, now: float) -> bool:
        late = now - (state.used_at or 0) >= DAY
        return super().is_reuse(state, now) and not (late and state.grant.identity is None)


class UsedTokensReviveAfterTwoMonths(Mutant):
    """A used token that is sixty days old may be used again."""

    breaks = frozenset({"CLK-08"})

    def redeemable(self, state: TokenState, now: float) -> bool:
        revived = state.status == "used" and now - (state.used_at or now) > 60 * DAY
        return revived or super().redeemable(state, now)


class RevocationsEndAfterADay(Mutant):
    """A revoked session is refused for a day after its mint."""

    breaks = frozenset({"CLK-08", "REV-01", "REV-03", "SES-02", "SES-03"})

    def redeemable(self, state: TokenState, now: float) -> bool:
        late = state.status == "live" and now - state.grant.minted_at > DAY
        return late or super().redeemable(state, now)


class OldSessionsOfNobodyRevive(Mutant):
    """A revoked session whose subject is no identity is forgotten after eighty days."""

    breaks = frozenset({"CLK-08"})

    def redeemable(self, state: TokenState, now: float) -> bool:
        nobody = state.grant.identity is None and now - state.grant.minted_at > 80 * DAY
        return (nobody and state.status == "live") or super().redeemable(state, now)


class LateRevocationsDoNothing(Mutant):
    """A session can't be revoked any more once its first access token has expired."""

    breaks = frozenset({"CLK-08", "REV-01"})

    def revoking_session_ends(self, session: Session, now: float) -> bool:
        return now - session.minted_at <= HOUR + SKEW


class IntrospectionEndsWithTheAccessToken(Mutant):
    """Introspection shows a refresh token for as long as an access token lives."""

    breaks = frozenset({"CLK-07", "REV-06"})

    def is_shown(self, state: TokenState | None, now: float) -> bool:
        old = state is not None and now - state.grant.minted_at > HOUR
        return super().is_shown(state, now) and not old


class IntrospectionShowsExpiredTokens(Mutant):
    """Introspection does not look at `exp`."""

    breaks = frozenset({"CLK-07"})

    def introspection_ends(self, kind: Kind, exp: int, now: float) -> bool:
        return False


class IntrospectionEndsAMinuteEarly(Mutant):
    """Introspection takes the skew off a token's life."""

    breaks = frozenset({"CLK-07"})

    def introspection_ends(self, kind: Kind, exp: int, now: float) -> bool:
        return now >= exp - SKEW


class IntrospectionShowsRefreshTokensForever(Mutant):
    """Introspection looks at `exp` for access tokens alone."""

    breaks = frozenset({"CLK-07"})

    def introspection_ends(self, kind: Kind, exp: int, now: float) -> bool:
        return kind == "access" and super().introspection_ends(kind, exp, now)


class ThirtyOneBitsAtMint(Mutant):
    """A minted refresh token expires on 2038-01-19 at the latest."""

    breaks = frozenset({"CLK-03"})

    def refresh_exp(self, endpoint: Endpoint, iat: int, ttl: int) -> int:
        return min(super().refresh_exp(endpoint, iat, ttl), 2**31 - 1)


class ThirtyOneBitsAtRotation(Mutant):
    """A rotated refresh token expires on 2038-01-19 at the latest."""

    breaks = frozenset({"CLK-03"})

    def rotated_refresh_exp(self, rotation: Rotation, iat: int, ttl: int) -> int:
        return min(super().rotated_refresh_exp(rotation, iat, ttl), 2**31 - 1)


class TimesPast2038LieInTheFuture(Mutant):
    """From 2038-01-19 on the clock of the verifier stands at 2038-01-19."""

    breaks = frozenset({"CLK-03"})

    def not_yet(self, iat: int, now: float) -> bool:
        return super().not_yet(iat, min(now, 2**31 - 1))


class TheNextCenturyHasExpired(Mutant):
    """What expires after 2099 has expired."""

    breaks = frozenset({"CLK-03"})

    def expired(self, kind: Kind, exp: int, now: float) -> bool:
        return exp >= 4102444800 or super().expired(kind, exp, now)


class RenewalsEndWith2100(Mutant):
    """A token that was rotated in 2100 or later lives 24 h."""

    breaks = frozenset({"CLK-03"})

    def rotated_refresh_exp(self, rotation: Rotation, iat: int, ttl: int) -> int:
        return super().rotated_refresh_exp(rotation, iat, min(ttl, DAY) if iat >= 4102444800 else ttl)


class BearersEndWithTheRefreshToken(Mutant):
    """A bearer is refused once the refresh token of its pair has expired."""

    breaks = frozenset({"CLK-06"})

    def is_bearer(self, claims: Mapping[str, Any]) -> bool:
        meta = claims.get("meta")
        mark = meta.get(MARK) if isinstance(meta, dict) else None
        ended = isinstance(mark, str) and mark.isdecimal() and clock.now() >= claims["iat"] + int(mark) + SKEW
        return super().is_bearer(claims) and not ended


class BearersEndAnHourAfterTheMint(Mutant):
    """A bearer is refused an hour after the mint of its session, rotated or not."""

    breaks = frozenset({"CLK-06"})

    def bearer_lives(self, state: TokenState | None, now: float) -> bool:
        old = state is not None and now >= state.grant.minted_at + HOUR + SKEW
        return super().bearer_lives(state, now) and not old


class BearersOfHalfADay(Mutant):
    """A bearer of a mint is refused twelve hours later, whatever its `exp`."""

    breaks = frozenset({"CLK-06"})

    def bearer_lives(self, state: TokenState | None, now: float) -> bool:
        old = state is not None and state.number == 0 and now - state.grant.minted_at > 12 * HOUR
        return not old and super().bearer_lives(state, now)


class ReplaysAreForgottenAfterManyRefreshes(Mutant):
    """What was used more than 25 refreshes ago is refused, and its session goes on."""

    breaks = frozenset({"CLK-08", "SES-03"})

    def is_reuse(self, state: TokenState, now: float) -> bool:
        return super().is_reuse(state, now) and state.history.rotations - state.number <= 25
