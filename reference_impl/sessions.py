"""Sessions: a mint begins one, a refresh rotates it, and every transition is one transaction."""

import asyncio
from collections.abc import Mapping
from typing import Any

from reference_impl.clock import iso
from reference_impl.errors import Expired, NotFound, Unauthorized
from reference_impl.facts import Grant, Issue, Rotation, TokenState
from reference_impl.keys import PrivateKey
from reference_impl.rules import Rules
from reference_impl.store import Store
from reference_impl.tokens import new_id, sign

Pair = dict[str, Any]


class Sessions:
    """Issues pairs; `kid` names the key that signs."""

    def __init__(self, store: Store, rules: Rules, key: PrivateKey, kid: str) -> None:
        self._store, self._rules, self._key, self._kid = store, rules, key, kid

    def begin(self, grant: Grant, body: Mapping[str, Any], now: float) -> Pair:
        """Mint the first pair of a session; refused if what it rests on was taken away meanwhile."""
        rules, endpoint = self._rules, grant.endpoint
        asked = rules.usable_ttl(rules.asked_ttl(endpoint, body))
        ttl = rules.default_ttl(endpoint) if asked is None else rules.capped(endpoint, asked)
        mark = rules.mark(endpoint, asked, ttl)
        iat = rules.issued_at(now)
        issue = Issue(
            grant=grant,
            session=new_id("sess_"),
            scopes=grant.scopes,
            audience=grant.audience,
            subject=grant.subject,
            access_exp=rules.within_horizon(
                rules.access_exp(endpoint, iat, grant.access_ttl, ttl), grant.horizon
            ),
            refresh_exp=rules.within_horizon(rules.refresh_exp(endpoint, iat, ttl), grant.horizon),
            iat=iat,
            prefix=rules.prefix(endpoint),
            access_meta=rules.marked_meta("access", grant.meta, mark),
            refresh_meta=rules.marked_meta("refresh", grant.meta, mark),
            parent=grant.parent,
        )
        with self._store.transaction():
            self._check_owner(grant, now)
            self._store.add_session(issue.session, grant)
            return self._issue(issue, now)

    async def refresh(self, claims: Mapping[str, Any], body: Mapping[str, Any], now: float) -> Pair:
        """Redeem a refresh token whose signature and claims are believed.

        `Unauthorized` for one that is unknown, used or revoked; a used one ends its session.
        """
        if self._rules.is_one_step():
            return self._rotate(claims, body, now, None)
        seen = self._store.token(claims["jti"])
        await asyncio.sleep(0)  # where a store that is not asked in one transaction lets others in
        return self._rotate(claims, body, now, seen)

    def explain(self, expired: Expired, now: float) -> Unauthorized:
        """Return what to say of an expired refresh token: whether its delegation was over as well."""
        state = self._store.token(expired.token_id)
        if state is not None and self._rules.delegation_over(state.grant, now):
            return Unauthorized("the delegation is over", code="delegation_expired")
        return expired

    def use_up(self, token_id: str, now: float) -> None:
        """Mark a refresh token as used without a new pair."""
        with self._store.transaction():
            self._store.use_token(token_id, now)

    def _rotate(
        self, claims: Mapping[str, Any], body: Mapping[str, Any], now: float, seen: TokenState | None
    ) -> Pair:
        rules, store = self._rules, self._store
        with store.transaction():
            state = seen or store.token(claims["jti"]) or rules.unknown_state(claims)
            if state is None or state.kind != "refresh" or state.session != claims["sid"]:
                raise Unauthorized("the refresh token is unknown")
            stolen = rules.is_reuse(state, now) and not rules.redeemable(state)
            if stolen:
                self._end_stolen(state)
            else:
                return self._redeem(state, claims, body, now)
        raise Unauthorized("the refresh token was used before: its session is ended")

    def _end_stolen(self, state: TokenState) -> None:
        rules, store, grant = self._rules, self._store, state.grant
        if rules.theft_ends(state):
            store.revoke_session(state.session)
        if rules.theft_ends_siblings(state):
            for session, _ in store.sessions_of(grant.org, grant.subject):
                store.revoke_session(session)

    def _redeem(
        self, state: TokenState, claims: Mapping[str, Any], body: Mapping[str, Any], now: float
    ) -> Pair:
        rules, grant = self._rules, state.grant
        # The owner first: a deleted identity's sessions are revoked too, and wire.md says 404 of it.
        self._check_owner(grant, now)
        if not rules.redeemable(state):
            raise Unauthorized("the refresh token is revoked")
        rotation = Rotation(grant, claims, body, state.session, state.number + 1, now)
        marked = rules.rotated_ttl(rotation)
        ttl = rules.rotated_default_ttl(rotation) if marked is None else marked
        mark = rules.rotated_mark(rotation, marked)
        iat = rules.issued_at(now)
        access_exp = iat + rules.rotated_access_ttl(rotation)
        issue = Issue(
            grant=grant,
            session=rules.rotated_session(rotation),
            scopes=list(rules.rotated_scopes(rotation)),
            audience=list(rules.rotated_audience(rotation)),
            subject=rules.rotated_subject(rotation),
            access_exp=rules.rotated_within_horizon(rotation, access_exp),
            refresh_exp=rules.rotated_within_horizon(rotation, rules.rotated_refresh_exp(rotation, iat, ttl)),
            iat=iat,
            prefix=rules.rotated_prefix(rotation),
            access_meta=rules.marked_meta("access", rules.rotated_meta(rotation, "access"), mark),
            refresh_meta=rules.marked_meta("refresh", rules.rotated_meta(rotation, "refresh"), mark),
            number=rotation.number,
            parent=rules.rotated_parent(rotation),
        )
        if rules.consumes(state):
            self._store.use_token(state.id, now)
        if issue.session != state.session:
            self._store.add_session(issue.session, grant)
        return self._issue(issue, now)

    def _check_owner(self, grant: Grant, now: float) -> None:
        """Refuse a rotation whose delegation is over, or whose workspace token or identity is gone."""
        rules, store = self._rules, self._store
        if rules.delegation_over(grant, now):
            raise Unauthorized("the delegation is over", code="delegation_expired")
        if grant.workspace_token is not None:
            minter = store.key(grant.workspace_token)
            gone = minter is None or not rules.key_lives(revoked=minter["revoked"])
            if gone and rules.workspace_token_counts(grant.endpoint):
                raise Unauthorized("the workspace token is revoked", code="workspace_token_revoked")
        if grant.identity is not None and rules.identity_counts(grant.endpoint):
            identity = store.identity(grant.identity)
            if identity is None or identity["status"] != "active":
                raise NotFound("the identity is gone", code="identity_not_found")

    def _issue(self, issue: Issue, now: float) -> Pair:
        token_prefix = issue.prefix or "tok_"
        ids = {kind: new_id(token_prefix) for kind in ("access", "refresh")}
        self._store.add_token(ids["access"], issue.session, "access", issue.number)
        self._store.add_token(ids["refresh"], issue.session, "refresh", issue.number)
        announced = self._rules.announced
        return {
            "accessToken": sign(self._key, self._kid, issue, "access", ids["access"]),
            "refreshToken": sign(self._key, self._kid, issue, "refresh", ids["refresh"]),
            "accessTokenExpiresAt": iso(announced("access", issue.access_exp, now)),
            "refreshTokenExpiresAt": iso(announced("refresh", issue.refresh_exp, now)),
            "tokenType": "Bearer",
        }
