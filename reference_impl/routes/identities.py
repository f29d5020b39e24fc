"""Identities: made, shown, changed, and suspended, retired or deleted with their tokens."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from reference_impl import clock, requests, scopes
from reference_impl.errors import BadRequest, Conflict, Forbidden, NotFound
from reference_impl.facts import Ending, Principal
from reference_impl.routes.minting import check_chain
from reference_impl.service import Service, service_of
from reference_impl.tokens import new_id

MANAGE, READ = "relayauth:identity:manage:*", "relayauth:identity:read:*"
TYPES = ("agent", "human", "service")
STATUSES = ("active", "suspended", "retired")
PAGE, LONGEST_PAGE = 50, 200  # identities


async def create(request: Request) -> JSONResponse:
    """`POST /v1/identities`."""
    service, now = service_of(request), clock.now()
    principal = await service.callers.holder(request, MANAGE, now)
    body = await requests.body_of(request)
    sponsor = requests.required(body, "sponsorId")
    row = {
        "id": new_id("agent_"),
        "org": principal.org,
        "name": requests.required(body, "name"),
        "type": requests.choice(body.get("type"), "type", TYPES) or "agent",
        "workspace": requests.text(body, "workspaceId") or _own_workspace(principal),
        "sponsor": sponsor,
        "chain": _chain(service, principal, sponsor),
        "scopes": [],
        "status": "active",
        "roles": [],
        "metadata": {},
        "created_at": clock.iso(now),
        "updated_at": clock.iso(now),
    } | _changeable(service, principal, body)
    if not service.store.add_identity(row):
        raise _name_taken()
    return JSONResponse(_told(row), 201)


def _own_workspace(principal: Principal) -> str | None:
    """Return the workspace of an identity that names none: that of the workspace token that makes it."""
    return principal.workspace if principal.kind == "workspace_token" else None


async def index(request: Request) -> JSONResponse:
    """`GET /v1/identities`: a page of the caller's org's, the oldest first."""
    service, asked = service_of(request), request.query_params
    principal = await service.callers.holder(request, READ, clock.now())
    limit = min(requests.whole(asked.get("limit"), "limit") or PAGE, LONGEST_PAGE)
    found = service.store.identities(
        principal.org,
        status=requests.choice(asked.get("status"), "status", STATUSES),
        kind=requests.choice(asked.get("type"), "type", TYPES),
        after=requests.whole(asked.get("cursor"), "cursor") or 0,
        limit=limit + 1,
    )
    page = found[:limit]
    more = {"cursor": str(page[-1][0])} if len(found) > limit else {}
    return JSONResponse({"data": [_told(row) for _, row in page]} | more)


async def show(request: Request) -> JSONResponse:
    """`GET /v1/identities/{id}`."""
    service = service_of(request)
    principal = await service.callers.holder(request, READ, clock.now())
    return JSONResponse(_told(_own(service, principal, request.path_params["id"])))


async def change(request: Request) -> JSONResponse:
    """`PATCH /v1/identities/{id}`: any of name, scopes, roles and metadata."""
    service, now = service_of(request), clock.now()
    principal = await service.callers.holder(request, MANAGE, now)
    body = await requests.body_of(request)
    with service.store.transaction():
        row = _own(service, principal, request.path_params["id"])
        status = service.rules.updated_status(body, row["status"])
        row |= _changeable(service, principal, body) | {"status": status, "updated_at": clock.iso(now)}
        if not service.store.change_identity(row):
            raise _name_taken()
    return JSONResponse(_told(row))


async def suspend(request: Request) -> JSONResponse:
    """`POST /v1/identities/{id}/suspend`: its tokens and its children's are revoked."""
    service, now = service_of(request), clock.now()
    principal = await service.callers.holder(request, MANAGE, now)
    requests.required(await requests.body_of(request), "reason")
    with service.store.transaction():
        row = _own(service, principal, request.path_params["id"])
        if not service.rules.may_be_suspended(row["status"]):
            raise Conflict(f"the identity is {row['status']} already", code="identity_not_active")
        _end_sessions(service, row, "suspend")
        return _set_status(service, row, "suspended", now)


