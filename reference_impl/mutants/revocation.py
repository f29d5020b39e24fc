"""Faults in what a revocation reaches."""

from collections.abc import Mapping
from typing import Any

from reference_impl.facts import Cause, Endpoint, Session, TokenState
from reference_impl.mutants import Mutant
from reference_impl.rules import ACCESS_TTL

DAY = 86400


class RevokingNothingIsDone(Mutant):
    """A revocation that names nothing is answered with 204."""

    breaks = frozenset({"REV-01"})

    def refuses_to_revoke_nothing(self, body: Mapping[str, Any]) -> bool:
        return False


class RevokingNullIsDone(Mutant):
    """A revocation of null is answered with 204."""

    breaks = frozenset({"REV-01"})

    def refuses_to_revoke_nothing(self, body: Mapping[str, Any]) -> bool:
        return body.keys().isdisjoint({"tokenId", "identityId", "sessionId"})


class RevokingASessionDoesNothing(Mutant):
    """A revocation by session answers 204, and that is all."""

    breaks = frozenset({"CLK-08", "REV-01"})

    def revoking_session_ends(self, session: Session, now: float) -> bool:
        return False


class RevokingATokenDoesNothing(Mutant):
    """A revocation by token answers 204, and that is all."""

    breaks = frozenset({"REV-01"})

    def revoking_token_ends(self, state: TokenState, now: float) -> bool:
        return False


class RevokingAnIdentitySparesPathTokens(Mutant):
    """A revocation by identity reaches the tokens that name it and no delegated one."""

    breaks = frozenset({"REV-01"})

    def revoking_identity_ends(self, session: Session, now: float) -> bool:
        return session.endpoint in ("identity", "agent")


class WorkspaceTokenIsForgotten(Mutant):
    """A session goes on when the workspace token that minted it is revoked."""

    breaks = frozenset({"REV-02"})

    def workspace_token_counts(self, endpoint: Endpoint) -> bool:
        return False


class WorkspaceTokenIsForgottenOnPaths(Mutant):
    """A path session goes on when the workspace token that minted it is revoked."""

    breaks = frozenset({"REV-02"})

    def workspace_token_counts(self, endpoint: Endpoint) -> bool:
        return endpoint == "agent"


class RevokedKeysLive(Mutant):
    """Nobody looks whether a key was revoked."""

    breaks = frozenset({"REV-02", "SEC-05"})

    def key_lives(self, *, revoked: bool) -> bool:
        return True


class RevocationReachesWhatIsThere(Mutant):
    """A session is revoked token by token: what a refresh issues meanwhile escapes."""

    breaks = frozenset({"REV-05"})

    def ends_whole_sessions(self, cause: Cause) -> bool:
        return cause != "sessionId"


class RevocationByIdentityReachesWhatIsThere(Mutant):
    """A revocation by identity ends the tokens there are: what a refresh issues meanwhile escapes."""

    breaks = frozenset({"REV-05"})

    def ends_whole_sessions(self, cause: Cause) -> bool:
        return cause != "identityId"


class RevocationByTokenReachesWhatIsThere(Mutant):
    """A revocation by token ends the tokens there are: what a refresh issues meanwhile escapes."""

    breaks = frozenset({"REV-05"})

    def ends_whole_sessions(self, cause: Cause) -> bool:
        return cause != "tokenId"


class RevokingASessionNeedsAnIdentity(Mutant):
    """A session whose subject no identity names is not found by its id: 404."""

    breaks = frozenset({"CLK-08", "REV-01"})

    def revokes(self, cause: Cause, *, named: bool) -> bool:
        return named or cause != "sessionId"


class RevokingByIdentityNeedsAnIdentity(Mutant):
    """A subject that no identity has is not found: 404."""

    breaks = frozenset({"REV-01"})

    def revokes(self, cause: Cause, *, named: bool) -> bool:
        return named or cause != "identityId"


class RevokingATokenNeedsAnIdentity(Mutant):
    """A token whose subject no identity has is not found by its id: 404."""

    breaks = frozenset({"REV-01"})

    def revokes(self, cause: Cause, *, named: bool) -> bool:
        return named or cause != "tokenId"


class RevokingAUsedTokenDoesNothing(Mutant):
    """A revocation by the id of a used refresh token answers 204, and that is all."""

    breaks = frozenset({"REV-01"})

    def revoking_token_ends(self, state: TokenState, now: float) -> bool:
        return state.status != "used"


class RevokingASessionLateDoesNothing(Mutant):
    """A session is revoked while the access token of its mint lives; later that does nothing."""

    breaks = frozenset({"CLK-08", "REV-01"})

    def revoking_session_ends(self, session: Session, now: float) -> bool:
        return now < session.minted_at + ACCESS_TTL


class RevokingATokenLateDoesNothing(Mutant):
    """A session is revoked by a token while the access token of its mint lives; later that does nothing."""

    breaks = frozenset({"REV-01"})

    def revoking_token_ends(self, state: TokenState, now: float) -> bool:
        return now < state.grant.minted_at + ACCESS_TTL


class RevokingAnIdentityLateDoesNothing(Mutant):
    """A revocation by identity reaches the sessions of the last 24 h."""

    breaks = frozenset({"REV-01"})

    def revoking_identity_ends(self, session: Session, now: float) -> bool:
        return now < session.minted_at + DAY


class RevokingAnIdentityBarsIt(Mutant):
    """Nothing can be minted for an identity whose tokens were revoked."""

    breaks = frozenset({"REV-01"})

    def revoking_identity_bars(self) -> bool:
        return True


class RevocationsAreForgottenAfterADay(Mutant):
    """A session that was minted more than 24 h ago is no longer looked for among those that ended."""

    breaks = frozenset({"CLK-08", "REV-01", "REV-03", "SES-02", "SES-03"})

    def redeemable(self, state: TokenState, now: float) -> bool:
        return state.status == "live" and (not state.session_revoked or now >= state.grant.minted_at + DAY)


class RevokedBearersAreForgottenAfterAnHour(Mutant):
    """A revocation is kept for bearers for as long as an access token usually lives."""

    breaks = frozenset({"REV-01", "SES-02"})

    def bearer_lives(self, state: TokenState | None, now: float) -> bool:
        old = state is not None and now >= state.grant.minted_at + ACCESS_TTL
        return old or super().bearer_lives(state, now)


class RevocationsAreForgottenAfterAMonth(Mutant):
    """A session that was minted more than 30 days ago is no longer looked for among those that ended."""

    breaks = frozenset({"CLK-08"})

    def redeemable(self, state: TokenState, now: float) -> bool:
        forgotten = now >= state.grant.minted_at + 30 * DAY
        return state.status == "live" and (not state.session_revoked or forgotten)
