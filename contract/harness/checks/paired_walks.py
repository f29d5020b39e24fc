"""One walk on two targets at once: each step is taken on both, and the two answers are compared."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from contract.harness.checks.session_oracle import REVOKED_BY, horizon_of
from contract.harness.checks.session_walks import ROWS, Step
from contract.harness.checks.walk_surroundings import Surroundings
from contract.harness.client import OwnOrg, Pair, Response, pair_of
from contract.harness.errors import Violation
from contract.harness.spec import ACCESS_TTL, CLOCK_SKEW, DAY, REFRESH_TTL_FIELD

_CHANGES = ("suspend", "reactivate", "retire", "delete")


@dataclass(frozen=True)
class Ground:
    """Where one target is walked on; `restart` restarts its server, None where that can't be done."""

    own_org: OwnOrg
    restart: Callable[[], object] | None = None


@dataclass
class _Walked:
    """One session of a walk on one target."""

    newest: Pair
    used: list[Pair] = field(default_factory=list)

    def generation(self, age: int) -> Pair:
        pairs = [self.newest, *reversed(self.used)]
        return pairs[age % len(pairs)]


class SideWalk:
    """A walk on one target: it sends what the steps say about the target's own things, and judges nothing."""

    def __init__(self, ground: Ground, moments: dict[int, str]) -> None:
        self._own, self._restart = ground.own_org, ground.restart
        self._service = ground.own_org.service
        self._moments = moments
        self._around = Surroundings(ground.own_org, ground.restart)
        self.sessions: list[_Walked] = []

    @property
    def state(self) -> tuple[int, ...]:
        """How often each session was rotated: two walks whose states differ can't go on together."""
        return tuple(len(session.used) for session in self.sessions)

    @property
    def now(self) -> float:
        """The service's time."""
        return self._around.now

    @property
    def restarts(self) -> bool:
        """Whether the server can be restarted."""
        return self._restart is not None

    def move_to(self, moment: float) -> None:
        """Set the service's time."""
        self._service.clock.set(moment)

    def seconds(self, step: Step) -> float:
        """Return how long a step waits; 0 where it waits for a session that there is not."""
        if "until" not in step:
            return float(step.get("seconds", 0))
        if not self.sessions:
            return 0
        exp = self._session(step).newest.refresh.exp
        return max(0, exp - self.now + (-5 if step["until"] == "before" else CLOCK_SKEW + 2))

    def send(self, step: Step) -> Response | None:
        """Send what a step says; None if there is nothing for it to act on."""
        what = step["do"]
        if what == "mint":
            return self._mint(step)
        if what in _CHANGES:
            return self._around.send_change(what)
        if what == "revoke workspace token":
            sent = self._around.send_workspace_token_revocation()
            return sent and sent[1]
        if what == "restart" and self._restart is not None:
            self._restart()
        if what == "restart" or not self.sessions:
            return None
        return _ON_ONE[what](self, self._session(step), step)

    def _session(self, step: Step) -> _Walked:
        number: int = step.get("session", 0)
        return self.sessions[number % len(self.sessions)]

    def _mint(self, step: Step) -> Response:
        mint = ROWS[step["at"]]
        fields = self._around.fields(mint, step.get("ttl"), step.get("horizon"))
        if (horizon := horizon_of(fields)) is not None:
            self._moments[horizon] = "the delegationNotAfter requested"
        key = self._around.workspace_token()[1] if mint.credential == "workspace" else None
        response = self._own.mint(mint, key, **fields)
        if response.status == 201:
            with contextlib.suppress(Violation):
                self.sessions.append(_Walked(pair_of(response)))
        return response

    def _refresh(self, session: _Walked, _: Step) -> Response:
        response = self._service.refresh(session.newest.refresh)
        if response.status == 200:
            with contextlib.suppress(Violation):
                pair = pair_of(response)
                session.used.append(session.newest)
                session.newest = pair
        return response

    def _replay(self, session: _Walked, step: Step) -> Response | None:
        if not session.used:
            return None
        return self._service.refresh(session.used[-1 - step.get("age", 0) % len(session.used)].refresh)

    def _bearer(self, session: _Walked, step: Step) -> Response:
        return self._service.present_bearer(session.generation(step.get("age", 0)).access)

    def _introspect(self, session: _Walked, step: Step) -> Response:
        token = session.generation(step.get("age", 0)).tokens[step.get("kind", "refresh")]
        return self._service.introspect(token, self._own.org_key)

    def _revoke(self, session: _Walked, step: Step) -> Response:
        pair = session.generation(step.get("age", 0))
        claims = (pair.access if step["by"] == "access token" else pair.refresh).claims
        name, claim = REVOKED_BY[step["by"]]
        return self._service.revoke(self._own.org_key, **{name: str(claims.get(claim))})


