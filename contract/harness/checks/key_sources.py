"""Where a deployment takes its keys from, seen from outside: started afresh, probed, and watched."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal

import httpx

from contract.harness.client import Request, Response, Transcript
from contract.harness.errors import ContractError, CouldNotTry, NotTried
from contract.harness.jose import admin_claims, lending
from contract.harness.spec import routes
from contract.harness.targets import (
    REAL,
    WAITING,
    Clock,
    Deployment,
    StubAnswer,
    StubRequest,
    Stubs,
    environment,
)

BLANK = " \t\n "
BASE_URLS = {
    "unset": None,
    "blank": BLANK,
    "dead": "http://127.0.0.1:9",
    "itself": "https://relayauth.contract.invalid",
    "trap": "{trap}",
    "slash": "{trap}/",
    "path": "{trap}/some/deep/path",
    "query": "{trap}?tenant=a&x=/b",
    "path-query-slash": "{trap}/v1/?a=b#part",
}
PROBE_PATH = routes.identity("agent_relayauth-contract-nobody")


@dataclass(frozen=True)
class Setup:
    """One configuration to start a deployment with, and what the two addresses answer."""

    public: Literal["bound", "unset", "blank"]
    base_url: str
    trap: StubAnswer = StubAnswer.TRUE
    default: StubAnswer = StubAnswer.TRUE

    def __str__(self) -> str:
        return f"public key {self.public}, BASE_URL {self.base_url}" + (
            "" if self.trap is StubAnswer.TRUE else f" ({self.trap})"
        )

    @property
    def leads_to_default(self) -> bool:
        """Say whether a deployment that keeps the order asks the loopback default."""
        return self.public != "bound" and self.base_url in ("unset", "blank")


@dataclass(frozen=True)
class Observation:
    """What was seen of one `Setup`.

    `own` is the status that a bearer signed by the deployment's key got, `foreign` that of one signed by
    another key, `own_again` the first one's once more (0: no answer in time); `answer` is the first answer;
    `seconds` is the slowest answer, in seconds.
    """

    own: int
    foreign: int
    own_again: int
    response: Response
    request_log: tuple[StubRequest, ...]
    seconds: float
    origin: str
    unobservable: str | None

    @property
    def strangers(self) -> tuple[str, ...]:
        """Every URL that was asked besides the trap's."""
        return tuple(visit.url for visit in self.request_log if visit.source != "trap")


@dataclass(frozen=True)
class Lending:
    """What came of bearers that bring their own keys along.

    `own` is the status of a bearer that the deployment's key signed; `lent` has, for each kind of the others,
    the status and the URLs that were asked; `origin` is the trap's.
    """

    own: int
    lent: Mapping[str, tuple[int, tuple[str, ...]]]
    origin: str
    responses: Mapping[str, Response]


