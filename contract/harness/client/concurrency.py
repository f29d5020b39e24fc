"""Races: requests that leave at the same moment, over connections that are already open."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import httpx

from contract.harness.client.messages import Response
from contract.harness.client.service import PreparedRequest, Service
from contract.harness.client.waiting import requested_wait
from contract.harness.errors import CouldNotTry, NotTried
from contract.harness.spec import routes
from contract.harness.targets import ANSWER_DEADLINE, REAL, Pace, exchange


@dataclass(frozen=True)
class Volume:
    """How much hostile traffic a target gets.

    `at_once` are the sizes of its races, one round each at every endpoint, the largest first: it opens the
    connections that the others start on. `flips` is the number of bits changed in each part of a token,
    `longest` the size in bytes of the largest token.
    """

    at_once: tuple[int, ...]
    flips: int
    longest: int

    def within(self, pace: Pace | None) -> "Volume":
        """Return it with no race larger than the burst that `pace` allows, two at least."""
        if pace is None:
            return self
        most = max(pace.burst, 2)
        return replace(self, at_once=tuple(dict.fromkeys(min(each, most) for each in self.at_once)))


FULL = Volume(at_once=(25, 10, 5, 2), flips=8, longest=1 << 20)
# For a deployment that somebody else pays for: enough for a race that is lost every time, and no more.
SMALL = Volume(at_once=(5, 2), flips=4, longest=1 << 14)


class Racer:
    """Sends requests at the same moment; which of them succeeds is the service's decision.

    The busy responses of one race are waited out before the next race begins.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._open = 0
        self._busy: list[Response] = []

    def race(self, prepared: Sequence[PreparedRequest]) -> list[Response]:
        """Send all of `prepared` at the same moment and return the responses in their order.

        Nothing is sent a second time: a 409, a 429 or a 503 about storage is a result of the race. Raises
        `CouldNotTry` if any request got no response of the service.
        """
        service = self._service
        pace = service.connection.pace
        if pace and len(prepared) > pace.burst:
            raise NotTried(f"a pace of {pace.burst} requests at once leaves no race of {len(prepared)}")
        self._wait_out()
        at_once = service.connection.at_once or self._over_sockets
        service.begin(prepared)
        started = REAL["perf"]()
        with service.reporting_no_answer(prepared):
            http_responses = at_once([each.http_request for each in prepared])
        seconds = REAL["perf"]() - started
        for http_response in http_responses:
            http_response.read()
        responses = [
            one.response(http_response, seconds)
            for one, http_response in zip(prepared, http_responses, strict=True)
        ]
        self._busy = _busy(responses)
        for response in responses:
            service.recorded(response)
        return responses

    def _wait_out(self) -> None:
        """Wait as long as the race before was asked to; `CouldNotTry` if that passes a bound of the run."""
        busy, self._busy = self._busy, []
        if busy:
            self._service.waits.wait_out(max(busy, key=requested_wait))

    def _over_sockets(self, requests: Sequence[httpx.Request]) -> list[httpx.Response]:
        """Send from one thread each, once every connection is open."""
        http, pace = self._service.connection.http, self._service.connection.pace
        opening = len(requests) > self._open
        if opening:
            self._service.budget.take(len(requests))
        barrier = threading.Barrier(len(requests), timeout=ANSWER_DEADLINE)

        def send(request: httpx.Request) -> httpx.Response:
            try:
                if opening:
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
            sent = [pool.submit(send, request) for request in requests]
        if opening:
            self._open = len(requests)
        try:
            return [each.result() for each in sent]
        except threading.BrokenBarrierError:
            raise CouldNotTry("a connection for the race could not be opened in time") from None


def _busy(responses: Sequence[Response]) -> list[Response]:
    """Return the responses that ask to wait before the next race.

    A 429 beside another response is how some services answer the losers; if every request got one, it is a
    rate limit.
    """
    limited = all(response.turned_away for response in responses)
    return [each for each in responses if each.turned_away and (limited or each.status != 429)]
