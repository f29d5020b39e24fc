"""A deployment of the reference in this process,
with a clock that is set and a client that is not async."""

import asyncio
import base64
import functools
import time
from collections.abc import Mapping
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette

from reference_impl.app import create_app
from reference_impl.routes.keys import make
from reference_impl.rules import PREFIXES, Rules

START = 1_800_000_000.25  # 2027-01-15T08:00:00.250Z
ENDPOINTS = ["identity", "agent", "path", "workspace-path"]
PATHS = ["/github/repos/*"]


class Key:
    """An RSA key of the run; its repr shows nothing of it."""

    def __init__(self) -> None:
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.pem = self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        self.public_pem = (
            self.private.public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            .decode()
        )

    def __repr__(self) -> str:
        return "<Key>"


@functools.cache
def key(number: int = 0) -> Key:
    """The run's keys: 0 is the deployment's, the others are strangers'."""
    del number
    return Key()


def environment(**more: str) -> dict[str, str]:
    """What a launcher sets: both keys, and what a test adds."""
    ours = key()
    return {
        "RELAYAUTH_SIGNING_KEY_PEM": ours.pem,
        "RELAYAUTH_SIGNING_KEY_PEM_PUBLIC": ours.public_pem,
    } | more


class Transport(httpx.BaseTransport):
    """Runs an ASGI application, without lifespan events, on one event loop of its own."""

    def __init__(self, app: Starlette) -> None:
        self._app, self._loop = app, asyncio.new_event_loop()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._loop.run_until_complete(self._ask(request))

    async def _ask(self, request: httpx.Request) -> httpx.Response:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": request.url.path,
            "raw_path": request.url.raw_path.split(b"?")[0],
            "query_string": request.url.query,
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "server": ("reference", 80),
            "client": ("127.0.0.1", 1),
        }
        sent: list[Any] = []
        asked = iter([{"type": "http.request", "body": request.read(), "more_body": False}])

        async def receive() -> Any:
            return next(asked, {"type": "http.disconnect"})

        async def send(message: Any) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return httpx.Response(sent[0]["status"], headers=sent[0]["headers"], content=body)

    def together(self, *requests: httpx.Request) -> list[httpx.Response]:
        """Send requests on the one loop, so that each goes on where another waits."""

        async def asked() -> list[httpx.Response]:
            return list(await asyncio.gather(*map(self._ask, requests)))

        return self._loop.run_until_complete(asked())

    def close(self) -> None:
        self._loop.close()


