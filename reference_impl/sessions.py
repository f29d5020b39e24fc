"""Sessions: a mint begins one, a refresh rotates it, and every transition is one transaction."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from reference_impl.clock import iso
from reference_impl.errors import Expired, NotFound, Unauthorized
from reference_impl.facts import Cause, Endpoint, Grant, Issue, Kind, Rotation, TokenState
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
            owner=grant.owner,
            session=rules.session_id(new_id("sess_"), grant),
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
            self._check_owner(grant, now, rules.mints_for)
            self._end_surplus(grant)
            self._store.add_session(issue.session, grant)
            return self._issue(issue, now)

    def assertion(self, grant: Grant, now: float) -> Pair:
        """Issue an access token alone, in a session that nothing refreshes."""
        rules, iat = self._rules, self._rules.issued_at(now)
        exp = rules.assertion_exp(iat, grant.access_ttl)
        issue = Issue(
            owner=grant.owner,
            session=rules.session_id(new_id("sess_"), grant),
            scopes=grant.scopes,
            audience=grant.audience,
            subject=grant.subject,
            access_exp=exp,
            refresh_exp=exp,
            iat=iat,
            prefix=rules.prefix(grant.endpoint),
            access_meta=grant.meta,
            refresh_meta=grant.meta,
        )
        with self._store.transaction():
            self._store.add_session(issue.session, grant)
            return self._issue(issue, now, rules.assertion_kinds())

    async def refresh(self, claims: Mapping[str, Any], body: Mapping[str, Any], now: float) -> Pair:
        """Redeem a refresh token whose signature and claims are believed.

        `Unauthorized` for one that is unknown, used or revoked; a used one ends its session.
        """
        if self._rules.is_one_step():
            return await self._rotate(claims, body, now, None)
        seen = self._store.token(claims["jti"])
        await asyncio.sleep(0)  # where a store that is not asked in one transaction lets others in
        return await self._rotate(claims, body, now, seen)

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

    def end(self, sessions: Iterable[str], cause: Cause) -> list[str]:
        """End sessions; return the tokens that the rules leave to `end_rest`: none, as they are."""
        if not self._rules.ends_whole_sessions(cause):
            return [token_id for session in sessions for token_id in self._store.tokens_of(session)]
        for session in sessions:
            self._store.revoke_session(session, cause)
        return []

    async def end_rest(self, tokens: Sequence[str]) -> None:
        """End tokens one by one, outside the transaction that found them."""
        if tokens:
            await asyncio.sleep(0)  # where a store that is not asked in one transaction lets others in
            with self._store.transaction():
                for token_id in tokens:
                    self._store.revoke_token(token_id)

    async def _rotate(
        self, claims: Mapping[str, Any], body: Mapping[str, Any], now: float, seen: TokenState | None
    ) -> Pair:
        rules, store = self._rules, self._store
        with store.transaction():
            state = seen or store.token(claims["jti"]) or rules.unknown_state(claims)
            if state is None or state.kind != "refresh" or state.session != claims["sid"]:
                raise Unauthorized("the refresh token is unknown")
            if rules.redeemable(state, now):
                return self._redeem(state, claims, body, now)
            reused = rules.is_reuse(state, now)
            rest = self._end(state, reused=reused)
        await self.end_rest(rest)
        if reused:
            raise Unauthorized("the refresh token was used before: its session is ended")
        # The owner first: a deleted identity's sessions are revoked too, and wire.md says 404 of it.
        self._check_owner(state.grant, now)
        raise Unauthorized("the refresh token is revoked")

    def _end(self, state: TokenState, *, reused: bool) -> list[str]:
        """End what presenting a token that can't be redeemed ends; return the tokens still to be ended."""
        rules, store, grant = self._rules, self._store, state.grant
        rest = self.end([state.session], "reuse") if reused and rules.theft_ends(state) else []
        if rules.refusal_ends_siblings(state):
            for session in store.sessions_of(grant.org, grant.subject):
                store.revoke_session(session.id)
        return rest

    def _end_surplus(self, grant: Grant) -> None:
        limit = self._rules.session_limit(grant)
        if limit is None:
            return
        live = [each for each in self._store.sessions_of(grant.org, grant.subject) if not each.revoked]
        for session in live[: max(len(live) + 1 - limit, 0)]:
            self._store.revoke_session(session.id)

    def _redeem(
        self, state: TokenState, claims: Mapping[str, Any], body: Mapping[str, Any], now: float
    ) -> Pair:
        rules, grant = self._rules, state.grant
        self._check_owner(grant, now)
        named = self._store.identity(grant.subject)
        rotation = Rotation(grant, claims, body, state.session, state.number + 1, now, named, state.history)
        marked = rules.rotated_ttl(rotation)
        ttl = rules.rotated_default_ttl(rotation) if marked is None else marked
        mark = rules.rotated_mark(rotation, marked)
        iat = rules.issued_at(now)
        access_exp = iat + rules.rotated_access_ttl(rotation)
        issue = Issue(
            owner=rules.rotated_owner(rotation),
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

    def _check_owner(
        self, grant: Grant, now: float, fits: Callable[[Endpoint, str], bool] | None = None
    ) -> None:
        """Refuse what rests on an ended delegation, a revoked workspace token or an inactive identity.

        `fits` says of which status an identity must be; without it what a refresh asks for holds.
        """
        rules, store = self._rules, self._store
        if rules.delegation_over(grant, now):
            raise Unauthorized("the delegation is over", code="delegation_expired")
        if grant.workspace_token is not None:
            minter = store.key(grant.workspace_token)
            gone = minter is None or not rules.key_lives(revoked=minter["revoked"])
            if gone and rules.workspace_token_counts(grant.endpoint):
                raise Unauthorized("the workspace token is revoked", code="workspace_token_revoked")
        fits = fits or rules.refreshes_for
        if grant.identity is not None and not fits(grant.endpoint, self._status(grant.identity)):
            raise NotFound("the identity is gone or not active", code="identity_not_found")

    def _status(self, identity_id: str) -> str:
        return self._store.identity_status(identity_id) or "deleted"

    def _issue(self, issue: Issue, now: float, kinds: Sequence[Kind] = ("access", "refresh")) -> Pair:
        ids = {kind: new_id(issue.prefix or "tok_") for kind in kinds}
        for kind, token_id in ids.items():
            self._store.add_token(token_id, issue.session, kind, issue.number)
        tokens = {
            f"{kind}Token": sign(self._key, self._kid, issue, kind, ids[kind], self._rules) for kind in kinds
        }
        ends = {f"{kind}TokenExpiresAt": iso(self._rules.announced(kind, issue, now)) for kind in kinds}
        return {**tokens, **ends, "tokenType": "Bearer"}
