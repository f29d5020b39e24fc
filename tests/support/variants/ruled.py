"""Rules that differ from the reference's in what the contract leaves open."""

import math
import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from reference_impl.errors import BadRequest, Forbidden
from reference_impl.facts import Endpoint, Grant, Kind, Owner, Principal, Rotation, TokenState
from reference_impl.rules import Rules


class UsesText(Rules):
    """A text that is a number is used as that number."""

    def usable_ttl(self, asked: Any) -> int | None:
        if isinstance(asked, str):
            try:
                asked = float(asked)
            except ValueError:
                return None
            return math.floor(min(asked, 10.0**9)) or None if asked >= 1 else None
        return super().usable_ttl(asked)


class RefusesWhatIsUnusable(Rules):
    """What is no usable number of seconds is refused with 400."""

    def usable_ttl(self, asked: Any) -> int | None:
        found = super().usable_ttl(asked)
        if found is None and asked is not None:
            raise BadRequest("refreshTokenTtlSeconds must be a positive number")
        return found


class NoSkew(Rules):
    """A token is refused from its exp on, and before its iat."""

    def expired(self, kind: Kind, exp: int, now: float) -> bool:
        return now >= exp

    def not_yet(self, iat: int, now: float) -> bool:
        return iat > now


class NearlyAMinuteOfSkew(Rules):
    """A token is accepted until 59 s after its exp, and 59 s before its iat."""

    def expired(self, kind: Kind, exp: int, now: float) -> bool:
        return now >= exp + 59

    def not_yet(self, iat: int, now: float) -> bool:
        return iat > now + 59


class ShortAccessAfterRefresh(Rules):
    """A rotated access token lives ten minutes."""

    def rotated_access_ttl(self, rotation: Rotation) -> int:
        return 600


class MoreInMeta(Rules):
    """Meta holds entries that the contract does not name."""

    def own_meta(self, endpoint: Endpoint, entries: Mapping[str, str]) -> Mapping[str, Any]:
        return {"region": "eu", **entries}


class AnotherOrder(Rules):
    """Scopes and audience of a rotated token come in another order."""

    def rotated_scopes(self, rotation: Rotation) -> list[str]:
        return list(super().rotated_scopes(rotation))[::-1]

    def rotated_audience(self, rotation: Rotation) -> list[str]:
        return list(super().rotated_audience(rotation))[::-1]


class AsciiOnly(Rules):
    """Names and paths beyond ASCII are refused with 400."""

    def path_is_delegable(self, path: object) -> bool:
        return str(path).isascii() and super().path_is_delegable(path)


class EndsAgain(Rules):
    """A revoked token that is presented again ends its session a second time, and nothing more."""

    def is_reuse(self, state: TokenState, now: float) -> bool:
        return state.status in ("used", "revoked") or super().is_reuse(state, now)


class FetchesEachTime(Rules):
    """The JWKS is fetched for each bearer."""

    def jwks_fresh_for(self) -> float:
        return 0.001

    def jwks_rest(self) -> float:
        return 0.0


class RestsLong(Rules):
    """A fetched JWKS is used for nearly five minutes, and nobody is asked meanwhile."""

    def jwks_fresh_for(self) -> float:
        return 299.0

    def jwks_rest(self) -> float:
        return 299.0


class RefusesForeignIdentities(Rules):
    """A path mint that names another org's identity is refused."""

    def delegated_owner(
        self, principal: Principal, workspace: str, subject: str, named: Mapping[str, Any] | None
    ) -> Owner:
        if named is not None and named["org"] != principal.org:
            raise Forbidden("the identity is not the caller's", code="identity_not_found")
        return super().delegated_owner(principal, workspace, subject, named)


class EndsTheTokenAlone(Rules):
    """Revoking an access token by its id ends that token alone."""

    ended: ClassVar[set[str]] = set()

    def revoking_token_ends(self, state: TokenState, now: float) -> bool:
        if state.kind == "access":
            self.ended.add(state.id)
        return state.kind == "refresh"

    def bearer_lives(self, state: TokenState | None, now: float) -> bool:
        return super().bearer_lives(state, now) and (state is None or state.id not in self.ended)

    def is_shown(self, state: TokenState | None, now: float) -> bool:
        return super().is_shown(state, now) and state is not None and state.id not in self.ended


class EndsNoPathSessions(Rules):
    """Sessions of path tokens go on when an identity of their name is suspended, retired or deleted."""

    def ending_ends(self, ending: Any, session: Any) -> bool:
        return session.endpoint in ("identity", "agent")


class UuidsAsSessions(Rules):
    """A session's id is a UUID behind its prefix."""

    def session_id(self, fresh: str, grant: Grant) -> str:
        return f"sess_{uuid.uuid4()}"


class ReadsFloats(Rules):
    """Times may be written with a fraction of zero."""

    def claims_fit(self, claims: Mapping[str, Any]) -> bool:
        times = {name: claims[name] for name in ("iat", "exp", "nbf") if isinstance(claims.get(name), float)}
        whole = {name: int(time) for name, time in times.items() if time.is_integer() and abs(time) < 2**53}
        return super().claims_fit({**claims, **whole})