class World:
    """A deployment, the org that asks it, and the time there."""

    def __init__(self, env: Mapping[str, str] | None = None, rules: Rules | None = None) -> None:
        self.now = START
        self.app = create_app(environment() if env is None else env, rules=rules)
        self.transport = Transport(self.app)
        self.http = httpx.Client(transport=self.transport, base_url="http://reference")
        self.admin = self.new_key("org_one")

    def close(self) -> None:
        """Let go of the loop and of the database."""
        self.http.close()
        self.app.state.close()

    def new_key(self, org: str, *scopes: str) -> str:
        """An API key of `org`, for all unless `scopes` are named."""
        service = self.app.state.service
        return make(service, org, "api_key", "test", list(scopes) or ["*:*:*:*"], None, self.now)[1]

    def ask(self, method: str, path: str, body: Any = None, by: str | None = "admin") -> httpx.Response:
        """Send a request by a key, a bearer (`Bearer …`) or nobody (None)."""
        secret = self.admin if by == "admin" else by
        headers = {} if secret is None else {"x-api-key": secret}
        if secret is not None and secret.startswith("Bearer "):
            headers = {"authorization": secret}
        if method == "DELETE":
            headers["x-confirm-delete"] = "true"
        return self.http.request(method, path, json=body, headers=headers)

    def identity(self, by: str | None = "admin", **fields: Any) -> str:
        """The id of a new identity."""
        body = {"name": f"agent {time.perf_counter_ns()}", "sponsorId": "user_1"} | fields
        answer = self.ask("POST", "/v1/identities", body, by)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def workspace_token(self, by: str | None = "admin", **fields: Any) -> tuple[str, str]:
        """The id and the text of a new workspace token."""
        answer = self.ask("POST", "/v1/tokens/workspace", {"workspaceId": "ws_1"} | fields, by)
        assert answer.status_code == 201, answer.text
        return answer.json()["workspaceToken"]["id"], answer.json()["key"]

    def mint(self, endpoint: str, by: str | None = None, **fields: Any) -> httpx.Response:
        """Ask for a pair at one of the four endpoints, by the caller that it wants."""
        if endpoint == "identity":
            body = fields if "identityId" in fields else {"identityId": self.identity()} | fields
            return self.ask("POST", "/v1/tokens", body, by or self.admin)
        if endpoint == "workspace-path":
            body = {"workspaceId": "ws_1", "paths": PATHS} | fields
            return self.ask("POST", "/v1/tokens/workspace-path", body, by or self.admin)
        body = {"paths": PATHS} if endpoint == "path" else {}
        if endpoint == "agent" and "agentId" not in fields:
            body = {"agentId": self.identity(workspaceId="ws_1")}
        return self.ask("POST", f"/v1/tokens/{endpoint}", body | fields, by or self.workspace_token()[1])

    def pair(self, endpoint: str, **fields: Any) -> dict[str, Any]:
        """A minted pair."""
        answer = self.mint(endpoint, **fields)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def refresh(self, token: Any, **more: Any) -> httpx.Response:
        """Present a refresh token."""
        return self.ask("POST", "/v1/tokens/refresh", {"refreshToken": token} | more, None)

    def rotated(self, pair: Mapping[str, Any]) -> dict[str, Any]:
        """The pair after `pair`."""
        answer = self.refresh(pair["refreshToken"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def introspect(self, token: str, by: str | None = "admin") -> Any:
        """What introspection says of a token."""
        return self.http.get(
            "/v1/tokens/introspect",
            params={"token": token},
            headers={"x-api-key": self.admin if by == "admin" else str(by)},
        ).json()

    def bearer(self, token: str) -> httpx.Response:
        """Show a bearer at a route that asks for one: 401 if it is not believed."""
        return self.ask("GET", "/v1/identities/agent_none", by=f"Bearer {token}")


def bare(token: str) -> str:
    """The JWS without the prefix of its class."""
    for prefix in filter(None, PREFIXES.values()):
        token = token.removeprefix(prefix)
    return token


def claims(token: str) -> dict[str, Any]:
    """The claims, unverified."""
    return dict(jwt.decode(bare(token), options={"verify_signature": False}))


def signed(body: Mapping[str, Any], header: Mapping[str, Any], by: Key | None = None) -> str:
    """A JWS over `body` by the deployment's key, or another one."""
    return jwt.encode(dict(body), (by or key()).private, algorithm="RS256", headers=dict(header))


def resigned(token: str, by: Key | None = None, head: Mapping[str, Any] | None = None, **change: Any) -> str:
    """A validly signed copy of a token with other claims (None takes one away)."""
    body = {name: value for name, value in (claims(token) | change).items() if value is not None}
    return signed(body, {**jwt.get_unverified_header(bare(token)), **(head or {})}, by)


def admin_claims(**change: Any) -> dict[str, Any]:
    """The claims of the bearer that a key holder makes for itself (wire.md, last section)."""
    body = {
        "sub": "user_root", "org": "org_one", "wks": "ws_1", "scopes": ["*:*:*:*"],
        "sponsorId": "user_root",
        "sponsorChain": ["user_root"], "token_type": "access", "iss": "https://relayauth.dev",
        "aud": ["relayauth"], "exp": int(START) + 600, "iat": int(START), "jti": "tok_own",
        "sid": "sess_own",
    }  # fmt: skip
    return {name: value for name, value in (body | change).items() if value is not None}


def b64(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def published(world: World) -> dict[str, Any]:
    """The set that a deployment with the run's key publishes."""
    return dict(world.http.get("/.well-known/jwks.json").json())


def own(world: World, head: Mapping[str, Any] | None = None, **change: Any) -> str:
    """The key holder's own admin bearer, perhaps spoiled."""
    header = {"kid": published(world)["keys"][0]["kid"], "typ": "JWT", **(head or {})}
    return signed(admin_claims(**change), header)
