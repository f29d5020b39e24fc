"""Slips that show after a sequence of requests: old generations, second endings, restarts in between."""

from collections.abc import Collection

from reference_impl.facts import Ending, Rotation, Session, TokenState
from reference_impl.mutants import Mutant
from reference_impl.rules import ACCESS_TTL

SEQUENCES = frozenset({"API-03"})


class OldReplaysAreMissedAfterARestart(Mutant):
    """A start sweeps used tokens but the last one of each session: the replay of an older one is refused."""

    breaks = SEQUENCES | {"REV-07"}

    def is_reuse(self, state: TokenState, now: float) -> bool:
        swept = state.history.starts > 0 and state.number < state.history.rotations - 1
        return super().is_reuse(state, now) and not swept


class AStartForgetsRevocationsOfRotatedSessions(Mutant):
    """A start revives the revoked sessions that were refreshed twice."""

    breaks = SEQUENCES

    def forgotten_at_start(self) -> Collection[str]:
        return ("revoked after rotations",)


class RevokingAnOlderRefreshTokenDoesNothing(Mutant):
    """A session is found by the ids of its newest refresh token and of the one before, not by older ones."""

    breaks = SEQUENCES

    def revoking_token_ends(self, state: TokenState, now: float) -> bool:
        return state.kind == "access" or state.number >= state.history.rotations - 1


class RevokingAnOlderAccessTokenDoesNothing(Mutant):
    """A session has one access token that can be revoked, the newest."""

    breaks = SEQUENCES

    def revoking_token_ends(self, state: TokenState, now: float) -> bool:
        return state.kind == "refresh" or state.number == state.history.rotations


class SuspensionEndsTheNewestSessionAlone(Mutant):
    """An identity has one current session, and its suspension ends that one."""

    breaks = SEQUENCES | {"REV-03"}

    def ending_ends(self, ending: Ending, session: Session) -> bool:
        return ending != "suspend" or session.history.newest


class ReactivationRevivesWhatWasRevokedBefore(Mutant):
    """A reactivation revives what had been revoked before the suspension."""

    breaks = SEQUENCES

    def reactivation_revives(self, session: Session) -> bool:
        return session.history.ended_by in ("sessionId", "tokenId", "identityId")


class AStartForgetsRevokedWorkspaceTokens(Mutant):
    """Which workspace tokens were revoked is kept in memory: their sessions go on after a restart."""

    breaks = SEQUENCES | {"REV-07"}

    def forgotten_at_start(self) -> Collection[str]:
        return ("revoked keys",)


class AStartForgetsSuspensions(Mutant):
    """Which identities are suspended is kept in memory: they can be minted for after a restart."""

    breaks = SEQUENCES | {"REV-07"}

    def forgotten_at_start(self) -> Collection[str]:
        return ("suspended",)


class ReplaysAreIgnoredAfterARevocationByIdentity(Mutant):
    """A subject whose sessions were revoked is taken as dealt with: a replay in its next one ends nothing."""

    breaks = SEQUENCES

    def theft_ends(self, state: TokenState) -> bool:
        return state.history.previous_ended_by != "identityId"


class ARestartLosesTheTtlOfRotatedSessions(Mutant):
    """The TTL of a session that was refreshed before is kept in memory: after a restart it is the default."""

    breaks = SEQUENCES | {"REV-07"}

    def rotated_ttl(self, rotation: Rotation) -> int | None:
        lost = rotation.history.starts > 0 and rotation.number >= 2
        return None if lost else super().rotated_ttl(rotation)


class RevokingAnIdentityMissesSessionsFromBeforeARestart(Mutant):
    """The sessions of a subject are looked up in memory: those from before a restart are not found."""

    breaks = SEQUENCES

    def revoking_identity_ends(self, session: Session, now: float) -> bool:
        return session.history.starts == 0


class SuspensionMissesSessionsFromBeforeARestart(Mutant):
    """A suspension ends the sessions that were minted since the start of the service."""

    breaks = SEQUENCES | {"REV-07"}

    def ending_ends(self, ending: Ending, session: Session) -> bool:
        return ending != "suspend" or session.history.starts == 0


class OlderBearersOutliveTheirSession(Mutant):
    """The end of a session reaches its newest access token and the one before."""

    breaks = SEQUENCES

    def bearer_lives(self, state: TokenState | None, now: float) -> bool:
        older = state is not None and state.number < state.history.rotations - 1
        return older or super().bearer_lives(state, now)


class ASecondSuspensionEndsNothing(Mutant):
    """The suspension of an identity that was suspended before changes its status alone."""

    breaks = SEQUENCES

    def ending_ends(self, ending: Ending, session: Session) -> bool:
        return ending != "suspend" or session.history.previous_ended_by != "suspend"


class RevokingAUsedTokenAfterARestartDoesNothing(Mutant):
    """Which session a used refresh token belonged to is kept in memory."""

    breaks = SEQUENCES

    def revoking_token_ends(self, state: TokenState, now: float) -> bool:
        return state.history.starts == 0 or state.status != "used"


class SessionsAreLostAtTheSecondRestart(Mutant):
    """A session that was read from the file at a start is not written there again."""

    breaks = SEQUENCES | {"REV-07"}

    def redeemable(self, state: TokenState, now: float) -> bool:
        return super().redeemable(state, now) and state.history.starts < 2


class RotatedTokensAreNotShownAfterARestart(Mutant):
    """After a restart introspection knows the refresh tokens of mints, and no others."""

    breaks = SEQUENCES

    def is_shown(self, state: TokenState | None, now: float) -> bool:
        lost = state is not None and state.kind == "refresh" and state.number and state.history.starts
        return super().is_shown(state, now) and not lost


class RevokingAnIdentityStopsAtItsDirectSessions(Mutant):
    """Sessions of /v1/tokens are looked up first, and delegated ones only for an identity that has none."""

    breaks = SEQUENCES

    def revoking_identity_ends(self, session: Session, now: float) -> bool:
        return session.endpoint == "identity" or not session.history.direct


class UsedTokensWorkAgainAfterFiveMore(Mutant):
    """A session remembers the last five of its used tokens: an older one works again."""

    breaks = SEQUENCES | {"CLK-08", "SES-03"}

    def redeemable(self, state: TokenState, now: float) -> bool:
        forgotten = state.status == "used" and state.number < state.history.rotations - 5
        return super().redeemable(state, now) or (forgotten and not state.session_revoked)


class RotationsCloseToTheHorizonPassIt(Mutant):
    """A rotation for which `delegationNotAfter` leaves less than an access token's life ignores it."""

    breaks = SEQUENCES | {"ROT-09"}

    def rotated_within_horizon(self, rotation: Rotation, exp: int) -> int:
        horizon = rotation.grant.horizon
        close = horizon is not None and horizon - rotation.now < ACCESS_TTL
        return exp if close else super().rotated_within_horizon(rotation, exp)


class BearersEndAtTheFourthRefresh(Mutant):
    """An access token is refused once its session was refreshed four times since."""

    breaks = frozenset({"JWKS-08"})

    def bearer_lives(self, state: TokenState | None, now: float) -> bool:
        old = state is not None and state.history.rotations - state.number >= 4
        return not old and super().bearer_lives(state, now)
