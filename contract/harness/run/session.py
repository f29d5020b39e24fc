"""An open target: its connection, what the run owns there, and what its cases share."""

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from contract.harness.checks import KeySources
from contract.harness.client import (
    FULL,
    IN_PROCESS,
    SMALL,
    ExchangeKinds,
    OwnOrg,
    Racer,
    Service,
    TokenPairs,
    Volume,
    budget_for,
)
from contract.harness.errors import ContractError, CouldNotTry, NotTried, TargetError, Violation
from contract.harness.redaction import plain, scrub
from contract.harness.run.capabilities import confirm_capabilities
from contract.harness.run.fingerprint import fingerprint
from contract.harness.run.settings import Settings
from contract.harness.spec import ENDPOINTS, SHAPED, MintEndpoint
from contract.harness.targets import Connection, Target, connect, is_loopback

SURFACE_CLAUSE = "API-01"
"""The clause that judges every exchange of the run: only for it are they kept."""
OnLeftover = Callable[[str], None]


@dataclass(frozen=True)
class FailedOpening:
    """A target that could not be opened, and what the attempt cost."""

    error: ContractError
    requests: int = 0

    @property
    def problem(self) -> str:
        """What went wrong, without secrets."""
        return scrub(str(self.error))


def open_target(
    target: Target, settings: Settings, on_leftover: OnLeftover
) -> "TargetSession | FailedOpening":
    """Connect, check that a relayauth answers, and create what the run needs.

    If that fails, whatever was created is removed again. `on_leftover` gets a line for each thing that could
    not be removed, now or when the session is closed.
    """
    service: Service | None = None
    with contextlib.ExitStack() as exits:
        try:
            connection = exits.enter_context(connect(target))
            budget = budget_for(connection.kind, settings.profile, settings.max_requests)
            service = Service(connection, budget)
            if SURFACE_CLAUSE in settings.chosen(target):
                service.exchanges = ExchangeKinds()
            session = TargetSession(target, settings, service, on_leftover)
            exits.callback(session.close_orgs)
            session.open_own_org()
            session.fingerprint = fingerprint(service)
            confirm_capabilities(connection, service, session.own_org, usable=session.org_problem is None)
        except ContractError as error:
            failure = error
        else:
            session.closes(exits.pop_all())
            return session
    return FailedOpening(failure, service.requests if service else 0)


