"""What stands in front of the reference: walls that answer in other ways, as the contract allows."""

import gzip
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from contract.harness.jose import admin_claims, other_key, read_token, run_key
from tests.support.deployments import App, Scope, Send

Receive = Callable[[], Awaitable[Any]]
REFRESH = "/v1/tokens/refresh"
IDENTITIES = "/v1/identities"


class Wall:
    """Answers a request itself, or changes what the application answers; a subclass says which."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.seen: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = await receive()
        self.seen[scope["path"]] += 1
        refused = self.refusal(scope, request.get("body", b""))
        if refused is None:
            status, headers, body = await self.within(scope, request)
        else:
            status, headers, body = refused
        status, headers, body = self.changed(scope, status, headers, body)
        written = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": written})
        await send({"type": "http.response.body", "body": body})

    async def within(self, scope: Scope, request: Any) -> tuple[int, dict[str, str], bytes]:
        """Return the application's answer."""
        status, headers, body = 0, {}, b""

        async def again() -> Any:
            return request

        async def held(message: Any) -> None:
            nonlocal status, headers, body
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = {name.decode(): value.decode() for name, value in message["headers"]}
            else:
                body += message.get("body", b"")

        await self.app(scope, again, held)
        return status, headers, body

    def refusal(self, scope: Scope, body: bytes) -> tuple[int, dict[str, str], bytes] | None:
        """Return an answer that does not come from the application."""
        del scope, body
        return None

    def changed(
        self, scope: Scope, status: int, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Return an answer as it goes out."""
        del scope
        return status, headers, body


def told(status: int, body: Any, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Return an answer with a JSON body; `_` in the name of a header stands for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"content-type": "application/json", **named}, json.dumps(body).encode()


class TakesUsersAsSponsors(Wall):
    """No identity may sponsor another one."""

    def refusal(self, scope: Scope, body: bytes) -> tuple[int, dict[str, str], bytes] | None:
        if (scope["method"], scope["path"]) != ("POST", IDENTITIES) or b'"agent_' not in body:
            return None
        return told(400, {"error": "a sponsor is a user", "code": "invalid_sponsor"})


class AnswersOptions(Wall):
    """OPTIONS is answered at every address, and changes nothing (RFC 9110, section 9.3.7)."""

    def refusal(self, scope: Scope, body: bytes) -> tuple[int, dict[str, str], bytes] | None:
        return (204, {"allow": "GET, POST, DELETE, OPTIONS"}, b"") if scope["method"] == "OPTIONS" else None


class Gzipped(Wall):
    """Bodies are compressed where the client takes that."""

    def changed(
        self, scope: Scope, status: int, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        if not body or b"gzip" not in dict(scope["headers"]).get(b"accept-encoding", b""):
            return status, headers, body
        packed = gzip.compress(body)
        return status, {**headers, "content-encoding": "gzip", "content-length": str(len(packed))}, packed


class SeveralKeys(Wall):
    """The published set holds keys of other types and uses, before the one that signs."""

    def changed(
        self, scope: Scope, status: int, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        if not scope["path"].endswith("jwks.json") or status != 200:
            return status, headers, body
        others = [
            {"kty": "EC", "crv": "P-256", "kid": "ec-1", "x": "AQ", "y": "AQ", "use": "sig", "alg": "ES256"},
            {"kty": "OKP", "crv": "X25519", "kid": "okp-1", "x": "AQ", "use": "enc"},
            {**other_key().jwk, "use": "enc", "alg": "RSA-OAEP", "kid": "enc-1"},
            {**other_key().jwk, "exp": 2000000000},
        ]
        return told(status, {"keys": [*others, *json.loads(body)["keys"]]})


class Resigned(Wall):
    """Tokens go out with other claims, signed by the same key."""

    def claims(self, claims: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the claims that go out."""
        return claims

    def changed(
        self, scope: Scope, status: int, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        if b'"accessToken"' not in body:
            return status, headers, body
        pair = json.loads(body)
        for name in ("accessToken", "refreshToken"):
            if name in pair:
                pair[name] = self._again(pair[name])
        body = json.dumps(pair).encode()
        return status, {**headers, "content-length": str(len(body))}, body

    def _again(self, token: str) -> str:
        found = read_token(token)
        return found.prefix + run_key().sign(self.claims(found.claims), header=found.header)


class MoreClaims(Resigned):
    """Tokens hold claims that the contract does not name."""

    def claims(self, claims: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**claims, "nbf": claims["iat"], "ver": "1", "amr": ["key"]}


class FloatTimes(Resigned):
    """`iat` and `exp` are written with a fraction of zero."""

    def claims(self, claims: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**claims, "iat": float(claims["iat"]), "exp": float(claims["exp"])}


class FetchesAhead(Wall):
    """The keys are fetched before the first request that needs them."""

    async def within(self, scope: Scope, request: Any) -> tuple[int, dict[str, str], bytes]:
        if self.seen.total() == 1:
            token = run_key().sign(admin_claims(time.time(), "org_nobody"))
            authorization = (b"authorization", f"Bearer {token}".encode())
            first = {**scope, "method": "GET", "path": IDENTITIES, "raw_path": IDENTITIES.encode()}
            await super().within({**first, "headers": [authorization]}, {**request, "body": b""})
        return await super().within(scope, request)
