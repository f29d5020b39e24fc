"""Tries the long link that `make bench` measures over: late, whole, and no slower."""

import socket
import threading
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from tests.delay_relay import delayed

SECONDS = 0.02


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that sends back what it reads, for one client, and then hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def response() -> None:
            client, _ = server.accept()
            with client:
                while chunk := client.recv(65536):
                    client.sendall(chunk)

        thread = threading.Thread(target=response, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(5)


def receive(client: socket.socket, size: int) -> bytes:
    """Exactly `size` bytes, or fewer if the other end hangs up."""
    received = b""
    while len(received) < size and (chunk := client.recv(65536)):
        received += chunk
    return received


def test_a_round_trip_costs_twice_the_way_and_a_connection_one_more(echo: int) -> None:
    """Of a kept connection the first exchange costs two round trips, each further one a single one."""
    with delayed(echo, SECONDS) as (port, relay), socket.create_connection(("127.0.0.1", port), 5) as client:
        laps = [time.monotonic()]
        for _ in range(3):
            client.sendall(b"x")
            assert receive(client, 1) == b"x"
            laps.append(time.monotonic())
        first, *further = (after - before for before, after in pairwise(laps))
        assert first >= 4 * SECONDS
        assert min(further) >= 2 * SECONDS
        assert relay.connections == 1


def test_a_long_link_is_not_a_narrow_one(echo: int) -> None:
    """A megabyte comes back whole, and its chunks do not queue for the delay one by one."""
    on_the_wire = bytes(range(256)) * 4096
    with delayed(echo, SECONDS) as (port, _), socket.create_connection(("127.0.0.1", port), 5) as client:
        threading.Thread(target=client.sendall, args=(on_the_wire,), daemon=True).start()
        assert receive(client, len(on_the_wire)) == on_the_wire


def test_an_end_that_goes_away_is_told_to_the_other(echo: int) -> None:
    """A client that has said all gets its answer, and then the end of the stream."""
    with delayed(echo, SECONDS) as (port, _), socket.create_connection(("127.0.0.1", port), 5) as client:
        client.sendall(b"x")
        client.shutdown(socket.SHUT_WR)
        assert receive(client, 2) == b"x"
