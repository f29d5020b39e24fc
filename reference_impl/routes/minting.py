"""The four mint endpoints: what each asks of its caller and its body, and the grant that comes of it."""

import json
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from reference_impl import clock, paths, requests, scopes
from reference_impl.errors import BadRequest, Forbidden, NotFound, Unauthorized
from reference_impl.facts import Endpoint, Grant, Principal
from reference_impl.rules import LONGEST_CHAIN
from reference_impl.service import Service, service_of

CREATE, MANAGE_KEYS = "relayauth:token:create:*", "relayauth:api-key:manage:*"
CLASSES = {"agent": "relay_ag", "path": "relay_pa", "workspace-path": "relay_pa"}


async def mint_identity(request: Request) -> JSONResponse:
    """`POST /v1/tokens`."""
    service, now = service_of(request), clock.now()
    principal = await service.callers.holder(request, CREATE, now)
    body = await requests.body_of(request)
    identity = _identity(service, principal, requests.required(body, "identityId"))
    grant = _identity_grant(service, principal, "identity", body, identity, now)
    return _answer(service, service.sessions.begin(grant, body, now))


async def mint_agent(request: Request) -> JSONResponse:
    """`POST /v1/tokens/agent`."""
    service, now = service_of(request), clock.now()
    principal = await _workspace_token(service, request, "agent", now)
    body = await requests.body_of(request)
    identity = _identity(service, principal, requests.required(body, "agentId"))
    if not service.rules.mints_for_workspace(principal, identity["workspace"]):
        raise NotFound("there is no such identity in the workspace", code="identity_not_found")
    grant = _identity_grant(service, principal, "agent", body, identity, now)
    pair = service.sessions.begin(grant, body, now)
    return _answer(service, pair | _issued(grant) | {"agentId": identity["id"]})


async def mint_path(request: Request) -> JSONResponse:
    """`POST /v1/tokens/path`."""
    service, now = service_of(request), clock.now()
    principal = await _workspace_token(service, request, "path", now)
    body = await requests.body_of(request)
    workspace = requests.text(body, "workspaceId") or str(principal.workspace)
    return _path_pair(service, principal, "path", body, workspace, now)


async def mint_workspace_path(request: Request) -> JSONResponse:
    """`POST /v1/tokens/workspace-path`."""
    service, now = service_of(request), clock.now()
    principal = await service.callers.holder(request, MANAGE_KEYS, now)
    body = await requests.body_of(request)
    workspace = requests.required(body, "workspaceId")
    return _path_pair(service, principal, "workspace-path", body, workspace, now)


async def _workspace_token(service: Service, request: Request, endpoint: Endpoint, now: float) -> Principal:
    try:
        principal = await service.callers.principal(request, now)
    except Unauthorized as error:
        if error.code == "missing_authorization":
            raise
        raise Unauthorized("a live workspace token is required", code="workspace_token_required") from None
    if not service.rules.minter_is_workspace_token(endpoint, principal):
        raise Unauthorized("a live workspace token is required", code="workspace_token_required")
    if not service.rules.may(principal, CREATE):
        raise Forbidden("insufficient_scope")
    return principal


def _identity(service: Service, principal: Principal, identity_id: str) -> dict[str, Any]:
    identity = service.store.identity(identity_id)
    if identity is None or not service.rules.belongs(principal, identity["org"]):
        raise NotFound("there is no such identity", code="identity_not_found")
    return identity


def _handed_out(service: Service, principal: Principal, wanted: Sequence[str]) -> tuple[str, ...]:
    """Return `wanted` if the caller holds all of it: nobody hands out more than it holds."""
    if not all(service.rules.may_hand_out(principal, scope) for scope in wanted):
        raise Forbidden("a scope is more than the caller holds", code="scope_escalation")
    return tuple(wanted)


def _identity_grant(
    service: Service, principal: Principal, endpoint: Endpoint, body: dict[str, Any],
    identity: dict[str, Any], now: float,
) -> Grant:  # fmt: skip
    rules, held = service.rules, identity["scopes"]
    wanted = rules.granted(endpoint, scopes.read_list(body.get("scopes")), held)
    granted = _handed_out(service, principal, wanted)
    if not all(rules.identity_hands_out(endpoint, held, scope) for scope in granted):
        raise Forbidden("a scope is more than the identity holds", code="scope_escalation")
    audience = tuple(requests.text_list(body, "audience") or scopes.planes(granted))
    chain = tuple(identity["chain"])
    check_chain(service, chain)
    issuer = principal.id if principal.kind == "workspace_token" else None
    entries = {} if endpoint == "identity" else _meta("agent", issuer, granted, audience)
    return Grant(
        endpoint=endpoint,
        org=principal.org,
        workspace=str(principal.workspace or identity["workspace"] or ""),
        subject=identity["id"],
        sponsor=identity["sponsor"],
        chain=chain,
        scopes=granted,
        audience=audience,
        access_ttl=rules.access_ttl(endpoint, body),
        minted_at=int(now),
        identity=identity["id"],
        workspace_token=issuer,
        parent=rules.parent(principal, endpoint),
        meta=dict(rules.own_meta(endpoint, entries)),
    )


