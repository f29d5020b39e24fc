"""Services for the tests of the client: the reference behind a transport that watches and can change."""

import contextlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from contract.harness.client import Service
from contract.harness.jose import admin_claims, run_key
from contract.harness.redaction import Secret
from contract.harness.targets import Access, Clock, Connection, ObservedClock, Target, environment
from contract.harness.targets.connections import Kind
from contract.harness.targets.transport import AsgiTransport, client
from reference_impl.app import create_app

SCOPES = [
    "relayauth:identity:manage:*",
    "relayauth:token:manage:*",
    "relayauth:api-key:manage:*",
    "relayfile:fs:read:/relayauth-contract/*",
    "relayfile:fs:write:/relayauth-contract/*",
]
Change = Callable[[httpx.Request], httpx.Response | None]


@dataclass
class Watched(httpx.BaseTransport):
    """Passes requests on to `inner`, unless `change` answers in its place, and keeps what passed."""

    inner: httpx.BaseTransport
    change: Change = lambda _request: None
    passed: list[tuple[httpx.Request, httpx.Response]] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        response = self.change(request) or self.inner.handle_request(request)
        response.read()
        self.passed.append((request, response))
        return httpx.Response(
            response.status_code, headers=response.headers, stream=httpx.ByteStream(response.content)
        )

    def sent(self, method: str, path: str) -> list[Any]:
        """The bodies of the requests of one operation."""
        return [
            json.loads(request.content or b"null")
            for request, _ in self.passed
            if (request.method, request.url.path) == (method, path)
        ]


@dataclass(frozen=True)
class Deployment:
    """The reference with an org API key, and the transport before it."""

    watched: Watched
    key: Secret
    address: str

    @contextlib.contextmanager
    def connect(self, kind: Kind = "url") -> Iterator[Connection]:
        """A connection of `kind` whose requests go through the transport."""
        with client(self.address, self.watched) as http:
            yield Connection("a deployment", kind, http, ObservedClock(), Access(api_key=self.key))

    def target(self) -> Target:
        """A target that connects in this way."""
        return Target(
            self.address, self.address, Access(api_key=self.key), opened_by=lambda _target: self.connect()
        )


@contextlib.contextmanager
def reference(change: Change = lambda _request: None, scopes: list[str] = SCOPES) -> Iterator[Deployment]:
    """The reference in this process, with an API key that holds `scopes`."""
    signing = run_key()
    app = create_app(environment(signing, public=signing.public_pem))
    with contextlib.closing(AsgiTransport(app)) as inner:
        # An address of its own: journals of one test are of no concern to another.
        address = f"http://reference-{secrets.token_hex(4)}.invalid"
        key = _key(client(address, inner), signing.sign(admin_claims(time.time(), "org_tests")), scopes)
        yield Deployment(Watched(inner, change), key, address)


@contextlib.contextmanager
def reference_on_a_socket() -> Iterator[Deployment]:
    """The reference on a free loopback port, in a thread."""
    import uvicorn

    signing = run_key()
    app = create_app(environment(signing, public=signing.public_pem))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 60
    while not server.started:
        assert time.monotonic() < until
        time.sleep(0.01)
    address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        with client(address) as http, httpx.HTTPTransport() as inner:
            key = _key(http, signing.sign(admin_claims(time.time(), "org_tests")), SCOPES)
            yield Deployment(Watched(inner), key, address)
    finally:
        server.should_exit = True
        thread.join()


def _key(http: httpx.Client, bearer: str, scopes: list[str]) -> Secret:
    made = http.post(
        "/v1/api-keys",
        headers={"authorization": f"Bearer {bearer}"},
        json={"name": "tests", "scopes": scopes},
    )
    return Secret("api key", str(made.json()["key"]))


class Script:
    """Answers one request after the other as it was told, the last one for ever, and keeps the requests."""

    def __init__(self, *responses: httpx.Response) -> None:
        self._responses = list(responses)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        response = self._responses.pop(0) if len(self._responses) > 1 else self._responses[0]
        return httpx.Response(response.status_code, headers=response.headers, content=response.content)


@contextlib.contextmanager
def served(
    script: Callable[[httpx.Request], httpx.Response], kind: Kind = "url", clock: Clock | None = None
) -> Iterator[Service]:
    """The client of a service that is nothing but `script`; one with a `clock` is a server of this run."""
    with client("http://service.invalid", httpx.MockTransport(script)) as http:
        yield Service(
            Connection(
                "a script", kind, http, clock or ObservedClock(), Access(), disposable=clock is not None
            )
        )