async def retire(request: Request) -> JSONResponse:
    """`POST /v1/identities/{id}/retire`: its tokens and its children's are revoked."""
    service, now = service_of(request), clock.now()
    principal = await service.callers.holder(request, MANAGE, now)
    requests.text(await requests.optional_body_of(request), "reason")
    with service.store.transaction():
        row = _own(service, principal, request.path_params["id"])
        _end_sessions(service, row, "retire")
        return _set_status(service, row, "retired", now)


async def reactivate(request: Request) -> JSONResponse:
    """`POST /v1/identities/{id}/reactivate`: it may be minted for again; what was revoked stays revoked."""
    service, now = service_of(request), clock.now()
    principal = await service.callers.holder(request, MANAGE, now)
    with service.store.transaction():
        row = _own(service, principal, request.path_params["id"])
        for session in service.store.sessions_of(row["org"], row["id"]):
            if service.rules.reactivation_revives(session):
                service.store.revive_session(session.id)
        return _set_status(service, row, "active", now)


async def delete(request: Request) -> Response:
    """`DELETE /v1/identities/{id}`: its tokens are revoked with it."""
    service = service_of(request)
    principal = await service.callers.holder(request, MANAGE, clock.now())
    if not service.rules.confirms_deletion(request.headers.get("x-confirm-delete")):
        raise BadRequest("the header X-Confirm-Delete: true is required", code="confirmation_required")
    with service.store.transaction():
        row = _own(service, principal, request.path_params["id"])
        rest = service.sessions.end(_sessions_ended(service, row, "delete"), "delete")
        if not rest:
            service.store.delete_identity(row["id"])
    if rest:
        await service.sessions.end_rest(rest)
        service.store.delete_identity(row["id"])
    return Response(status_code=204)


def _own(service: Service, principal: Principal, identity_id: str) -> dict[str, Any]:
    row = service.store.identity(identity_id)
    if row is None or not service.rules.belongs(principal, row["org"]):
        raise NotFound("there is no such identity", code="identity_not_found")
    return row


def _name_taken() -> Conflict:
    return Conflict("there is an identity of that name already", code="identity_already_exists")


def _changeable(service: Service, principal: Principal, body: dict[str, Any]) -> dict[str, Any]:
    """Read what a request says of name, scopes, roles and metadata; what is absent or null is left out."""
    wanted = scopes.read_list(body.get("scopes"))
    if not all(service.rules.may_hand_out(principal, scope) for scope in wanted or ()):
        raise Forbidden("a scope is more than the caller holds", code="scope_escalation")
    said = {
        "name": requests.text(body, "name"),
        "scopes": wanted,
        "roles": requests.text_list(body, "roles", empty=True),
        "metadata": requests.mapping(body, "metadata"),
    }
    return dict(
        service.rules.written_identity({name: value for name, value in said.items() if value is not None})
    )


def _set_status(service: Service, row: dict[str, Any], status: str, now: float) -> JSONResponse:
    changed = row | {"status": status, "updated_at": clock.iso(now)}
    service.store.change_identity(changed)
    return JSONResponse(_told(changed))


def _end_sessions(service: Service, row: dict[str, Any], ending: Ending) -> None:
    for session in _sessions_ended(service, row, ending):
        service.store.revoke_session(session, ending)


def _sessions_ended(service: Service, row: dict[str, Any], ending: Ending) -> list[str]:
    reached = [row["id"]]
    if service.rules.ending_reaches_children(ending):
        children = service.store.children(row)
        reached += [child["id"] for child in children if service.rules.is_sponsored(row, child)]
    found = [session for subject in reached for session in service.store.sessions_of(row["org"], subject)]
    return [session.id for session in found if service.rules.ending_ends(ending, session)]


def _chain(service: Service, principal: Principal, sponsor: str) -> list[str]:
    """Return the sponsors of a new identity, the first one first; an identity's sponsor brings its own."""
    parent = service.store.identity(sponsor)
    above = parent["chain"] if parent and service.rules.belongs(principal, parent["org"]) else []
    chain = [*above, sponsor]
    check_chain(service, chain)
    return chain


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "type": row["type"],
        "orgId": row["org"],
        "status": row["status"],
        "scopes": row["scopes"],
        "roles": row["roles"],
        "metadata": row["metadata"],
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"] or row["created_at"],
        "sponsorId": row["sponsor"],
        "sponsorChain": row["chain"],
        "workspaceId": row["workspace"],
    }