class KeySources:
    """Starts the deployment once for each distinct `Setup` and keeps what was seen."""

    def __init__(self, deployment: Deployment, clock: Clock, transcript: Transcript) -> None:
        self._deployment = deployment
        self._clock = clock
        self._transcript = transcript
        self._seen: dict[Setup, Observation] = {}
        self._lent: dict[Setup, Lending] = {}
        self.requests = 0

    def observe(self, setup: Setup) -> Observation:
        """Return what a deployment with `setup` did with three bearers, and whom it asked."""
        if setup not in self._seen:
            self._seen[setup] = self._observe(setup)
        self._transcript.show([self._seen[setup].response])
        return self._seen[setup]

    def prepare(self, setups: Iterable[Setup]) -> None:
        """Observe `setups` side by side, where several servers may run at once.

        The loopback default is one address for all: a setup that should lead there is observed by itself, and
        so are all where any of them asked it unbidden.
        """
        together = [each for each in dict.fromkeys(setups) if not each.leads_to_default]
        # The slow first: the others go by while it waits.
        together.sort(key=lambda each: each.trap not in WAITING)
        if self._deployment.side_by_side == 1 or len(together) < 2:
            return
        with (
            self._deployment.spread(StubAnswer.TRUE, StubAnswer.TRUE) as watch,
            ThreadPoolExecutor(self._deployment.side_by_side) as pool,
        ):
            seen = list(pool.map(self._observe_alongside, together))
        if not watch.request_log:
            # What held the default's port meanwhile was our own watch: what it could not see, nobody could.
            found = zip(together, seen, strict=True)
            self._seen.update(
                {key: replace(one, unobservable=watch.unobservable) for key, one in found if one is not None}
            )

    def _observe_alongside(self, setup: Setup) -> Observation | None:
        """Observe as one of several; what goes wrong here is told when its clause is tried."""
        try:
            return self._observe(setup)
        except ContractError:
            return None

    @contextlib.contextmanager
    def _deployed(self, setup: Setup) -> Iterator[tuple[Stubs, httpx.Client]]:
        """Start the deployment with `setup`, watched."""
        key = self._deployment.key
        with contextlib.ExitStack() as stack:
            net = stack.enter_context(self._deployment.spread(setup.trap, setup.default))
            if net.unobservable and setup.leads_to_default:
                raise NotTried(net.unobservable)
            template = BASE_URLS[setup.base_url]
            public = {"bound": key.public_pem, "unset": None, "blank": BLANK}[setup.public]
            env = environment(key, public=public, base_url=template and template.format(trap=net.origin))
            yield net, stack.enter_context(self._deployment.launch(env))

    def lend(self, setup: Setup) -> Lending:
        """Return what came of bearers that bring their own keys to a deployment with `setup`."""
        if setup not in self._lent:
            with self._deployed(setup) as (net, http):
                claims = admin_claims(self._clock.now(), "org_relayauth-contract")
                own = self._probe(http, self._deployment.key.sign(claims), net)
                lent, responses = {}, {}
                for name, bearer in lending(self._deployment.other, claims, net.origin).items():
                    before = len(net.request_log)
                    responses[name] = self._probe(http, bearer, net)
                    lent[name] = (
                        responses[name].status,
                        tuple(visit.url for visit in net.request_log[before:]),
                    )
                self._lent[setup] = Lending(own.status, lent, net.origin, responses)
        return self._lent[setup]

    def _observe(self, setup: Setup) -> Observation:
        key, other = self._deployment.key, self._deployment.other
        with self._deployed(setup) as (net, http):
            claims = admin_claims(self._clock.now(), "org_relayauth-contract")
            probes = [signer.sign(claims) for signer in (key, other, key)]
            if setup.trap in WAITING and self._deployment.side_by_side > 1:
                # A verifier that waits out its patience for each of them is waited for once.
                with ThreadPoolExecutor(len(probes)) as pool:
                    own, foreign, again = pool.map(lambda bearer: self._probe(http, bearer, net), probes)
            else:
                own, foreign, again = [self._probe(http, bearer, net) for bearer in probes]
            return Observation(
                own=own.status,
                foreign=foreign.status,
                own_again=again.status,
                response=own,
                request_log=tuple(net.request_log),
                seconds=max(own.seconds, foreign.seconds, again.seconds),
                origin=net.origin,
                unobservable=net.unobservable,
            )

    def _probe(self, http: httpx.Client, bearer: str, net: Stubs) -> Response:
        """Present a bearer; its seconds include those that a simulated trap made it wait."""
        self.requests += 1
        sent = Request("GET", PROBE_PATH, None, self._clock.now(), bearer=bearer)
        net.waited, started = 0.0, REAL["perf"]()
        status, headers, content = 0, httpx.Headers(), b""
        with contextlib.suppress(httpx.TimeoutException):
            try:
                response = http.get(PROBE_PATH, headers={"authorization": f"Bearer {bearer}"})
            except httpx.TransportError as error:
                if isinstance(error, httpx.TimeoutException):
                    raise
                raise CouldNotTry(f"GET {PROBE_PATH}: no answer: {type(error).__name__}") from None
            status, headers, content = response.status_code, response.headers, response.content
        return Response(sent, status, headers, content, REAL["perf"]() - started + net.waited)
