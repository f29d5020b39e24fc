"""One target on trial: its connection, what the run owns there, and the evidence it gave."""

import contextlib
import functools

from contract.harness.checks import KeySources
from contract.harness.client import FULL, SMALL, OwnOrg, Racer, Service, TokenPairs, Volume, budget_for
from contract.harness.errors import ContractError, CouldNotTry, NotTried, TargetError, Violation
from contract.harness.jose import Malformed, admin_claims
from contract.harness.redaction import plain, scrub
from contract.harness.run.outcomes import CaseResult, TargetReport, verdicts
from contract.harness.run.settings import Settings
from contract.harness.spec import ENDPOINTS
from contract.harness.targets import (
    Connection,
    ObservedClock,
    SteeredClock,
    Target,
    connect,
    is_loopback,
    kind_of,
)

_NOT_FOLLOWING = {
    "asgi": "the application does not follow this process's clock",
    "exec": "the server does not follow the clock that libfaketime sets: it is linked statically, its "
    "launcher drops LD_PRELOAD, or it keeps a time of its own",
}


class TargetSession:
    """Opens a target, serves its chapters, and closes it; every path ends in a `TargetReport`.

    `note` is what a case that passes has to say all the same.
    """

    def __init__(self, target: Target, settings: Settings) -> None:
        self.target = target
        self.settings = settings
        self.rows: list[CaseResult] = []
        self.problem: str | None = None
        self.note = ""
        self.connection: Connection
        self.service: Service
        self.own_org: OwnOrg
        self._leftovers: list[str] = []
        self._no_evidence: CouldNotTry | None = None
        self._exits = contextlib.ExitStack()

    def open(self) -> None:
        """Connect, see that a relayauth answers, and make what the run needs; raises `ContractError`."""
        try:
            self.connection = self._exits.enter_context(connect(self.target))
            budget = budget_for(self.connection.kind, self.settings.profile, self.settings.max_requests)
            self.service = Service(self.connection, budget)
            self.own_org = OwnOrg(self.service, self.connection.access.api_key)
            self._exits.callback(self._clear_up, self.own_org)
            try:
                self.own_org.open()
            except CouldNotTry as error:
                # The key order can be tried on a service that lets nobody in.
                if self.connection.deployment is None:
                    raise
                self._no_evidence = error
            self._prove_abilities()
        except ContractError as error:
            self.problem = scrub(f"{error}")
            raise

    def _prove_abilities(self) -> None:
        """Strike off what the target only seems to offer."""
        missing = self.connection.missing
        if self.connection.key is None:
            missing["key"] = (
                "the harness does not hold the deployment's signing key: --signing-key FILE gives it"
            )
        elif self.connection.kind in ("url", "asgi") and self._no_evidence is None:
            bearer = self.connection.key.sign(admin_claims(self.connection.clock.now(), "org_nobody"))
            if self.service.present_bearer(bearer).status == 401:
                missing["key"] = "a bearer signed with the key given is refused: is it the deployment's key?"
        if self.connection.deployment is None and self.connection.access.second_api_key is None:
            missing["orgs"] = "a second org's API key is needed: --second-api-key-env NAME gives it"
        if self.connection.kind in _NOT_FOLLOWING and "clock" not in missing and self._no_evidence is None:
            self._prove_clock()

    def _prove_clock(self) -> None:
        """Mint, move the clock, mint again, and see `iat` move along: a server may keep a time of its own.

        Whether `iat` is right is for CLK-05 to say.
        """
        clock = self.connection.clock
        before = self._time_of_a_mint()
        clock.set(clock.now() + 1000)
        after = self._time_of_a_mint()
        if before is not None and after is not None and abs(after - before - 1000) <= 1:
            return
        self.connection.missing["clock"] = (
            "no endpoint gave a token to read the time from" if after is None
            else _NOT_FOLLOWING[self.connection.kind]
        )  # fmt: skip
        if isinstance(clock, SteeredClock):
            clock.let_go()
        self.connection.clock = self.service.clock = ObservedClock()

    def _time_of_a_mint(self) -> int | None:
        """Return the `iat` of a fresh token; what is wrong with a mint is for its own clauses to tell."""
        for mint in ENDPOINTS.values():
            with contextlib.suppress(ContractError, Violation, Malformed):
                return self.own_org.pair(mint).access.iat
        return None

    @functools.cached_property
    def token_pairs(self) -> TokenPairs:
        """The pairs of the run; raises `CouldNotTry` where the service let nobody in."""
        if self._no_evidence is not None:
            raise self._no_evidence
        return TokenPairs(self.own_org)

    @property
    def other_org(self) -> OwnOrg:
        """Another org on the target, with things of its own; raises `ContractError` if there is none."""
        if isinstance(self._stranger, ContractError):
            raise self._stranger
        return self._stranger

    @functools.cached_property
    def _stranger(self) -> OwnOrg | ContractError:
        """The other org, opened once; or why it could not be."""
        access = self.connection.access
        other_org = OwnOrg(self.service, access.second_api_key, whose="second ")
        self._exits.callback(self._clear_up, other_org)
        on_trial = list(self.service.transcript)
        try:
            other_org.open()
            if access.second_api_key is not None and _is_one(self.own_org, other_org):
                raise TargetError(
                    f"the API key in {access.second_api_key_env} belongs to the org of the first one: "
                    "give a key of another org"
                )
        except ContractError as error:
            return error
        self.service.transcript[:] = on_trial
        return other_org

    @functools.cached_property
    def racer(self) -> Racer:
        """What sends requests at once."""
        return Racer(self.service)

    @property
    def volume(self) -> Volume:
        """How much hostile traffic the target gets: little where it is not ours to load."""
        connection = self.connection
        ours = connection.kind != "url" or is_loopback(connection.http.base_url.host)
        return (FULL if ours and not self.settings.polite else SMALL).within(connection.pace)

    @functools.cached_property
    def key_sources(self) -> KeySources:
        """Where the deployment takes its keys from."""
        if self.connection.deployment is None:
            raise NotTried(f"needs env: {self.connection.missing.get('env', 'no way to start it')}")
        return KeySources(self.connection.deployment, self.connection.clock, self.service.transcript)

    def _clear_up(self, own_org: OwnOrg) -> None:
        if self.connection.disposable:
            return
        self.connection.stand_aside()
        left = own_org.kept() if self.settings.keep else own_org.close()
        self._leftovers += map(plain, left)

    def close(self) -> None:
        """Take away what the run made, and let go of the target."""
        self._exits.close()

    @property
    def report(self) -> TargetReport:
        """What there is to say of the target."""
        connection = getattr(self, "connection", None)
        requests = self.service.requests if hasattr(self, "service") else 0
        if "key_sources" in self.__dict__:
            requests += self.key_sources.requests
        return TargetReport(
            name=self.target.name,
            kind=connection.kind if connection else kind_of(self.target.spec),
            capabilities=connection.capabilities if connection and not self.problem else (),
            missing=dict(connection.missing) if connection and not self.problem else {},
            requests=requests,
            results=[] if self.problem else verdicts(self.rows, self.settings.known(self.target)),
            leftovers=self._leftovers,
            problem=self.problem,
            strict=self.settings.strict,
        )


def _is_one(own_org: OwnOrg, other: OwnOrg) -> bool:
    """Say whether both are of one org: so it is said of their identities, else in their tokens."""
    told = [own_org.org, other.org]
    for mint in ENDPOINTS.values():
        if not all(isinstance(each, str) and each for each in told):
            with contextlib.suppress(ContractError, Violation):
                told = [each.pair(mint).access.claims.get("org") for each in (own_org, other)]
    return isinstance(told[0], str) and bool(told[0]) and told[0] == told[1]
