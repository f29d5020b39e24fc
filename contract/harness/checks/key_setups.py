"""What a deployment can be started with to see where it takes its keys from, and what was observed then."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from contract.harness.client import Response
from contract.harness.targets import StubAnswer, StubRequest

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
"""The values of `BASE_URL` by name; `{stub}` is the origin of a stub."""


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
    `seconds` is the time of the slowest response; `origin` is the stub's, `address` the deployment's own.
    """

    own: int
    foreign: int
    own_again: int
    response: Response
    request_log: tuple[StubRequest, ...]
    seconds: float
    origin: str
    address: str
    unobservable: str | None

    @property
    def strangers(self) -> tuple[str, ...]:
        """Every URL that was requested besides those of the stub."""
        return tuple(each.where for each in self.request_log if each.source != "stub")


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


@dataclass(frozen=True)
class KeyChange:
    """A JWKS at `BASE_URL` that answers `before` when a deployment starts, and `after` from a moment on.

    From UNREACHABLE to TRUE the keys come back; from OTHER_KEY to SEVERAL_KEYS a key is added, and a bearer
    of the other key shows that the set before was read.
    """

    before: StubAnswer
    after: StubAnswer

    def __str__(self) -> str:
        return f"the JWKS at BASE_URL is {self.before}, then {self.after}"


@dataclass(frozen=True)
class KeyProbe:
    """The status for a bearer of the deployment's key and for one of another key, at one moment.

    `seconds` counts from the change; `requests` is how many the stub got since the probe before.
    """

    seconds: float
    own: int
    foreign: int
    requests: int


FOUND_BY = 302.0
"""Seconds after a change: just beyond the 5 minutes in which a verifier must find it (docs/contract.md)."""


@dataclass(frozen=True)
class KeyChangeObservation:
    """What a deployment did before and after a `KeyChange`; `responses` are all to bearers of its own key."""

    before: KeyProbe
    after: tuple[KeyProbe, ...]
    responses: tuple[Response, ...]

    @property
    def found_after(self) -> float | None:
        """How many seconds after the change a bearer of the deployment's key was accepted; None: never."""
        accepted = (each.seconds for each in self.after if each.own != 401 and 0 < each.own < 500)
        return next(accepted, None)

    @property
    def found_in_time(self) -> bool:
        """Whether it was found by the probe that follows the time that a verifier has."""
        return self.found_after is not None and self.found_after <= FOUND_BY

    @property
    def requested_again(self) -> bool:
        """Whether the stub got a request after the change: else the verifier caches by a clock of its own."""
        return any(each.requests for each in self.after)
