"""Assertions for relayhistory: an access token alone, for another service (wire.md, Other routes)."""

from starlette.requests import Request
from starlette.responses import JSONResponse

from reference_impl import clock, requests
from reference_impl.errors import BadRequest, Forbidden
from reference_impl.facts import Grant
from reference_impl.service import service_of

CREATE = "relayauth:assertion:create:relayhistory"


async def create(request: Request) -> JSONResponse:
    """`POST /v1/tokens/relayhistory-assertion`."""
    service, now = service_of(request), clock.now()
    principal = await service.callers.principal(request, now)
    if not service.rules.makes_assertions(principal):
        raise Forbidden("an org API key is required", code="assertion_key_required")
    if not service.rules.may(principal, CREATE):
        raise Forbidden("insufficient_scope")
    body = await requests.body_of(request)
    org, sponsor = requests.required(body, "orgId"), requests.required(body, "sponsorId")
    workspace = requests.required(body, "workspaceId")
    scopes = body.get("scopes")
    if not isinstance(scopes, list) or not service.rules.assertion_scopes_fit(list(map(str, scopes))):
        raise BadRequest("scopes must be a non-empty list of rth:read and rth:sync", code="invalid_scope")
    ttl = service.rules.assertion_ttl(body.get("expiresIn"))
    if ttl is None:
        raise BadRequest("expiresIn is a whole number of seconds, 60 at most", code="invalid_expires_in")
    if not service.rules.belongs(principal, org):
        raise Forbidden("the org is not the caller's")
    grant = Grant(
        endpoint="assertion",
        org=org,
        workspace=workspace,
        subject=sponsor,
        sponsor=sponsor,
        chain=(sponsor,),
        scopes=tuple(dict.fromkeys(scopes)),
        audience=tuple(service.rules.assertion_audience()),
        access_ttl=ttl,
        minted_at=int(now),
        meta={"tokenClass": "relayhistory_assertion"},
    )
    return JSONResponse(service.sessions.assertion(grant, now), 201, service.rules.token_headers("assertion"))
