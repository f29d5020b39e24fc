"""What a revocation reaches, and who may see or end a token."""

from collections.abc import Collection, Mapping
from typing import Any

from reference_impl.errors import NotFound, ServiceError
from reference_impl.facts import Cause, Ending, Principal, Session, TokenState


class RevocationRules:
    """What a revocation reaches."""

    def revoking_session_ends(self, session: Session, now: float) -> bool:
        """Say whether revoking a session ends its tokens, at any age."""
        del session, now
        return True

    def ends_whole_sessions(self, cause: Cause) -> bool:
        """Say whether a session is ended as such, with whatever a refresh issues in the same moment."""
        del cause
        return True

    def refuses_to_revoke_nothing(self, body: Mapping[str, Any]) -> bool:
        """Say whether a revocation that names nothing is refused."""
        del body
        return True

    def revokes(self, cause: Cause, *, named: bool) -> bool:
        """Say whether a revocation finds a session whose subject is `named` by an identity, or by none."""
        del cause, named
        return True

    def revoking_identity_bars(self) -> bool:
        """Say whether an identity can't be minted for once its tokens were revoked by its id."""
        return False

    def revoking_token_ends(self, state: TokenState, now: float) -> bool:
        """Say whether revoking one token of a session, a used one too, ends the session."""
        del state, now
        return True

    def revoking_identity_ends(self, session: Session, now: float) -> bool:
        """Say whether revoking by identity ends a session of it, at any age."""
        del session, now
        return True

    def ending_ends(self, ending: Ending, session: Session) -> bool:
        """Say whether suspending, retiring or deleting an identity ends a session of it."""
        del ending, session
        return True

    def ending_reaches_children(self, ending: Ending) -> bool:
        """Say whether the sessions of the identities that it sponsors end with it."""
        return ending != "delete"

    def is_sponsored(self, sponsor: Mapping[str, Any], identity: Mapping[str, Any]) -> bool:
        """Say whether an identity with `sponsor` in its chain is reached: in every workspace of the org."""
        del sponsor, identity
        return True

    def may_be_suspended(self, status: str) -> bool:
        """Say whether an identity of this status can be suspended."""
        return status == "active"

    def confirms_deletion(self, header: str | None) -> bool:
        """Say whether the header `X-Confirm-Delete` of a request lets an identity be deleted."""
        return header == "true"

    def reactivation_revives(self, session: Session) -> bool:
        """Say whether a session lives again once its identity does: what was revoked stays revoked."""
        del session
        return False

    def forgotten_at_start(self) -> Collection[str]:
        """Return what a start on a file forgets of what `Store.forget` can lose: nothing."""
        return ()

    def is_shown(self, state: TokenState | None, now: float) -> bool:
        """Say whether introspection takes a token in this state for a live one."""
        del now
        return state is not None and state.status == "live" and not state.session_revoked

    def shown_claims(self, claims: Mapping[str, Any], state: TokenState) -> Mapping[str, Any]:
        """Return what introspection shows of a live token: its own claims."""
        del state
        return claims

    def introspects(self, principal: Principal, org: str, *, live: bool) -> bool:
        """Say whether the caller sees the claims of a token of `org`."""
        return live and principal.org == org

    def refusal_to_revoke(self, *, exists: bool) -> ServiceError:
        """Return the answer to revoking what is not the caller's: it does not tell whether it `exists`."""
        del exists
        return NotFound("there is no such token", code="token_not_found")
