"""A loopback relay that makes a link long: what goes through it arrives later, and no slower."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager

CHUNK_BYTES = 65536


async def carry(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, seconds: float, first: float
) -> None:
    """Write what is read, each chunk `seconds` after it came, and none before the loop's time is `first`."""
    loop = asyncio.get_running_loop()
    line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        while True:
            due, chunk = await line.get()
            await asyncio.sleep(due - loop.time())
            if not chunk:
                break
            writer.write(chunk)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    delivery = asyncio.create_task(deliver())
    try:
        while chunk := await reader.read(CHUNK_BYTES):
            line.put_nowait((max(loop.time() + seconds, first), chunk))
    except ConnectionError:
        pass  # The end that went away is told to the other as an end of its stream.
    line.put_nowait((max(loop.time() + seconds, first), b""))
    try:
        await delivery
    except ConnectionError:
        writer.close()


class Relay:
    """Connects each client to `port` on loopback, `seconds` away."""

    def __init__(self, port: int, seconds: float) -> None:
        self.port = port
        self.seconds = seconds
        self.connections = 0
        self._open: set[asyncio.Task[None]] = set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client, whose first byte waits for the handshake that a long link would have cost it."""
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        connected = asyncio.get_running_loop().time() + 2 * self.seconds
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            await asyncio.gather(
                carry(reader, far_writer, seconds=self.seconds, first=connected + self.seconds),
                carry(far_reader, writer, seconds=self.seconds, first=0.0),
            )
        except asyncio.CancelledError:
            pass  # The relay is closing; streams end a handler that was cancelled with a traceback.
        finally:
            far_writer.close()
            writer.close()
            self._open.discard(task)

    async def run(self, started: "Future[tuple[int, Callable[[], None]]]") -> None:
        """Listen on a free port, say which and how to stop, and go on until asked."""
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()

        def stop() -> None:
            loop.call_soon_threadsafe(stopped.set)

        server = await asyncio.start_server(self.accept, "127.0.0.1", 0)
        started.set_result((server.sockets[0].getsockname()[1], stop))
        await stopped.wait()
        server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)


@contextmanager
def delayed(port: int, seconds: float) -> Iterator[tuple[int, Relay]]:
    """A port from which `port` is `seconds` away: a request goes it twice, a connection twice more."""
    relay = Relay(port, seconds)
    started: Future[tuple[int, Callable[[], None]]] = Future()
    thread = threading.Thread(target=lambda: asyncio.run(relay.run(started)), daemon=True)
    thread.start()
    far, stop = started.result(timeout=5)
    try:
        yield far, relay
    finally:
        stop()
        thread.join(5)
