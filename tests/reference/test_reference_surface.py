"""The surface: credentials, scopes, forms, and that no request breaks anything."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reference_impl.app import ROUTES, create_app
from reference_impl.errors import ConfigError
from reference_impl.keys import PrivateKey
from tests.reference.world import World, environment, key

GUARDED = [
    ("POST", "/v1/tokens", "relayauth:token:create"),
    ("POST", "/v1/tokens/workspace-path", "relayauth:api-key:manage"),
    ("POST", "/v1/tokens/workspace", "relayauth:api-key:manage"),
    ("POST", "/v1/tokens/revoke", "relayauth:token:manage"),
    ("GET", "/v1/tokens/introspect", "relayauth:token:read"),
    ("POST", "/v1/api-keys", "relayauth:api-key:manage"),
    ("POST", "/v1/api-keys/key_x/revoke", "relayauth:api-key:manage"),
    ("POST", "/v1/identities", "relayauth:identity:manage"),
    ("GET", "/v1/identities/agent_x", "relayauth:identity:read"),
    ("DELETE", "/v1/identities/agent_x", "relayauth:identity:manage"),
]
guarded = pytest.mark.parametrize(
    ("method", "path", "scope"), GUARDED, ids=[f"{m} {p}" for m, p, _ in GUARDED]
)
WORKSPACED = ["/v1/tokens/agent", "/v1/tokens/path"]


@guarded
def test_a_route_wants_its_scope_and_no_more(world: World, method: str, path: str, scope: str) -> None:
    """Nobody: 401 `missing_authorization`; too small a scope: 403; with the scope the request is judged."""
    nobody = world.ask(method, path, {}, None)
    small = world.ask(method, path, {}, world.new_key("org_one", "relayauth:other:read", "cloud:*:*"))
    enough = world.ask(method, path, {}, world.new_key("org_one", scope))
    assert (nobody.status_code, nobody.json()["code"]) == (401, "missing_authorization")
    assert small.status_code == 403
    assert small.json() == {"error": "insufficient_scope", "code": "insufficient_scope"}
    assert enough.status_code in (400, 404)


@pytest.mark.parametrize("path", WORKSPACED)
def test_a_workspace_token_wants_its_scope(world: World, path: str) -> None:
    """Without `relayauth:token:create` it mints nothing."""
    token = world.workspace_token(scopes=["relayauth:token:read"])[1]
    assert world.ask("POST", path, {}, token).status_code == 403


@guarded
@pytest.mark.parametrize(
    ("headers", "code"),
    [({"x-api-key": "rak_never"}, "invalid_api_key"), ({"x-api-key": "x"}, "invalid_api_key"),
     ({"authorization": "Bearer relay_ws_never"}, "invalid_api_key"), ({"authorization": "Bearer x"},
      "invalid_token"),
     ({"authorization": "Basic eDp4"}, "missing_authorization"), ({"authorization": "Bearer "},
      "missing_authorization"),
     ({"x-api-key": ""}, "missing_authorization")],
    ids=["key", "no-key", "workspace-token", "bearer", "basic", "blank-bearer", "blank-key"],
)  # fmt: skip
def test_a_bad_credential_is_refused_by_its_kind(
    world: World, method: str, path: str, scope: str, headers: dict[str, str], code: str
) -> None:
    """401 with the code of the credential that was bad."""
    answer = world.http.request(method, path, json={}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_revoked_key_opens_nothing(world: World) -> None:
    """401 `invalid_api_key` at once."""
    made = world.ask("POST", "/v1/api-keys", {"name": "k", "scopes": ["relayauth:identity:read"]}).json()
    assert world.ask("GET", "/v1/identities/x", by=made["key"]).status_code == 404
    told = world.ask("POST", f"/v1/api-keys/{made['apiKey']['id']}/revoke").json()
    assert told == made["apiKey"] | {"revoked": True}
    assert world.ask("GET", "/v1/identities/x", by=made["key"]).json()["code"] == "invalid_api_key"


@pytest.mark.parametrize(
    ("path", "body"),
    [("/v1/api-keys", {"name": "k", "scopes": ["cloud:run:read"]}), ("/v1/api-keys", {"name": "k",
     "scopes": ["*:*:*"]}),
     ("/v1/tokens/workspace", {"workspaceId": "w", "scopes": ["relayauth:token:create"]}),
     ("/v1/tokens/workspace-path", {"workspaceId": "w", "paths": ["/a/*"]}),
     ("/v1/tokens/workspace-path", {"workspaceId": "w", "paths": ["/docs/x", "/a/x"]})],
    ids=["key", "key-for-all", "workspace-token", "paths", "one-path-of-two"],
)  # fmt: skip
def test_nobody_hands_out_more_than_it_holds(world: World, path: str, body: dict[str, Any]) -> None:
    """403 `scope_escalation`."""
    held = ["relayauth:api-key:manage", "relayfile:fs:read:/docs/*", "relayfile:fs:write:/docs/*"]
    by = world.new_key("org_one", *held)
    answer = world.ask("POST", path, body, by)
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_escalation")
    fine = {"workspaceId": "w", "paths": ["/docs/a/*"]}
    assert world.ask("POST", "/v1/tokens/workspace-path", fine, by).status_code == 201


def test_a_name_is_taken_once_in_an_org(world: World) -> None:
    """409; in another org it is free."""
    body = {"name": "twin", "sponsorId": "user_1"}
    asked = [
        world.ask("POST", "/v1/identities", body, by)
        for by in (world.admin, world.admin, world.new_key("org_two"))
    ]
    assert [answer.status_code for answer in asked] == [201, 409, 201]
    assert asked[0].json()["createdAt"] == "2027-01-15T08:00:00.250Z"
    assert world.ask("GET", f"/v1/identities/{asked[0].json()['id']}").json() == asked[0].json()


@pytest.mark.parametrize(
    "path", [route.path.replace("{id}", "x") for route in ROUTES if "POST" in (route.methods or ())]
)
@pytest.mark.parametrize(
    "content", [b"", b"[]", b'"x"', b"null", b"{", b"\xff", b"[" * 100000],
    ids=["empty", "list", "text", "null", "half", "no-utf-8", "deep"],
)  # fmt: skip
def test_a_body_that_is_no_object_is_refused(world: World, path: str, content: bytes) -> None:
    """400 with a JSON error, wherever a body is wanted."""
    by = world.workspace_token()[1] if path in WORKSPACED else world.admin
    answer = world.http.post(path, content=content, headers={"x-api-key": by})
    bodiless = path.endswith(("x/revoke", "x/reactivate")) or (path.endswith("x/retire") and not content)
    assert answer.status_code == (404 if bodiless else 400)
    assert isinstance(answer.json()["error"], str)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/tokens", 405), ("PUT", "/v1/identities/x", 405), ("POST", "/health", 405), ("GET",
     "/none", 404),
     ("POST", "/v1/tokens/", 404), ("POST", "/v1/tokens/refresh/", 404)],
)  # fmt: skip
def test_what_is_not_there_is_refused_in_json(world: World, method: str, path: str, status: int) -> None:
    """No redirect that would carry a credential on, and every method that a path has is named."""
    answer = world.ask(method, path)
    assert (answer.status_code, sorted(answer.json())) == (status, ["code", "error"])
    assert (answer.headers.get("allow") == "DELETE, GET, HEAD, PATCH") == (path == "/v1/identities/x")


def test_a_body_that_is_too_large_is_refused(world: World) -> None:
    """413 before it is read whole."""
    assert world.ask("POST", "/v1/tokens/refresh", {"refreshToken": "x" * 300000}).status_code == 413


def test_it_is_healthy(world: World) -> None:
    """200 `{"status": "ok"}`."""
    assert world.ask("GET", "/health", by=None).json() == {"status": "ok"}


@pytest.mark.parametrize(
    "change",
    [{"RELAYAUTH_SIGNING_KEY_PEM": " "}, {"RELAYAUTH_SIGNING_KEY_PEM": "x"},
     {"RELAYAUTH_SIGNING_KEY_PEM_PUBLIC": "x"},
     {"RELAYAUTH_DB_PATH": "/"}, {"RELAYAUTH_DB_PATH": "/nonexistent/x.db"}],
    ids=["no-key", "no-pem", "public-no-pem", "directory", "no-directory"],
)  # fmt: skip
def test_an_unusable_environment_is_told(change: dict[str, str]) -> None:
    """A `ConfigError`, which shows nothing of a key."""
    with pytest.raises(ConfigError) as caught:
        create_app(environment() | change)
    assert "-----BEGIN" not in str(caught.value)


def test_a_key_is_loaded_once() -> None:
    """Many deployments with one key are cheap."""
    assert PrivateKey.load(key().pem) is PrivateKey.load(key().pem)


FIELDS = ["identityId", "agentId", "agentName", "workspaceId", "paths", "scopes", "audience", "expiresIn",
          "ttlSeconds", "delegationNotAfter", "refreshTokenTtlSeconds", "refreshToken", "tokenId",
          "sessionId",
          "name", "sponsorId", "meta"]  # fmt: skip
TEXT = st.text(max_size=12) | st.sampled_from(
    ["/a/*", "relayfile:fs:read:/a/x", "cloud:run:read", "a.b.c", "\ud800"]
)
SCALAR = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
VALUE = SCALAR | st.lists(SCALAR, max_size=3) | st.dictionaries(TEXT, SCALAR, max_size=2)


@pytest.mark.parametrize(
    "path", [route.path.replace("{id}", "x") for route in ROUTES if "POST" in (route.methods or ())]
)
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(body=st.dictionaries(st.sampled_from(FIELDS), VALUE, max_size=8), good=st.booleans())
def test_no_body_breaks_anything(world: World, path: str, body: dict[str, Any], good: bool) -> None:
    """Every answer is JSON below 500, and a refusal says nothing of the machine."""
    base = {
        "workspaceId": "ws_1",
        "paths": ["/a/*"],
        "name": "n",
        "sponsorId": "s",
        "scopes": ["relayfile:fs:read:/a/b"],
    }
    by = world.workspace_token()[1] if path in WORKSPACED else world.admin
    content = json.dumps(base | body if good else body)
    answer = world.http.post(path, content=content, headers={"x-api-key": by})
    assert answer.status_code < 500
    assert answer.status_code == 204 or isinstance(answer.json(), dict)
    assert answer.status_code < 400 or not any(
        word in answer.text for word in ("Traceback", ".py", "rak_", "BEGIN")
    )
    pair = answer.json() if answer.status_code == 201 and path.startswith("/v1/tokens") else {}
    assert "refreshToken" not in pair or world.refresh(pair["refreshToken"]).status_code == 200


@settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
@given(
    token=st.text(max_size=60)
    | st.lists(st.binary(max_size=20), min_size=2, max_size=4).map(
        lambda parts: b".".join(parts).decode("latin-1")
    )
)
def test_no_token_breaks_anything(world: World, token: str) -> None:
    """Whatever is presented as a token, the answer is a refusal, or null."""
    assert world.refresh(token.encode("utf-8", "replace").decode()).status_code in (400, 401)
    raw = token.encode("latin-1", "replace").translate(None, b"\r\n\0")
    answer = world.http.get("/v1/identities/x", headers=[(b"authorization", b"Bearer " + raw)])
    assert answer.status_code == 401
    query = world.http.get(
        "/v1/tokens/introspect", params={"token": raw.hex()}, headers={"x-api-key": world.admin}
    )
    assert query.status_code in (200, 400)
