"""Minting: what each endpoint answers, gives and refuses."""

import json
from typing import Any

import jwt
import pytest

from tests.reference.world import ENDPOINTS, START, World, bare, claims

NOW = int(START)
CAP = 7776000
endpoints = pytest.mark.parametrize("endpoint", ENDPOINTS)


@endpoints
@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (1, 1), (60, 60), (86399, 86399), (3600.9, 3600), (CAP - 1, CAP - 1), (CAP, CAP), (CAP + 1, CAP),
        (2**53, CAP), (1e300, CAP),
    ],
    ids=["1", "60", "86399", "fraction", "cap-1", "cap", "cap+1", "2^53", "1e300"],
)  # fmt: skip
def test_a_ttl_is_given_to_the_second_and_marked(
    world: World, endpoint: str, asked: float, given: int
) -> None:
    """The effective TTL is min(floor(asked), cap), on both tokens' mark and in exp - iat."""
    pair = world.pair(endpoint, refreshTokenTtlSeconds=asked)
    access, refresh = claims(pair["accessToken"]), claims(pair["refreshToken"])
    assert refresh["exp"] - refresh["iat"] == given
    assert access["meta"]["refreshTokenTtl"] == refresh["meta"]["refreshTokenTtl"] == str(given)
    assert access["exp"] - access["iat"] == 3600


@endpoints
@pytest.mark.parametrize(
    "asked",
    [None, 0, -1, 0.5, True, False, "3600", "", [60], {}, -1e300],
    ids=["null", "0", "-1", "half", "true", "false", "text", "empty", "list", "object", "-1e300"],
)
def test_what_is_no_number_of_seconds_counts_as_absent(world: World, endpoint: str, asked: Any) -> None:
    """It gives an unmarked 24 h token, never a longer one, a dead one or a half-marked one."""
    pair = world.pair(endpoint, refreshTokenTtlSeconds=asked)
    refresh = claims(pair["refreshToken"])
    assert refresh["exp"] - refresh["iat"] == 86400
    assert "refreshTokenTtl" not in claims(pair["accessToken"]).get("meta", {}) | refresh.get("meta", {})


@pytest.mark.parametrize(
    ("number", "given"), [("1e400", CAP), ("-1e400", 86400), ("NaN", 86400), ("9" * 400, CAP)],
    ids=["1e400", "-1e400", "NaN", "400-digits"],
)  # fmt: skip
def test_a_number_that_json_can_write_and_a_float_cannot_hold_is_a_number(
    world: World, number: str, given: int
) -> None:
    """1e400 is above any cap; NaN is no number."""
    body = f'{{"identityId": "{world.identity()}", "refreshTokenTtlSeconds": {number}}}'
    answer = world.http.post("/v1/tokens", content=body, headers={"x-api-key": world.admin})
    refresh = claims(answer.json()["refreshToken"])
    assert refresh["exp"] - refresh["iat"] == given


@endpoints
def test_a_pair_has_the_claims_of_the_wire_page(world: World, endpoint: str) -> None:
    """Header, claims, prefixes and announced expiries are those of wire.md."""
    pair = world.pair(endpoint, refreshTokenTtlSeconds=60)
    access, refresh = claims(pair["accessToken"]), claims(pair["refreshToken"])
    prefix = {"identity": "", "agent": "relay_ag_"}.get(endpoint, "relay_pa_")
    wanted = {"sub", "org", "wks", "scopes", "sponsorId", "sponsorChain", "token_type", "iss", "aud", "exp",
              "iat", "jti", "sid"}  # fmt: skip
    assert wanted <= access.keys() & refresh.keys()
    assert jwt.get_unverified_header(bare(pair["accessToken"])).keys() == {"alg", "typ", "kid"}
    assert pair["accessToken"].startswith(prefix + "eyJ")
    assert access["jti"].startswith(prefix or "tok_")
    assert (refresh["scopes"], refresh["aud"]) == (["relayauth:token:refresh"], ["relayauth"])
    assert (access["iat"], access["sid"]) == (NOW, refresh["sid"])
    assert access["jti"] != refresh["jti"]
    assert pair["accessTokenExpiresAt"] == "2027-01-15T09:00:00.000Z"
    assert pair["refreshTokenExpiresAt"] == "2027-01-15T08:01:00.000Z"
    assert all(isinstance(value, str) for value in access["meta"].values())


