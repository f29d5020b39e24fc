"""Races: requests that leave at the same moment, over connections that are warm."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import httpx

from contract.harness.client.messages import Response
from contract.harness.client.service import PreparedRequest, Service
from contract.harness.errors import CouldNotTry, NotTried
from contract.harness.spec import routes
from contract.harness.targets import ANSWER_DEADLINE, LONGEST_IDLE, REAL, Pace, exchange


@dataclass(frozen=True)
class Volume:
    """How much hostile traffic a target gets.

    `at_once` are the sizes of its races, one round each at every endpoint, the largest first (it warms what
    the others start on); `flips` the changed bits of each part of a token, `longest` the bytes of the
    largest one.
    """

    at_once: tuple[int, ...]
    flips: int
    longest: int

    def within(self, pace: Pace | None) -> "Volume":
        """Return it with no race larger than what a pace lets go at once, down to the smallest there is."""
        if pace is None:
            return self
        most = max(pace.burst, 2)
        return replace(self, at_once=tuple(dict.fromkeys(min(each, most) for each in self.at_once)))


FULL = Volume(at_once=(25, 10, 5, 2), flips=8, longest=1 << 20)
# For a deployment that is not ours to load: enough for a race that is lost every time, and no more.
SMALL = Volume(at_once=(5, 2), flips=4, longest=1 << 14)


class Racer:
    """Lets requests go at once; what wins is the service's affair."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._warm = 0
        self._warm_until = 0.0

    def race(self, prepared: Sequence[PreparedRequest]) -> list[Response]:
        """Send all of `prepared` at the same moment and return the answers in their order.

        Raises `CouldNotTry` if any of them got no answer. A 429 is not waited out: it is an answer here.
        """
        service = self._service
        pace = service.connection.pace
        if pace and len(prepared) > pace.burst:
            raise NotTried(f"a pace of {pace.burst} requests at once leaves no race of {len(prepared)}")
        at_once = service.connection.at_once or self._over_sockets
        service.requests += len(prepared)
        started = REAL["perf"]()
        http_responses = at_once([each.http_request for each in prepared])
        seconds = REAL["perf"]() - started
        for http_response in http_responses:
            http_response.read()
        responses = [
            one.response(http_response, seconds)
            for one, http_response in zip(prepared, http_responses, strict=True)
        ]
        for response in responses:
            service.recorded(response)
        return responses

    def _over_sockets(self, requests: Sequence[httpx.Request]) -> list[httpx.Response]:
        """Send from one thread each; the barrier falls when every connection is warm."""
        http, pace = self._service.connection.http, self._service.connection.pace
        cold = len(requests) > self._warm or REAL["monotonic"]() > self._warm_until
        barrier = threading.Barrier(len(requests), timeout=ANSWER_DEADLINE)

        def send(request: httpx.Request) -> httpx.Response:
            try:
                if cold:
                    barrier.wait()
                    exchange(http, http.build_request("GET", routes.HEALTH))
                barrier.wait()
                if pace and not barrier.wait():
                    pace.rest_for(len(requests))
                barrier.wait()
            except BaseException:
                barrier.abort()
                raise
            return exchange(http, request)

        with ThreadPoolExecutor(len(requests)) as pool:
            going = [pool.submit(send, request) for request in requests]
        if cold:
            self._service.requests += len(requests)
            self._warm = len(requests)
        # A connection that is idle for longer is not used again.
        self._warm_until = REAL["monotonic"]() + LONGEST_IDLE / 2
        try:
            return [each.result() for each in going]
        except threading.BrokenBarrierError:
            raise CouldNotTry("a connection for the race could not be opened in time") from None
