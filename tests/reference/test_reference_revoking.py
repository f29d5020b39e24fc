"""What stays revoked, and who may revoke or see it: revocation, deletion, tenants."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.reference.conftest import Opening
from tests.reference.world import ENDPOINTS, World, admin_claims, claims, environment, own, resigned

endpoints = pytest.mark.parametrize("endpoint", ENDPOINTS)
ways = pytest.mark.parametrize(
    ("field", "claim"), [("sessionId", "sid"), ("tokenId", "jti"), ("identityId", "sub")],
    ids=["session", "token", "identity"],
)  # fmt: skip


def revoke(world: World, by: str | None = "admin", **body: Any) -> tuple[int, Any]:
    """Status and body of a revocation."""
    answer = world.ask("POST", "/v1/tokens/revoke", body, by)
    return answer.status_code, answer.json() if answer.content else None


def is_dead(world: World, pair: Mapping[str, Any]) -> bool:
    """Say whether nothing of a pair works: refresh, bearer, introspection of both."""
    tokens = [pair["accessToken"], pair["refreshToken"]]
    return (
        world.refresh(pair["refreshToken"]).status_code in (401, 404)
        and world.bearer(pair["accessToken"]).status_code == 401
        and [world.introspect(token) for token in tokens] == [None, None]
    )


@endpoints
@ways
@pytest.mark.parametrize("kind", ["accessToken", "refreshToken"])
def test_what_is_revoked_stays_dead(world: World, endpoint: str, field: str, claim: str, kind: str) -> None:
    """By session, by either token or by identity; a second time is no fault."""
    pair = world.rotated(world.pair(endpoint))
    assert world.introspect(pair["accessToken"]) == claims(pair["accessToken"])
    named = {field: claims(pair[kind])[claim]}
    assert revoke(world, **named) == (204, None)
    assert is_dead(world, pair)
    assert revoke(world, **named) == (204, None)


@endpoints
@ways
def test_another_org_can_neither_end_nor_see_it(world: World, endpoint: str, field: str, claim: str) -> None:
    """It gets the answer that one gets for what never was."""
    stranger, pair = world.new_key("org_two"), world.pair(endpoint)
    theirs = revoke(world, stranger, **{field: claims(pair["accessToken"])[claim]})
    assert theirs == revoke(world, stranger, **{field: "never"})
    assert (theirs[0], theirs[1]["code"]) == (404, "token_not_found")
    assert world.introspect(pair["accessToken"], stranger) is None
    assert world.introspect(pair["accessToken"]) is not None
    assert world.refresh(pair["refreshToken"]).status_code == 200


@pytest.mark.parametrize(
    "body", [{}, {"tokenId": None}, {"token": "x"}, {"tokenId": 7}, {"sessionId": ""}], ids=str
)
def test_a_revocation_names_what_it_ends(world: World, body: dict[str, Any]) -> None:
    """None of the three fields, or no text in it: 400."""
    assert revoke(world, **body)[0] == 400


@pytest.mark.parametrize("endpoint", ["agent", "path"])
def test_without_its_workspace_token_a_session_ends(world: World, endpoint: str) -> None:
    """401 `workspace_token_revoked`."""
    token_id, token = world.workspace_token()
    pair = world.pair(endpoint, by=token)
    answer = world.ask("POST", f"/v1/api-keys/{token_id}/revoke")
    assert (answer.status_code, answer.json()["revoked"]) == (200, True)
    refused = world.refresh(pair["refreshToken"])
    assert (refused.status_code, refused.json()["code"]) == (401, "workspace_token_revoked")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_deleted_identity_takes_its_tokens_with_it(world: World, endpoint: str) -> None:
    """Refresh, bearer and introspection; path tokens made out to it too. An identity's refresh is a 404."""
    identity = world.identity(workspaceId="ws_1")
    pair = world.pair(endpoint, **{"identityId" if endpoint == "identity" else "agentId": identity})
    assert world.ask("DELETE", f"/v1/identities/{identity}").status_code == 204
    refused = world.refresh(pair["refreshToken"])
    assert refused.status_code == (404 if endpoint in ("identity", "agent") else 401)
    assert is_dead(world, pair)
    assert world.ask("GET", f"/v1/identities/{identity}").json()["code"] == "identity_not_found"


def test_a_deletion_wants_to_be_confirmed(world: World) -> None:
    """Without `X-Confirm-Delete: true` it is 400, and nothing happens."""
    path = f"/v1/identities/{world.identity()}"
    answer = world.http.delete(path, headers={"x-api-key": world.admin})
    assert (answer.status_code, answer.json()["code"]) == (400, "confirmation_required")
    assert world.ask("GET", path).status_code == 200


def test_tenants_are_apart(world: World) -> None:
    """Another org's identity, key and token are as if they were not there."""
    stranger, identity = world.new_key("org_two"), world.identity()
    key_id = world.workspace_token()[0]
    answers = [
        world.ask("GET", f"/v1/identities/{identity}", by=stranger),
        world.ask("DELETE", f"/v1/identities/{identity}", by=stranger),
        world.ask("POST", f"/v1/api-keys/{key_id}/revoke", by=stranger),
        world.mint("identity", by=stranger, identityId=identity),
        world.mint("agent", by=world.workspace_token(by=stranger)[1], agentId=identity),
    ]
    assert [answer.status_code for answer in answers] == [404] * 5
    assert world.ask("GET", f"/v1/identities/{identity}").status_code == 200


def test_a_token_of_a_revoked_session_that_was_never_issued_is_dead(world: World) -> None:
    """A signed bearer that names a session is revoked with it, whatever its `jti`."""
    pair = world.pair("identity")
    copy = resigned(pair["accessToken"], jti="tok_other")
    assert world.bearer(copy).status_code != 401
    revoke(world, sessionId=claims(copy)["sid"])
    assert world.bearer(copy).status_code == 401


def test_introspection_is_of_the_whole_deployment_and_never_of_the_unissued(world: World) -> None:
    """The key holder's own bearer is believed,
    and yet nothing that was issued; so are nonsense and keys."""
    assert claims(own(world)) == admin_claims()
    shown = [world.introspect(token) for token in (own(world), "nonsense", world.admin, "a.b.c")]
    assert shown == [None] * 4


def test_a_bearer_that_mints_is_the_parent(world: World) -> None:
    """`parentTokenId` is the minter's `jti`, at mint and after rotation."""
    pair = world.pair("identity", by=f"Bearer {own(world)}")
    assert claims(pair["accessToken"])["parentTokenId"] == "tok_own"
    assert claims(world.rotated(pair)["refreshToken"])["parentTokenId"] == "tok_own"


def test_two_deployments_on_one_file_are_one(opened: Opening, tmp_path: Any) -> None:
    """What one revokes, the other refuses, at once."""

    env = environment(RELAYAUTH_DB_PATH=str(tmp_path / "state.db"))
    one, two = opened(env), opened(env)
    pair = one.pair("path")
    assert two.introspect(pair["accessToken"]) is not None
    assert revoke(two, sessionId=claims(pair["accessToken"])["sid"])[0] == 204
    assert is_dead(one, pair)
