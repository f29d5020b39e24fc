"""Faults in what a revocation reaches, and in what one org sees of another."""

from collections.abc import Collection, Mapping
from typing import Any

from reference_impl.errors import Forbidden, ServiceError
from reference_impl.facts import Cause, Ending, Endpoint, Principal, Session, TokenState
from reference_impl.mutants import Mutant
from reference_impl.rules import ACCESS_TTL

DAY = 86400


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


class TheRevokedIsStillShown(Mutant):
    """Introspection looks at a token's signature and its exp alone."""

    breaks = frozenset({"REV-01", "REV-06"})

    def is_shown(self, state: TokenState | None, now: float) -> bool:
        return state is not None


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


class BearersOutliveTheirIdentity(Mutant):
    """A deleted identity's access tokens are good until their exp."""

    breaks = frozenset({"REV-03"})

    def ending_ends(self, ending: Ending, session: Session) -> bool:
        return False


class TheForbiddenIsTold(Mutant):
    """Whoever revokes another org's token is told that there is one."""

    breaks = frozenset({"REV-04"})

    def refusal_to_revoke(self, *, exists: bool) -> ServiceError:
        return Forbidden("insufficient_scope") if exists else super().refusal_to_revoke(exists=exists)


class TheForeignIsToldInOtherWords(Mutant):
    """Whoever revokes another org's token gets 404, with a sentence of its own."""

    breaks = frozenset({"REV-04"})

    def refusal_to_revoke(self, *, exists: bool) -> ServiceError:
        refusal = super().refusal_to_revoke(exists=exists)
        return type(refusal)("the token is not yours", code=refusal.code) if exists else refusal


class AnyOrgIntrospects(Mutant):
    """Introspection shows a live token to whoever may introspect."""

    breaks = frozenset({"REV-04"})

    def introspects(self, principal: Principal, org: str, *, live: bool) -> bool:
        return live


class OrgsAreOne(Mutant):
    """Nobody looks whose a thing is."""

    breaks = frozenset({"REV-04", "SEC-05", "SEC-08"})

    def belongs(self, principal: Principal, org: str) -> bool:
        return True


class BearersSeeAllOrgs(Mutant):
    """A bearer reaches the identities of every org."""

    breaks = frozenset({"SEC-08"})

    def belongs(self, principal: Principal, org: str) -> bool:
        return principal.kind == "bearer" or super().belongs(principal, org)


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


class DeletionReachesWhatIsThere(Mutant):
    """A deletion ends the tokens of its identity that there are: what a refresh issues meanwhile escapes."""

    breaks = frozenset({"REV-05"})

    def ends_whole_sessions(self, cause: Cause) -> bool:
        return cause != "delete"


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


class RevocationsAreForgottenAfterAMonth(Mutant):
    """A session that was minted more than 30 days ago is no longer looked for among those that ended."""

    breaks = frozenset({"CLK-08"})

    def redeemable(self, state: TokenState, now: float) -> bool:
        forgotten = now >= state.grant.minted_at + 30 * DAY
        return state.status == "live" and (not state.session_revoked or forgotten)


class SuspensionSparesBearers(Mutant):
    """A suspended identity can't refresh or mint; its access tokens work until their exp."""

    breaks = frozenset({"REV-03"})

    def ending_ends(self, ending: Ending, session: Session) -> bool:
        return ending != "suspend"


class RetirementSparesBearers(Mutant):
    """A retired identity can't refresh or mint; its access tokens work until their exp."""

    breaks = frozenset({"REV-03"})

    def ending_ends(self, ending: Ending, session: Session) -> bool:
        return ending != "retire"


class TheSuspendedMayMint(Mutant):
    """Pairs can be minted for a suspended identity."""

    breaks = frozenset({"REV-03"})

    def mints_for(self, endpoint: Endpoint, status: str) -> bool:
        return status in ("active", "suspended")


