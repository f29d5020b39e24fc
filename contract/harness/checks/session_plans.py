"""Plans of walks: steps that each have something to act on, drawn from one number along the model."""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from contract.harness.checks.planned_sessions import PlannedWorld
from contract.harness.checks.session_walks import ROWS, Step
from contract.harness.spec import ACCESS_TTL, CLOCK_SKEW, DAY, DEFAULT_REFRESH_TTL, REFRESH_TTL_CAP
from contract.harness.spec.session_model import State

SHORTEST, LONGEST = 5, 25
"""Steps of a plan, before those that end it."""
MOST_SESSIONS = 4
"""Sessions that go on side by side."""
TTLS = (None, None, 61, 61, ACCESS_TTL, DEFAULT_REFRESH_TTL, 30 * DAY, *[REFRESH_TTL_CAP] * 2, 360 * DAY)
HORIZONS = (None, None, None, 600, 2 * DAY)
WAITS = (CLOCK_SKEW + 1, ACCESS_TTL + CLOCK_SKEW + 1, 25 * 3600, 25 * 3600, 31 * DAY, 61 * DAY)
MOMENTS: Mapping[str, int] = {"before": -5, "after": CLOCK_SKEW + 2}
"""Seconds from an `exp` at which a token is surely good, and surely not."""
AT_THE_LAST_MOMENT = (0, 0, 4)
"""Further refreshes, each just before the `exp`: 90 days at a time they take more than a year."""
RESTARTS = (0, 1, 1, 2)  # at the end
IN_A_ROW = (1, 1, 1, 2, 3, 6)
"""Refreshes at once: a replay may be many generations old."""
# How often each thing is done where it can be, in parts of all; each plan multiplies them for itself.
_WEIGHTS: Mapping[str, int] = {
    "refresh": 8,
    "mint": 4,
    "wait": 4,
    "replay": 3,
    "revoke": 5,
    "restart": 3,
    "bearer": 1,
    "introspect": 1,
    "suspend": 3,
    "reactivate": 5,
    "retire": 1,
    "delete": 1,
    "revoke workspace token": 4,
    "refresh what has ended": 1,
}
_FACTORS = (0, 1, 1, 3)
_ODDS = 0.6
# What is often done next: what might bring back what has ended, or meet what came before.
_NEXT: Mapping[str, Sequence[str]] = {
    "mint": ("refresh", "refresh", "revoke", "suspend", "revoke workspace token"),
    "refresh": ("refresh", "wait", "replay", "revoke", "restart"),
    "replay": ("restart", "mint", "wait", "suspend"),
    "revoke": ("restart", "mint", "wait", "suspend"),
    "suspend": ("reactivate", "reactivate", "restart", "mint"),
    "reactivate": ("mint", "mint", "suspend", "refresh what has ended"),
    "retire": ("mint", "restart"),
    "delete": ("mint", "restart"),
    "revoke workspace token": ("restart", "restart", "mint"),
    "wait": ("revoke", "revoke", "revoke", "replay", "refresh", "suspend"),
    "restart": ("revoke", "revoke", "replay", "suspend", "refresh"),
}
_NEVER_LEFT_OUT = ("refresh", "mint")


