"""Provokes every refusal that openapi.yaml describes, and holds each against it."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.test_openapi import OPERATIONS
from tests.test_openapi_reference import (
    ANSWERS,
    ENDPOINTS,
    FULL,
    GUARDED,
    PATHS,
    SMALL,
    WITH_BODY,
    WORKSPACE,
    Change,
    World,
    opened,
)

CHAIN = "400 sponsor_chain_too_long"
LONG, SECRET = [f"user_{number}" for number in range(11)], "relayfile:fs:read:/secret/*"
CHANGES = ["updateIdentity", "suspendIdentity", "reactivateIdentity", "retireIdentity"]
ASSERTION = "createRelayhistoryAssertion"
SOON: dict[str, Any] = {"name": PATHS[0], "delegationNotAfter": time.time() + 3600}


def rows() -> Iterator[tuple[str, str, Change]]:
    """Each refusal: the operation, status and code, and what is changed in the usual request."""
    for name in GUARDED:
        yield name, "401 missing_authorization", lambda _: {"key": ""}
    for name in [name for name in GUARDED if name not in WORKSPACE]:
        yield name, "401 invalid_api_key", lambda _: {"key": "rak_example"}
        yield name, "401 invalid_token", lambda _: {"key": "Bearer no.to.ken"}
        yield name, "403 insufficient_scope", lambda w: {"key": w.ok("createApiKey", body=SMALL)["key"]}
    for name in WORKSPACE:
        yield name, "401 workspace_token_required", lambda w: {"key": w.org}
        yield name, "403 insufficient_scope", lambda w: {"key": w.narrow}
        yield name, "403 scope_escalation", lambda _: {"body": {"scopes": [SECRET], "paths": ["/secret/*"]}}
    for name in WITH_BODY:
        yield name, "400 invalid_request", lambda _: {"raw": b"[]"}
        yield name, "400 invalid_request", lambda _: {"raw": b"{"}
        yield name, "413 body_too_large", lambda _: {"raw": b" " * (1 << 20)}
    for name in [*ENDPOINTS, "createWorkspaceToken", "createApiKey", "createIdentity", CHANGES[0], ASSERTION]:
        yield name, "400 invalid_scope", lambda _: {"body": {"scopes": ["nothing"]}}
    for name in PATHS:
        yield name, "400 invalid_paths", lambda _: {"body": {"paths": ["/"]}}
        yield name, "400 invalid_scope", lambda _: {"body": {"scopes": [SECRET]}}
        yield name, "400 invalid_delegation_not_after", lambda _: {"body": {"delegationNotAfter": 1}}
    for name in ["createWorkspaceToken", "createApiKey", "createIdentity", "updateIdentity", ENDPOINTS[0]]:
        yield name, "403 scope_escalation", lambda w: {"key": w.minor, "body": FULL}
    for name in ["mintIdentityTokens", "getIdentity", "deleteIdentity", *CHANGES]:
        yield name, "404 identity_not_found", lambda w: {"key": w.other}
    yield "mintAgentTokens", "404 identity_not_found", lambda w: {"body": {"agentId": w.elsewhere}}
    yield "mintPathTokens", "403 insufficient_scope", lambda _: {"body": {"workspaceId": "ws_b"}}
    yield "mintWorkspacePathTokens", "403 scope_escalation", lambda w: {"key": w.minor}
    yield PATHS[1], CHAIN, lambda w: {"key": w.bearer("a", sponsorChain=LONG)}
    yield "createIdentity", CHAIN, lambda w: {"body": {"sponsorId": w.youngest}}
    yield "deleteIdentity", "400 confirmation_required", lambda w: {"parameters": {"id": w.agent}}
    yield "revokeApiKey", "404 api_key_not_found", lambda w: {"key": w.other}
    yield "revokeTokens", "404 token_not_found", lambda w: {"key": w.other}
    yield "introspectToken", "400 invalid_request", lambda _: {"parameters": {}}
    yield "refreshTokens", "401 invalid_token", lambda _: {"body": {"refreshToken": "no.to.ken"}}
    yield "refreshTokens", "401 workspace_token_revoked", lambda w: {"body": w.disowned()}
    yield "refreshTokens", "401 delegation_expired", lambda w: {"body": w.minted(**SOON), "late": 3601.0}
    yield "refreshTokens", "401 delegation_expired", lambda w: {"body": w.minted(**SOON), "late": 86400.0}
    yield "refreshTokens", "404 identity_not_found", lambda w: {"body": w.orphaned()}


def always(**change: Any) -> Change:
    return lambda _: change


def newer_rows() -> Iterator[tuple[str, str, Change]]:
    """The refusals of what is done with identities that exist, and of assertions."""
    for name in ["createIdentity", "updateIdentity"]:
        yield name, "409 identity_already_exists", lambda w: {"body": {"name": w.ok("getIdentity")["name"]}}
    again = "409 identity_not_active"
    yield "suspendIdentity", again, lambda w: {"parameters": {"id": w.ok("retireIdentity")["id"]}}
    for asked in (0, 61, 1.5, True, "60"):
        yield ASSERTION, "400 invalid_expires_in", always(body={"expiresIn": asked})
    yield ASSERTION, "403 assertion_key_required", lambda w: {"key": w.narrow}
    yield ASSERTION, "403 assertion_key_required", lambda w: {"key": w.bearer("a")}
    yield ASSERTION, "403 insufficient_scope", lambda _: {"body": {"orgId": "b"}}
    for name, value in [("status", "gone"), ("type", "robot"), ("limit", "0"), ("cursor", "x")]:
        yield "listIdentities", "400 invalid_request", always(parameters={name: value})


ROWS = [*rows(), *newer_rows()]
# The reference has no limit and no identity provider, makes no longer chain than it mints for, and decides
# every refresh.
BEYOND = {("createIdentity", "403 sponsor_proof_required"), *((mint, CHAIN) for mint in ENDPOINTS[:3])}
BEYOND |= {("refreshTokens", "409 refresh_under_way")}
STORAGE = ("429 rate_limited", "503 storage_overloaded", "503 storage_capacity_exhausted")
BEYOND |= {(name, refusal) for name in OPERATIONS for refusal in STORAGE}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with opened() as made:
        yield made


@pytest.mark.parametrize(("name", "refusal", "change"), ROWS, ids=[f"{row[0]} {row[1]}" for row in ROWS])
def test_a_refusal_is_answered_as_described(world: World, name: str, refusal: str, change: Change) -> None:
    """One change to the usual request, and the described status and code come back."""
    answer = world.ask(name, **change(world))
    assert f"{answer.status_code} {answer.json()['code']}" == refusal


def test_every_described_refusal_is_provoked() -> None:
    """No error stands in the document that no row asks for, and none is answered that is not there."""
    described = {
        (name, f"{status} {code}")
        for name, status, answer in ANSWERS
        for code in (answer["content"]["application/json"]["examples"] if status >= "4" else ())
    }
    assert described - BEYOND == {row[:2] for row in ROWS}