def test_an_agent_answer_and_its_meta_are_whole(world: World) -> None:
    """`/agent` answers its class and issuer, and says in meta what was granted."""
    token_id, token = world.workspace_token()
    agent = world.identity(workspaceId="ws_1", scopes=["cloud:run:read"])
    told = world.pair("agent", by=token, agentId=agent)
    assert (told["agentId"], told["workspaceId"], told["tokenClass"]) == (agent, "ws_1", "relay_ag")
    assert told["issuedViaWorkspaceTokenId"] == token_id
    meta = claims(told["accessToken"])["meta"]
    assert (meta["tokenClass"], meta["workspaceTokenId"]) == ("agent", token_id)
    assert (json.loads(meta["accessScopes"]), json.loads(meta["accessAudience"])) == (
        ["cloud:run:read"], ["cloud"]
    )  # fmt: skip


@pytest.mark.parametrize("endpoint", ["path", "workspace-path"])
def test_a_path_answer_and_its_meta_are_whole(world: World, endpoint: str) -> None:
    """The path endpoints answer paths, names and horizon, and default the scopes from the paths."""
    told = world.pair(endpoint, agentId="bot 7", delegationNotAfter=NOW + 600)
    access = claims(told["accessToken"])
    assert told["tokenClass"] == "relay_pa"
    assert told["agentName"] == access["meta"]["agentName"] == "bot 7"
    assert told["agentId"] == access["sub"] == "agent_bot-7"
    assert told["paths"] == json.loads(access["meta"]["paths"]) == ["/github/repos/*"]
    assert told["delegationNotAfter"] == access["meta"]["delegationNotAfter"] == "2027-01-15T08:10:00.000Z"
    assert set(access["scopes"]) == {f"relayfile:fs:{way}:/github/repos/*" for way in ("read", "write")}
    assert ("workspaceTokenId" in access["meta"], "issuedViaWorkspaceTokenId" in told) == (
        (endpoint == "path",) * 2
    )
    assert access["exp"] == claims(told["refreshToken"])["exp"] == NOW + 600


def test_a_nameless_path_token_is_the_orchestrators(world: World) -> None:
    """`agentName` defaults to `agentId`, else `cloud-orchestrator`."""
    told = world.pair("path")
    assert (told["agentName"], told["agentId"]) == ("cloud-orchestrator", "agent_cloud-orchestrator")


@pytest.mark.parametrize(
    ("endpoint", "asked", "given"),
    [("identity", 7200, 7200), ("identity", 63072000, 63072000), ("agent", 7200, 3600), ("path", 60, 60),
     ("workspace-path", 7200, 3600), ("identity", -5, 3600), ("identity", "60", 3600)],
    ids=["identity", "identity-two-years", "agent", "path", "workspace-path", "negative", "text"],
)  # fmt: skip
def test_an_access_ttl_is_as_asked_and_short_on_delegated_endpoints(
    world: World, endpoint: str, asked: Any, given: int
) -> None:
    """`expiresIn` if it is a positive number, else 3600; at most 3600 where delegated."""
    access = claims(world.pair(endpoint, expiresIn=asked)["accessToken"])
    assert access["exp"] - access["iat"] == given


@pytest.mark.parametrize(
    "paths",
    [None, [], "x", ["/"], ["*"], ["/*"], ["/**"], ["/a/../b"], ["/a/./b"], ["/a\\b"], ["/a*/b"], ["/*/b"],
     ["a/b"], ["/a//b"], [7], ["/ok/*", "/"]],
    ids=["absent", "empty", "text", "root", "star", "root-star", "root-stars", "up", "dot", "backslash",
         "star-inside", "star-first", "relative", "empty-segment", "number", "one-of-two"],
)  # fmt: skip
def test_paths_that_mean_too_much_are_refused(world: World, paths: Any) -> None:
    """The root, climbing and stars anywhere but last are 400 `invalid_paths`."""
    answer = world.mint("workspace-path", paths=paths)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_paths")


@pytest.mark.parametrize(
    "scope",
    ["relayfile:fs:read:/other/x", "relayfile:fs:read:/github/repos/../../secret", "relayfile:fs:read",
     "relayfile:fs:read:/github/reposx", "cloud:run:read", "nonsense", "relayfile:fs:read:/github/repos/..",
     "relayfile:fs:read:/github/repos/\\..\\x"],
    ids=["outside", "climbing", "pathless", "neighbour", "other-plane", "malformed", "up-at-end",
     "slashes"],
)  # fmt: skip
def test_a_scope_outside_the_paths_is_refused(world: World, scope: str) -> None:
    """A path token is good for its paths alone, however they are written."""
    answer = world.mint("workspace-path", scopes=[scope])
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_scope")


