"""What a mint decides, and who may ask for one."""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from reference_impl import paths
from reference_impl.facts import Carrier, Endpoint, Grant, Issue, Kind, Owner, Principal
from reference_impl.rules.values import (
    ACCESS_TTL,
    ASSERTION_SCOPES,
    ASSERTION_TTL,
    CAP,
    DEFAULT_TTL,
    LONGEST,
    LONGEST_CHAIN,
    MARK,
    PREFIXES,
)
from reference_impl.scopes import permitted

# RFC 3339, section 5.6; a moment without an offset is none.
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)", re.ASCII)


class MintRules:
    """What a mint decides."""

    def asked_ttl(self, endpoint: Endpoint, body: Mapping[str, Any]) -> Any:
        """Return what the request asks for as its refresh TTL."""
        del endpoint
        return body.get("refreshTokenTtlSeconds")

    def usable_ttl(self, asked: Any) -> int | None:
        """Return a usable number of seconds, floored, or None: then it counts as not asked."""
        if isinstance(asked, bool) or not isinstance(asked, int | float):
            return None
        # A JSON reader makes infinity of 1e400, and NaN of NaN; the order of the two bounds makes that 0.
        seconds = math.floor(max(0, min(asked, LONGEST)))
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
        return min(seconds, LONGEST if endpoint == "identity" else ACCESS_TTL)

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

    def announced(self, kind: Kind, issue: Issue, now: float) -> float:
        """Return the moment that the answer announces as a token's expiry."""
        del now
        return issue.exp(kind)

    def may(self, principal: Principal, scope: str) -> bool:
        """Say whether the caller holds `scope`."""
        return permitted(principal.scopes, scope)

    def may_hand_out(self, principal: Principal, scope: str) -> bool:
        """Say whether the caller may give `scope` to another: never more than it holds."""
        return permitted(principal.scopes, scope)

    def may_key_hold(self, principal: Principal, kind: str, scope: str) -> bool:  # noqa: ARG002 - a mutant reads it
        """Say whether the caller may make an `api_key` or a `workspace_token` that holds `scope`."""
        return self.may_hand_out(principal, scope)

    def key_lives(self, *, revoked: bool) -> bool:
        """Say whether an API key or a workspace token in this state is good."""
        return not revoked

    def minter_is_workspace_token(self, endpoint: Endpoint, principal: Principal) -> bool:
        """Say whether the caller is of the kind that the endpoint asks for."""
        return endpoint not in ("agent", "path") or principal.kind == "workspace_token"

    def stays_in_workspace(self, principal: Principal, workspace: str | None) -> bool:
        """Say whether the caller may act in `workspace` (None: in all of them); its token binds it to one."""
        return principal.kind != "workspace_token" or principal.workspace == workspace

    def mints_for_workspace(self, principal: Principal, workspace: str | None) -> bool:
        """Say whether a workspace token mints for an identity of `workspace` (None: of none)."""
        return workspace in (None, principal.workspace)

    def path_is_delegable(self, path: object) -> bool:
        """Say whether a mint may name this path."""
        return paths.delegable(path)

    def scope_is_within(self, scope: str, granted: Collection[str]) -> bool:
        """Say whether a path token for `granted` may have `scope`."""
        return paths.within(scope, granted)

    def horizon(self, asked: Any) -> float | None:
        """Return `delegationNotAfter` in Unix seconds, from ISO 8601 with an offset or from a number."""
        if isinstance(asked, str) and _MOMENT.fullmatch(asked):
            try:
                return datetime.fromisoformat(asked).timestamp()
            except (ValueError, OverflowError):
                return None
        return asked if isinstance(asked, int | float) and not isinstance(asked, bool) else None

    def horizon_is_ahead(self, horizon: float, now: float) -> bool:
        """Say whether `delegationNotAfter` leaves the pair at least a second."""
        return int(horizon) > now

    def granted(
        self, endpoint: Endpoint, asked: Sequence[str] | None, default: Sequence[str]
    ) -> Sequence[str]:
        """Return the scopes of a session: exactly those asked, however few; the default if none are named."""
        del endpoint
        return default if asked is None else asked

    def identity_hands_out(self, endpoint: Endpoint, held: Collection[str], scope: str) -> bool:
        """Say whether a mint may give `scope` out for an identity that holds `held`."""
        del endpoint
        return permitted(held, scope)

    def mints_for(self, endpoint: Endpoint, status: str) -> bool:
        """Say whether a mint may be made for an identity of this status; one that is gone is `deleted`."""
        del endpoint
        return status == "active"

    def parent(self, principal: Principal, endpoint: Endpoint) -> str | None:
        """Return `parentTokenId`: the id of the workspace token that mints, the `jti` of a bearer."""
        del endpoint
        return principal.id if principal.kind == "workspace_token" else principal.token_id

    def delegated_owner(
        self, principal: Principal, workspace: str, subject: str, named: Mapping[str, Any] | None
    ) -> Owner:
        """Return whose a path token is: the minting credential's.

        `named` is the identity that `subject` happens to name, of whichever org: it changes nothing.
        """
        del named
        return Owner(principal.org, workspace, principal.sponsor, (principal.sponsor, subject))

    def subject(self, name: str) -> str:
        """Return the subject of a path token: `name` made to match `agent_[A-Za-z0-9_-]+`."""
        if re.fullmatch(r"agent_[A-Za-z0-9_-]+", name, re.ASCII):
            return name
        return "agent_" + re.sub(r"[^A-Za-z0-9_-]", "-", name.removeprefix("agent_") or "-")

    def chain_fits(self, chain: Sequence[str]) -> bool:
        """Say whether a sponsor chain is short enough."""
        return len(chain) <= LONGEST_CHAIN

    def makes_assertions(self, principal: Principal) -> bool:
        """Say whether the caller is of the kind that a relayhistory assertion is made for."""
        return principal.kind == "api_key"

    def assertion_ttl(self, asked: Any) -> int | None:
        """Return the TTL of an assertion, None if what is asked is no whole number of at most 60 seconds."""
        if asked is None:
            return ASSERTION_TTL
        number = isinstance(asked, int | float) and not isinstance(asked, bool)
        return int(asked) if number and 1 <= asked <= ASSERTION_TTL and asked == int(asked) else None

    def assertion_scopes_fit(self, asked: Sequence[str]) -> bool:
        """Say whether an assertion may be made for these scopes: some, and each of them of relayhistory."""
        return bool(asked) and ASSERTION_SCOPES.issuperset(asked)

    def assertion_exp(self, iat: int, ttl: int) -> int:
        """Return the `exp` of an assertion."""
        return iat + ttl

    def assertion_audience(self) -> Sequence[str]:
        """Return the audience of an assertion: relayhistory and nobody else."""
        return ("relayhistory",)

    def assertion_kinds(self) -> Sequence[Kind]:
        """Return which tokens an assertion is: an access token alone."""
        return ("access",)

    def session_id(self, fresh: str, grant: Grant) -> str:
        """Return the id of a new session, which no other has."""
        del grant
        return fresh

    def session_limit(self, grant: Grant) -> int | None:
        """Return how many live sessions a subject may have: a mint ends none of them, however many."""
        del grant
        return None

    def belongs(self, principal: Principal, org: str) -> bool:
        """Say whether what `org` owns is the caller's own."""
        return principal.org == org

    def token_headers(self, carrier: Carrier) -> Mapping[str, str]:
        """Return the headers of an answer that carries tokens or keys (RFC 6749, section 5.1)."""
        del carrier
        return {"cache-control": "no-store"}

    def refusal_body(self, body: Mapping[str, str], request_headers: Mapping[str, str]) -> Mapping[str, str]:
        """Return the body of a refusal: its sentence and its code, nothing of the request or the machine."""
        del request_headers
        return body
