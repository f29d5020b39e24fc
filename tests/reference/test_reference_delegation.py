"""Path tokens: whose they are, what they reach, and that no identity of their name is needed."""

import json
import time
from typing import Any

import pytest

from tests.reference.conftest import Opening
from tests.reference.test_reference_revoking import is_dead, revoke
from tests.reference.world import ENDPOINTS, START, World, claims, environment

NOW = int(START)
PATHS_ENDPOINTS = ["path", "workspace-path"]
paths_endpoints = pytest.mark.parametrize("endpoint", PATHS_ENDPOINTS)
SHAPES: dict[str, dict[str, str]] = {
    "bare": {},
    "named": {"agentName": "Zoë 7", "agentId": "a new one"},
    "only-name": {"agentName": "night shift"},
}
shapes = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


@paths_endpoints
@shapes
def test_a_session_needs_no_identity(world: World, endpoint: str, shape: dict[str, str]) -> None:
    """Single use, replay, introspection and rotation are as on any session."""
    first = world.pair(endpoint, **shape)
    second = world.rotated(first)
    assert world.introspect(first["refreshToken"]) is None
    for kind in ("accessToken", "refreshToken"):
        assert world.introspect(second[kind]) == claims(second[kind])
    assert world.refresh(first["refreshToken"]).status_code == 401
    assert is_dead(world, second)


@paths_endpoints
@shapes
@pytest.mark.parametrize("by", ["sid", "jti-used", "jti-newest", "jti-access", "sub"])
def test_a_session_without_identity_is_revoked(
    world: World, endpoint: str, shape: dict[str, str], by: str
) -> None:
    """By session, by any token, a used one too, and by the identity id that its `sub` is; mints go on."""
    first = world.pair(endpoint, **shape)
    newest = world.rotated(world.rotated(first))
    body = {
        "sid": {"sessionId": claims(newest["accessToken"])["sid"]},
        "jti-used": {"tokenId": claims(first["refreshToken"])["jti"]},
        "jti-newest": {"tokenId": claims(newest["refreshToken"])["jti"]},
        "jti-access": {"tokenId": claims(newest["accessToken"])["jti"]},
        "sub": {"identityId": claims(newest["accessToken"])["sub"]},
    }[by]
    assert revoke(world, **body) == (204, None)
    assert is_dead(world, newest)
    assert world.refresh(world.pair(endpoint, **shape)["refreshToken"]).status_code == 200


@paths_endpoints
@pytest.mark.parametrize("whose", ["nobody", "org_one", "org_two"])
def test_a_token_is_its_minters_whatever_its_agent_names(world: World, endpoint: str, whose: str) -> None:
    """`org`, `wks`, `sponsorId`, chain and parent are the minter's, at mint and after rotations."""
    agent = "agent_none"
    if whose != "nobody":
        by = world.new_key(whose)
        agent = world.identity(by=by, workspaceId="ws_other", sponsorId="user_other")
    token_id, token = world.workspace_token()
    pair = world.pair(endpoint, agentId=agent, by=token if endpoint == "path" else None)
    for _ in range(3):
        for said in (claims(pair["accessToken"]), claims(pair["refreshToken"])):
            assert (said["org"], said["wks"], said["sub"]) == ("org_one", "ws_1", agent)
            assert said["sponsorId"].startswith("api_key:")
            assert said["sponsorChain"] == [said["sponsorId"], agent]
            if endpoint == "path":
                assert said["sponsorId"] == f"api_key:{token_id}"
            assert said.get("parentTokenId") == (token_id if endpoint == "path" else None)
        pair = world.rotated(pair)


def test_agent_tokens_carry_their_workspace_token(world: World) -> None:
    """`parentTokenId` is its id, over rotations; tokens by an org key carry none."""
    token_id, token = world.workspace_token()
    pair = world.pair("agent", by=token, agentId=world.identity(workspaceId="ws_1"))
    said = [claims(each["refreshToken"]).get("parentTokenId") for each in (pair, world.rotated(pair))]
    assert said == [token_id] * 2
    assert "parentTokenId" not in claims(world.pair("identity")["accessToken"])


