"""What is done with tokens that exist: refresh, revoke, introspect."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from reference_impl import clock, requests
from reference_impl.errors import BadRequest, Expired, ServiceError
from reference_impl.facts import Principal
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
    return JSONResponse(pair, 200, service.rules.token_headers())


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
    ways = {"sessionId": _revoke_session, "tokenId": _revoke_token, "identityId": _revoke_identity}
    asked = [name for name in ways if body.get(name) is not None]
    if not asked:
        raise BadRequest("one of tokenId, identityId and sessionId is required")
    if asked == ["sessionId"] and not service.rules.revokes_whole_sessions():
        return await _revoke_what_is_there(service, principal, requests.required(body, "sessionId"))
    with service.store.transaction():
        found = [ways[name](service, principal, requests.required(body, name), now) for name in asked]
        if not all(found):
            raise service.rules.refusal_to_revoke(exists=None not in found)
    return Response(status_code=204)


async def _revoke_what_is_there(service: Service, principal: Principal, session: str) -> Response:
    """Revoke the tokens that a session has now."""
    known = service.store.session(session)
    if known is None or not service.rules.belongs(principal, known.org):
        raise service.rules.refusal_to_revoke(exists=known is not None)
    found = service.store.tokens_of(session)
    await asyncio.sleep(0)  # where a store that is not asked in one transaction lets others in
    with service.store.transaction():
        for token_id in found:
            service.store.revoke_token(token_id)
    return Response(status_code=204)


def _revoke_session(service: Service, principal: Principal, session: str, now: float) -> bool | None:
    """Say whether it is done: False if it is another org's, None if there is none."""
    known = service.store.session(session)
    if known is None:
        return None
    if not service.rules.belongs(principal, known.org):
        return False
    if service.rules.revoking_session_ends(known, now):
        service.store.revoke_session(session)
    return True


def _revoke_token(service: Service, principal: Principal, token_id: str, now: float) -> bool | None:
    """Say whether it is done, as for a session; a token that is used or expired names its session too."""
    state = service.store.token(token_id)
    if state is None:
        return None
    if not service.rules.belongs(principal, state.grant.org):
        return False
    if service.rules.revoking_token_ends(state, now):
        service.store.revoke_session(state.session)
    return True


def _revoke_identity(service: Service, principal: Principal, identity: str, now: float) -> bool | None:
    """Say whether it is done, as for a session; a path token's `sub` need not be an identity."""
    known = service.store.identity(identity)
    sessions = service.store.sessions_of(principal.org, identity)
    for session in sessions:
        if service.rules.revoking_identity_ends(session, now):
            service.store.revoke_session(session.id)
    if known is None:
        return True if sessions else None
    return bool(sessions) or service.rules.belongs(principal, known["org"])


async def introspect(request: Request) -> JSONResponse:
    """`GET /v1/tokens/introspect?token=…`: the claims, or null."""
    service, now = service_of(request), clock.now()
    principal = await service.callers.holder(request, READ, now)
    token = request.query_params.get("token")
    if not token:
        raise BadRequest("token is missing")
    return JSONResponse(_claims(service, principal, token, now), 200, service.rules.token_headers())


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
