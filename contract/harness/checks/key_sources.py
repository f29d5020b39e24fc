"""Where a deployment takes its keys from: it is started anew, probed, and its requests are observed."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal

import httpx

from contract.harness.client import Request, Response
from contract.harness.errors import ContractError, CouldNotTry, NotTried
from contract.harness.jose import admin_claims, bearers_with_own_keys
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
    "unreachable": "http://127.0.0.1:9",
    "itself": "https://relayauth.contract.invalid",
    "stub": "{stub}",
    "slash": "{stub}/",
    "path": "{stub}/some/deep/path",
    "query": "{stub}?tenant=a&x=/b",
    "path-query-slash": "{stub}/v1/?a=b#part",
}
PROBE_PATH = routes.identity("agent_relayauth-contract-nobody")


@dataclass(frozen=True)
class Setup:
    """One configuration to start a deployment with, and what the stub and the loopback default answer."""

    public: Literal["bound", "unset", "blank"]
    base_url: str
    stub: StubAnswer = StubAnswer.TRUE
    default: StubAnswer = StubAnswer.TRUE

    def __str__(self) -> str:
        return f"public key {self.public}, BASE_URL {self.base_url}" + (
            "" if self.stub is StubAnswer.TRUE else f" ({self.stub})"
        )

    @property
    def leads_to_default(self) -> bool:
        """Whether a deployment that keeps the order requests the loopback default."""
        return self.public != "bound" and self.base_url in ("unset", "blank")


@dataclass(frozen=True)
class Observation:
    """What a deployment with one `Setup` did.

    `own` is the status for a bearer signed by the deployment's key, `foreign` for one signed by another key,
    `own_again` for the first kind once more (0: no response in time); `response` is the first response;
    `seconds` is the time of the slowest response; `origin` is the stub's.
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
        """Every URL that was requested besides those of the stub."""
        return tuple(each.url for each in self.request_log if each.source != "stub")


@dataclass(frozen=True)
class OwnKeyObservation:
    """What a deployment did with bearers that carry or name the key to verify them with.

    `own` is the status for a bearer that the deployment's key signed; `others` has, for each kind of the
    others, the status and the URLs that were requested; `origin` is the stub's.
    """

    own: int
    others: Mapping[str, tuple[int, tuple[str, ...]]]
    origin: str
    responses: Mapping[str, Response]


