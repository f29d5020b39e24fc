"""One session of a walk as the model sees it: its state, its tokens, and what each is answered now."""

from collections.abc import Iterator, Mapping
from typing import Any

from contract.harness.checks.assertions import alike, require
from contract.harness.client import Pair
from contract.harness.spec import (
    CLOCK_SKEW,
    DEFAULT_REFRESH_TTL,
    REFRESH_TTL_CAP,
    REFRESH_TTL_FIELD,
    MintEndpoint,
)
from contract.harness.spec.session_model import BEARERS, REFRESHES, SHOWN, Answer, Event, State, after

_KEPT = ("sid", "sub", "org", "wks", "sponsorId", "sponsorChain", "parentTokenId", "scopes", "aud", "meta")


def horizon_of(fields: Mapping[str, Any]) -> int | None:
    """Return the `delegationNotAfter` of a mint in Unix seconds, if it has one."""
    value = fields.get("delegationNotAfter")
    return value if isinstance(value, int) else None


REVOKED_BY: Mapping[str, tuple[str, str]] = {
    "session": ("sessionId", "sid"),
    "identity": ("identityId", "sub"),
    "refresh token": ("tokenId", "jti"),
    "access token": ("tokenId", "jti"),
}
"""What a revocation may name: the member of its body, and the claim that it takes."""


def named_by(pair: Pair, by: str) -> dict[str, str]:
    """Return what a revocation names: the session of `pair`, its subject, or one of its tokens."""
    claims = pair.access.claims if by == "access token" else pair.refresh.claims
    name, claim = REVOKED_BY[by]
    return {name: str(claims[claim])}


class WalkedSession:
    """A session that a walk minted at `mint` with `ttl`, by the workspace token of id `minter` if by one.

    `identity` is the identity that it is for, or happens to name; `lost_identity` says that this one has been
    inactive since.
    """

    def __init__(self, mint: MintEndpoint, pair: Pair, *, ttl: int | None, minter: str | None) -> None:
        self.mint = mint
        self.state = State.LIVE
        self.minter = minter
        self.newest = pair
        self.used: list[Pair] = []
        self.revoked_access: set[str] = set()
        self.identity: str | None = None
        self.lost_identity = False
        self.subject = str(pair.refresh.claims.get("sub"))
        self._ttl = ttl
        self._horizon: int | None = None

    @property
    def told(self) -> str:
        """What has become of it, as the end of a sentence."""
        return f"since {self.state.value}"

    def happened(self, event: Event) -> None:
        """Take note of `event`."""
        self.state = after(self.state, event)

    def pass_time(self, now: float) -> None:
        """Take note of an `exp` that has passed, with the skew that verifiers allow."""
        if now > self.newest.refresh.exp + CLOCK_SKEW and self.state is State.LIVE:
            self.happened(Event.EXPIRE)

    def generation(self, age: int) -> Pair:
        """Return the newest pair (0), or one that was used before."""
        pairs = [self.newest, *reversed(self.used)]
        return pairs[age % len(pairs)]

    def used_before(self, age: int) -> Pair:
        """Return a pair whose refresh token was used; 0 is the age of the last one."""
        return self.used[-1 - age % len(self.used)]

    def exp(self, of: str, age: int) -> float:
        """Return the `exp` of its newest refresh or access token, or of a used refresh token."""
        if of == "access":
            return self.newest.access.exp
        return (self.used_before(age) if of == "used" and self.used else self.newest).refresh.exp

    def renewed(self, pair: Pair) -> None:
        """Take the pair of a refresh; it must be as was requested at mint, and the same session's."""
        self.require_as_requested(pair, "refreshed", self._horizon)
        sent = f"refreshed a session of {self.mint}"
        for kind, now in pair.tokens.items():
            before = self.newest.tokens[kind]
            changed = [each for each in _KEPT if not alike(before.claims.get(each), now.claims.get(each))]
            changed += ["prefix"] if before.prefix != now.prefix else []
            told = f"of the {kind} token {', '.join(changed)}"
            require(not changed, sent=sent, requires=f"{told} stays the same", got="it is another one")
        self.used.append(self.newest)
        self.newest = pair
        self.happened(Event.REFRESH)

    def require_as_requested(self, pair: Pair, how: str, horizon: int | None) -> None:
        """Require the TTL that was requested at mint: none of a session's renewals changes it."""
        self._horizon = horizon
        refresh = pair.refresh
        wanted = DEFAULT_REFRESH_TTL if self._ttl is None else min(self._ttl, REFRESH_TTL_CAP)
        mark = None if self._ttl is None else str(wanted)
        if horizon is not None:
            wanted = min(wanted, horizon - int(refresh.claims["iat"]))
        asked = "no TTL" if self._ttl is None else f"{REFRESH_TTL_FIELD} {self._ttl}"
        require(
            refresh.lifetime == wanted and refresh.mark == mark and pair.access.mark == mark,
            sent=f"{how} a session of {self.mint} that was minted with {asked}",
            requires=f"the refresh token lives {wanted} s and is marked {mark}",
            got=f"it lives {refresh.lifetime} s and is marked {refresh.mark}",
        )

    def questions(self, now: float, *, again: bool = False) -> Iterator[tuple[str, Pair]]:
        """Yield what the model has an answer to, and for which pair; the `renewal` comes last.

        `bearer` presents its access token; `refresh` and `access` introspect. Of a session that lives, its
        first and its last used token are asked for as well. One that has ended is not introspected `again`.
        """
        in_time = [each for each in self.used if now < each.access.exp]
        expired = [each for each in self.used if now >= each.access.exp and self.state is not State.ENDED]
        for pair in (self.newest, *in_time[:1], *expired[:1]):
            if self.answer_to_access(pair, BEARERS[self.state], now) is not Answer.EITHER:
                yield "bearer", pair
        shown = (
            [] if again and self.state is State.ENDED else [("refresh", self.newest), ("access", self.newest)]
        )
        if self.used and self.state is State.LIVE:
            shown += [("refresh", each) for each in (self.used[0], *self.used[1:][-1:])]
        for kind, pair in shown:
            if self.answer_to_showing(pair, kind, now) is not Answer.EITHER:
                yield kind, pair
        if self.answer_to_refresh(now) is not Answer.EITHER:
            yield "renewal", self.newest

    def answer_to_refresh(self, now: float) -> Answer:
        """Return what the newest refresh token is answered at refresh."""
        if self.state is State.LIVE and not now < self.newest.refresh.exp:
            return Answer.EITHER
        return REFRESHES[self.state]

    def answer_to_access(self, pair: Pair, usual: Answer, now: float) -> Answer:
        """Return what an access token is answered where a live one gets `usual`."""
        if pair.access.text in self.revoked_access:
            return Answer.REFUSED
        return _in_time(usual, pair.access.exp, now)

    def answer_to_showing(self, pair: Pair, kind: str, now: float) -> Answer:
        """Return whether introspection shows the access or the refresh token of a pair."""
        if kind == "access":
            return self.answer_to_access(pair, BEARERS[self.state], now)
        if pair is not self.newest:
            return Answer.REFUSED
        return _in_time(SHOWN[self.state], pair.refresh.exp, now)


def _in_time(usual: Answer, exp: float, now: float) -> Answer:
    if now < exp or usual is Answer.REFUSED:
        return usual
    return Answer.REFUSED if now > exp + CLOCK_SKEW else Answer.EITHER
