"""API keys and workspace tokens: made, and revoked."""

import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from reference_impl import clock, requests, scopes
from reference_impl.errors import BadRequest, Forbidden, NotFound
from reference_impl.facts import Principal
from reference_impl.routes.minting import MANAGE_KEYS
from reference_impl.service import Service, service_of
from reference_impl.tokens import new_id

PREFIXES = {"api_key": "rak_", "workspace_token": "relay_ws_"}
SHOWN = 12  # characters of a key that are shown again, to tell keys apart


async def create_api_key(request: Request) -> JSONResponse:
    """`POST /v1/api-keys`."""
    service, now = service_of(request), clock.now()
    principal = await service.callers.holder(request, MANAGE_KEYS, now)
    body = await requests.body_of(request)
    name = requests.required(body, "name")
    wanted = scopes.read_list(body.get("scopes"))
    if not wanted:
        raise BadRequest("scopes must be a non-empty list")
    row, secret = _make(service, principal, "api_key", name, wanted, None, now)
    return JSONResponse({"apiKey": _told(row), "key": secret}, 201, service.rules.token_headers("key"))


async def create_workspace_token(request: Request) -> JSONResponse:
    """`POST /v1/tokens/workspace`."""
    service, now = service_of(request), clock.now()
    principal = await service.callers.holder(request, MANAGE_KEYS, now)
    body = await requests.body_of(request)
    workspace = requests.required(body, "workspaceId")
    name = requests.text(body, "name") or workspace
    wanted = scopes.read_list(body.get("scopes"))
    granted = list(principal.scopes) if wanted is None else wanted
    row, secret = _make(service, principal, "workspace_token", name, granted, workspace, now)
    return JSONResponse(
        {"workspaceToken": _told(row), "key": secret}, 201, service.rules.token_headers("key")
    )


async def revoke_key(request: Request) -> JSONResponse:
    """`POST /v1/api-keys/{id}/revoke`, for workspace tokens too."""
    service = service_of(request)
    principal = await service.callers.holder(request, MANAGE_KEYS, clock.now())
    row = service.store.key(request.path_params["id"])
    if row is None or not service.rules.belongs(principal, row["org"]):
        raise NotFound("there is no such key", code="api_key_not_found")
    service.store.revoke_key(row["id"])
    return JSONResponse(_told(row | {"revoked": True}) | {"orgId": row["org"]})


def _make(
    service: Service, principal: Principal, kind: str, name: str, granted: list[str], workspace: str | None,
    now: float,
) -> tuple[dict[str, Any], str]:  # fmt: skip
    if not service.rules.stays_in_workspace(principal, workspace):
        raise Forbidden("the workspace token is bound to another workspace")
    if not all(service.rules.may_key_hold(principal, kind, scope) for scope in granted):
        raise Forbidden("a scope is more than the caller holds", code="scope_escalation")
    return make(service, principal.org, kind, name, granted, workspace, now)


def make(
    service: Service, org: str, kind: str, name: str, granted: list[str], workspace: str | None, now: float,
    secret: str | None = None,
) -> tuple[dict[str, Any], str]:  # fmt: skip
    """Keep a key of `org` and return its row and its text; `secret` is a text given from outside."""
    secret = secret or PREFIXES[kind] + secrets.token_urlsafe(32)
    row = {
        "id": new_id("key_" if kind == "api_key" else "wst_"),
        "org": org,
        "kind": kind,
        "workspace": workspace,
        "prefix": secret[: len(PREFIXES[kind]) + 4][:SHOWN],
        "name": name,
        "scopes": granted,
        "created_at": clock.iso(now),
        "revoked": False,
    }
    service.store.add_key(row, secret)
    return row, secret


def _told(row: dict[str, Any]) -> dict[str, Any]:
    common = {name: row[name] for name in ("id", "prefix", "name", "scopes", "revoked")}
    common["createdAt"] = row["created_at"]
    if row["kind"] == "workspace_token":
        return common | {"kind": "workspace_token", "workspaceId": row["workspace"]}
    return common | {"orgId": row["org"]}
