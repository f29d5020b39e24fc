"""The sessions of a walk as they become if the service keeps the contract: what a plan goes along."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from contract.harness.spec import ACCESS_TTL, CLOCK_SKEW, DEFAULT_REFRESH_TTL, REFRESH_TTL_CAP, MintEndpoint
from contract.harness.spec.session_model import Event, State, after


@dataclass
class PlannedSession:
    """One session; times are seconds since the walk began.

    `ends` and `access_ends` have the `exp` of each pair, the newest last. `subject`, `identity` and `minter`
    tell apart whose it is. `lost` says that its identity was inactive once, `stale` that something happened
    since it was last acted on.
    """

    row: MintEndpoint
    ttl: int
    horizon: float | None
    subject: str
    identity: int | None
    minter: int | None
    state: State = State.LIVE
    ends: list[float] = field(default_factory=list)
    access_ends: list[float] = field(default_factory=list)
    lost: bool = False
    stale: bool = False

    @property
    def used(self) -> int:
        """How many of its refresh tokens were used."""
        return len(self.ends) - 1

    @property
    def unfinished(self) -> bool:
        """Whether it may still be ended."""
        return self.state is not State.ENDED

    def issue(self, now: float) -> None:
        """Add a pair that is issued `now`."""
        for ends, ttl in ((self.ends, self.ttl), (self.access_ends, ACCESS_TTL)):
            ends.append(min(now + ttl, self.horizon or now + ttl))

    def happened(self, event: Event) -> None:
        """Take note of `event`."""
        self.state = after(self.state, event)

    def replayed(self, age: int, now: float) -> None:
        """Take note of a replay; 0 is the age of the token that was used last."""
        self.happened(Event.LATE_REPLAY if now >= self.ends[-2 - age] else Event.REPLAY)


@dataclass
class PlannedWorld:
    """All sessions of a walk, with the identity and the workspace token that mints use, by number."""

    now: float = 0.0
    sessions: list[PlannedSession] = field(default_factory=list)
    identity: int = 0
    suspended: bool = False
    minter: int = 0

    def fitting(self, name: str) -> Sequence[int]:
        """Return the sessions that a step of this name could act on now."""
        return [number for number, each in enumerate(self.sessions) if self.fits(name, each)]

    def fits(self, name: str, session: PlannedSession) -> bool:
        """Say whether a step of this name has something to act on in a session."""
        match name:
            case "refresh":
                return session.state is State.LIVE and self.now < session.ends[-1]
            case "refresh what has ended":
                return session.state is not State.LIVE and session.stale
            case "bearer" | "introspect":
                return session.state is State.LIVE or session.stale
            case "replay":
                return session.used > 0 and session.unfinished
            case "revoke" | "wait" | "restart":
                return session.unfinished
            case "suspend":
                return session.identity == self.identity and not self.suspended
            case "retire" | "delete":
                return session.identity == self.identity and session.unfinished
            case "reactivate":
                return self.suspended
            case "revoke workspace token":
                return session.minter == self.minter and session.unfinished
        return False

    def mint(self, row: MintEndpoint, ttl: int | None, horizon: int | None) -> None:
        """Add a session, unless its identity can't be minted for."""
        mine = row.shape == "identity"
        if row.needs_identity and self.suspended:
            return
        session = PlannedSession(
            row,
            ttl=DEFAULT_REFRESH_TTL if ttl is None else min(ttl, REFRESH_TTL_CAP),
            horizon=None if horizon is None else self.now + horizon,
            subject=f"identity {self.identity}" if mine else row.shape,
            identity=self.identity if mine else None,
            minter=self.minter if row.credential == "workspace" else None,
            lost=mine and self.suspended,
        )
        if session.lost:
            session.happened(Event.END_NAMESAKE)
        session.issue(self.now)
        self.sessions.append(session)

    def pass_time(self, moment: float) -> None:
        """Wait until `moment`."""
        self.now = moment
        for each in self.sessions:
            if each.state is State.LIVE and moment > each.ends[-1] + CLOCK_SKEW:
                each.happened(Event.EXPIRE)

    def revoked(self, session: PlannedSession, by: str) -> None:
        """Take note of a revocation of a session, by identity of all with its subject."""
        for each in self.sessions:
            if each is session or (by == "identity" and each.subject == session.subject):
                each.happened(Event.REVOKE_ACCESS if by == "access token" else Event.REVOKE)

    def identity_changed(self, name: str) -> None:
        """Take note of what was done to the identity; one that is retired or deleted is replaced."""
        for each in self.sessions:
            if each.identity == self.identity:
                ended = Event.END_IDENTITY if each.row.needs_identity else Event.END_NAMESAKE
                each.happened(Event.REACTIVATE if name == "reactivate" else ended)
                each.lost = each.lost or name != "reactivate"
        self.identity += name in ("retire", "delete")
        self.suspended = name == "suspend"

    def minter_revoked(self) -> None:
        """Take note that the workspace token was revoked; the next one is another."""
        for each in self.sessions:
            if each.minter == self.minter:
                each.happened(Event.REVOKE_MINTER)
        self.minter += 1
