"""Walks: sessions are minted, used and ended in any order, and each answer is held against the model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contract.harness.checks.session_oracle import WalkedSession, horizon_of, named_by
from contract.harness.checks.walk_judgement import agree, judge_claims, judge_refresh, must, must_not_mint
from contract.harness.checks.walk_surroundings import Surroundings
from contract.harness.client import OwnOrg, Pair, pair_of
from contract.harness.errors import Violation
from contract.harness.spec import CLOCK_SKEW, SHAPED, MintEndpoint
from contract.harness.spec.session_model import BEARERS, Event, State

Step = Mapping[str, Any]
"""One step as a value of JSON: what is done, to which session, with what."""
ROWS: Mapping[str, MintEndpoint] = {str(row): row for rows in SHAPED.values() for row in rows}
_LOOKED_AT = 3
"""Sessions that one step ends and that are looked at at once; the others are at the end of the walk."""


@dataclass
class Walk:
    """One walk over a service, with surroundings of its own; `restart` is theirs.

    `taken` counts the steps, `looks` the requests that look at a session beside them; `history` is what was
    done, for a person.
    """

    own_org: OwnOrg
    restart: Callable[[], object] | None
    sessions: list[WalkedSession] = field(default_factory=list)
    history: list[str] = field(default_factory=list)
    taken: int = 0
    looks: int = 0

    def __post_init__(self) -> None:
        """Prepare what the walk acts on."""
        self._around = Surroundings(self.own_org, self.restart)
        self._service = self._around.service
        # Sessions that were looked at since they ended, and since anything happened beside them.
        self._settled: set[int] = set()

    def take(self, steps: Sequence[Step]) -> None:
        """Do `steps`, then look at every session once more; a `Violation` tells the history."""
        try:
            for step in steps:
                self.taken += 1
                self.do(step)
            for session in self.sessions:
                if id(session) not in self._settled:
                    self._look_at(session, again=True)
            self._mint_in_vain(self._around.inactive)
        except Violation as violation:
            raise Violation(f"{violation} (after: {'; '.join(self.history)})") from None

    def do(self, step: Step) -> None:
        """Do one step, if it has something to act on, and look at the sessions that it ended."""
        what = step["do"]
        before = {id(each): each.state for each in self.sessions}
        if what == "mint" or what in _ON_ALL:
            self._settled.clear()
        if what == "mint":
            self._mint(ROWS[step["at"]], step.get("ttl"), step.get("horizon"))
        elif what in _ON_ALL:
            _ON_ALL[what](self, step)
        elif self.sessions:
            session = self.sessions[step["session"] % len(self.sessions)]
            _ON_ONE[what](self, session, step)
        ended = [each for each in self.sessions if before.get(id(each), each.state) is not each.state]
        for session in [each for each in ended if each.state in _TOLD][:_LOOKED_AT]:
            self._look_at(session)

    def _look_at(self, session: WalkedSession, *, again: bool = False) -> None:
        """Send whatever the model has an answer to."""
        session.pass_time(self._around.now)
        if session.state is State.ENDED:
            self._settled.add(id(session))
        for what, pair in session.questions(self._around.now, again=again):
            self.looks += 1
            if what == "bearer":
                self._bearer(session, pair)
            elif what == "renewal":
                self.refresh(session, {})
            else:
                self._introspect(session, pair, what)

    def _mint(self, mint: MintEndpoint, ttl: Any, horizon: int | None) -> None:
        around = self._around
        fields = around.fields(mint, ttl, horizon)
        minter, key = around.workspace_token() if mint.credential == "workspace" else (None, None)
        asked = "".join(f", {name} {value}" for name, value in fields.items() if "Id" not in name)
        self.history.append(f"mint at {mint}{asked}")
        if mint.needs_identity and around.identity_is != "active":
            must_not_mint(self.own_org.mint(mint, key, **fields))
            return
        pair = self.own_org.pair(mint, key, **fields)
        session = WalkedSession(mint, pair, ttl=ttl, minter=minter)
        session.identity = around.identity() if mint.shape == "identity" else None
        session.require_as_requested(pair, "minted", horizon_of(fields))
        if session.identity and around.identity_is != "active":
            session.happened(Event.END_NAMESAKE)
            session.lost_identity = True
        self.sessions.append(session)

    def _mint_in_vain(self, identity: str | None) -> None:
        """Mint for an identity that is not active, if there is one, as it was minted for last."""
        mints = [each.mint for each in self.sessions if each.identity == identity]
        for mint in [each for each in mints if identity and each.needs_identity][-1:]:
            self.looks += 1
            self.history.append(f"mint at {mint}")
            must_not_mint(self.own_org.mint(mint, None, **mint.naming(str(identity))))

    def wait(self, step: Step) -> None:
        """Wait some seconds, or until just before or after the `exp` of a token."""
        seconds = float(step.get("seconds", 0))
        if "until" in step and self.sessions:
            session = self.sessions[step.get("session", 0) % len(self.sessions)]
            exp = session.exp(step.get("of", "refresh"), step.get("age", 0))
            seconds = exp - self._around.now + (-5 if step["until"] == "before" else CLOCK_SKEW + 2)
        if seconds > 0:
            self.history.append(f"wait {seconds:.0f} s")
            self._service.clock.set(self._around.now + seconds)

    def refresh(self, session: WalkedSession, _: Step) -> None:
        """Present the newest refresh token."""
        session.pass_time(self._around.now)
        expected = session.answer_to_refresh(self._around.now)
        self.history.append(f"refresh {self._called(session)}")
        response = self._service.refresh(session.newest.refresh)
        judge_refresh(response, expected, session, identity_is_active=self._around.identity_is == "active")
        if response.status == 200:
            session.renewed(pair_of(response))

    def replay(self, session: WalkedSession, step: Step) -> None:
        """Present a used refresh token."""
        session.pass_time(self._around.now)
        if not session.used:
            return
        pair = session.used_before(step.get("age", 0))
        late = self._around.now >= pair.refresh.exp
        self.history.append(f"replay {self._called(session)}")
        response = self._service.refresh(pair.refresh)
        must(400 <= response.status < 500, response, "a used refresh token is refused")
        session.happened(Event.LATE_REPLAY if late else Event.REPLAY)

    def bearer(self, session: WalkedSession, step: Step) -> None:
        """Present an access token of any generation as a bearer."""
        session.pass_time(self._around.now)
        self._bearer(session, session.generation(step.get("age", 0)))

    def _bearer(self, session: WalkedSession, pair: Pair) -> None:
        expected = session.answer_to_access(pair, BEARERS[session.state], self._around.now)
        self.history.append(f"present a bearer of {self._called(session)}")
        response = self._service.present_bearer(pair.access)
        accepted = response.status != 401 and response.status < 500
        agree(accepted, expected, response, session, "a bearer")

    def introspect(self, session: WalkedSession, step: Step) -> None:
        """Introspect a token of any generation."""
        session.pass_time(self._around.now)
        self._introspect(session, session.generation(step.get("age", 0)), step.get("kind", "refresh"))

    def _introspect(self, session: WalkedSession, pair: Pair, kind: str) -> None:
        expected = session.answer_to_showing(pair, kind, self._around.now)
        self.history.append(f"introspect a {kind} token of {self._called(session)}")
        response = self._around.introspect(pair.tokens[kind])
        agree(response.json is not None, expected, response, session, f"a {kind} token introspected")
        judge_claims(response, pair.tokens[kind])

    def revoke(self, session: WalkedSession, step: Step) -> None:
        """Revoke by session, by identity or by the id of a token."""
        by = step["by"]
        pair = session.generation(step.get("age", 0))
        if by == "identity" and session.lost_identity:
            return
        self.history.append(f"revoke {self._called(session)} by {by}")
        response = self._around.revoke(**named_by(pair, by))
        gone = session.state is not State.LIVE or self._around.now >= pair.refresh.exp
        gone = gone or (by == "access token" and self._around.now >= pair.access.exp)
        must(response.status == 204 or (gone and response.status == 404), response, "it is revoked")
        if response.status == 404:
            return
        if by == "access token":
            session.revoked_access.add(pair.access.text)
            session.happened(Event.REVOKE_ACCESS)
            self.looks += 1
            self._bearer(session, pair)
        elif by == "identity":
            for each in self.sessions:
                if each.subject == session.subject:
                    each.happened(Event.REVOKE)
        else:
            session.happened(Event.REVOKE)

    def change_identity(self, step: Step) -> None:
        """Suspend, reactivate, retire or delete the identity."""
        what = step["do"]
        identity = self._around.change_identity(what)
        if identity is None:
            return
        self.history.append(f"{what} the identity")
        ended = what != "reactivate"
        for session in self.sessions:
            if session.identity == identity:
                usual = Event.END_IDENTITY if session.mint.needs_identity else Event.END_NAMESAKE
                session.happened(usual if ended else Event.REACTIVATE)
                session.lost_identity = session.lost_identity or ended
        self._mint_in_vain(identity if ended else None)

    def revoke_workspace_token(self, _: Step) -> None:
        """Revoke the workspace token; the next mint makes another one."""
        if (its_id := self._around.revoke_workspace_token()) is None:
            return
        self.history.append("revoke the workspace token")
        for session in self.sessions:
            if session.minter == its_id:
                session.happened(Event.REVOKE_MINTER)

    def restart_server(self, _: Step) -> None:
        """Restart the server on the same database."""
        if self.restart is None:
            return
        self.history.append("restart the server")
        self.restart()
        for session in self.sessions:
            session.happened(Event.RESTART)

    def _called(self, session: WalkedSession) -> str:
        return f"session {self.sessions.index(session) + 1}"


_TOLD = (State.ENDED, State.ORPHANED)
"""States of which the model says what is refused."""
_ON_ALL: Mapping[str, Callable[[Walk, Step], None]] = {
    "wait": Walk.wait,
    "suspend": Walk.change_identity,
    "reactivate": Walk.change_identity,
    "retire": Walk.change_identity,
    "delete": Walk.change_identity,
    "restart": Walk.restart_server,
    "revoke workspace token": Walk.revoke_workspace_token,
}
_ON_ONE: Mapping[str, Callable[[Walk, WalkedSession, Step], None]] = {
    "refresh": Walk.refresh,
    "replay": Walk.replay,
    "bearer": Walk.bearer,
    "introspect": Walk.introspect,
    "revoke": Walk.revoke,
}
