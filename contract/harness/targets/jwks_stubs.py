"""JWKS stubs: addresses of ours that answer as a JWKS and keep a log of the requests that they get."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import httpx

from contract.harness.jose import SigningKey
from contract.harness.targets.jwks_answers import DEFAULT_ORIGIN, SLOW_SECONDS, StubAnswer, reply

Source = Literal["stub", "default", "redirect", "proxy", "elsewhere"]


@dataclass(frozen=True)
class StubRequest:
    """One request that the service sent by itself.

    `source` says where it arrived: at the stub, at the loopback default, at the address that a redirect
    names, at the stub of a proxy, or (in process) anywhere else.
    """

    source: Source
    method: str
    url: str

    @property
    def where(self) -> str:
        """The URL, and that it was requested through a proxy if so."""
        return f"{self.url} through a proxy" if self.source == "proxy" else self.url


def _unchangeable(_answer: StubAnswer) -> None:
    raise NotImplementedError


@dataclass
class Stubs:
    """The addresses that a service may request while it is observed, and what it requested.

    `origin` is the stub's address, for `BASE_URL`; `environment` is what the service has to be started with,
    besides its configuration, for its detours to be seen; `waited` counts the seconds that a simulated slow
    answer would have taken; `unobservable` says why requests to the loopback default can't be seen, or not be
    told from those of another program; `answer_with` changes what the stub at `origin` answers from now on.
    """

    origin: str
    request_log: list[StubRequest] = field(default_factory=list)
    environment: Mapping[str, str] = field(default_factory=dict)
    waited: float = 0.0
    unobservable: str | None = None
    answer_with: Callable[[StubAnswer], None] = _unchangeable


class StubFactory(Protocol):
    """Opens the stubs: `with factory(StubAnswer.TRUE, StubAnswer.OTHER_KEY) as stubs`."""

    def __call__(
        self, stub: StubAnswer, default: StubAnswer | None
    ) -> contextlib.AbstractContextManager[Stubs]:
        """Answer with `stub` at an origin of ours, and with `default` at the loopback default.

        None leaves the loopback default alone: several observations side by side share one stub there.
        """


class _Stalled(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body whose second half does not come."""

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
    """Stubs for an application in this process: respx replaces the network below its HTTP client.

    A request through a proxy of the environment is replaced as well: it is logged like a direct one.
    """

    def __init__(self, key: SigningKey, other: SigningKey) -> None:
        self._key, self._other = key, other

    @contextlib.contextmanager
    def __call__(self, stub: StubAnswer, default: StubAnswer | None) -> Iterator[Stubs]:
        """Open them: nothing leaves the process, and every request is logged."""
        import respx

        moved = "http://moved.contract.invalid"
        stubs = Stubs("http://keys.contract.invalid")
        answers: dict[str, tuple[Source, StubAnswer]] = {
            stubs.origin: ("stub", stub),
            DEFAULT_ORIGIN: ("default", default or StubAnswer.UNREACHABLE),
            moved: ("redirect", StubAnswer.TRUE),
        }
        stubs.answer_with = lambda answer: answers.update({stubs.origin: ("stub", answer)})

        def respond(request: httpx.Request) -> httpx.Response:
            url = request.url
            source, answer = answers.get(
                f"{url.scheme}://{url.netloc.decode()}", ("elsewhere", StubAnswer.UNREACHABLE)
            )
            stubs.request_log.append(StubRequest(source, request.method, str(url)))
            if answer is StubAnswer.UNREACHABLE:
                raise httpx.ConnectError("nothing listens there", request=request)
            if answer is StubAnswer.SLOW:
                self._keep_waiting(stubs, request)
            response = reply(answer, self._key, self._other, moved)
            if answer is StubAnswer.STALLED:
                stalled = _Stalled(response.body, lambda: self._keep_waiting(stubs, request))
                return httpx.Response(response.status, headers=response.headers, stream=stalled)
            return httpx.Response(response.status, headers=response.headers, content=response.body)

        with respx.mock(assert_all_called=False) as router:
            router.route().mock(side_effect=respond)
            yield stubs

    @staticmethod
    def _keep_waiting(stubs: Stubs, request: httpx.Request) -> None:
        """Count the seconds that the caller would wait, without waiting."""
        timeouts: dict[str, Any] = request.extensions.get("timeout", {})
        patience = timeouts.get("read")
        if patience is not None and patience < SLOW_SECONDS:
            stubs.waited += patience
            raise httpx.ReadTimeout("the stub sends nothing", request=request)
        stubs.waited += SLOW_SECONDS
