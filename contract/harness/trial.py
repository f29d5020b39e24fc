"""One target on trial: its connection, what the run owns there, and the evidence it gave."""

import contextlib
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

from contract.harness.baselines import Baseline, Place
from contract.harness.clauses import Level, Profile, catalogue
from contract.harness.clocks import ObservedClock
from contract.harness.connections import Connection, Target
from contract.harness.errors import ContractError, CouldNotTry, NotTried, TargetError, Violation
from contract.harness.evidence import Evidence
from contract.harness.keysources import KeySources
from contract.harness.mints import MINTS
from contract.harness.racing import FULL, SMALL, Racer, Volume
from contract.harness.redaction import plain, scrub
from contract.harness.results import Row, TargetReport, verdicts
from contract.harness.service import Service
from contract.harness.steering import SteeredClock
from contract.harness.targets import connect, kind_of
from contract.harness.tenancy import Tenant
from contract.harness.tokens import Malformed, admin_claims
from contract.harness.transport import is_loopback

_NOT_FOLLOWING = {
    "asgi": "the application does not follow this process's clock",
    "exec": "the server does not follow the clock that libfaketime sets: it is linked statically, its "
    "launcher drops LD_PRELOAD, or it keeps a time of its own",
}


@dataclass(frozen=True)
class Settings:
    """What a run was asked for.

    A `brief` one leaves out the other cases of a clause that has failed, and as many of the first cases of a
    clause as `passed_over` says of a target, by its name.
    """

    targets: tuple[Target, ...] = (Target("reference", "reference"),)
    clauses: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    level: Level | None = None
    profile: Profile = "full"
    fuzz_examples: int | None = None
    seed: int = 0
    strict: bool = False
    keep: bool = False
    brief: bool = False
    passed_over: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    polite: bool = False
    baselines: Mapping[str, Baseline] = field(default_factory=dict)

    def chosen(self, target: Target) -> tuple[str, ...]:
        """Return the ids of the clauses that `target` is held to; the command's choice beats the file's."""
        return catalogue().select(self.clauses or target.clauses, self.level, self.profile)

    def known(self, target: Target) -> frozenset[Place]:
        """Return where a failure of `target` is accepted."""
        return self.baselines[target.name].of(target.name) if target.name in self.baselines else frozenset()

    def examples(self, kind: str) -> int:
        """How many generated values each endpoint gets: few on a deployment that is not ours to flood."""
        if self.fuzz_examples is not None:
            return self.fuzz_examples
        return 3 if kind == "url" else 5


