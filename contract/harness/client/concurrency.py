"""Races: requests that leave at the same moment, over connections that are warm."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import httpx

from contract.harness.client.messages import Response
from contract.harness.client.service import PreparedRequest, Service
from contract.harness.errors import CouldNotTry, NotTried
from contract.harness.spec import routes
from contract.harness.targets import ANSWER_DEADLINE, REAL, Pace, exchange


@dataclass(frozen=True)
class Volume:
    """How much hostile traffic a target gets.

    `at_once` are the sizes of its races, one round each at every endpoint, the largest first (it warms what
    the others start on); `flips` the changed bits of each part of a token, `longest` the bytes of the
    largest one. `rounds` are those of each kind of race between two requests, over all endpoints and body
    shapes together; `mints` is how many sessions are minted after one that must go on.
    """

    at_once: tuple[int, ...]
    flips: int
    longest: int
    rounds: int
    mints: int

    def within(self, pace: Pace | None) -> "Volume":
        """Return it with no race larger than what a pace lets go at once, down to the smallest there is."""
        if pace is None:
            return self
        most = max(pace.burst, 2)
        return replace(self, at_once=tuple(dict.fromkeys(min(each, most) for each in self.at_once)))


# A fault that shows in one round of twenty shows in 59 rounds with a probability of 95 %.
FULL = Volume(at_once=(25, 10, 5, 2), flips=8, longest=1 << 20, rounds=59, mints=250)
# For a deployment that is not ours to load: enough for a race that is lost every time, and no more.
SMALL = Volume(at_once=(5, 2), flips=4, longest=1 << 14, rounds=1, mints=20)
STAGGERS = 8
"""How many parts of the usual response time one request of a race may leave later than the one before."""


@dataclass(frozen=True)
class Race:
    """What came of requests that were sent at the same time, in the order in which they were given.

    `overlapped` says that each of them was sent before any response had arrived.
    """

    responses: Sequence[Response]
    overlapped: bool


class Racer:
    """Sends requests at the same time; which of them wins is up to the service.

    `by_chance` says that each round may go differently. An application in this process answers on one event
    loop, which decides equal rounds alike.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._warm = 0
        self._usual = 0.0
        self.by_chance = service.connection.at_once is None

    def race(self, prepared: Sequence[PreparedRequest], stagger: int = 0) -> Race:
        """Send all of `prepared` at the same time.

        Each leaves `stagger` steps after the one before: over sockets a step is an eighth of the time that a
        response took in the round before, in this process one turn of the event loop. Raises `CouldNotTry` if
        any of them got no response. A 429 or 503 is not waited out: it is a result here.
        """
        service = self._service
        pace = service.connection.pace
        if pace and len(prepared) > pace.burst:
            raise NotTried(f"a pace of {pace.burst} requests at once leaves no race of {len(prepared)}")
        at_once = service.connection.at_once or self._over_sockets
        service.requests += len(prepared)
        for place, each in enumerate(prepared):
            each.http_request.extensions["steps"] = place * stagger
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
            if response.status == 503 and "retry-after" in response.headers:
                service.transcript.record(response)  # the service is busy: that is no failure of a race
            else:
                service.recorded(response)
        return Race(responses, self._overlapped(http_responses))

    def _overlapped(self, http_responses: Sequence[httpx.Response]) -> bool:
        """Say whether the last request was sent before the first response; what is not timed never waits."""
        spans = [each.extensions["span"] for each in http_responses if "span" in each.extensions]
        if not spans:
            return True
        self._usual = min(ended - sent for sent, ended in spans)
        return bool(max(sent for sent, _ in spans) < min(ended for _, ended in spans))

    def _over_sockets(self, requests: Sequence[httpx.Request]) -> list[httpx.Response]:
        """Send from one thread each; the barrier falls when every connection is warm."""
        http, pace = self._service.connection.http, self._service.connection.pace
        cold, step = len(requests) > self._warm, self._usual / STAGGERS
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
            time.sleep(request.extensions["steps"] * step)
            sent = REAL["perf"]()
            response = exchange(http, request)
            response.extensions["span"] = (sent, REAL["perf"]())
            return response

        with ThreadPoolExecutor(len(requests)) as pool:
            going = [pool.submit(send, request) for request in requests]
        if cold:
            self._service.requests += len(requests)
            self._warm = len(requests)
        try:
            return [each.result() for each in going]
        except threading.BrokenBarrierError:
            raise CouldNotTry("a connection for the race could not be opened in time") from None
