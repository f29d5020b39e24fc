"""A target, and an open connection to it: its address, its clock, and what it offers."""

import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import httpx

from contract.harness.errors import NotTried, UsageError
from contract.harness.jose import SigningKey
from contract.harness.redaction import Secret
from contract.harness.spec import CAPABILITIES, routes
from contract.harness.targets.clocks import Clock
from contract.harness.targets.jwks_stubs import StubFactory
from contract.harness.targets.pacing import Pace
from contract.harness.targets.running import AtOnce, OpenHttp, Restartable, Start

ARROW = "->"  # between a fault and its target: proxy:FAULT->TARGET
# RFC 3986, sections 3.2.1, 3.4 and 3.5: the parts of a URL that may hold a credential.
_MORE_THAN_A_BASE = re.compile(r"https?://([^/?#]*@|.*[?#])", re.IGNORECASE)

# Seconds. A command starts from nothing; a deployment at a URL is usually up, or about to be.
READY_TIMEOUT: Mapping[Literal["exec", "url"], float] = {"exec": 30.0, "url": 10.0}

Kind = str  # the first word of a row in grammar.KINDS
Launch = Callable[[Mapping[str, str]], contextlib.AbstractContextManager[httpx.Client]]


@dataclass(frozen=True)
class Access:
    """The credentials and permissions of the caller of a run; credentials do not show themselves.

    `rate` is the highest number of requests a second, None for no limit; `any_host` says that the caller may
    test a host whose name does not say that it is for tests; `cacert` is a file of certificate authorities
    that are trusted besides the usual ones.
    """

    api_key: Secret | None = None
    api_key_env: str = "RELAYAUTH_CONTRACT_API_KEY"
    second_api_key: Secret | None = None
    second_api_key_env: str | None = None
    signing_key: SigningKey | None = None
    allow_http: bool = False
    rate: float | None = None
    any_host: bool = False
    cacert: str | None = None


@dataclass(frozen=True)
class Launching:
    """How a command is started, and how long a target may take until it is ready.

    `ready_path` is requested until it answers, for `ready_timeout` seconds; None: the default of the kind.
    `env` is added to the configuration of a deployment (docs/contract.md); `withheld` are variables that the
    command must not inherit, since they hold credentials.
    """

    cwd: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    ready_path: str = routes.HEALTH
    ready_timeout: float | None = None
    withheld: frozenset[str] = frozenset()

    def seconds_to_start(self, kind: Literal["exec", "url"]) -> float:
        """Return how many seconds a target of `kind` may take until it is ready."""
        return READY_TIMEOUT[kind] if self.ready_timeout is None else self.ready_timeout


@dataclass(frozen=True)
class Target:
    """What is tested: `spec` is a string of the grammar of targets, `name` is its name in reports.

    `clauses` are globs of the clauses to test, all if empty; `baseline` is the path of a file.
    `expected_not_tried` are globs of the clauses that may be left untried, None if nothing is expected.
    `opened_by` opens the target instead of the opener of its kind.
    """

    name: str
    spec: str
    access: Access = field(default_factory=Access)
    launching: Launching = field(default_factory=Launching)
    clauses: tuple[str, ...] = ()
    baseline: str | None = None
    expected_not_tried: tuple[str, ...] | None = None
    opened_by: "Opener | None" = None

    def __post_init__(self) -> None:
        """Refuse a URL that may hold a credential: every report names its target."""
        if _MORE_THAN_A_BASE.match(self.served):
            raise UsageError(
                "the URL holds more than the address of a service: leave out user name, password, query and "
                "fragment; a credential comes from a variable"
            )

    def __str__(self) -> str:
        return self.name

    @property
    def served(self) -> str:
        """The target behind all proxies of `spec`; all of `spec` where there is none."""
        return self.spec.rpartition(ARROW)[2].strip()

    @property
    def host(self) -> str:
        """The host of a URL; empty for other targets."""
        return httpx.URL(self.spec).host if self.spec.lower().startswith(("http://", "https://")) else ""


@dataclass(frozen=True)
class Deployment:
    """How to start the target anew with a configuration of our choice, and how to observe its requests.

    `launch` starts a server on a fresh database; `on_one_database` returns what starts servers, one after the
    other, on the same one. `stubs` opens the addresses that a server may request; `side_by_side` is how many
    may run at the same time.
    """

    launch: Launch
    on_one_database: Callable[[Mapping[str, str]], Start]
    stubs: StubFactory
    key: SigningKey
    other: SigningKey
    side_by_side: int = 1


@dataclass
class Connection:
    """An open target.

    `missing` has a reason for each capability that the target does not offer; `disposable` is true where all
    that a run makes vanishes with the connection; `at_once` sends several requests at the same time where
    threads can't; `open_http` opens another client; `probes` is how many requests it took
    to see that the target is ready; `pace` applies to every request; `stop_faults` is called
    before the run removes what it made: from then on no fault stands between.
    """

    name: str
    kind: Kind
    http: httpx.Client
    clock: Clock
    access: Access
    key: SigningKey | None = None
    deployment: Deployment | None = None
    missing: dict[str, str] = field(default_factory=dict)
    disposable: bool = False
    at_once: AtOnce | None = None
    open_http: OpenHttp | None = None
    probes: int = 0
    pace: Pace | None = None
    stop_faults: Callable[[], None] | None = None

    @property
    def capabilities(self) -> tuple[str, ...]:
        """The capabilities that the target offers, in the order of the contract."""
        return tuple(each for each in CAPABILITIES if each not in self.missing)

    def second_http(self) -> contextlib.AbstractContextManager[httpx.Client]:
        """Open a client over TCP connections of its own: replicas behind a balancer may disagree.

        An application in this process has no connections: there it is the same way again.
        """
        return self.open_http() if self.open_http else contextlib.nullcontext(self.http)

    def restartable(self) -> Restartable:
        """Return a server on a database of its own that can be restarted, as a context; needs `env`."""
        if self.deployment is None:
            raise NotTried(f"needs env: {self.missing.get('env', 'the target can not be started anew')}")
        key = self.deployment.key
        return Restartable(self, self.deployment.on_one_database(environment(key, public=key.public_pem)))


Opener = Callable[[Target], contextlib.AbstractContextManager[Connection]]


def environment(
    key: SigningKey, *, public: str | None = None, base_url: str | None = None, db: str | None = None
) -> dict[str, str]:
    """Return the configuration of a deployment that signs with `key`; variables that are None are not set."""
    chosen = {
        "RELAYAUTH_SIGNING_KEY_PEM": key.private_pem,
        "RELAYAUTH_SIGNING_KEY_PEM_PUBLIC": public,
        "BASE_URL": base_url,
        "RELAYAUTH_DB_PATH": db,
        "INTERNAL_SECRET": "relayauth-contract",
    }
    return {name: value for name, value in chosen.items() if value is not None}