class TheRetiredMayMintAsAgents(Mutant):
    """Pairs can be minted for a retired identity on /v1/tokens/agent."""

    breaks = frozenset({"REV-03"})

    def mints_for(self, endpoint: Endpoint, status: str) -> bool:
        return status == "active" or (endpoint == "agent" and status == "retired")


class ReactivationRevivesOldTokens(Mutant):
    """A reactivated identity has its old sessions again."""

    breaks = frozenset({"REV-03"})

    def reactivation_revives(self, session: Session) -> bool:
        return True


class TheUsedIsStillShown(Mutant):
    """Introspection shows a used refresh token."""

    breaks = frozenset({"REV-06"})

    def is_shown(self, state: TokenState | None, now: float) -> bool:
        return state is not None and state.status != "revoked" and not state.session_revoked


class TheUsedIsShownForAMinute(Mutant):
    """Introspection shows a refresh token for a minute after its use."""

    breaks = frozenset({"REV-06"})

    def is_shown(self, state: TokenState | None, now: float) -> bool:
        just_used = state is not None and not state.session_revoked and now < (state.used_at or 0) + 60
        return super().is_shown(state, now) or just_used


class TheUsedIsShownLater(Mutant):
    """Introspection shows a used refresh token again, 24 h after its use."""

    breaks = frozenset({"REV-06"})

    def is_shown(self, state: TokenState | None, now: float) -> bool:
        if state is None or state.used_at is None or state.session_revoked:
            return super().is_shown(state, now)
        return now >= state.used_at + DAY


class RefreshTokensAreShownForAnHour(Mutant):
    """Introspection shows a refresh token as long as the access token of its mint lives."""

    breaks = frozenset({"CLK-07", "REV-06"})

    def is_shown(self, state: TokenState | None, now: float) -> bool:
        return super().is_shown(state, now) and (
            state is None or state.kind == "access" or now < state.grant.minted_at + ACCESS_TTL
        )


class TokensAreNotShownAfterTwoRefreshes(Mutant):
    """Introspection shows the tokens of a mint and of the first refresh, and none after that."""

    breaks = frozenset({"API-03"})

    def is_shown(self, state: TokenState | None, now: float) -> bool:
        return super().is_shown(state, now) and (state is None or state.number < 2)


class TheGrantIsShown(Mutant):
    """Introspection of a refresh token shows the scopes of its access token."""

    breaks = frozenset({"REV-06"})

    def shown_claims(self, claims: Mapping[str, Any], state: TokenState) -> Mapping[str, Any]:
        return {**claims, "scopes": list(state.grant.scopes)}


class TheMintIsShown(Mutant):
    """Introspection shows the time of the mint as the iat of every token of the session."""

    breaks = frozenset({"REV-06"})

    def shown_claims(self, claims: Mapping[str, Any], state: TokenState) -> Mapping[str, Any]:
        return {**claims, "iat": state.grant.minted_at - 1}


class MetaIsNotShown(Mutant):
    """Introspection leaves `meta` out."""

    breaks = frozenset({"REV-06"})

    def shown_claims(self, claims: Mapping[str, Any], state: TokenState) -> Mapping[str, Any]:
        return {name: value for name, value in claims.items() if name != "meta"}


class AStartForgetsWhatWasUsed(Mutant):
    """Which refresh tokens were used is kept in memory."""

    breaks = frozenset({"REV-07"})

    def forgotten_at_start(self) -> Collection[str]:
        return ("used",)


class AStartForgetsRevocations(Mutant):
    """Which sessions were revoked is kept in memory."""

    breaks = frozenset({"REV-07"})

    def forgotten_at_start(self) -> Collection[str]:
        return ("revoked",)


class AStartForgetsSessions(Mutant):
    """Sessions are kept in memory."""

    breaks = frozenset({"REV-07"})

    def forgotten_at_start(self) -> Collection[str]:
        return ("sessions",)
