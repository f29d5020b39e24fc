"""What a revocation reaches, and who may see or end a token."""

from reference_impl.errors import NotFound, ServiceError
from reference_impl.facts import Endpoint, Principal


class RevocationRules:
    """What a revocation reaches."""

    def revoking_session_ends(self, endpoint: Endpoint) -> bool:
        """Say whether revoking a session ends its tokens."""
        del endpoint
        return True

    def revokes_whole_sessions(self) -> bool:
        """Say whether a session is revoked as such, with whatever a refresh issues in the same moment."""
        return True

    def revoking_token_ends(self, endpoint: Endpoint) -> bool:
        """Say whether revoking one token of a session ends the session: a pair stands and falls together."""
        del endpoint
        return True

    def revoking_identity_ends(self, endpoint: Endpoint) -> bool:
        """Say whether revoking by identity ends a session of this endpoint."""
        del endpoint
        return True

    def deletion_ends(self, endpoint: Endpoint) -> bool:
        """Say whether deleting an identity ends its sessions of this endpoint."""
        del endpoint
        return True

    def introspects(self, principal: Principal, org: str, *, live: bool) -> bool:
        """Say whether the caller sees the claims of a token of `org`."""
        return live and principal.org == org

    def refusal_to_revoke(self, *, exists: bool) -> ServiceError:
        """Return the answer to revoking what is not the caller's: it does not tell whether it `exists`."""
        del exists
        return NotFound("there is no such token", code="token_not_found")
