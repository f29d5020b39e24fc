"""Slips in what a revocation reaches, and in what one org sees of another."""

from reference_impl.errors import Forbidden, ServiceError
from reference_impl.facts import Ending, Endpoint, Principal, Session, TokenState
from reference_impl.mutants import Mutant


class RevokingASessionDoesNothing(Mutant):
    """A revocation by session answers 204, and that is all."""

    breaks = frozenset({"CLK-08", "REV-01", "REV-05"})

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

    breaks = frozenset({"REV-01"})

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

    def revokes_whole_sessions(self) -> bool:
        return False