class Plan:
    """The steps of one walk, as `drawn`; it begins with a mint at the endpoint of the first of `rows`."""

    def __init__(self, rows: Sequence[str], drawn: random.Random) -> None:
        own = [row for row in rows if ROWS[row].name == ROWS[rows[0]].name]
        first = drawn.choice(own)
        alike = [row for row in rows if ROWS[row].shape == ROWS[first].shape]
        self._rows = drawn.choice(([first], alike, alike, list(rows)))
        self._drawn = drawn
        self._world = PlannedWorld()
        self.steps: list[Step] = []
        # Each plan leaves some things out and does others often: all at once end every session early.
        self._weights = {name: parts * drawn.choice(_FACTORS) for name, parts in _WEIGHTS.items()}
        for name in _NEVER_LEFT_OUT:
            self._weights[name] = max(self._weights[name], _WEIGHTS[name])
        self._name, self._number = "mint", 0
        length = drawn.randint(SHORTEST, LONGEST)
        self._mint(first)
        while len(self.steps) < length:
            self._step()
        self._end()

    def _step(self) -> None:
        world, drawn = self._world, self._drawn
        fitting = {name: numbers for name in _WEIGHTS if (numbers := world.fitting(name))}
        if sum(each.unfinished for each in world.sessions) < MOST_SESSIONS:
            fitting["mint"] = [*range(len(world.sessions))]
        likely = [name for name in _NEXT.get(self._name, ()) if name in fitting]
        if likely and drawn.random() < _ODDS:
            name = drawn.choice(likely)
        else:
            weights = [self._weights[name] for name in fitting]
            (name,) = drawn.choices([*fitting], weights if any(weights) else None)
        # Often with the same session as before, so that what is done to it adds up, or with one that lives.
        numbers = fitting[name]
        likely_ones = [
            each for each in numbers if each == self._number or world.sessions[each].state is State.LIVE
        ]
        number = drawn.choice((drawn.choice(numbers), *drawn.choices(likely_ones or numbers, k=2)))
        self._name, self._number = name, number
        _DO[name](self, name, number)
        if name not in ("bearer", "introspect"):
            for each in world.sessions:
                each.stale = each.stale or each is not world.sessions[number]

    def _add(self, do: str, **rest: Any) -> None:
        self.steps.append({"do": do, **rest})

    def _mint(self, at: str) -> None:
        row, ttl, horizon = ROWS[at], self._drawn.choice(TTLS), self._drawn.choice(HORIZONS)
        horizon = horizon if row.takes_paths else None
        self._add("mint", at=at, ttl=ttl, horizon=horizon)
        self._world.mint(row, ttl, horizon)

    def mint(self, _: str, number: int) -> None:
        """Mint once more, often as a session was minted that is there."""
        alike = str(self._world.sessions[number].row)
        self._mint(self._drawn.choice((alike, *self._drawn.choices(self._rows, k=2))))

    def refresh(self, _: str, number: int) -> None:
        """Refresh a session that lives, perhaps some times in a row."""
        for _time in range(self._drawn.choice(IN_A_ROW)):
            self._refresh_once(number)

    def _refresh_once(self, number: int) -> None:
        self._add("refresh", session=number)
        self._world.sessions[number].issue(self._world.now)

    def refuse(self, _: str, number: int) -> None:
        """Refresh a session that has ended."""
        self._add("refresh", session=number)
        self._world.sessions[number].stale = False

    def replay(self, _: str, number: int) -> None:
        """Present a used token, the oldest one more often than others."""
        used = self._world.sessions[number].used
        self._replay(number, self._drawn.choice((used - 1, self._drawn.randrange(used))))

    def _replay(self, number: int, age: int) -> None:
        self._add("replay", session=number, age=age)
        self._world.sessions[number].replayed(age, self._world.now)

    def look(self, name: str, number: int) -> None:
        """Present a bearer, or introspect a token, of any generation."""
        age = self._drawn.randrange(self._world.sessions[number].used + 1)
        kind = {"kind": self._drawn.choice(("refresh", "access"))} if name == "introspect" else {}
        self._add(name, session=number, age=age, **kind)

    def revoke(self, _: str, number: int) -> None:
        """Revoke in any way, by the id of a token of any generation, the first one more often than others."""
        session = self._world.sessions[number]
        ways = ("session", "session", "refresh token", "refresh token", "access token")
        late = self._world.now > session.access_ends[0] + DAY
        by = self._drawn.choice(ways if session.lost else (*ways, *["identity"] * (6 if late else 2)))
        age = self._drawn.choice((session.used, self._drawn.randrange(session.used + 1)))
        self._add("revoke", session=number, by=by, age=age)
        self._world.revoked(session, by)

    def wait(self, _: str, number: int) -> None:
        """Wait until just before or after an `exp`, or for a time that leaves a session alive if any can."""
        world, drawn, session = self._world, self._drawn, self._world.sessions[number]
        of = drawn.choice(("refresh", "refresh", "access", "used", "used", None, None, None, None))
        if of is not None and (of != "used" or session.used):
            age = drawn.randrange(session.used) if of == "used" else 0
            until = drawn.choice(("before", "after") if of == "access" else ("before", "before", "after"))
            if self._wait_until(until, of, number, age):
                self._use(of, number, age)
                return
        live = [each.ends[-1] for each in world.sessions if each.state is State.LIVE]
        short = [each for each in WAITS if each < max(live, default=world.now) - world.now]
        seconds = drawn.choice(short or WAITS)
        self._add("wait", seconds=seconds)
        world.pass_time(world.now + seconds)

    def _wait_until(self, until: str, of: str, number: int, age: int = 0) -> bool:
        """Wait for the `exp` of a token; False if that has passed."""
        session = self._world.sessions[number]
        exp = (
            session.ends[-2 - age]
            if of == "used"
            else (session.access_ends if of == "access" else session.ends)[-1]
        )
        if (moment := exp + MOMENTS[until]) <= self._world.now:
            return False
        self._add("wait", until=until, session=number, of=of, age=age)
        self._world.pass_time(moment)
        return True

    def _use(self, of: str, number: int, age: int) -> None:
        """Use the token that a wait was for."""
        session, drawn = self._world.sessions[number], self._drawn
        if of == "used":
            self._replay(number, age)
        elif of == "access":
            self._add(drawn.choice(("bearer", "introspect")), session=number, age=0, kind="access")
        elif drawn.choice((True, False)) and self._world.fits("refresh", session):
            self._renew(number)
        else:
            self._add("introspect", session=number, age=0, kind="refresh")

    def _renew(self, number: int) -> None:
        """Refresh, and perhaps some times more at the last moment."""
        self._refresh_once(number)
        for _time in range(self._drawn.choice(AT_THE_LAST_MOMENT)):
            self._wait_until("before", "refresh", number)
            self._refresh_once(number)

    def change_identity(self, name: str, _: int) -> None:
        """Suspend, reactivate, retire or delete the identity."""
        self._add(name)
        self._world.identity_changed(name)

    def revoke_minter(self, name: str, _: int) -> None:
        """Revoke the workspace token; the next mint that needs one makes another."""
        self._add(name)
        self._world.minter_revoked()

    def restart(self, name: str, _: int) -> None:
        """Restart the server."""
        self._add(name)

    def _end(self) -> None:
        """Perhaps wait; then refresh what lives, replay something of most sessions, and perhaps restart."""
        sessions = self._world.sessions
        number = self._drawn.randrange(len(sessions))
        waited = self._drawn.choice((True, False)) and self._wait_until("before", "refresh", number)
        if waited and self._world.fits("refresh", sessions[number]):
            self._renew(number)
        for number, session in enumerate(sessions):
            if self._world.fits("refresh", session):
                self._refresh_once(number)
            if self._world.fits("replay", session) and self._drawn.choice((True, True, False)):
                self.replay("replay", number)
        for _time in range(self._drawn.choice(RESTARTS)):
            self.restart("restart", 0)


_DO: Mapping[str, Callable[[Plan, str, int], None]] = {
    "mint": Plan.mint,
    "refresh": Plan.refresh,
    "refresh what has ended": Plan.refuse,
    "replay": Plan.replay,
    **dict.fromkeys(("bearer", "introspect"), Plan.look),
    "revoke": Plan.revoke,
    "wait": Plan.wait,
    "restart": Plan.restart,
    **dict.fromkeys(("suspend", "reactivate", "retire", "delete"), Plan.change_identity),
    "revoke workspace token": Plan.revoke_minter,
}
