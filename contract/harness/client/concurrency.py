"""Races: requests that leave at the same moment, over connections that are already open."""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import httpx

from contract.harness.client.messages import Response
from contract.harness.client.service import PreparedRequest, Service
from contract.harness.client.waiting import requested_wait
from contract.harness.errors import CouldNotTry, NotTried
from contract.harness.spec import routes
from contract.harness.targets import ANSWER_DEADLINE, LONGEST_IDLE, REAL, Pace, exchange


@dataclass(frozen=True)
class Volume:
    """How much hostile traffic a target gets.

    `at_once` are the sizes of its races, one round each at every endpoint, the largest first: it opens the
    connections that the others start on. `flips` is the number of bits changed in each part of a token,
    `longest` the size in bytes of the largest token. `rounds` are those of each kind of race between two
    requests, over all endpoints and body shapes together; `mints` is how many sessions are minted after one
    that must go on.
    """

    at_once: tuple[int, ...]
    flips: int
    longest: int
    rounds: int
    mints: int

    def within(self, pace: Pace | None) -> "Volume":
        """Return it with no race larger than the burst that `pace` allows, two at least."""
        if pace is None:
            return self
        most = max(pace.burst, 2)
        return replace(self, at_once=tuple(dict.fromkeys(min(each, most) for each in self.at_once)))


STAGGERS = 8
"""How many parts of the usual response time one request of a race may leave later than the one before."""
# A fault that shows in one round of twenty shows in 59 rounds with a probability of 95 %.
FULL = Volume(at_once=(25, 10, 5, 2), flips=8, longest=1 << 20, rounds=59, mints=250)
# An application in this process decides equal rounds alike. Over all endpoints together each stagger is tried
# twice in both orders.
IN_PROCESS = replace(FULL, rounds=4 * STAGGERS)
# For a deployment that somebody else pays for: enough for a race that is lost every time, and no more.
SMALL = Volume(at_once=(5, 2), flips=4, longest=1 << 14, rounds=1, mints=20)


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
    loop, which decides equal rounds alike. `overlapped` counts the rounds of each kind that overlapped. The
    busy responses of one race are waited out before the next race begins.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._open = 0
        self._open_until = 0.0
        self._busy: list[Response] = []
        self._in_vain = 0
        self._usual = 0.0
        self.by_chance = service.connection.at_once is None
        self.overlapped: Counter[str] = Counter()

    def race(self, prepared: Sequence[PreparedRequest], stagger: int = 0) -> Race:
        """Send all of `prepared` at the same time.

        Each leaves `stagger` steps after the one before: over sockets a step is an eighth of the time that
        a response took in the round before, in this process one turn of the event loop. Nothing is sent
        twice: a 409, a 429 or a 503 about storage is a result of the race. Raises `CouldNotTry` if any
        request got no response of the service.
        """
        service = self._service
        pace = service.connection.pace
        if pace and len(prepared) > pace.burst:
            raise NotTried(f"a pace of {pace.burst} requests at once leaves no race of {len(prepared)}")
        self._wait_out()
        at_once = service.connection.at_once or self._over_sockets
        service.begin(prepared)
        for place, each in enumerate(prepared):
            each.http_request.extensions["steps"] = place * stagger
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
        self._in_vain = self._in_vain + 1 if all(each.turned_away for each in responses) else 0
        for response in responses:
            service.recorded(response)
        return Race(responses, self._overlapped(http_responses))

    def _overlapped(self, http_responses: Sequence[httpx.Response]) -> bool:
        """Say whether the last request was sent before the first response; what is not timed never waits."""
        spans = [each.extensions["span"] for each in http_responses if "span" in each.extensions]
        if not spans:
            return True
        self._usual = min(ended - sent for sent, ended in spans)
        return bool(max(sent for sent, _ in spans) < min(ended for _, ended in spans))

    def _wait_out(self) -> None:
        """Wait as long as the race before was asked to; `CouldNotTry` if that passes a bound of the run."""
        busy, self._busy = self._busy, []
        if busy:
            self._service.wait_out(max(busy, key=requested_wait), 1 + self._in_vain)

    def _over_sockets(self, requests: Sequence[httpx.Request]) -> list[httpx.Response]:
        """Send from one thread each, once every connection is open."""
        http, pace = self._service.connection.http, self._service.connection.pace
        opening = len(requests) > self._open or REAL["monotonic"]() > self._open_until
        step = self._usual / STAGGERS
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
            time.sleep(request.extensions["steps"] * step)
            left = REAL["perf"]()
            response = exchange(http, request)
            response.extensions["span"] = (left, REAL["perf"]())
            return response

        with ThreadPoolExecutor(len(requests)) as pool:
            sent = [pool.submit(send, request) for request in requests]
        if opening:
            self._open = len(requests)
        # A connection that is idle for longer is not used again.
        self._open_until = REAL["monotonic"]() + LONGEST_IDLE / 2
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
