"""What a 403 to the run's own requests means: a missing scope, a rule of the deployment, or a failure."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from contract.harness.client import OwnOrg, Response, Service
from contract.harness.client.messages import Request
from contract.harness.errors import NotTried, Violation
from contract.harness.spec import ENDPOINTS, REFRESH_TTL_FIELD, SHAPED
from tests.unit.client.scripted import SCOPES, Change, Deployment, reference


@contextmanager
def opened(change: Change, scopes: list[str] = SCOPES) -> Iterator[tuple[OwnOrg, Deployment]]:
    """An org on the reference behind `change`, open and closed again."""
    with reference(change, scopes) as deployment, deployment.connect() as connection:
        own_org = OwnOrg(Service(connection), deployment.key)
        own_org.open()
        yield own_org, deployment
        deployment.watched.change = lambda _request: None
        assert own_org.close() == []


def forbidding(path: str, body: dict[str, str], field: str = "") -> Change:
    """Answer 403 at `path`; with `field` only where it is sent."""

    def change(request: httpx.Request) -> httpx.Response | None:
        here = request.method == "POST" and request.url.path == path
        return httpx.Response(403, json=body) if here and field in request.content.decode() else None

    return change


def test_a_rule_of_the_deployment_closes_only_what_needs_it() -> None:
    """An org that makes no identities without proof: its own code is told, and path tokens are tried."""
    body = {"error": "a sponsor proof is needed", "code": "sponsor_proof_required"}
    with opened(forbidding("/v1/identities", body)) as (own_org, _):
        assert set(own_org.closed) == {"identity", "agent"}
        assert own_org.closed["identity"] == "POST /v1/identities answered 403 (sponsor_proof_required)"
        for name in ("path", "workspace-path"):
            assert own_org.pair(ENDPOINTS[name]).refresh.claims["sid"]
        with pytest.raises(NotTried, match="sponsor_proof_required"):
            _ = own_org.own_identity


def test_a_missing_scope_is_told_as_one() -> None:
    """The reference answers `insufficient_scope`: the scope that the key lacks is named."""
    with opened(lambda _request: None, SCOPES[1:]) as (own_org, _):
        assert "the API key lacks relayauth:identity:manage:*" in own_org.closed["identity"]
        assert set(own_org.closed) == {"identity", "agent"}


@pytest.mark.parametrize("code", ["insufficient_scope", "limited"])
def test_a_403_to_a_field_of_a_mint_is_a_failure(code: str) -> None:
    """The same mint without the field succeeds, so that no credential is to blame."""
    change = forbidding("/v1/tokens", {"error": code}, REFRESH_TTL_FIELD)
    with opened(change) as (own_org, _):
        with pytest.raises(Violation, match=f"requires 201; got 403 \\({code}\\)"):
            own_org.pair(ENDPOINTS["identity"], None, **{REFRESH_TTL_FIELD: 60})
        assert own_org.closed == {}


def test_a_mint_that_is_always_forbidden_is_not_tried() -> None:
    """A key that may not use one endpoint: that endpoint is closed, with the scope, and no other."""
    change = forbidding("/v1/tokens", {"error": "insufficient_scope"})
    with opened(change) as (own_org, _):
        with pytest.raises(NotTried, match="the API key lacks"):
            own_org.pair(ENDPOINTS["identity"], None, **{REFRESH_TTL_FIELD: 60})
        assert set(own_org.closed) == {"identity"}
        assert own_org.pair(SHAPED["path"][1])


CODES = {
    "code": ({"error": "prose, as people write it", "code": "invalid_token"}, "invalid_token"),
    "error": ({"error": "token_not_found"}, "token_not_found"),
    "both": ({"error": "identity_not_found", "code": "identity_gone"}, "identity_gone"),
    "prose": ({"error": "Invalid refresh token"}, None),
    "another type": ({"error": ["x"]}, None),
}


@pytest.mark.parametrize(("body", "code"), CODES.values(), ids=CODES)
def test_the_machine_code_is_read_from_code_else_error(body: dict[str, object], code: str | None) -> None:
    """docs/contract.md, Errors; prose is no code."""
    response = Response(Request("GET", "/x", None, 0.0), 404, {}, json.dumps(body).encode(), 0.0)
    assert response.code == code


def test_an_identity_has_the_scopes_that_the_key_may_grant() -> None:
    """A key that lacks one of the further scopes still makes identities."""
    with opened(lambda _request: None, [scope for scope in SCOPES if "api-key" not in scope]) as (own_org, _):
        assert own_org.own_identity
        assert own_org.another_identity()
        assert set(own_org.closed) == {"agent", "path"}