class TargetSession:
    """A target that is open; `open_target` makes one.

    `clause` is the one that is tried now, `note` is what a case that passes has to say all the same;
    `timeline` is the life of the session that it followed (docs/result.md); `fingerprint` is what the target
    says of itself. `org_problem` is set where the service accepts no credential of ours, which still allows
    to test where it takes its keys from.
    """

    def __init__(self, target: Target, settings: Settings, service: Service, on_leftover: OnLeftover) -> None:
        self.target = target
        self.settings = settings
        self.service = service
        self.connection: Connection = service.connection
        self.own_org = OwnOrg(service, self.connection.access.api_key)
        self.org_problem: CouldNotTry | None = None
        self.clause = ""
        self.note = ""
        self.timeline: Mapping[str, Any] | None = None
        self.fingerprint: Mapping[str, Any] = {}
        self._on_leftover = on_leftover
        self._sampled = settings.sampled.get(target.name, {})
        self._orgs = [self.own_org]
        self._key_sources: KeySources | None = None
        self._exits = contextlib.ExitStack()

    def open_own_org(self) -> None:
        """Create the run's own things; raises `ContractError` if nothing can be tested without them."""
        try:
            self.own_org.open()
        except CouldNotTry as error:
            if self.connection.deployment is None:
                raise
            self.org_problem = error

    @property
    def spares_requests(self) -> bool:
        """Whether what takes many requests is left out: on a URL, and where a proof samples the clause."""
        return self.connection.kind == "url" or self.clause in self._sampled

    def leaves_out(self, what: str) -> bool:
        """Say whether a case that takes many requests is left out, and note it with `what`."""
        if self.spares_requests:
            self.note = f"{what}: it takes requests"
        return self.spares_requests

    def closes(self, exits: contextlib.ExitStack) -> None:
        """Take over what is to be done when the session is closed."""
        self._exits = exits

    def close(self) -> None:
        """Remove what the run created, and disconnect."""
        self._exits.close()

    @functools.cached_property
    def token_pairs(self) -> TokenPairs:
        """The pairs of the run; raises `CouldNotTry` where the service accepts no credential of ours."""
        if self.org_problem is not None:
            raise self.org_problem
        return TokenPairs(self.own_org)

    @property
    def other_org(self) -> OwnOrg:
        """Another org on the target, with things of its own; raises `ContractError` if there is none."""
        if isinstance(self._other_org, ContractError):
            raise self._other_org
        return self._other_org

    @functools.cached_property
    def _other_org(self) -> OwnOrg | ContractError:
        """The other org, opened once; or why it could not be."""
        access = self.connection.access
        other_org = OwnOrg(self.service, access.second_api_key, whose="second ")
        self._orgs.append(other_org)
        try:
            with self.service.transcript.set_aside():
                other_org.open()
                if access.second_api_key is not None and _is_one(self.own_org, other_org):
                    raise TargetError(
                        f"the API key in {access.second_api_key_env} belongs to the org of the first one: "
                        "give a key of another org"
                    )
        except ContractError as error:
            return error
        return other_org

    @functools.cached_property
    def racer(self) -> Racer:
        """Sends several requests at the same moment."""
        return Racer(self.service)

    @property
    def volume(self) -> Volume:
        """How much hostile traffic the target gets."""
        return volume_for(self.connection, polite=self.settings.polite)

    @property
    def key_sources(self) -> KeySources:
        """Where the deployment takes its keys from; `NotTried` where it can't be started by the suite."""
        if self._key_sources is None:
            connection = self.connection
            if connection.deployment is None:
                raise NotTried(f"needs env: {connection.missing.get('env', 'no way to start it')}")
            self._key_sources = KeySources(connection.deployment, connection.clock, self.service.transcript)
        return self._key_sources

    def rows(self, clause_id: str) -> list[MintEndpoint]:
        """Return the endpoints, with their body shapes, at which a clause is tried in this run."""
        sample = self._sampled.get(clause_id)
        if sample is not None and sample.endpoint is not None:
            return [row for row in SHAPED[sample.endpoint] if sample.shape in (None, row.shape)][:1]
        names = self.settings.endpoints or ENDPOINTS
        return [row for name in ENDPOINTS if name in names for row in SHAPED[name]]

    @contextlib.contextmanager
    def pairs_on(self, connection: Connection) -> Iterator[TokenPairs]:
        """Yield the pairs of another server of the deployment: shown in this transcript, counted here."""
        service = Service(connection)
        service.transcript = self.service.transcript
        token_pairs = TokenPairs(OwnOrg(service, None))
        token_pairs.own_org.open()
        yield token_pairs
        self.service.budget.take(service.requests)

    @property
    def requests(self) -> int:
        """The number of requests so far."""
        return self.service.requests + (self._key_sources.requests if self._key_sources else 0)

    def close_orgs(self) -> None:
        """Remove what the run created in its orgs, or name it, the last org first."""
        if self.connection.disposable:
            return
        if self.connection.stop_faults is not None:
            self.connection.stop_faults()
            for org in self._orgs if not self.settings.keep else []:
                org.remove_again()
        for org in reversed(self._orgs):
            for left in org.kept() if self.settings.keep else org.close():
                self._on_leftover(plain(left))


def volume_for(connection: Connection, *, polite: bool) -> Volume:
    """Return how much hostile traffic a target gets: little where it is not ours to load."""
    ours = connection.kind != "url" or is_loopback(connection.http.base_url.host)
    largest = FULL if connection.at_once is None else IN_PROCESS
    volume = largest if ours and not polite else SMALL
    if connection.kind == "url":  # each request may cost a round trip over a network
        volume = replace(volume, rounds=SMALL.rounds, mints=SMALL.mints)
    return volume.within(connection.pace)


def _is_one(own_org: OwnOrg, other: OwnOrg) -> bool:
    """Say whether both are the same org: by what their identities say, else by what their tokens say."""
    named = [own_org.org, other.org]
    for mint in ENDPOINTS.values():
        if not all(isinstance(each, str) and each for each in named):
            with contextlib.suppress(ContractError, Violation):
                named = [each.pair(mint).access.claims.get("org") for each in (own_org, other)]
    return isinstance(named[0], str) and bool(named[0]) and named[0] == named[1]
