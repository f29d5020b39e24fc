"""The facts that decisions are taken on, as frozen values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Endpoint = Literal["identity", "agent", "path", "workspace-path", "assertion"]
Kind = Literal["access", "refresh"]
Ending = Literal["suspend", "retire", "delete"]
Cause = Literal["sessionId", "tokenId", "identityId", "suspend", "retire", "delete", "reuse"]
Carrier = Literal["mint", "refresh", "introspection", "key", "assertion"]


@dataclass(frozen=True)
class Answer:
    """An answer as it goes out: its status, its headers in lower case, and its body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True)
class Principal:
    """Who calls: an org API key, a workspace token or a bearer."""

    kind: Literal["api_key", "workspace_token", "bearer"]
    id: str
    org: str
    workspace: str | None
    scopes: tuple[str, ...]
    sponsor: str
    chain: tuple[str, ...]
    token_id: str | None = None


@dataclass(frozen=True)
class Owner:
    """Whose a token is: its claims `org`, `wks`, `sponsorId` and `sponsorChain`."""

    org: str
    workspace: str
    sponsor: str
    chain: tuple[str, ...]


@dataclass(frozen=True)
class Grant:
    """What a mint granted, kept with the session; times are Unix seconds, TTLs seconds.

    `horizon` is `delegationNotAfter`; `parent` is the id of the workspace token, or the `jti` of the bearer,
    that minted.
    """

    endpoint: Endpoint
    org: str
    workspace: str
    subject: str
    sponsor: str
    chain: tuple[str, ...]
    scopes: tuple[str, ...]
    audience: tuple[str, ...]
    access_ttl: int
    minted_at: int
    identity: str | None = None
    workspace_token: str | None = None
    horizon: int | None = None
    parent: str | None = None
    meta: Mapping[str, str] = field(default_factory=dict)

    @property
    def owner(self) -> Owner:
        """Whose the first pair is."""
        return Owner(self.org, self.workspace, self.sponsor, self.chain)


@dataclass(frozen=True)
class History:
    """What became of a session up to now, and of the other sessions of its subject.

    `starts` counts the starts of the service since its mint, `rotations` its refreshes; `ended_by` is what
    ended it first, `previous_ended_by` what ended the session of its subject that was minted before it.
    `newest` says that none of its subject was minted later, `direct` that one was minted on /v1/tokens.
    """

    starts: int = 0
    rotations: int = 0
    ended_by: Cause | None = None
    newest: bool = True
    direct: bool = False
    previous_ended_by: Cause | None = None


@dataclass(frozen=True)
class Rotation:
    """One refresh: the token presented, the request around it, and the session it belongs to.

    `number` counts the session's rotations, this one included; `named` is the identity that the subject
    happens to name, of whichever org.
    """

    grant: Grant
    claims: Mapping[str, Any]
    body: Mapping[str, Any]
    session: str
    number: int
    now: float
    named: Mapping[str, Any] | None = None
    history: History = History()

    @property
    def meta(self) -> Mapping[str, Any]:
        """The `meta` of the presented token."""
        meta = self.claims.get("meta", {})
        return meta if isinstance(meta, dict) else {}


@dataclass(frozen=True)
class Issue:
    """What one token pair is made from."""

    owner: Owner
    session: str
    scopes: Sequence[str]
    audience: Sequence[str]
    subject: str
    access_exp: int
    refresh_exp: int
    iat: int
    prefix: str
    access_meta: Mapping[str, Any]
    refresh_meta: Mapping[str, Any]
    number: int = 0
    parent: str | None = None

    def exp(self, kind: Kind) -> int:
        """Return when a token of this kind expires."""
        return self.access_exp if kind == "access" else self.refresh_exp


@dataclass(frozen=True)
class Session:
    """What a revocation is decided on: a session, live or not.

    `named` says that there is an identity which its subject names, as path tokens need none.
    """

    id: str
    org: str
    endpoint: Endpoint
    minted_at: int
    revoked: bool
    named: bool = False
    history: History = History()


@dataclass(frozen=True)
class TokenState:
    """What the store knows of a token: `live`, `used` (a refresh token that was redeemed) or `revoked`.

    `used_at` is when it was redeemed, in Unix seconds; `named` says that an identity has its subject's name.
    """

    id: str
    session: str
    kind: Kind
    number: int
    status: Literal["live", "used", "revoked"]
    session_revoked: bool
    grant: Grant
    used_at: float | None = None
    named: bool = False
    history: History = History()
