"""Services to test against: the reference on a loopback socket, with responses that a test may change."""

import contextlib
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any

from contract.harness.jose import admin_claims, run_key
from contract.harness.targets import environment
from reference_impl.app import create_app
from reference_impl.rules import Rules
from tests.support.command import patience

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Callable[[], Awaitable[Any]], Send], Awaitable[None]]
Spoil = Callable[[str, str, int, bytes], tuple[int, dict[str, str], bytes] | None]
ORG = "org_tests"
SCOPES = [
    "relayauth:identity:manage:*",
    "relayauth:token:manage:*",
    "relayauth:api-key:manage:*",
    "relayfile:fs:read:/relayauth-contract/*",
    "relayfile:fs:write:/relayauth-contract/*",
]


@dataclass
class Spoilt:
    """The reference behind a wrapper that may change its responses, and counts the requests.

    Requests of the method `refuses` never reach it: they get a 500.
    """

    app: App
    spoil: Spoil | None = None
    refuses: str | None = None

    def __post_init__(self) -> None:
        self.request: list[str] = []

    async def __call__(self, scope: Scope, receive: Callable[[], Awaitable[Any]], send: Send) -> None:
        """Let the reference answer, and change the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.request.append(f"{scope['method']} {scope['path']}")
        status, body = 0, b""
        headers: list[tuple[bytes, bytes]] = []

        async def held(message: MutableMapping[str, Any]) -> None:
            nonlocal status, headers, body
            if message["type"] == "http.response.start":
                status, headers = message["status"], list(message["headers"])
            else:
                body += message.get("body", b"")

        if scope["method"] == self.refuses:
            status = 500
        else:
            await self.app(scope, receive, held)
        bent = self.spoil(scope["method"], scope["path"], status, body) if self.spoil else None
        if bent is not None:
            status, named, body = bent
            headers = [(name.encode(), value.encode()) for name, value in named.items()]
            headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@contextlib.contextmanager
def on_a_socket(app: App) -> Iterator[str]:
    """Serve an application on a free loopback port, in a thread; yields its URL."""
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + patience()
    while not server.started:
        assert time.monotonic() < until
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@dataclass(frozen=True)
class Deployment:
    """A spoilt reference on a socket, an org API key for it, and what makes one of another org."""

    url: str
    wall: Spoilt
    key: str
    service: Any
    key_of: Callable[[str], str]


@contextlib.contextmanager
def deployed(
    spoil: Spoil | None = None,
    scopes: list[str] | None = None,
    refuses: str | None = None,
    rules: Rules | None = None,
) -> Iterator[Deployment]:
    """A reference with `rules` behind a wall, with an org API key that holds `scopes`."""
    import httpx

    pair = run_key()
    app = create_app(environment(pair, public=pair.public_pem), rules=rules)
    wall = Spoilt(app)
    with on_a_socket(wall) as url, contextlib.closing(app.state.service.store):

        def key_of(org: str) -> str:
            made = httpx.post(
                f"{url}/v1/api-keys",
                headers={"authorization": f"Bearer {pair.sign(admin_claims(time.time(), org))}"},
                json={"name": "tests", "scopes": SCOPES if scopes is None else scopes},
                trust_env=False,
                timeout=patience(),
            )
            return str(made.json()["key"])

        key = key_of(ORG)
        wall.spoil, wall.refuses = spoil, refuses
        wall.request.clear()
        yield Deployment(url, wall, key, app.state.service, key_of)
