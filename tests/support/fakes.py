"""Small faulty services: a function from request to response, behind the harness's own client."""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx

from contract.harness.client import Request, Response, Service
from contract.harness.jose import SigningKey
from contract.harness.jose.tokens import encode
from contract.harness.redaction import Secret
from contract.harness.targets import Access, Clock, Connection, ObservedClock
from contract.harness.targets.connections import Kind
from contract.harness.targets.transport import client

Answering = Callable[[httpx.Request], httpx.Response]


def org_key() -> Secret:
    """An org API key that no service has ever made."""
    return Secret("api key", "rak" + "_of-nobody")


def unsigned(claims: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> str:
    """A compact JWS in form, signed by nobody."""
    parts = ({"alg": "RS256", "typ": "JWT", "kid": "a-kid"} if header is None else header, claims)
    return ".".join([*(encode(json.dumps(part).encode()) for part in parts), encode(b"signed by nobody")])


def errors(path: str, body: object, error: str) -> Response:
    """A 404 with the text `error` to a request of `path` with `body`."""
    return Response(Request("POST", path, body, 0.0), 404, {}, json.dumps({"error": error}).encode(), 0.0)


@contextlib.contextmanager
def connected(
    answering: Answering,
    *,
    kind: Kind = "url",
    clock: Clock | None = None,
    api_key: Secret | None = None,
    key: SigningKey | None = None,
) -> Iterator[Connection]:
    """A connection to a service that is nothing but `answering`."""
    with client("http://service.invalid", httpx.MockTransport(answering)) as http:
        yield Connection(
            name="a fake",
            kind=kind,
            http=http,
            clock=clock or ObservedClock(),
            access=Access(api_key=api_key),
            key=key,
        )


@contextlib.contextmanager
def served(answering: Answering, **more: Any) -> Iterator[Service]:
    """The harness's client of such a service."""
    with connected(answering, **more) as connection:
        yield Service(connection)


class Script:
    """Answers one request after the other as it was told, the last one for ever, and keeps the requests."""

    def __init__(self, *responses: httpx.Response | Exception) -> None:
        self._answers = list(responses)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        response = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(response, Exception):
            raise response
        return httpx.Response(response.status_code, headers=response.headers, content=response.content)
