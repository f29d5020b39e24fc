"""Drives the reference through every route, and holds each exchange against openapi.yaml."""

import contextlib
import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings, strategies

from contract.harness.checks import json_values
from contract.harness.jose import SigningKey, admin_claims
from contract.harness.targets.transport import AsgiTransport, client
from reference_impl import clock
from reference_impl.app import create_app
from tests.support.rows import rows
from tests.test_openapi import DOCUMENT, OPERATIONS, at, plain

URL = "http://relayauth.invalid"
FILES, READ = {"paths": ["/github/*"]}, {"scopes": ["relayauth:identity:read:*"]}
WIDE = ["relayauth:token:create:*", *READ["scopes"], "relayfile:fs:manage:/github/*"]
SMALL, FULL = {"scopes": ["cloud:x:read"]}, {"scopes": ["*:*:*:*"]}
PLACES = {each["operationId"]: (m, p) for p, item in DOCUMENT["paths"].items() for m, each in item.items()}
GUARDED = [name for name, each in OPERATIONS.items() if each["security"]]
WITH_BODY = [name for name, each in OPERATIONS.items() if "requestBody" in each]
ENDPOINTS = ["mintIdentityTokens", "mintAgentTokens", "mintPathTokens", "mintWorkspacePathTokens"]
WORKSPACE, PATHS = ENDPOINTS[1:3], ENDPOINTS[2:]
Change = Callable[["World"], dict[str, Any]]


class World:
    """A deployment of the reference and two orgs on it; `late` is how far its clock is ahead, in seconds."""

    def __init__(self) -> None:
        import schemathesis
        from schemathesis.specs.openapi import checks

        self.signer, self.late, self.org = SigningKey.generate(), 0.0, ""
        env = {"_PEM": self.signer.private_pem, "_PEM_PUBLIC": self.signer.public_pem}
        self.app = create_app({f"RELAYAUTH_SIGNING_KEY{name}": pem for name, pem in env.items()})
        self.http = client(URL, AsgiTransport(self.app))
        self.document = schemathesis.openapi.from_dict(DOCUMENT)
        names = ("status_code", "content_type", "response_headers", "response_schema")
        self.checks = [getattr(checks, f"{name}_conformance") for name in names]
        first = (self.ok("createApiKey", key=self.bearer(org), body=FULL)["key"] for org in "ba")
        self.other, self.org = first
        self.minor = self.ok("createApiKey", body={"scopes": ["relayauth:*:manage:*"]})["key"]
        self.narrow = self.ok("createWorkspaceToken", body=SMALL)["key"]
        self.elsewhere = self.ok("createIdentity", body={"workspaceId": "ws_b"})["id"]
        self.youngest = self.agent = self.ok("createIdentity")["id"]
        for _ in range(9):
            self.youngest = self.ok("createIdentity", body={"sponsorId": self.youngest})["id"]

    def bearer(self, org: str, **claims: Any) -> str:
        return "Bearer " + self.signer.sign(admin_claims(time.time(), org) | claims)

    def ask(self, name: str, **changes: Any) -> httpx.Response:
        """Send the usual request of an operation with changes, and hold the answer against the document."""
        asked = {"key": self.org if name in GUARDED else "", "parameters": {}, **USUAL[name](self)}
        body, (method, path) = {**asked.get("body", {}), **changes.get("body", {})}, PLACES[name]
        asked |= changes
        inside = {each["name"]: each["in"] for each in map(plain, OPERATIONS[name].get("parameters", []))}
        headers = {field: text for field, text in asked["parameters"].items() if inside[field] == "header"}
        field = "authorization" if asked["key"].startswith("Bearer ") else "x-api-key"
        headers |= {field: asked["key"]} if asked["key"] else {}
        query = {field: text for field, text in asked["parameters"].items() if inside[field] == "query"}
        sent = asked.get("raw", json.dumps(body)) if name in WITH_BODY else None
        self.late = asked.get("late", 0.0)
        url = path.format(**asked["parameters"])
        answer = self.http.request(method, url, params=query, headers=headers, content=sent)
        self.judge(name, answer)
        return answer

    def judge(self, name: str, answer: httpx.Response) -> None:
        """Fail unless status, headers and body are as the document says."""
        method, path = PLACES[name]
        case = self.document[path][method].Case(path_parameters={"id": "any"})
        case.validate_response(answer, checks=self.checks)

    def ok(self, name: str, **changes: Any) -> Any:
        return self.ask(name, **changes).raise_for_status().json()

    def minted(self, name: str = "mintIdentityTokens", **body: Any) -> dict[str, str]:
        return {"refreshToken": self.ok(name, body=body)["refreshToken"]}

    def orphaned(self) -> dict[str, str]:
        """Return a refresh request whose identity went away without its sessions."""
        agent = self.ok("createIdentity")["id"]
        request = self.minted(identityId=agent)
        self.app.state.service.store.delete_identity(agent)
        return request

    def disowned(self) -> dict[str, str]:
        """Return a refresh request whose workspace token is revoked."""
        pair = self.ok("mintPathTokens")
        self.ok("revokeApiKey", parameters={"id": pair["issuedViaWorkspaceTokenId"]})
        return {"refreshToken": pair["refreshToken"]}


