"""Faults in what a refresh uses up, and in what a replay ends."""

import json
from collections.abc import Mapping
from typing import Any

from reference_impl.facts import Cause, TokenState
from reference_impl.mutants import Mutant
from reference_impl.rules import ACCESS_TTL

DAY = 86400


class RefreshTokensAreReusable(Mutant):
    """A refresh token may be redeemed again and again."""

    breaks = frozenset({"CLK-08", "SES-01", "SES-02", "SES-03", "SES-05"})

    def consumes(self, state: TokenState) -> bool:
        return False


class TwoRefreshesRace(Mutant):
    """A token's state is read, and used up a moment later."""

    breaks = frozenset({"SES-05"})

    def is_one_step(self) -> bool:
        return False


class ReplayIsMerelyRefused(Mutant):
    """A used refresh token is refused, and nothing else happens."""

    breaks = frozenset({"CLK-08", "SES-02", "SES-03"})

    def is_reuse(self, state: TokenState, now: float) -> bool:
        return False


class ReplayWithinASecondIsForgiven(Mutant):
    """A replay in the second of the rotation is taken for a client that tries again."""

    breaks = frozenset({"SES-02", "SES-03"})

    def is_reuse(self, state: TokenState, now: float) -> bool:
        return super().is_reuse(state, now) and now - (state.used_at or 0) >= 1


class OldReplaysAreForgotten(Mutant):
    """What was used more than a second ago is no longer looked for."""

    breaks = frozenset({"CLK-08", "REV-07", "SES-02", "SES-03"})

    def is_reuse(self, state: TokenState, now: float) -> bool:
        return super().is_reuse(state, now) and now - (state.used_at or 0) < 1


class OnlyTheFirstTokenIsWatched(Mutant):
    """A replay ends the session if it is that of the minted token."""

    breaks = frozenset({"SES-03"})

    def theft_ends(self, state: TokenState) -> bool:
        return state.number == 0


class CascadeOnTwoEndpointsOnly(Mutant):
    """A replay ends the session of an identity or an agent; path tokens are forgotten."""

    breaks = frozenset({"CLK-08", "SES-02", "SES-03"})

    def theft_ends(self, state: TokenState) -> bool:
        return state.grant.endpoint in ("identity", "agent")


class ReplayEndsAllSessions(Mutant):
    """A replay ends all sessions of the same subject."""

    breaks = frozenset({"SES-04"})

    def refusal_ends_siblings(self, state: TokenState) -> bool:
        return state.status == "used"


class BearersOutliveTheirSession(Mutant):
    """An access token is good until its exp, whatever became of its session."""

    breaks = frozenset({"REV-01", "REV-03", "SES-02"})

    def bearer_lives(self, state: TokenState | None, now: float) -> bool:
        return state is None or state.status == "live"


class BadFormUsesUp(Mutant):
    """The first token in a refresh request is used up before its form is looked at."""

    breaks = frozenset({"SES-06"})

    def used_up_by_refusal(self, raw: bytes) -> str | None:
        try:
            tokens = json.loads(raw)["refreshToken"]
        except (ValueError, KeyError, TypeError):
            return None
        return tokens[0] if isinstance(tokens, list) and tokens and isinstance(tokens[0], str) else None


class RefreshTokensOpenDoors(Mutant):
    """A bearer may be of either type."""

    breaks = frozenset({"SES-07"})

    def is_bearer(self, claims: Mapping[str, Any]) -> bool:
        return claims.get("token_type") in ("access", "refresh")


class ForgedRefreshTokensPass(Mutant):
    """A refresh token is looked up by its jti, and its signature is not checked."""

    breaks = frozenset({"SEC-01", "SEC-02", "SEC-04", "SES-08"})

    def unverified_refresh_passes(self) -> bool:
        return True


class ReplayedPathSessionsNeedAnIdentity(Mutant):
    """A replay ends a path session only if there is an identity of that name."""

    breaks = frozenset({"CLK-08", "SES-02", "SES-03"})

    def theft_ends(self, state: TokenState) -> bool:
        return state.named


class ReplaysAreForgottenWithTheAccessToken(Mutant):
    """A used token that is presented after its access token ended is merely refused."""

    breaks = frozenset({"CLK-08", "SES-02", "SES-03"})

    def is_reuse(self, state: TokenState, now: float) -> bool:
        return super().is_reuse(state, now) and now - (state.used_at or 0) < ACCESS_TTL


class UsedTokensWorkForASecond(Mutant):
    """A used token works again within a second, for a client that tries again."""

    breaks = frozenset({"SES-01", "SES-02", "SES-03", "SES-05"})

    def redeemable(self, state: TokenState, now: float) -> bool:
        again = state.status == "used" and now - (state.used_at or 0) < 1
        return super().redeemable(state, now) or (again and not state.session_revoked)


class UsedTokensWorkAgainAfterADay(Mutant):
    """A list of used tokens holds them for 24 h; then they work again."""

    breaks = frozenset({"CLK-08", "SES-01", "SES-02", "SES-03"})

    def redeemable(self, state: TokenState, now: float) -> bool:
        forgotten = state.status == "used" and now - (state.used_at or 0) >= DAY
        return super().redeemable(state, now) or (forgotten and not state.session_revoked)


class UsedTokensWorkAgainBeforeTheyExpire(Mutant):
    """A list of used tokens holds them for 89 days; then they work again."""

    breaks = frozenset({"CLK-08"})

    def redeemable(self, state: TokenState, now: float) -> bool:
        forgotten = state.status == "used" and now - (state.used_at or 0) >= 89 * DAY
        return super().redeemable(state, now) or (forgotten and not state.session_revoked)


class ReplaysAreForgottenAfterAHundred(Mutant):
    """A used token is merely refused once its session was refreshed a hundred times more."""

    breaks = frozenset({"SES-03"})

    def is_reuse(self, state: TokenState, now: float) -> bool:
        return super().is_reuse(state, now) and state.history.rotations - state.number <= 100


class OnlyTheLastFourAreWatched(Mutant):
    """A replay ends the session if the token is one of those after the second refresh."""

    breaks = frozenset({"CLK-08", "SES-02", "SES-03"})

    def theft_ends(self, state: TokenState) -> bool:
        return state.number >= 2


class RevokedTokensEndTheirSiblings(Mutant):
    """Presenting a revoked refresh token ends the other sessions of the same subject."""

    breaks = frozenset({"SES-04"})

    def refusal_ends_siblings(self, state: TokenState) -> bool:
        return state.session_revoked


class ReplayReachesWhatIsThere(Mutant):
    """A replay ends the tokens that its session has: what a refresh issues meanwhile escapes."""

    breaks = frozenset({"SES-05"})

    def ends_whole_sessions(self, cause: Cause) -> bool:
        return cause != "reuse"


class TheSchemeIsCaseSensitive(Mutant):
    """A bearer is accepted after `Bearer`, and after no other spelling of that word."""

    breaks = frozenset({"SES-09"})

    def is_bearer_scheme(self, scheme: str) -> bool:
        return scheme == "Bearer"


class TheSchemeIsTitleOrLowerCase(Mutant):
    """A bearer is accepted after `Bearer` and `bearer`, and after no other spelling of that word."""

    breaks = frozenset({"SES-09"})

    def is_bearer_scheme(self, scheme: str) -> bool:
        return scheme in ("Bearer", "bearer")