_ON_ONE: Mapping[str, Callable[[SideWalk, _Walked, Step], Response | None]] = {
    "refresh": SideWalk._refresh,  # noqa: SLF001 - a table of this module
    "replay": SideWalk._replay,  # noqa: SLF001
    "bearer": SideWalk._bearer,  # noqa: SLF001
    "introspect": SideWalk._introspect,  # noqa: SLF001
    "revoke": SideWalk._revoke,  # noqa: SLF001
}


def last_looks(sessions: int) -> Iterator[Step]:
    """Yield the steps that look at every session once more at the end of a walk."""
    for number in range(sessions):
        yield {"do": "bearer", "session": number, "age": 0}
        yield {"do": "refresh", "session": number}


def in_real_time(steps: Sequence[Step]) -> Sequence[Step]:
    """Return a walk for a clock that can't be set: nothing waits, and nothing expires on the way.

    No horizon is as far away as a TTL is long: which of the two ends a token must not depend on a second.
    """
    kept = [dict(step) for step in steps if step["do"] != "wait"]
    for step in kept:
        if step.get("ttl") is not None:
            step["ttl"] = max(step["ttl"], ACCESS_TTL)
        if step.get("horizon") is not None:
            step["horizon"] = max(step["horizon"], 2 * DAY)
    return kept


def told(step: Step, state: Sequence[int], waited: float = 0) -> str:
    """Return a step as a person reads it; `state` is how often each session was rotated before it."""
    what = step["do"]
    if what == "mint":
        asked = "no TTL" if step.get("ttl") is None else f"{REFRESH_TTL_FIELD} {step['ttl']}"
        horizon = step.get("horizon") if ROWS[step["at"]].takes_paths else None
        until = "" if horizon is None else f", delegationNotAfter in {horizon} s"
        return f"mint session {len(state) + 1} at {step['at']} with {asked}{until}"
    if what == "wait":
        return f"wait {waited:.0f} s"
    if what in _CHANGES:
        return f"{what} the identity"
    if what in ("restart", "revoke workspace token"):
        return {"restart": "restart the server"}.get(what, "revoke the workspace token")
    number = step.get("session", 0) % max(len(state), 1)
    rotations = state[number] if state else 0
    age = step.get("age", 0) % (rotations + 1)
    if what == "replay":
        age = step.get("age", 0) % max(rotations, 1) + 1
    session = f"session {number + 1}" + ("" if not age else f", from {_rotations(age)} ago")
    return {
        "refresh": f"refresh session {number + 1}",
        "replay": f"present the used refresh token of {session}",
        "bearer": f"present the access token of {session}, as a bearer",
        "introspect": f"introspect the {step.get('kind', 'refresh')} token of {session}",
        "revoke": f"revoke by {_by(step.get('by', ''))} {session}",
    }[what]


def _rotations(number: int) -> str:
    return "1 rotation" if number == 1 else f"{number} rotations"


def _by(what: str) -> str:
    return f"the id of the {what} of" if "token" in what else f"the {what} id of"