@pytest.mark.parametrize(
    "horizon", [NOW, NOW - 1, 0, -5, True, "soon", "2020-01-01T00:00:00Z", [], 1e300],
    ids=["now", "past", "zero", "negative", "true", "text", "past-iso", "list", "beyond-the-calendar"],
)  # fmt: skip
def test_a_horizon_that_is_not_ahead_is_refused(world: World, horizon: Any) -> None:
    """400 `invalid_delegation_not_after`."""
    answer = world.mint("path", delegationNotAfter=horizon)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_delegation_not_after")


@endpoints
def test_no_token_is_minted_that_no_verifier_would_read(world: World, endpoint: str) -> None:
    """A grant too long for a token is refused with 400; it does not become a dead pair."""
    answer = world.mint(endpoint, audience=[f"audience-{number}" * 9 for number in range(200)])
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("endpoint", ["identity", "agent"])
def test_an_unknown_identity_is_not_found(world: World, endpoint: str) -> None:
    """404 `identity_not_found`."""
    field = "agentId" if endpoint == "agent" else "identityId"
    answer = world.mint(endpoint, **{field: "agent_none"})
    assert (answer.status_code, answer.json()["code"]) == (404, "identity_not_found")


def test_an_identity_of_another_workspace_is_not_found(world: World) -> None:
    """`/agent` mints for the workspace of its token."""
    answer = world.mint("agent", agentId=world.identity(workspaceId="ws_other"))
    assert (answer.status_code, answer.json()["code"]) == (404, "identity_not_found")


@pytest.mark.parametrize("endpoint", ["agent", "path"])
def test_the_delegated_endpoints_want_a_workspace_token(world: World, endpoint: str) -> None:
    """An org API key, or a workspace token that is revoked, gets 401 `workspace_token_required`."""
    token_id, token = world.workspace_token()
    world.ask("POST", f"/v1/api-keys/{token_id}/revoke")
    by_key, by_dead = world.mint(endpoint, by=world.admin), world.mint(endpoint, by=token)
    assert (by_key.status_code, by_key.json()["code"]) == (401, "workspace_token_required")
    assert (by_dead.status_code, by_dead.json()["code"]) == (401, "workspace_token_required")


def test_a_workspace_token_stays_in_its_workspace(world: World) -> None:
    """It mints for no other, and makes no key that is bound to none."""
    token = world.workspace_token()[1]
    assert world.mint("path", by=token, workspaceId="ws_2").status_code == 403
    assert world.mint("workspace-path", by=token, workspaceId="ws_2").status_code == 403
    assert world.mint("workspace-path", by=token).status_code == 201
    key = {"name": "k", "scopes": ["cloud:run:read"]}
    assert world.ask("POST", "/v1/api-keys", key, token).status_code == 403


def test_a_workspace_token_may_come_as_a_bearer(world: World) -> None:
    """`Authorization: Bearer relay_ws_…` is accepted too."""
    answer = world.mint("path", by=f"Bearer {world.workspace_token()[1]}")
    assert answer.status_code == 201


def test_a_chain_of_ten_sponsors_is_the_longest(world: World) -> None:
    """A sponsor chain longer than 10 is refused with 400."""
    sponsor = "user_1"
    for _ in range(10):
        sponsor = world.identity(sponsorId=sponsor)
    assert world.mint("identity", identityId=sponsor).status_code == 201
    answer = world.ask("POST", "/v1/identities", {"name": "eleventh", "sponsorId": sponsor})
    assert (answer.status_code, answer.json()["code"]) == (400, "sponsor_chain_too_long")


def test_a_minter_whose_identity_goes_meanwhile_mints_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a mint rests on is looked at again in the transaction that begins the session."""
    service, identity = world.app.state.service, world.identity()
    begin = service.rules.default_ttl

    def meanwhile(endpoint: Any) -> int:
        service.store.delete_identity(identity)
        return int(begin(endpoint))

    monkeypatch.setattr(service.rules, "default_ttl", meanwhile)
    assert world.mint("identity", identityId=identity).status_code == 404
