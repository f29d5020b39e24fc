"""Every decision of the service, one method each: what wire.md says, in the order in which it says it."""

import math
import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from reference_impl.facts import Endpoint, Grant, Kind, Principal, Rotation, TokenState
from reference_impl.scopes import permitted

DEFAULT_TTL = 86400  # seconds: wire.md, The refresh TTL
CAP = 7776000  # seconds, 90 days: wire.md, The refresh TTL
ACCESS_TTL = 3600  # seconds: wire.md, Token pairs
SKEW = 30  # seconds; wire.md allows a verifier at most 60
ISSUER = "https://relayauth.dev"
MARK = "refreshTokenTtl"
DEFAULT_JWKS_ORIGIN = "http://127.0.0.1:8787"
JWKS_PATH = "/.well-known/jwks.json"
PREFIXES: Mapping[Endpoint, str] = {
    "identity": "",
    "agent": "relay_ag_",
    "path": "relay_pa_",
    "workspace-path": "relay_pa_",
}
_DECIMAL = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


class MintRules:
    """What a mint decides."""

    def asked_ttl(self, endpoint: Endpoint, body: Mapping[str, Any]) -> Any:
        """Return what the request asks for as its refresh TTL."""
        del endpoint
        return body.get("refreshTokenTtlSeconds")

    def usable_ttl(self, asked: Any) -> int | None:
        """Return a usable number of seconds, floored, or None: then it counts as not asked."""
        if isinstance(asked, bool) or not isinstance(asked, int | float) or asked != asked:
            return None
        # Infinity is what a JSON reader makes of 1e400; it is above any cap.
        seconds = CAP + 1 if asked == math.inf else 0 if asked == -math.inf else math.floor(asked)
        return seconds if seconds > 0 else None

    def capped(self, endpoint: Endpoint, seconds: int) -> int:
        """Return the effective TTL of a mint that asked for `seconds`."""
        del endpoint
        return min(seconds, CAP)

    def default_ttl(self, endpoint: Endpoint) -> int:
        """Return the refresh TTL of a mint that asked for nothing."""
        del endpoint
        return DEFAULT_TTL

    def mark(self, endpoint: Endpoint, asked: int | None, effective: int) -> Any:
        """Return the mark of both tokens, None for none; `asked` is None where nothing usable was asked."""
        del endpoint
        return None if asked is None else str(effective)

    def own_meta(self, endpoint: Endpoint, entries: Mapping[str, str]) -> Mapping[str, Any]:
        """Return the endpoint's own entries of `meta`."""
        del endpoint
        return entries

    def marked_meta(self, kind: Kind, meta: Mapping[str, Any], mark: Any) -> Mapping[str, Any]:
        """Return the `meta` of a token: the session's own entries, and the mark beside them."""
        del kind
        return {**meta, MARK: mark} if mark is not None else dict(meta)

    def access_ttl(self, endpoint: Endpoint, body: Mapping[str, Any]) -> int:
        """Return the access TTL in seconds."""
        asked = body.get("expiresIn")
        if asked is None and endpoint in ("path", "workspace-path"):
            asked = body.get("ttlSeconds")
        seconds = self.usable_ttl(asked) or ACCESS_TTL
        # Without a bound, `exp` would outgrow the calendar; no access token should live for a year.
        return min(seconds, ACCESS_TTL if endpoint != "identity" else 31536000)

    def issued_at(self, now: float) -> int:
        """Return `iat`."""
        return int(now)

    def access_exp(self, endpoint: Endpoint, iat: int, ttl: int, refresh_ttl: int) -> int:
        """Return the `exp` of an access token before any horizon."""
        del endpoint, refresh_ttl
        return iat + ttl

    def refresh_exp(self, endpoint: Endpoint, iat: int, ttl: int) -> int:
        """Return the `exp` of a minted refresh token before any horizon."""
        del endpoint
        return iat + ttl

    def within_horizon(self, exp: int, horizon: int | None) -> int:
        """Return the `exp` of a minted token under `delegationNotAfter`."""
        return exp if horizon is None else min(exp, horizon)

    def prefix(self, endpoint: Endpoint) -> str:
        """Return what stands before the header of the endpoint's tokens."""
        return PREFIXES[endpoint]

    def announced(self, kind: Kind, exp: int, now: float) -> float:
        """Return the moment that the answer announces as a token's expiry."""
        del kind, now
        return exp

    def may(self, principal: Principal, scope: str) -> bool:
        """Say whether the caller holds `scope`."""
        return permitted(principal.scopes, scope)

    def minter_is_workspace_token(self, endpoint: Endpoint, principal: Principal) -> bool:
        """Say whether the caller is of the kind that the endpoint asks for."""
        return endpoint not in ("agent", "path") or principal.kind == "workspace_token"

    def belongs(self, principal: Principal, org: str) -> bool:
        """Say whether what `org` owns is the caller's own."""
        return principal.org == org


