"""Faults in what one org sees of another."""

from reference_impl.errors import Forbidden, NotFound, ServiceError
from reference_impl.facts import Owner, Principal, Rotation
from reference_impl.mutants import Mutant


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
    """Introspection shows a live token to every caller that may introspect."""

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


class AgentTokensForAnyWorkspace(Mutant):
    """A workspace token mints agent tokens for identities of every workspace of its org."""

    breaks = frozenset({"SEC-05"})

    def mints_for_workspace(self, principal: Principal, workspace: str | None) -> bool:
        return True


class ForeignAgentsEndAtRefresh(Mutant):
    """A path session whose agentId names another org's identity is not refreshed."""

    breaks = frozenset({"SEC-08"})

    def rotated_owner(self, rotation: Rotation) -> Owner:
        if rotation.named is not None and rotation.named["org"] != rotation.grant.org:
            raise NotFound("there is no such identity in the org", code="identity_not_found")
        return super().rotated_owner(rotation)
