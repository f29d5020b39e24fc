"""What the trials of `check` stand on: spoilt services on a socket, and the command as its users run it."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contract.harness.jose import admin_claims, run_key
from contract.harness.targets import environment
from reference_impl.app import create_app
from reference_impl.rules import Rules

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Callable[[], Awaitable[Any]], Send], Awaitable[None]]
Spoil = Callable[[str, str, int, bytes], tuple[int, dict[str, str], bytes] | None]
COMMAND = str(Path(sys.executable).parent / "relayauth-contract")
KEY_VARIABLE = "RELAYAUTH_CONTRACT_API_KEY"
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
    """The reference behind a wall that may bend what it answers, and counts what it is asked.

    Requests of the method `refuses` never reach it: they get a 500.
    """

    app: App
    spoil: Spoil | None = None
    refuses: str | None = None

    def __post_init__(self) -> None:
        self.request: list[str] = []

    async def __call__(self, scope: Scope, receive: Callable[[], Awaitable[Any]], send: Send) -> None:
        """Let the reference answer, and bend the answer."""
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
    until = time.monotonic() + 10
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
            )
            return str(made.json()["key"])

        key = key_of(ORG)
        wall.spoil, wall.refuses = spoil, refuses
        wall.request.clear()
        yield Deployment(url, wall, key, app.state.service, key_of)


@dataclass(frozen=True)
class Said:
    """What the command printed, its exit code, and its JSON report if it wrote one."""

    code: int
    out: str
    err: str
    report: dict[str, Any]

    @property
    def target(self) -> dict[str, Any]:
        """The one target of the report."""
        (target,) = self.report["targets"]
        assert isinstance(target, dict)
        return target

    def outcomes(self, clause: str) -> dict[str | None, str]:
        """Outcome by endpoint of one clause."""
        return {row["endpoint"]: row["outcome"] for row in self.target["results"] if row["clause"] == clause}

    def whys(self, outcome: str) -> set[str]:
        """Every reason that stands beside `outcome`."""
        return {row["why"] for row in self.target["results"] if row["outcome"] == outcome}


Check = Callable[..., Said]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """`relayauth-contract check`, as a process of its own: `check(*words, key=..., **variables)`."""

    def run(*words: str, key: str | None = None, **variables: str) -> Said:
        kept = {name: value for name, value in os.environ.items() if name != KEY_VARIABLE}
        report = tmp_path / "report.json"
        ended = subprocess.run(
            [COMMAND, "check", *words, "--json", str(report)],
            env=kept | variables | ({} if key is None else {KEY_VARIABLE: key}),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        told = json.loads(report.read_text()) if report.exists() else {}
        return Said(ended.returncode, ended.stdout, ended.stderr, told)

    return run
