"""What a refresh decides."""

from collections.abc import Collection, Mapping
from typing import Any

from reference_impl.facts import Endpoint, Grant, Issue, Kind, Owner, Rotation, TokenState
from reference_impl.rules.values import ACCESS_TTL, CAP, DECIMAL, DEFAULT_TTL, MARK, PREFIXES


class RotationRules:
    """What a refresh decides."""

    def consumes(self, state: TokenState) -> bool:
        """Say whether the presented token is used up by the rotation."""
        del state
        return True

    def is_one_step(self) -> bool:
        """Say whether reading a token's state and using it up is one transaction."""
        return True

    def used_up_by_refusal(self, raw: bytes) -> str | None:
        """Return the token that a refresh request of bad form uses up: none, whatever the body holds."""
        del raw
        return None

    def unknown_state(self, claims: Mapping[str, Any]) -> TokenState | None:
        """Return what a signed token counts as whose `jti` was never issued: nothing."""
        del claims
        return None

    def is_reuse(self, state: TokenState, now: float) -> bool:
        """Say whether presenting a token in this state is taken as theft."""
        del now
        return state.status == "used"

    def theft_ends(self, state: TokenState) -> bool:
        """Say whether a theft ends the whole session."""
        del state
        return True

    def refusal_ends_siblings(self, state: TokenState) -> bool:
        """Say whether presenting a used or revoked token ends the subject's other sessions too."""
        del state
        return False

    def redeemable(self, state: TokenState, now: float) -> bool:
        """Say whether a token in this state may be redeemed."""
        del now
        return state.status == "live" and not state.session_revoked

    def rotated_ttl(self, rotation: Rotation) -> int | None:
        """Return the TTL that the presented token's mark asks for, None if it asks for none."""
        mark = rotation.meta.get(MARK)
        if not isinstance(mark, str) or not DECIMAL.fullmatch(mark):
            return None
        # Python reads no text of thousands of digits; eighteen are above any cap already.
        return self.capped_again(int(mark[:18]))

    def capped_again(self, seconds: int) -> int:
        """Return the effective TTL of a rotation whose mark says `seconds`."""
        return min(seconds, CAP)

    def rotated_default_ttl(self, rotation: Rotation) -> int:
        """Return the TTL of a session without a usable mark."""
        del rotation
        return DEFAULT_TTL

    def rotated_mark(self, rotation: Rotation, ttl: int | None) -> Any:
        """Return the mark of the new pair."""
        del rotation
        return None if ttl is None else str(ttl)

    def rotated_meta(self, rotation: Rotation, kind: Kind) -> Mapping[str, Any]:
        """Return the new tokens' `meta` without the mark."""
        del kind
        return {name: value for name, value in rotation.meta.items() if name != MARK}

    def rotated_refresh_exp(self, rotation: Rotation, iat: int, ttl: int) -> int:
        """Return the `exp` of a rotated refresh token before any horizon."""
        del rotation
        return iat + ttl

    def rotated_access_ttl(self, rotation: Rotation) -> int:
        """Return the access TTL of a rotated pair, whatever the mint had asked."""
        del rotation
        return ACCESS_TTL

    def rotated_within_horizon(self, rotation: Rotation, exp: int) -> int:
        """Return the `exp` of a rotated token under `delegationNotAfter`."""
        horizon = rotation.grant.horizon
        return exp if horizon is None else min(exp, horizon)

    def delegation_over(self, grant: Grant, now: float) -> bool:
        """Say whether `delegationNotAfter` has passed."""
        return grant.horizon is not None and now >= grant.horizon

    def rotated_scopes(self, rotation: Rotation) -> Collection[str]:
        """Return the scopes of a rotated access token."""
        return rotation.grant.scopes

    def rotated_audience(self, rotation: Rotation) -> Collection[str]:
        """Return the audience of a rotated access token."""
        return rotation.grant.audience

    def rotated_owner(self, rotation: Rotation) -> Owner:
        """Return whose a rotated pair is: as the mint said, whatever identity the subject names."""
        return rotation.grant.owner

    def rotated_session(self, rotation: Rotation) -> str:
        """Return the session id of a rotated pair."""
        return rotation.session

    def rotated_subject(self, rotation: Rotation) -> str:
        """Return the subject of a rotated pair."""
        return rotation.grant.subject

    def rotated_prefix(self, rotation: Rotation) -> str:
        """Return the prefix of a rotated pair."""
        return PREFIXES[rotation.grant.endpoint]

    def rotated_parent(self, rotation: Rotation) -> str | None:
        """Return the `parentTokenId` of a rotated pair."""
        return rotation.grant.parent

    def workspace_token_counts(self, endpoint: Endpoint) -> bool:
        """Say whether a refresh fails once the workspace token that minted the session is revoked."""
        del endpoint
        return True

    def refreshes_for(self, endpoint: Endpoint, status: str) -> bool:
        """Say whether a session may be refreshed whose identity has this status; one gone is `deleted`."""
        del endpoint
        return status == "active"

    def refresh_scopes(self, issue: Issue) -> Collection[str]:
        """Return the scopes of the refresh token of a pair, whatever was granted."""
        del issue
        return ["relayauth:token:refresh"]

    def refresh_audience(self, issue: Issue) -> Collection[str]:
        """Return the audience of the refresh token of a pair: it is presented here alone."""
        del issue
        return ["relayauth"]

    def is_refresh_token(self, claims: Mapping[str, Any]) -> bool:
        """Say whether a token with these claims may be presented for a refresh."""
        return bool(claims.get("token_type") == "refresh")

    def refresh_is_for_us(self, audience: Any) -> bool:
        """Say whether a refresh token of this audience may be redeemed here."""
        return isinstance(audience, list) and "relayauth" in audience

    def unverified_refresh_passes(self) -> bool:
        """Say whether a refresh token passes whose signature is not this deployment's."""
        return False