class RotationRules:
    """What a refresh decides."""

    def consumes(self, state: TokenState) -> bool:
        """Say whether the presented token is used up by the rotation."""
        del state
        return True

    def is_reuse(self, state: TokenState) -> bool:
        """Say whether presenting a token in this state is taken as theft."""
        return state.status == "used"

    def theft_ends(self, state: TokenState) -> bool:
        """Say whether a theft ends the whole session."""
        del state
        return True

    def redeemable(self, state: TokenState) -> bool:
        """Say whether a token in this state may be redeemed."""
        return state.status == "live" and not state.session_revoked

    def rotated_ttl(self, rotation: Rotation) -> int | None:
        """Return the TTL that the presented token's mark asks for, None if it asks for none."""
        mark = rotation.meta.get(MARK)
        if not isinstance(mark, str) or not _DECIMAL.fullmatch(mark):
            return None
        return self.capped_again(int(mark))

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
        """Return the access TTL of a rotated pair: the one of the mint."""
        return rotation.grant.access_ttl

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

    def identity_counts(self, endpoint: Endpoint) -> bool:
        """Say whether a refresh fails once the identity of the session is gone or not active."""
        del endpoint
        return True

    def is_refresh_token(self, claims: Mapping[str, Any]) -> bool:
        """Say whether a token with these claims may be presented for a refresh."""
        return bool(claims.get("token_type") == "refresh")


class RevocationRules:
    """What a revocation reaches."""

    def revoking_session_ends(self, endpoint: Endpoint) -> bool:
        """Say whether revoking a session ends its tokens."""
        del endpoint
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


class VerifierRules:
    """What a verifier believes, and where it finds its keys."""

    def is_set(self, value: str | None) -> bool:
        """Say whether a variable is set; white space alone counts as unset."""
        return value is not None and value.strip() != ""

    def bound_key_counts(self, public: str | None, base_url: str | None) -> bool:
        """Say whether the verifier builds its JWKS in place from the bound public key."""
        del base_url
        return self.is_set(public)

    def bound_key_suffices(self) -> bool:
        """Say whether nobody is asked for a `kid` that is not the bound key's."""
        return True

    def jwks_url(self, base_url: str | None) -> str:
        """Return the address of the JWKS of a deployment without a bound key."""
        if not self.is_set(base_url):
            return DEFAULT_JWKS_ORIGIN + JWKS_PATH
        parts = urlsplit(str(base_url).strip())
        return f"{parts.scheme}://{parts.netloc}{JWKS_PATH}"

    def fallback_urls(self, url: str) -> Collection[str]:
        """Return what is asked after `url` could not be fetched or read: nobody."""
        del url
        return ()

    def jwks_time_out(self) -> float:
        """Return the seconds after which a JWKS that does not answer is given up."""
        return 5.0

    def accepts_jwks(self, status: int, location: str | None) -> bool:
        """Say whether an answer of this status may hold a JWKS; a redirect is not followed."""
        del location
        return status == 200

    def unverified_passes(self, *, no_keys: bool) -> bool:
        """Say whether a bearer passes whose signature could not be verified, perhaps for want of keys."""
        del no_keys
        return False

    def published(self, jwk: Mapping[str, str]) -> Mapping[str, str] | None:
        """Return the public key as it stands in the published set."""
        return jwk

    def algorithms(self) -> Collection[str]:
        """Return the `alg` values that are accepted (RFC 8725, section 3.1)."""
        return ("RS256",)

    def header_is_understood(self, header: Mapping[str, Any]) -> bool:
        """Say whether nothing in the header must be understood that is not (RFC 7515, section 4.1.11)."""
        return "crit" not in header and header.get("typ", "JWT") == "JWT"

    def expired(self, kind: Kind, exp: int, now: float) -> bool:
        """Say whether a token is over."""
        del kind
        return now >= exp + SKEW

    def not_yet(self, iat: int, now: float) -> bool:
        """Say whether a token was issued in the future, beyond the skew."""
        return iat > now + SKEW

    def trusts_issuer(self, issuer: Any) -> bool:
        """Say whether a token of this issuer may be believed."""
        return bool(issuer == ISSUER)

    def is_for_us(self, audience: Any) -> bool:
        """Say whether a token of this audience may be presented here: any plane's, as wire.md grants them."""
        return (
            isinstance(audience, list) and bool(audience) and all(isinstance(each, str) for each in audience)
        )

    def is_bearer(self, claims: Mapping[str, Any]) -> bool:
        """Say whether a token with these claims may be presented as a bearer."""
        return bool(claims.get("token_type") == "access")

    def bearer_lives(self, state: TokenState | None) -> bool:
        """Say whether a bearer in this state is good; the key holder's own admin bearer has no state."""
        return state is None or (state.status == "live" and not state.session_revoked)


class Rules(MintRules, RotationRules, RevocationRules, VerifierRules):
    """The contract as wire.md says it; a mutant overrides exactly one method."""
