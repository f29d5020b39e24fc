"""Small faulty services: a function from request to response, behind the harness's own client."""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx

from contract.harness.clocks import Clock, ObservedClock
from contract.harness.connections import Access, Connection, Kind
from contract.harness.exchanges import Answer, Asked
from contract.harness.redaction import Secret
from contract.harness.service import Service
from contract.harness.tokens import SigningKey, encode
from contract.harness.transport import client

Answering = Callable[[httpx.Request], httpx.Response]


def org_key() -> Secret:
    """An org API key that no service has ever made."""
    return Secret("api key", "rak" + "_of-nobody")


def unsigned(claims: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> str:
    """A compact JWS in form, signed by nobody."""
    parts = ({"alg": "RS256", "typ": "JWT", "kid": "a-kid"} if header is None else header, claims)
    return ".".join([*(encode(json.dumps(part).encode()) for part in parts), encode(b"signed by nobody")])


def errors(path: str, body: object, error: str) -> Answer:
    """A 404 with the text `error` to a request of `path` with `body`."""
    return Answer(Asked("POST", path, body, 0.0), 404, {}, json.dumps({"error": error}).encode(), 0.0)


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

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
