"""Who calls: from a request's headers to a principal, or a refusal (wire.md, Credentials)."""

from starlette.requests import Request

from reference_impl.errors import Forbidden, Unauthorized
from reference_impl.facts import Principal
from reference_impl.rules import Rules
from reference_impl.store import Store
from reference_impl.verifier import Verifier

WORKSPACE_PREFIX = "relay_ws_"


class Callers:
    """Knows callers by what they present."""

    def __init__(self, store: Store, rules: Rules, verifier: Verifier) -> None:
        self._store, self._rules, self._verifier = store, rules, verifier

    async def principal(self, request: Request, now: float) -> Principal:
        """Return who calls; `Unauthorized` for nobody, or one that is not believed."""
        secret = request.headers.get("x-api-key")
        if secret:
            return self._by_key(secret)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token.strip()
        if not self._rules.is_bearer_scheme(scheme) or not token:
            raise Unauthorized("a credential is missing", code="missing_authorization")
        if token.startswith(WORKSPACE_PREFIX):
            return self._by_key(token)
        return await self._by_bearer(token, now)

    async def holder(self, request: Request, scope: str, now: float) -> Principal:
        """Return who calls, holding `scope`; else `Forbidden`."""
        principal = await self.principal(request, now)
        if not self._rules.may(principal, scope):
            raise Forbidden("insufficient_scope")
        return principal

    def _by_key(self, secret: str) -> Principal:
        row = self._store.key_by_secret(secret)
        if row is None or not self._rules.key_lives(revoked=row["revoked"]):
            raise Unauthorized("the API key is unknown or revoked", code="invalid_api_key")
        name = f"api_key:{row['id']}"
        return Principal(
            kind=row["kind"],
            id=row["id"],
            org=row["org"],
            workspace=row["workspace"],
            scopes=tuple(row["scopes"]),
            sponsor=name,
            chain=(name,),
        )

    async def _by_bearer(self, token: str, now: float) -> Principal:
        claims = await self._verifier.bearer(token, now)
        state = self._store.token(claims["jti"])
        unheard_of = state is None and self._store.session_is_revoked(claims["sid"])
        if not self._rules.bearer_lives(state, now) or not self._rules.bearer_session_lives(
            revoked=unheard_of
        ):
            raise Unauthorized("the token is revoked")
        chain = claims.get("sponsorChain", [])
        return Principal(
            kind="bearer",
            id=claims["sub"],
            org=claims["org"],
            workspace=claims.get("wks") if isinstance(claims.get("wks"), str) else None,
            scopes=tuple(claims["scopes"]),
            sponsor=str(claims.get("sponsorId", claims["sub"])),
            chain=tuple(map(str, chain)) if isinstance(chain, list) else (),
            token_id=claims["jti"],
        )