USUAL: dict[str, Change] = {
    "mintIdentityTokens": lambda w: {"body": {"identityId": w.agent}},
    "mintAgentTokens": lambda w: {"key": w.ok("createWorkspaceToken")["key"], "body": {"agentId": w.agent}},
    "mintPathTokens": lambda w: {"key": w.ok("createWorkspaceToken")["key"], "body": FILES},
    "mintWorkspacePathTokens": lambda _: {"body": {"workspaceId": "ws_a", **FILES}},
    "createWorkspaceToken": lambda _: {"body": {"workspaceId": "ws_a", "scopes": WIDE}},
    "refreshTokens": lambda w: {"body": w.minted()},
    "revokeTokens": lambda w: {"body": {"identityId": w.agent}},
    "introspectToken": lambda w: {"parameters": {"token": w.minted()["refreshToken"]}},
    "createApiKey": lambda _: {"body": {"name": "a key", "scopes": WIDE}},
    "revokeApiKey": lambda w: {"parameters": {"id": w.ok("createApiKey")["apiKey"]["id"]}},
    "createIdentity": lambda _: {"body": {"name": f"{time.monotonic_ns()}", "sponsorId": "user", **READ}},
    "createRelayhistoryAssertion": lambda _: {
        "body": {"orgId": "a", "workspaceId": "ws_a", "sponsorId": "user", "scopes": ["rth:read"]}
    },
    "listIdentities": lambda _: {"parameters": {"limit": "2", "status": "active", "type": "agent"}},
    "updateIdentity": lambda w: {
        "parameters": {"id": w.ok("createIdentity")["id"]},
        "body": {"roles": ["a role"]},
    },
    "suspendIdentity": lambda w: {
        "parameters": {"id": w.ok("createIdentity")["id"]},
        "body": {"reason": "a reason"},
    },
    "reactivateIdentity": lambda w: {"parameters": {"id": w.ok("suspendIdentity")["id"]}},
    "retireIdentity": lambda w: {"parameters": {"id": w.ok("createIdentity")["id"]}, "body": {}},
    "getIdentity": lambda w: {"parameters": {"id": w.agent}},
    "deleteIdentity": lambda w: {
        "parameters": {"id": w.ok("createIdentity")["id"], "X-Confirm-Delete": "true"}
    },
    "getJwks": lambda _: {},
    "getHealth": lambda _: {},
}


ANSWERS = [(n, s, plain(a)) for n, each in OPERATIONS.items() for s, a in each["responses"].items()]
LINKS = [(n, name, plain(link)) for n, _, a in ANSWERS for name, link in a.get("links", {}).items()]
EXPRESSION = re.compile(r"\$(request|response)\.body#(/.+)")


@contextlib.contextmanager
def opened() -> Iterator[World]:
    """A deployment whose clock is as far ahead as it says."""
    with pytest.MonkeyPatch.context() as patch:
        made = World()
        patch.setattr(clock, "now", lambda: time.time() + made.late)
        yield made
        made.http.close()


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with opened() as made:
        yield made


@pytest.mark.parametrize("name", USUAL)
def test_the_usual_request_is_accepted(world: World, name: str) -> None:
    """Every operation succeeds as described: the twin of each refusal below."""
    assert world.ask(name).is_success


@pytest.mark.parametrize(("name", "title", "link"), LINKS, ids=[f"{row[0]}-{row[1]}" for row in LINKS])
def test_a_link_leads_to_a_success(world: World, name: str, title: str, link: dict[str, Any]) -> None:
    """What the expressions of a link take from an exchange is a request that the next operation accepts."""
    answer = world.ask(name)
    bodies = {"response": answer.json(), "request": json.loads(answer.request.content or b"{}")}

    def filled(values: dict[str, Any]) -> dict[str, Any]:
        found = {field: EXPRESSION.fullmatch(str(each)) for field, each in values.items()}
        return {field: at(m[2], bodies[m[1]]) if m else values[field] for field, m in found.items()}

    parameters, body = filled(link.get("parameters", {})), filled(link.get("requestBody", {}))
    followed = world.ask(link["operationId"], parameters=parameters, raw=json.dumps(body))
    assert (followed.is_success, followed.text == "null") == (True, False)


@pytest.mark.parametrize(
    "name", rows({name: name for name in OPERATIONS}, proof=("mintPathTokens", "mintWorkspacePathTokens"))
)
def test_a_generated_request_gets_a_described_answer(world: World, name: str) -> None:
    """Whatever is sent, also in one field alone, the answer is described, and no failure of the service."""
    method, path = PLACES[name]
    media = OPERATIONS[name].get("requestBody", {}).get("content", {}).get("application/json", {"schema": {}})
    fields = sorted(plain(media["schema"]).get("properties", ["unknown"]))
    key = world.ok("createWorkspaceToken")["key"] if name in WORKSPACE else world.org

    @settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[*HealthCheck])
    @given(world.document[path][method].as_strategy(), strategies.sampled_from(fields), json_values())
    def asked(case: Any, field: str, value: Any) -> None:
        case.headers = {**(case.headers or {}), "x-api-key": key}
        sent = case.as_transport_kwargs(base_url=URL)
        world.judge(name, world.http.request(**{k: v for k, v in sent.items() if k != "cookies"}))
        world.ask(name, body={field: value})

    asked()


@pytest.mark.parametrize("status", [500, 400], ids=["undescribed", "another-body"])
def test_what_is_not_as_described_is_found_out(world: World, status: int) -> None:
    """A sound answer does not pass any more once its status is another one."""
    from schemathesis.core.failures import FailureGroup

    answer = world.ask("createIdentity")
    answer.status_code = status
    with pytest.raises(FailureGroup):
        world.judge("createIdentity", answer)
