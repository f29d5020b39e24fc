"""Identities: made, shown, and deleted with their tokens."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from reference_impl import clock, requests, scopes
from reference_impl.errors import BadRequest, Conflict, Forbidden, NotFound
from reference_impl.facts import Principal
from reference_impl.routes.minting import LONGEST_CHAIN
from reference_impl.service import Service, service_of
from reference_impl.tokens import new_id

MANAGE, READ = "relayauth:identity:manage:*", "relayauth:identity:read:*"


async def create(request: Request) -> JSONResponse:
    """`POST /v1/identities`."""
    service, now = service_of(request), clock.now()
    principal = await service.callers.holder(request, MANAGE, now)
    body = await requests.body_of(request)
    sponsor = requests.required(body, "sponsorId")
    wanted = scopes.read_list(body.get("scopes")) or []
    if not all(service.rules.may_hand_out(principal, scope) for scope in wanted):
        raise Forbidden("a scope is more than the caller holds", code="scope_escalation")
    row = {
        "id": new_id("agent_"),
        "org": principal.org,
        "name": requests.required(body, "name"),
        "workspace": requests.text(body, "workspaceId"),
        "sponsor": sponsor,
        "chain": _chain(service, principal, sponsor),
        "scopes": wanted,
        "created_at": clock.iso(now),
    }
    if not service.store.add_identity(row):
        raise Conflict("there is an identity of that name already", code="identity_exists")
    return JSONResponse(_told(row), 201)


async def show(request: Request) -> JSONResponse:
    """`GET /v1/identities/{id}`."""
    service = service_of(request)
    principal = await service.callers.holder(request, READ, clock.now())
    return JSONResponse(_told(_own(service, principal, request.path_params["id"])))


async def delete(request: Request) -> Response:
    """`DELETE /v1/identities/{id}`: its tokens are revoked with it."""
    service = service_of(request)
    principal = await service.callers.holder(request, MANAGE, clock.now())
    if request.headers.get("x-confirm-delete") != "true":
        raise BadRequest("the header X-Confirm-Delete: true is required", code="confirmation_required")
    with service.store.transaction():
        row = _own(service, principal, request.path_params["id"])
        for session, endpoint in service.store.sessions_of(row["org"], row["id"]):
            if service.rules.deletion_ends(endpoint):
                service.store.revoke_session(session)
        service.store.delete_identity(row["id"])
    return Response(status_code=204)


def _own(service: Service, principal: Principal, identity_id: str) -> dict[str, Any]:
    row = service.store.identity(identity_id)
    if row is None or not service.rules.belongs(principal, row["org"]):
        raise NotFound("there is no such identity", code="identity_not_found")
    return row


def _chain(service: Service, principal: Principal, sponsor: str) -> list[str]:
    """Return the sponsors of a new identity, the first one first; an identity's sponsor brings its own."""
    parent = service.store.identity(sponsor)
    above = parent["chain"] if parent and service.rules.belongs(principal, parent["org"]) else []
    if len(above) >= LONGEST_CHAIN:
        raise BadRequest(f"the sponsor chain is longer than {LONGEST_CHAIN}", code="sponsor_chain_too_long")
    return [*above, sponsor]


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "type": "agent",
        "orgId": row["org"],
        "status": "active",
        "scopes": row["scopes"],
        "roles": [],
        "metadata": {},
        "createdAt": row["created_at"],
        "updatedAt": row["created_at"],
        "sponsorId": row["sponsor"],
        "sponsorChain": row["chain"],
        "workspaceId": row["workspace"],
    }