class KeySources:
    """Starts the deployment once for each distinct `Setup` and keeps the observation."""

    def __init__(self, deployment: Deployment, clock: Clock, transcript: list[Response]) -> None:
        self._deployment = deployment
        self._clock = clock
        self._transcript = transcript
        self._seen: dict[Setup, Observation] = {}
        self._own_keys: dict[Setup, OwnKeyObservation] = {}
        self.requests = 0

    def observe(self, setup: Setup) -> Observation:
        """Return what a deployment with `setup` did with three bearers, and which URLs it requested."""
        if setup not in self._seen:
            self._seen[setup] = self._observe(setup)
        self._transcript[:] = [self._seen[setup].response]
        return self._seen[setup]

    def prepare(self, setups: Iterable[Setup]) -> None:
        """Observe `setups` side by side, where several servers may run at once.

        The loopback default is one address for all: a setup that leads there is observed by itself, and so
        are all setups if any of them requested it without a reason.
        """
        together = [each for each in dict.fromkeys(setups) if not each.leads_to_default]
        # The slow ones first: the others are observed meanwhile.
        together.sort(key=lambda each: each.stub not in WAITING)
        if self._deployment.side_by_side == 1 or len(together) < 2:
            return
        with (
            self._deployment.stubs(StubAnswer.TRUE, StubAnswer.TRUE) as shared,
            ThreadPoolExecutor(self._deployment.side_by_side) as pool,
        ):
            seen = list(pool.map(self._observe_alongside, together))
        if not shared.request_log:
            # The default's port was held by our own stub: what is unobservable for it is so for all.
            found = zip(together, seen, strict=True)
            self._seen.update(
                {key: replace(one, unobservable=shared.unobservable) for key, one in found if one is not None}
            )

    def _observe_alongside(self, setup: Setup) -> Observation | None:
        """Observe as one of several; an error is reported when its clause is tried."""
        try:
            return self._observe(setup)
        except ContractError:
            return None

    @contextlib.contextmanager
    def _deployed(self, setup: Setup) -> Iterator[tuple[Stubs, httpx.Client]]:
        """Start the deployment with `setup` and open stubs for it."""
        key = self._deployment.key
        with contextlib.ExitStack() as stack:
            stubs = stack.enter_context(self._deployment.stubs(setup.stub, setup.default))
            if stubs.unobservable and setup.leads_to_default:
                raise NotTried(stubs.unobservable)
            template = BASE_URLS[setup.base_url]
            public = {"bound": key.public_pem, "unset": None, "blank": BLANK}[setup.public]
            env = environment(key, public=public, base_url=template and template.format(stub=stubs.origin))
            yield stubs, stack.enter_context(self._deployment.launch(env))

    def observe_own_keys(self, setup: Setup) -> OwnKeyObservation:
        """Return what a deployment with `setup` did with bearers that carry or name their own key."""
        if setup not in self._own_keys:
            with self._deployed(setup) as (stubs, http):
                claims = admin_claims(self._clock.now(), "org_relayauth-contract")
                own = self._probe(http, self._deployment.key.sign(claims), stubs)
                others, responses = {}, {}
                for name, bearer in bearers_with_own_keys(
                    self._deployment.other, claims, stubs.origin
                ).items():
                    before = len(stubs.request_log)
                    responses[name] = self._probe(http, bearer, stubs)
                    others[name] = (
                        responses[name].status,
                        tuple(each.url for each in stubs.request_log[before:]),
                    )
                self._own_keys[setup] = OwnKeyObservation(own.status, others, stubs.origin, responses)
        return self._own_keys[setup]

    def _observe(self, setup: Setup) -> Observation:
        key, other = self._deployment.key, self._deployment.other
        with self._deployed(setup) as (stubs, http):
            claims = admin_claims(self._clock.now(), "org_relayauth-contract")
            probes = [signer.sign(claims) for signer in (key, other, key)]
            if setup.stub in WAITING and self._deployment.side_by_side > 1:
                # A verifier that waits for its time-out each time is waited for once.
                with ThreadPoolExecutor(len(probes)) as pool:
                    own, foreign, again = pool.map(lambda bearer: self._probe(http, bearer, stubs), probes)
            else:
                own, foreign, again = [self._probe(http, bearer, stubs) for bearer in probes]
            return Observation(
                own=own.status,
                foreign=foreign.status,
                own_again=again.status,
                response=own,
                request_log=tuple(stubs.request_log),
                seconds=max(own.seconds, foreign.seconds, again.seconds),
                origin=stubs.origin,
                unobservable=stubs.unobservable,
            )

    def _probe(self, http: httpx.Client, bearer: str, stubs: Stubs) -> Response:
        """Present a bearer; its seconds include those of a simulated slow stub."""
        self.requests += 1
        sent = Request("GET", PROBE_PATH, None, self._clock.now(), bearer=bearer)
        stubs.waited, started = 0.0, REAL["perf"]()
        status, headers, content = 0, httpx.Headers(), b""
        with contextlib.suppress(httpx.TimeoutException):
            try:
                response = http.get(PROBE_PATH, headers={"authorization": f"Bearer {bearer}"})
            except httpx.TransportError as error:
                if isinstance(error, httpx.TimeoutException):
                    raise
                raise CouldNotTry(f"GET {PROBE_PATH}: no answer: {type(error).__name__}") from None
            status, headers, content = response.status_code, response.headers, response.content
        return Response(sent, status, headers, content, REAL["perf"]() - started + stubs.waited)
