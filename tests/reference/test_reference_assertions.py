"""Assertions for relayhistory: an access token alone, for a minute, for somebody else."""

from typing import Any

import pytest

from tests.reference.world import START, World, claims, own

NOW = int(START)
ROUTE = "/v1/tokens/relayhistory-assertion"
BODY: dict[str, Any] = {
    "orgId": "org_one", "workspaceId": "ws_9", "sponsorId": "user_9", "scopes": ["rth:read", "rth:sync"],
}  # fmt: skip
SCOPE = "relayauth:assertion:create:relayhistory"


def test_an_assertion_is_an_access_token_alone(world: World) -> None:
    """For relayhistory, for 60 s at most, of its own class, and with no refresh token beside it."""
    answer = world.ask("POST", ROUTE, BODY, world.new_key("org_one", SCOPE))
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert answer.json().keys() == {"accessToken", "accessTokenExpiresAt", "tokenType"}
    said = claims(answer.json()["accessToken"])
    assert (said["aud"], said["meta"]) == (["relayhistory"], {"tokenClass": "relayhistory_assertion"})
    assert (said["token_type"], said["exp"] - said["iat"], said["scopes"]) == ("access", 60, BODY["scopes"])
    assert (said["org"], said["wks"], said["sponsorId"]) == ("org_one", "ws_9", "user_9")
    assert answer.json()["accessTokenExpiresAt"] == "2027-01-15T08:01:00.000Z"


@pytest.mark.parametrize(("asked", "given"), [(None, 60), (1, 1), (60, 60), (30.0, 30)], ids=str)
def test_an_assertion_lives_as_asked(world: World, asked: Any, given: int) -> None:
    """From one second to sixty."""
    said = claims(world.ask("POST", ROUTE, BODY | {"expiresIn": asked}).json()["accessToken"])
    assert said["exp"] == NOW + given


@pytest.mark.parametrize(
    ("change", "code"),
    [*(({"expiresIn": asked}, "invalid_expires_in") for asked in (0, -1, 61, 1.5, True, "60", [60], 1e300)),
     *(({"scopes": asked}, "invalid_scope")
       for asked in (None, [], "rth:read", ["rth:write"], ["rth:read", "*"], ["cloud:x:read"], [7], [["x"]])),
     *(({name: None}, "invalid_request") for name in ("orgId", "workspaceId", "sponsorId"))],
    ids=str,
)  # fmt: skip
def test_a_bad_assertion_request_is_refused(world: World, change: dict[str, Any], code: str) -> None:
    """400 with its code, in both members."""
    answer = world.ask("POST", ROUTE, BODY | change)
    assert (answer.status_code, answer.json()["code"], answer.json()["error"]) == (400, code, code)


def test_only_an_org_key_with_the_scope_makes_one(world: World) -> None:
    """Bearers and workspace tokens: `assertion_key_required`; another scope or another org: 403 too."""
    cases = [
        (f"Bearer {own(world)}", "assertion_key_required"),
        (world.workspace_token()[1], "assertion_key_required"),
        (world.new_key("org_one", "relayauth:token:manage"), "insufficient_scope"),
        (world.new_key("org_one", "relayauth:assertion:create:other"), "insufficient_scope"),
        (world.new_key("org_two"), "insufficient_scope"),
    ]
    answers = [world.ask("POST", ROUTE, BODY, by) for by, _ in cases]
    assert [(each.status_code, each.json()["error"]) for each in answers] == [
        (403, code) for _, code in cases
    ]
    assert world.ask("POST", ROUTE, BODY, None).status_code == 401


def test_an_assertion_opens_and_refreshes_nothing_here(world: World) -> None:
    """401 as a bearer and at refresh; introspection shows it until it ends or is revoked."""
    token = world.ask("POST", ROUTE, BODY).json()["accessToken"]
    assert world.bearer(token).status_code == 401
    assert world.refresh(token).status_code == 401
    assert world.introspect(token) == claims(token)
    world.ask("POST", "/v1/tokens/revoke", {"tokenId": claims(token)["jti"]})
    assert world.introspect(token) is None