def _path_pair(
    service: Service,
    principal: Principal,
    endpoint: Endpoint,
    body: dict[str, Any],
    workspace: str,
    now: float,
) -> JSONResponse:
    if not service.rules.stays_in_workspace(principal, workspace):
        raise Forbidden("the workspace token is bound to another workspace")
    granted_paths = paths.read_list(body.get("paths"), service.rules.path_is_delegable)
    asked = scopes.read_list(body.get("scopes"))
    wanted = service.rules.granted(endpoint, asked, paths.default_scopes(granted_paths))
    if not all(service.rules.scope_is_within(scope, granted_paths) for scope in wanted):
        raise BadRequest("a scope lies outside the paths", code="invalid_scope")
    granted = _handed_out(service, principal, wanted)
    audience = tuple(requests.text_list(body, "audience") or scopes.planes(granted))
    agent = requests.text(body, "agentId")
    name = requests.text(body, "agentName") or agent or "cloud-orchestrator"
    horizon = _horizon(service, body.get("delegationNotAfter"), now)
    check_chain(service, principal.chain)
    subject = service.rules.subject(agent or name)
    owner = service.rules.delegated_owner(principal, workspace, subject, service.store.identity(subject))
    issuer = principal.id if principal.kind == "workspace_token" else None
    entries = _meta("path", issuer, granted, audience)
    entries |= {"agentName": name, "paths": _json(granted_paths)}
    if horizon is not None:
        entries["delegationNotAfter"] = clock.iso(horizon)
    grant = Grant(
        endpoint=endpoint,
        org=owner.org,
        workspace=owner.workspace,
        subject=subject,
        sponsor=owner.sponsor,
        chain=owner.chain,
        scopes=granted,
        audience=audience,
        access_ttl=service.rules.access_ttl(endpoint, body),
        minted_at=int(now),
        workspace_token=issuer,
        horizon=horizon,
        parent=service.rules.parent(principal, endpoint),
        meta=dict(service.rules.own_meta(endpoint, entries)),
    )
    told = {"agentId": grant.subject, "agentName": name, "paths": granted_paths}
    if horizon is not None:
        told["delegationNotAfter"] = clock.iso(horizon)
    return _answer(service, service.sessions.begin(grant, body, now) | _issued(grant) | told)


def check_chain(service: Service, chain: Sequence[str]) -> None:
    """Refuse a sponsor chain that is too long."""
    if not service.rules.chain_fits(chain):
        raise BadRequest(f"the sponsor chain is longer than {LONGEST_CHAIN}", code="sponsor_chain_too_long")


def _horizon(service: Service, value: Any, now: float) -> int | None:
    """Read `delegationNotAfter`, a moment in the future; whole seconds, floored."""
    if value is None:
        return None
    moment = service.rules.horizon(value)
    # The bound keeps the moment within the calendar: four digits of year.
    if moment is None or not 0 < moment < 253402300800 or not service.rules.horizon_is_ahead(moment, now):
        raise BadRequest("delegationNotAfter must lie in the future", code="invalid_delegation_not_after")
    return int(moment)


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _meta(
    token_class: str, issuer: str | None, granted: tuple[str, ...], audience: tuple[str, ...]
) -> dict[str, str]:
    entries = {"tokenClass": token_class, "accessScopes": _json(granted), "accessAudience": _json(audience)}
    return entries | ({"workspaceTokenId": issuer} if issuer else {})


def _issued(grant: Grant) -> dict[str, Any]:
    told: dict[str, Any] = {"workspaceId": grant.workspace, "tokenClass": CLASSES[grant.endpoint]}
    return told | ({"issuedViaWorkspaceTokenId": grant.workspace_token} if grant.workspace_token else {})


def _answer(service: Service, body: dict[str, Any]) -> JSONResponse:
    return JSONResponse(body, 201, service.rules.token_headers("mint"))
