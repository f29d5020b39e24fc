"""What is done with tokens that exist: refresh, revoke, introspect."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from reference_impl import clock, requests
from reference_impl.errors import BadRequest, Expired, ServiceError
from reference_impl.facts import Cause, Principal
from reference_impl.service import Service, service_of
from reference_impl.tokens import LONGEST

MANAGE, READ = "relayauth:token:manage:*", "relayauth:token:read:*"


async def refresh(request: Request) -> JSONResponse:
    """`POST /v1/tokens/refresh`: the pair alone."""
    service, now = service_of(request), clock.now()
    body, token = await _presented(service, request, now)
    try:
        claims = service.verifier.redeemable(token, now)
    except Expired as error:
        raise service.sessions.explain(error, now) from None
    pair = await service.sessions.refresh(claims, body, now)
    return JSONResponse(pair, 200, service.rules.token_headers("refresh"))


async def _presented(service: Service, request: Request, now: float) -> tuple[dict[str, Any], str]:
    """Return the body and the token in it; what is refused for its form uses nothing up."""
    raw = await requests.raw_of(request)
    try:
        body = requests.object_in(raw)
        return body, requests.required(body, "refreshToken", longest=LONGEST)
    except BadRequest:
        spoiled = service.rules.used_up_by_refusal(raw)
        if spoiled is not None:
            service.sessions.use_up(service.verifier.redeemable(spoiled, now)["jti"], now)
        raise


async def revoke(request: Request) -> Response:
    """`POST /v1/tokens/revoke` by session, by token or by identity."""
    service, now = service_of(request), clock.now()
    principal = await service.callers.holder(request, MANAGE, now)
    body = await requests.body_of(request)
    asked = [name for name in WAYS if body.get(name) is not None]
    if not asked and service.rules.refuses_to_revoke_nothing(body):
        raise BadRequest("one of tokenId, identityId and sessionId is required")
    with service.store.transaction():
        found = [WAYS[name](service, principal, requests.required(body, name), now) for name in asked]
        if not all(each.done for each in found):
            raise service.rules.refusal_to_revoke(exists=all(each.exists for each in found))
        rest = [
            token_id
            for name, each in zip(asked, found, strict=True)
            for token_id in service.sessions.end(each.sessions, name)
        ]
    await service.sessions.end_rest(rest)
    return Response(status_code=204)


@dataclass(frozen=True)
class _Found:
    """What a revocation names: whether it exists, whether it is the caller's, and the sessions to end."""

    exists: bool
    done: bool
    sessions: Sequence[str] = ()


def _by_session(service: Service, principal: Principal, session: str, now: float) -> _Found:
    known = service.store.session(session)
    if known is None or not service.rules.belongs(principal, known.org):
        return _Found(exists=known is not None, done=False)
    if not service.rules.revokes("sessionId", named=known.named):
        return _Found(exists=False, done=False)
    ends = service.rules.revoking_session_ends(known, now)
    return _Found(exists=True, done=True, sessions=[session] if ends else [])


def _by_token(service: Service, principal: Principal, token_id: str, now: float) -> _Found:
    """Find the session of a token, of one that is used or expired too."""
    state = service.store.token(token_id)
    if state is None or not service.rules.belongs(principal, state.grant.org):
        return _Found(exists=state is not None, done=False)
    if not service.rules.revokes("tokenId", named=state.named):
        return _Found(exists=False, done=False)
    ends = service.rules.revoking_token_ends(state, now)
    return _Found(exists=True, done=True, sessions=[state.session] if ends else [])


def _by_identity(service: Service, principal: Principal, identity: str, now: float) -> _Found:
    """Find the caller's sessions of a subject; a path token's `sub` need not be an identity."""
    known = service.store.identity(identity)
    sessions = service.store.sessions_of(principal.org, identity)
    if not service.rules.revokes("identityId", named=known is not None):
        return _Found(exists=False, done=False)
    own = known is not None and service.rules.belongs(principal, known["org"])
    if known is not None and own and service.rules.revoking_identity_bars():
        service.store.change_identity(known | {"status": "suspended"})
    ended = [each.id for each in sessions if service.rules.revoking_identity_ends(each, now)]
    return _Found(exists=known is not None or bool(sessions), done=own or bool(sessions), sessions=ended)


WAYS: Mapping[Cause, Callable[[Service, Principal, str, float], _Found]] = {
    "sessionId": _by_session,
    "tokenId": _by_token,
    "identityId": _by_identity,
}


async def introspect(request: Request) -> JSONResponse:
    """`GET /v1/tokens/introspect?token=…`: the claims, or null."""
    service, now = service_of(request), clock.now()
    principal = await service.callers.holder(request, READ, now)
    token = request.query_params.get("token")
    if not token:
        raise BadRequest("token is missing")
    return JSONResponse(
        _claims(service, principal, token, now), 200, service.rules.token_headers("introspection")
    )


def _claims(service: Service, principal: Principal, token: str, now: float) -> Any:
    for kind in ("access", "refresh"):
        try:
            claims = service.verifier.shown(token, kind, now)
        except ServiceError:
            continue
        state = service.store.token(claims["jti"])
        live = service.rules.is_shown(state, now)
        if state is None or not service.rules.introspects(principal, claims["org"], live=live):
            return None
        return service.rules.shown_claims(claims, state)
    return None