class Trial:
    """Opens a target, serves its chapters, and closes it; every path ends in a `TargetReport`.

    `note` is what a case that passes has to say all the same.
    """

    def __init__(self, target: Target, settings: Settings) -> None:
        self.target = target
        self.settings = settings
        self.rows: list[Row] = []
        self.problem: str | None = None
        self.note = ""
        self.connection: Connection
        self.service: Service
        self.tenant: Tenant
        self._leftovers: list[str] = []
        self._no_evidence: CouldNotTry | None = None
        self._exits = contextlib.ExitStack()

    def open(self) -> None:
        """Connect, see that a relayauth answers, and make what the run needs; raises `ContractError`."""
        try:
            self.connection = self._exits.enter_context(connect(self.target))
            self.service = Service(self.connection)
            self.tenant = Tenant(self.service, self.connection.access.api_key)
            self._exits.callback(self._clear_up, self.tenant)
            try:
                self.tenant.open()
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
        lacking = self.connection.lacking
        if self.connection.key is None:
            lacking["key"] = (
                "the harness does not hold the deployment's signing key: --signing-key FILE gives it"
            )
        elif self.connection.kind in ("url", "asgi") and self._no_evidence is None:
            bearer = self.connection.key.sign(admin_claims(self.connection.clock.now(), "org_nobody"))
            if self.service.knock(bearer).status == 401:
                lacking["key"] = "a bearer signed with the key given is refused: is it the deployment's key?"
        if self.connection.deployment is None and self.connection.access.second_api_key is None:
            lacking["orgs"] = "a second org's API key is needed: --second-api-key-env NAME gives it"
        if self.connection.kind in _NOT_FOLLOWING and "clock" not in lacking and self._no_evidence is None:
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
        self.connection.lacking["clock"] = (
            "no endpoint gave a token to read the time from" if after is None
            else _NOT_FOLLOWING[self.connection.kind]
        )  # fmt: skip
        if isinstance(clock, SteeredClock):
            clock.let_go()
        self.connection.clock = self.service.clock = ObservedClock()

    def _time_of_a_mint(self) -> int | None:
        """Return the `iat` of a fresh token; what is wrong with a mint is for its own clauses to tell."""
        for mint in MINTS.values():
            with contextlib.suppress(ContractError, Violation, Malformed):
                return self.tenant.pair(mint).access.iat
        return None

    @functools.cached_property
    def evidence(self) -> Evidence:
        """The pairs of the run; raises `CouldNotTry` where the service let nobody in."""
        if self._no_evidence is not None:
            raise self._no_evidence
        return Evidence(self.tenant)

    @property
    def stranger(self) -> Tenant:
        """Another org on the target, with things of its own; raises `ContractError` if there is none."""
        if isinstance(self._stranger, ContractError):
            raise self._stranger
        return self._stranger

    @functools.cached_property
    def _stranger(self) -> Tenant | ContractError:
        """The other org, opened once; or why it could not be."""
        access = self.connection.access
        stranger = Tenant(self.service, access.second_api_key, whose="second ")
        self._exits.callback(self._clear_up, stranger)
        on_trial = list(self.service.trail)
        try:
            stranger.open()
            if access.second_api_key is not None and _is_one(self.tenant, stranger):
                raise TargetError(
                    f"the API key in {access.second_api_key_env} belongs to the org of the first one: "
                    "give a key of another org"
                )
        except ContractError as error:
            return error
        self.service.trail[:] = on_trial
        return stranger

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
    def sources(self) -> KeySources:
        """Where the deployment takes its keys from."""
        if self.connection.deployment is None:
            raise NotTried(f"needs env: {self.connection.lacking.get('env', 'no way to start it')}")
        return KeySources(self.connection.deployment, self.connection.clock, self.service.trail)

    def _clear_up(self, tenant: Tenant) -> None:
        if self.connection.throwaway:
            return
        self.connection.stand_aside()
        left = tenant.kept() if self.settings.keep else tenant.close()
        self._leftovers += map(plain, left)

    def close(self) -> None:
        """Take away what the run made, and let go of the target."""
        self._exits.close()

    @property
    def report(self) -> TargetReport:
        """What there is to say of the target."""
        connection = getattr(self, "connection", None)
        requests = self.service.requests if hasattr(self, "service") else 0
        if "sources" in self.__dict__:
            requests += self.sources.requests
        return TargetReport(
            name=self.target.name,
            kind=connection.kind if connection else kind_of(self.target.spec),
            abilities=connection.abilities if connection and not self.problem else (),
            lacking=dict(connection.lacking) if connection and not self.problem else {},
            requests=requests,
            results=[] if self.problem else verdicts(self.rows, self.settings.known(self.target)),
            leftovers=self._leftovers,
            problem=self.problem,
            strict=self.settings.strict,
        )


def _is_one(tenant: Tenant, other: Tenant) -> bool:
    """Say whether both are of one org: so it is said of their identities, else in their tokens."""
    told = [tenant.org, other.org]
    for mint in MINTS.values():
        if not all(isinstance(each, str) and each for each in told):
            with contextlib.suppress(ContractError, Violation):
                told = [each.pair(mint).access.claims.get("org") for each in (tenant, other)]
    return isinstance(told[0], str) and bool(told[0]) and told[0] == told[1]
