"""Walks: sessions are minted, used and ended in any order, and each answer is held against the model."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from contract.harness.checks.assertions import require
from contract.harness.checks.session_oracle import WalkedSession, horizon_of
from contract.harness.client import OwnOrg, Response, Service, pair_of
from contract.harness.errors import NotTried, Violation
from contract.harness.spec import CLOCK_SKEW, REFRESH_TTL_FIELD, SHAPED, MintEndpoint, routes
from contract.harness.spec.headers import CONFIRM_DELETE
from contract.harness.spec.session_model import BEARERS, SHOWN, Answer, Event, State

if TYPE_CHECKING:
    from contract.harness.redaction import Secret

Step = Mapping[str, Any]
"""One step as a value of JSON: what is done, to which session, with what."""
ROWS: Mapping[str, MintEndpoint] = {str(row): row for rows in SHAPED.values() for row in rows}
_INACTIVE = (403, 404)  # docs/contract.md, Identities that are not active: a mint for one


@dataclass
class Walk:
    """One walk over a service: an identity, an agent and a workspace token of its own, and its sessions.

    `restart` restarts the server on the same database; None where that can't be done. `taken` counts the
    steps, and `history` is what was done, for a person.
    """

    own_org: OwnOrg
    restart: Callable[[], object] | None
    sessions: list[WalkedSession] = field(default_factory=list)
    history: list[str] = field(default_factory=list)
    taken: int = 0
    identity_is: str = "active"

    def __post_init__(self) -> None:
        """Make what the walk acts on when it is first needed."""
        self._identity: str | None = None
        self._workspace_token: tuple[str, Secret] | None = None
        self.service: Service = self.own_org.service
        self.agent = self.own_org.another_agent()

    def take(self, steps: Sequence[Step]) -> None:
        """Do `steps`, then look at every session once more; a `Violation` tells the history."""
        try:
            for step in steps:
                self.taken += 1
                self.do(step)
            for number in range(len(self.sessions)):
                self.do({"do": "bearer", "session": number, "age": 0})
                self.do({"do": "refresh", "session": number})
        except Violation as violation:
            raise Violation(f"{violation} (after: {'; '.join(self.history)})") from None

    def do(self, step: Step) -> None:
        """Do one step; one that has nothing to act on does nothing."""
        what = step["do"]
        if what == "mint":
            self._mint(ROWS[step["at"]], step.get("ttl"), step.get("horizon"))
        elif what in _ON_ALL:
            _ON_ALL[what](self, step)
        elif self.sessions:
            session = self.sessions[step["session"] % len(self.sessions)]
            _ON_ONE[what](self, session, step)

    @property
    def now(self) -> float:
        """The service's time."""
        return self.service.clock.now()

    def identity(self) -> str:
        """Return the walk's identity; another one once the first is retired or deleted."""
        if self._identity is None:
            self._identity, self.identity_is = self.own_org.another_identity(), "active"
        return self._identity

    def _mint(self, mint: MintEndpoint, ttl: Any, horizon: int | None) -> None:
        fields: dict[str, Any] = {}
        if mint.shape == "identity":
            fields |= mint.naming(self.identity())
        elif mint.shape == "named":
            fields["agentId"] = self.agent
        if ttl is not None:
            fields[REFRESH_TTL_FIELD] = ttl
        if horizon is not None and mint.takes_paths:
            fields["delegationNotAfter"] = int(self.now) + horizon
        key = None
        if mint.credential == "workspace":
            if self._workspace_token is None:
                self._workspace_token = self.own_org.another_workspace_token()
            key = self._workspace_token[1]
        asked = "".join(f", {name} {value}" for name, value in fields.items() if "Id" not in name)
        self.history.append(f"mint at {mint}{asked}")
        if mint.needs_identity and self.identity_is != "active":
            response = self.own_org.mint(mint, key, **fields)
            self._must(response.status in _INACTIVE, response, "no mint for an identity that is not active")
            return
        pair = self.own_org.pair(mint, key, **fields)
        session = WalkedSession(
            mint, pair, ttl=ttl, minter=self._workspace_token[0] if key and self._workspace_token else None
        )
        session.identity = self.identity() if mint.shape == "identity" else None
        session.require_as_requested(pair, "minted", horizon_of(fields))
        if session.identity and self.identity_is != "active":
            session.happened(Event.END_NAMESAKE)
            session.lost_identity = True
        self.sessions.append(session)

    def wait(self, step: Step) -> None:
        """Wait some seconds, or until just before or after the `exp` of a refresh token."""
        seconds = float(step.get("seconds", 0))
        if "until" in step and self.sessions:
            exp = self.sessions[step.get("session", 0) % len(self.sessions)].newest.refresh.exp
            seconds = exp - self.now + (-5 if step["until"] == "before" else CLOCK_SKEW + 2)
        if seconds <= 0:
            return
        self.history.append(f"wait {seconds:.0f} s")
        self.service.clock.set(self.now + seconds)

    def refresh(self, session: WalkedSession, _: Step) -> None:
        """Present the newest refresh token."""
        session.pass_time(self.now)
        expected = session.answer_to_refresh(self.now)
        self.history.append(f"refresh {self._called(session)}")
        response = self.service.refresh(session.newest.refresh)
        self._judge_refresh(session, response, expected)
        if response.status == 200:
            pair = pair_of(response)
            session.renewed(pair)

    def _judge_refresh(self, session: WalkedSession, response: Response, expected: Answer) -> None:
        if expected is Answer.ACCEPTED:
            self._must(
                response.status == 200, response, f"a refresh is {expected.value}, it is {session.told}"
            )
        elif expected is Answer.REFUSED:
            inactive = session.identity and self.identity_is != "active"
            refusals = (401, 404) if inactive or session.lost_identity else (401,)
            self._must(response.status in refusals, response, f"a refresh is refused, {session.told}")
        else:
            self._must(response.status < 500, response, "a refresh is answered")

    def replay(self, session: WalkedSession, step: Step) -> None:
        """Present a used refresh token."""
        session.pass_time(self.now)
        if not session.used:
            return
        pair = session.used[-1 - step.get("age", 0) % len(session.used)]
        late = self.now >= pair.refresh.exp
        self.history.append(f"replay {self._called(session)}")
        response = self.service.refresh(pair.refresh)
        self._must(400 <= response.status < 500, response, "a used refresh token is refused")
        session.happened(Event.LATE_REPLAY if late else Event.REPLAY)

    def bearer(self, session: WalkedSession, step: Step) -> None:
        """Present an access token as a bearer."""
        session.pass_time(self.now)
        pair = session.generation(step.get("age", 0))
        expected = session.answer_to_access(pair, BEARERS[session.state], self.now)
        self.history.append(f"present a bearer of {self._called(session)}")
        response = self.service.present_bearer(pair.access)
        accepted = response.status != 401 and response.status < 500
        self._agree(accepted, expected, response, session, "a bearer")

    def introspect(self, session: WalkedSession, step: Step) -> None:
        """Introspect a token of any generation."""
        session.pass_time(self.now)
        pair = session.generation(step.get("age", 0))
        kind = step.get("kind", "refresh")
        if kind == "access":
            expected = session.answer_to_access(pair, BEARERS[session.state], self.now)
        else:
            expected = session.answer_to_showing(pair, SHOWN[session.state], self.now)
        self.history.append(f"introspect a {kind} token of {self._called(session)}")
        response = self.service.introspect(pair.tokens[kind], self.own_org.org_key)
        if response.status == 403:
            raise NotTried("the API key lacks the scope to introspect")
        self._must(response.status == 200, response, "introspection answers 200")
        self._agree(response.json is not None, expected, response, session, f"a {kind} token introspected")

    def revoke(self, session: WalkedSession, step: Step) -> None:
        """Revoke by session, by identity or by the id of a token."""
        by = step["by"]
        pair = session.generation(step.get("age", 0))
        claims = pair.access.claims if by == "access token" else pair.refresh.claims
        name, claim = {"session": ("sessionId", "sid"), "identity": ("identityId", "sub")}.get(
            by, ("tokenId", "jti")
        )
        if by == "identity" and session.lost_identity:
            return
        self.history.append(f"revoke {self._called(session)} by {by}")
        response = self.service.revoke(self.own_org.org_key, **{name: str(claims[claim])})
        if response.status == 403:
            raise NotTried("the API key lacks the scope to revoke")
        gone = session.state is not State.LIVE or self.now >= pair.refresh.exp
        gone = gone or (by == "access token" and self.now >= pair.access.exp)
        self._must(response.status == 204 or (gone and response.status == 404), response, "it is revoked")
        if response.status == 404:
            return
        if by == "access token":
            session.revoked_access.add(pair.access.text)
            session.happened(Event.REVOKE_ACCESS)
        elif by == "identity":
            for each in self.sessions:
                if each.subject == session.subject:
                    each.happened(Event.REVOKE)
        else:
            session.happened(Event.REVOKE)

    def change_identity(self, step: Step) -> None:
        """Suspend, reactivate, retire or delete the identity."""
        what = step["do"]
        if self._identity is None or (what == "suspend" and self.identity_is != "active"):
            return
        if what == "reactivate" and self.identity_is != "suspended":
            return
        identity, key = self._identity, self.own_org.org_key
        self.history.append(f"{what} the identity")
        if what == "delete":
            response = self.service.call("DELETE", routes.identity(identity), key=key, headers=CONFIRM_DELETE)
        else:
            place = {"suspend": routes.suspension, "retire": routes.retirement}.get(what, routes.reactivation)
            body = None if what == "reactivate" else {"reason": "relayauth-contract"}
            response = self.service.call("POST", place(identity), key=key, body=body)
        if response.status in (403, 404, 405, 501):
            return  # The deployment has no such route, or the key no scope for it.
        self._must(response.status in (200, 204), response, f"{what} is done")
        ended = what != "reactivate"
        self.identity_is = {"suspend": "suspended", "reactivate": "active"}.get(what, "gone")
        for session in self.sessions:
            if session.identity == identity:
                usual = Event.END_IDENTITY if session.mint.needs_identity else Event.END_NAMESAKE
                session.happened(usual if ended else Event.REACTIVATE)
                session.lost_identity = session.lost_identity or ended
        if self.identity_is == "gone":
            self._identity = None

    def revoke_workspace_token(self, _: Step) -> None:
        """Revoke the workspace token; the next mint makes another one."""
        if self._workspace_token is None:
            return
        its_id, _key = self._workspace_token
        self.history.append("revoke the workspace token")
        response = self.service.call("POST", routes.api_key_revocation(its_id), key=self.own_org.org_key)
        self._must(response.status == 200, response, "the workspace token is revoked")
        for session in self.sessions:
            if session.minter == its_id:
                session.happened(Event.REVOKE_MINTER)
        self._workspace_token = None

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

    def _agree(
        self,
        accepted: bool,  # noqa: FBT001 - reads as a sentence
        expected: Answer,
        response: Response,
        session: WalkedSession,
        what: str,
    ) -> None:
        if expected is Answer.EITHER:
            return
        self._must(
            accepted is (expected is Answer.ACCEPTED), response, f"{what} is {expected.value}, {session.told}"
        )

    @staticmethod
    def _must(kept: bool, response: Response, requires: str) -> None:  # noqa: FBT001 - reads as a sentence
        answer = response.summary
        if response.request.path == routes.INTROSPECT and response.status == 200:
            answer += " with null" if response.content.strip() == b"null" else " with claims"
        require(
            kept,
            sent=f"sent {response.request.where}",
            requires=f"the model of a session says that {requires}",
            got=f"it answered {answer}",
        )


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


def as_json(steps: Sequence[Step]) -> str:
    """Return a walk as one line of JSON, as `--examples-file` takes it."""
    return json.dumps([dict(step) for step in steps], separators=(",", ":"))
