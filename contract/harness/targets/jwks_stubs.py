"""Traps: addresses that answer for a JWKS, truly or with a lie, and remember who asked."""

import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, Protocol

import httpx

from contract.harness.jose import SigningKey
from contract.harness.spec import routes

DEFAULT_ORIGIN = "http://127.0.0.1:8787"
SLOW_SECONDS = 60.0
"""How long a slow trap takes: well past the 15 s that a verifier has for its refusal."""

Source = Literal["trap", "default", "elsewhere"]


class StubAnswer(StrEnum):
    """What a trap answers; `TRUE` is the one that is none."""

    TRUE = "true keys"
    OTHER_KEY = "another key"
    EMPTY = "an empty set"
    SERVER_ERROR = "500"
    HTML = "HTML"
    NOT_JSON = "broken JSON"
    REDIRECT = "a redirect to the true keys"
    SLOW = "nothing for a minute"
    STALLED = "half of the true keys, then nothing for a minute"
    UNREACHABLE = "unreachable"


WAITING = frozenset({StubAnswer.SLOW, StubAnswer.STALLED})
"""The lies that cost a verifier all its patience."""


@dataclass(frozen=True)
class Reply:
    """An HTTP answer of a trap."""

    status: int
    content_type: str
    body: bytes
    location: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The headers to send."""
        location = {"location": self.location} if self.location else {}
        return {"content-type": self.content_type, **location}


def reply(lie: StubAnswer, key: SigningKey, other: SigningKey) -> Reply:
    """Return what a trap that tells `lie` answers; slow and unreachable are the trap's own affair."""
    truth = json.dumps({"keys": [key.jwk]}).encode()
    match lie:
        case StubAnswer.OTHER_KEY:
            return Reply(200, "application/json", json.dumps({"keys": [other.jwk]}).encode())
        case StubAnswer.EMPTY:
            return Reply(200, "application/json", b'{"keys": []}')
        case StubAnswer.SERVER_ERROR:
            return Reply(500, "application/json", truth)
        case StubAnswer.HTML:
            return Reply(200, "text/html", b"<!doctype html><title>Welcome</title>")
        case StubAnswer.NOT_JSON:
            return Reply(200, "application/json", truth[:-3])
        case StubAnswer.REDIRECT:
            return Reply(302, "application/json", truth, location=DEFAULT_ORIGIN + routes.JWKS)
        case _:
            return Reply(200, "application/json", truth)


@dataclass(frozen=True)
class StubRequest:
    """One request that the service made on its own: where to, and which of our traps that is."""

    source: Source
    method: str
    url: str


@dataclass
class Stubs:
    """All that a service may ask over the network while it is watched.

    `origin` is the trap's address, to be used in `BASE_URL`; `waited` counts the seconds that a simulated
    slow answer would have taken; `blind` says why the loopback default can't be watched, if it can't.
    """

    origin: str
    request_log: list[StubRequest] = field(default_factory=list)
    waited: float = 0.0
    unobservable: str | None = None


class StubFactory(Protocol):
    """How a net is spread: `with spread(trap, default) as net`; both arguments say what is answered there."""

    def __call__(self, trap: StubAnswer, default: StubAnswer) -> contextlib.AbstractContextManager[Stubs]:
        """Answer with `trap` at the net's origin and with `default` at the loopback default."""


class _Stalled(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body whose second half keeps its reader waiting."""

    def __init__(self, body: bytes, wait: Callable[[], None]) -> None:
        self._body, self._wait = body, wait

    def __iter__(self) -> Iterator[bytes]:
        half = len(self._body) // 2
        yield self._body[:half]
        self._wait()
        yield self._body[half:]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self:
            yield part


class InProcessStubs:
    """A net for an application in this process: respx stands where its HTTP client meets the network."""

    def __init__(self, key: SigningKey, other: SigningKey) -> None:
        self._key, self._other = key, other

    @contextlib.contextmanager
    def __call__(self, trap: StubAnswer, default: StubAnswer) -> Iterator[Stubs]:
        """Spread it: nothing leaves the process; whatever is asked is written down."""
        import respx

        net = Stubs("http://keys.contract.invalid")
        lies: dict[str, tuple[Source, StubAnswer]] = {
            net.origin: ("trap", trap),
            DEFAULT_ORIGIN: ("default", default),
        }

        def answer(request: httpx.Request) -> httpx.Response:
            url = request.url
            source, lie = lies.get(
                f"{url.scheme}://{url.netloc.decode()}", ("elsewhere", StubAnswer.UNREACHABLE)
            )
            net.request_log.append(StubRequest(source, request.method, str(url)))
            if lie is StubAnswer.UNREACHABLE:
                raise httpx.ConnectError("nobody listens there", request=request)
            if lie is StubAnswer.SLOW:
                self._keep_waiting(net, request)
            told = reply(lie, self._key, self._other)
            if lie is StubAnswer.STALLED:
                stalled = _Stalled(told.body, lambda: self._keep_waiting(net, request))
                return httpx.Response(told.status, headers=told.headers, stream=stalled)
            return httpx.Response(told.status, headers=told.headers, content=told.body)

        with respx.mock(assert_all_called=False) as router:
            router.route().mock(side_effect=answer)
            yield net

    @staticmethod
    def _keep_waiting(net: Stubs, request: httpx.Request) -> None:
        """Count the seconds that the caller is ready to wait, without letting them pass."""
        bounds: dict[str, Any] = request.extensions.get("timeout", {})
        patience = bounds.get("read")
        if patience is not None and patience < SLOW_SECONDS:
            net.waited += patience
            raise httpx.ReadTimeout("the trap keeps silent", request=request)
        net.waited += SLOW_SECONDS
