"""Runs an ASGI application in this process, behind the interface of an HTTP transport."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, MutableMapping, Sequence
from typing import Any, TypeVar

import httpx

from contract.harness.errors import CouldNotTry

ASGIApp = Callable[..., Awaitable[None]]
Done = TypeVar("Done")

ANSWER_DEADLINE = 30.0  # seconds for a response, for the start-up and for the shutdown of an application


class AsgiTransport(httpx.BaseTransport):
    """Runs an ASGI application in this thread on an event loop of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._loop = asyncio.new_event_loop()
        self._lifespan = _Lifespan(app)
        try:
            self._loop.run_until_complete(_in_time(self._lifespan.start()))
        except TimeoutError:
            self._end_loop()
            raise CouldNotTry(f"the application did not start within {ANSWER_DEADLINE:.0f} s") from None
        except BaseException:
            self._end_loop()
            raise

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the application's response, 500 if it sends none; `ReadTimeout` if it takes too long."""
        return self.together([request])[0]

    def together(self, requests: Sequence[httpx.Request]) -> list[httpx.Response]:
        """Send several requests at once: one continues where another waits."""

        async def together() -> list[httpx.Response]:
            return await asyncio.gather(*(self._answer(request) for request in requests))

        try:
            if len(requests) == 1:
                return [self._loop.run_until_complete(_in_time(self._answer(requests[0])))]
            return self._loop.run_until_complete(_in_time(together()))
        except TimeoutError:
            raise httpx.ReadTimeout("the application sends no response", request=requests[0]) from None

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": request.method,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "scheme": request.url.scheme,
            "path": request.url.path,
            "raw_path": request.url.raw_path.partition(b"?")[0],
            "query_string": request.url.query,
            "server": (request.url.host, request.url.port or 80),
            "client": ("127.0.0.1", 1),
            "root_path": "",
        }
        inbox = [{"type": "http.request", "body": request.read(), "more_body": False}]
        for _ in range(request.extensions.get("steps", 0)):
            await asyncio.sleep(0)  # a race may let one request start some turns of the loop after another
        status, headers, body = 0, [], bytearray()

        async def receive() -> MutableMapping[str, Any]:
            return inbox.pop() if inbox else {"type": "http.disconnect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], list(message.get("headers", []))
            elif message["type"] == "http.response.body":
                body.extend(message.get("body", b""))

        with contextlib.suppress(Exception):  # an application may raise anything
            await self._app(scope, receive, send)
        if not status:
            # As a server does: an application that raises or ends without a response is a 500.
            return httpx.Response(500, json={"error": "no answer"}, request=request)
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(bytes(body)), request=request)

    def close(self) -> None:
        """Shut the application down, and close the loop."""
        if not self._loop.is_closed():
            with contextlib.suppress(TimeoutError):
                self._loop.run_until_complete(_in_time(self._lifespan.stop()))
            self._end_loop()

    def _end_loop(self) -> None:
        """Cancel what the application left running, and close the loop."""
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(_ended(left))
        self._loop.close()


async def _in_time(work: Awaitable[Done]) -> Done:
    async with asyncio.timeout(ANSWER_DEADLINE):
        return await work


async def _ended(tasks: Collection[asyncio.Task[Any]]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)


class _Lifespan:
    """Start-up and shutdown of an ASGI application, where it supports them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._inbox: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._outbox: asyncio.Queue[str] = asyncio.Queue()
        self._task = asyncio.ensure_future(self._run())
        await self._inbox.put({"type": "lifespan.startup"})
        outcome = await self._outbox.get()
        if outcome == "lifespan.startup.failed":
            raise CouldNotTry("the application failed to start (lifespan.startup.failed)")

    async def _run(self) -> None:
        async def send(message: MutableMapping[str, Any]) -> None:
            await self._outbox.put(message["type"])

        try:
            await self._app({"type": "lifespan", "asgi": {"version": "3.0"}}, self._inbox.get, send)
        except Exception:  # noqa: BLE001 - the ASGI specification: an error here means "no lifespan support"
            await self._outbox.put("lifespan.unsupported")
        await self._outbox.put("lifespan.ended")

    async def stop(self) -> None:
        if self._task is not None and not self._task.done():
            await self._inbox.put({"type": "lifespan.shutdown"})
            await self._outbox.get()
            await self._task