@pytest.mark.parametrize(
    ("paths", "scope", "status"),
    [
        (["/slack/channels/C1/*"], "relayfile:fs:read:/slack/*", 201),
        (["/slack/a/*", "/slack/b"], "relayfile:fs:read:/slack/*", 201),
        (["/slack/a/*", "/github/b"], "relayfile:fs:read:/slack/*", 400),
        (["/slack/a/*", "/github/b"], "relayfile:fs:read:/slack/a/*", 201),
        (["/slack/a/*"], "relayfile:fs:read:/slack/a/*", 201),
        (["/slack/a/*"], "relayfile:fs:read:/*", 400),
        (["/slack/a/*"], "relayfile:fs:read:*", 400),
        (["/slack/a/*"], "relayfile:fs:read", 400),
        (["/slack/a/*"], "relayfile:fs:read:/**", 400),
        (["/slack/a/*"], "relayfile:fs:read:/sla*", 400),
        (["/slack/a/*"], "relayfile:fs:read:/slack", 400),
        (["/slack/a/*"], "relayfile:fs:read:/slackers/*", 400),
        (["/slack/a/*"], "relayfile:*:read:/slack/*", 400),
        (["/slack/a/*"], "cloud:fs:read:/slack/*", 400),
    ],
    ids=["broader", "covers-both", "covers-one-of-two", "one-of-two", "itself", "root", "star", "pathless",
         "root-stars", "half-a-segment", "parent-itself", "neighbour", "any-resource", "other-plane"],
)  # fmt: skip
@paths_endpoints
def test_a_broader_scope_covers_every_path_asked(
    world: World, endpoint: str, paths: list[str], scope: str, status: int
) -> None:
    """Around all the paths and not the whole tree: accepted. Inside one of them: accepted as before."""
    answer = world.mint(endpoint, paths=paths, scopes=[scope])
    assert (answer.status_code, answer.json().get("error")) == (
        status, None if status == 201 else "invalid_scope"
    )  # fmt: skip


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_fewer_scopes_are_exactly_these(world: World, endpoint: str) -> None:
    """In `scopes` and in `meta.accessScopes`, at mint and over three rotations."""
    held = ["relayfile:fs:read:/github/repos/*", "relayfile:fs:write:/github/repos/*", "cloud:run:read"]
    asked = held[:1] if "path" in endpoint else held[::2]
    fields: dict[str, Any] = {"scopes": asked, "audience": ["cloud", "relayfile"]}
    if "path" not in endpoint:
        identity = world.identity(workspaceId="ws_1", scopes=held)
        fields["identityId" if endpoint == "identity" else "agentId"] = identity
    pair = world.pair(endpoint, **fields)
    for _ in range(4):
        said = claims(pair["accessToken"])
        assert (said["scopes"], said["aud"]) == (asked, ["cloud", "relayfile"])
        for token in (said, claims(pair["refreshToken"])):
            if endpoint != "identity":
                assert json.loads(token["meta"]["accessScopes"]) == asked
        pair = world.rotated(pair)


def test_a_mint_gives_what_caller_and_identity_hold(world: World) -> None:
    """More than the caller, or more than the identity, is 403; a malformed scope is 400."""
    identity = world.identity(scopes=["cloud:run:read", "cloud:run:write"])
    caller = world.new_key("org_one", "relayauth:token:create", "cloud:run:read", "relaycast:x:read")

    def asked(*wanted: str) -> tuple[int, Any]:
        answer = world.mint("identity", by=caller, identityId=identity, scopes=list(wanted))
        return answer.status_code, answer.json().get("error")

    assert asked("cloud:run:read") == (201, None)
    assert asked("cloud:run:write") == (403, "scope_escalation")
    assert asked("relaycast:x:read") == (403, "scope_escalation")
    assert asked("cloud:run:read", "relaycast:x:read") == (403, "scope_escalation")
    assert asked("nonsense") == (400, "invalid_scope")


@pytest.mark.parametrize(
    "horizon",
    [NOW + 7200, NOW + 7200.9, "2027-01-15T10:00:00Z", "2027-01-15T10:00:00.900Z",
     "2027-01-15T12:00:00+02:00", "2027-01-15T04:30:00-05:30", "2027-01-15T10:00Z",
     "2027-01-15T12:00:00+0200"],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kathmandu"])
@paths_endpoints
def test_a_horizon_is_one_moment_in_every_form(world: World, endpoint: str, horizon: Any, zone: str) -> None:
    """Epoch seconds, `Z` or an offset; no time depends on the machine's zone."""
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TZ", zone)
            time.tzset()
            pair = world.pair(endpoint, delegationNotAfter=horizon, refreshTokenTtlSeconds=7776000)
            world.now += 4000
            newer = world.rotated(pair)
    finally:
        time.tzset()
    assert pair["delegationNotAfter"] == "2027-01-15T10:00:00.000Z"
    assert claims(pair["accessToken"])["meta"]["delegationNotAfter"] == "2027-01-15T10:00:00.000Z"
    assert claims(pair["refreshToken"])["exp"] == NOW + 7200
    assert {claims(newer[kind])["exp"] for kind in ("accessToken", "refreshToken")} == {NOW + 7200}
    assert newer["refreshTokenExpiresAt"] == "2027-01-15T10:00:00.000Z"


@pytest.mark.parametrize(
    "horizon",
    ["2030-01-15", "2030-01-15T10:00:00", "20300115T100000Z", "2030-01-15 10:00:00Z", "2030-13-01T00:00:00Z",
     "1900000000", "9999-12-31T23:59:59-12:00", "2030-01-15T10:00:00Z ", {}, False],
    ids=str,
)  # fmt: skip
def test_a_horizon_without_an_offset_is_no_moment(world: World, horizon: Any) -> None:
    """400 `invalid_delegation_not_after`: whose midnight it is, nobody said."""
    answer = world.mint("path", delegationNotAfter=horizon)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_delegation_not_after")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_two_hundred_mints_end_no_session(opened: Opening, endpoint: str) -> None:
    """The first of many sessions of one subject is renewed as the last."""
    world = opened(environment())
    by = world.workspace_token()[1] if endpoint in ("agent", "path") else None
    fields: dict[str, Any] = {}
    if "path" not in endpoint:
        field = "identityId" if endpoint == "identity" else "agentId"
        fields[field] = world.identity(workspaceId="ws_1")
    pairs = [world.pair(endpoint, by=by, **fields) for _ in range(200)]
    assert len({claims(pair["accessToken"])["sid"] for pair in pairs}) == 200
    assert world.bearer(pairs[0]["accessToken"]).status_code != 401
    assert world.refresh(pairs[0]["refreshToken"]).status_code == 200
