"""Where a deployment takes its keys from: it is started anew, probed, and its requests are observed."""

import contextlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx

from contract.harness.checks.key_setups import (
    BASE_URLS,
    BLANK,
    FOUND_BY,
    KeyChange,
    KeyChangeObservation,
    KeyProbe,
    Observation,
    OwnKeyObservation,
    Setup,
)
from contract.harness.client import Request, Response, Transcript
from contract.harness.errors import ContractError, CouldNotTry, NotTried
from contract.harness.jose import admin_claims, bearers_with_own_keys
from contract.harness.spec import routes
from contract.harness.targets import (
    REAL,
    WAITING,
    Clock,
    Deployment,
    StubAnswer,
    Stubs,
    environment,
)

PROBE_PATH = routes.identity("agent_relayauth-contract-nobody")
# Seconds after a change of the JWKS: at once, after the usual pause between two fetches, and just beyond the
# 5 minutes in which a verifier must find it: twice, since it may fetch in the background.
PROBED_AFTER = (0.0, 60.0, FOUND_BY - 1, FOUND_BY)
# Whoever has requested nothing by then, and does so now, goes by the clock that was set, and is late.
LATE = 25 * 3600.0


class KeySources:
    """Starts the deployment once for each distinct question and keeps the observation.

    A test asks `observe` (three bearers with a `Setup`), `observe_own_keys` (bearers that bring their own key
    with a `Setup`) or `observe_change` (a JWKS that changes while the deployment runs).
    """

    def __init__(self, deployment: Deployment, clock: Clock, transcript: Transcript) -> None:
        self._deployment = deployment
        self._clock = clock
        self._transcript = transcript
        self._seen: dict[Setup, Observation] = {}
        self._own_keys: dict[Setup, OwnKeyObservation] = {}
        self._changes: dict[KeyChange, KeyChangeObservation] = {}
        self.requests = 0

    def observe(self, setup: Setup) -> Observation:
        """Return what a deployment with `setup` did with three bearers, and which URLs it requested."""
        if setup not in self._seen:
            self._seen[setup] = self._observe(setup)
        self._transcript.show([self._seen[setup].response])
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
            return self._observe(setup, shared_default=True)
        except ContractError:
            return None

    @contextlib.contextmanager
    def deployed(self, setup: Setup, *, shared_default: bool = False) -> Iterator[tuple[Stubs, httpx.Client]]:
        """Start the deployment with `setup` and open stubs for it; the loopback default's may be shared."""
        key = self._deployment.key
        default = None if shared_default else setup.default
        with contextlib.ExitStack() as stack:
            stubs = stack.enter_context(self._deployment.stubs(setup.stub, default))
            if stubs.unobservable and setup.leads_to_default:
                raise NotTried(stubs.unobservable)
            template = BASE_URLS[setup.base_url]
            public = {"bound": key.public_pem, "unset": None, "blank": BLANK}[setup.public]
            env = environment(key, public=public, base_url=template and template.format(stub=stubs.origin))
            yield stubs, stack.enter_context(self._deployment.launch({**env, **stubs.environment}))

    def observe_own_keys(self, setup: Setup) -> OwnKeyObservation:
        """Return what a deployment with `setup` did with bearers that carry or name their own key."""
        if setup not in self._own_keys:
            with self.deployed(setup) as (stubs, http):
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
                        tuple(each.where for each in stubs.request_log[before:]),
                    )
                self._own_keys[setup] = OwnKeyObservation(own.status, others, stubs.origin, responses)
        return self._own_keys[setup]

    def observe_change(self, change: KeyChange) -> KeyChangeObservation:
        """Return what a deployment did whose JWKS changed while it ran.

        It moves the clock, which must be settable. A verifier has 5 minutes to find what changed; between the
        probes nothing is sent to it.
        """
        if change not in self._changes:
            self._changes[change] = self._observe_change(change)
        self._transcript.show(self._changes[change].responses)
        return self._changes[change]

    def _observe_change(self, change: KeyChange) -> KeyChangeObservation:
        responses: list[Response] = []
        with self.deployed(Setup("unset", "stub", stub=change.before)) as (stubs, http):

            def probe(seconds: float) -> KeyProbe:
                seen = len(stubs.request_log)
                claims = admin_claims(self._clock.now(), "org_relayauth-contract")
                own = self._probe(http, self._deployment.key.sign(claims), stubs)
                foreign = self._probe(http, self._deployment.other.sign(claims), stubs)
                responses.append(own)
                return KeyProbe(seconds, own.status, foreign.status, len(stubs.request_log) - seen)

            before = probe(0.0)
            stubs.answer_with(change.after)
            changed_at = self._clock.now()
            after: list[KeyProbe] = []
            for seconds in (*PROBED_AFTER, LATE):
                if seconds == LATE and any(each.requests for each in after):
                    break
                self._clock.set(changed_at + seconds)
                after.append(probe(seconds))
            return KeyChangeObservation(before, tuple(after), tuple(responses))

    def _observe(self, setup: Setup, *, shared_default: bool = False) -> Observation:
        key, other = self._deployment.key, self._deployment.other
        with self.deployed(setup, shared_default=shared_default) as (stubs, http):
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
                address=str(http.base_url).rstrip("/"),
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
