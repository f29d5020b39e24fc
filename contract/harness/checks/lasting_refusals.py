"""Used and revoked tokens, presented for as long as they could have lived, at all endpoints together."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from contract.harness.checks.assertions import require, require_status, still_live
from contract.harness.client import Pair, Response, TokenPairs
from contract.harness.errors import Blocked, ContractError, Violation
from contract.harness.jose import Malformed
from contract.harness.spec import (
    CLOCK_SKEW,
    DAY,
    ENDPOINTS,
    REFRESH_TTL_CAP,
    REFRESH_TTL_FIELD,
    MintEndpoint,
)
from contract.harness.targets import Clock

A_DAY_LATER = DAY + 3600
"""Seconds, 25 h: past whatever is kept for a day."""
LATER = ("25 h later", "a minute before its exp")
LATE = "revoked after its access tokens expired"
CHECKS = (LATE, *(f"{what}, {when}" for when in LATER for what in ("used", "revoked")))


@dataclass
class Sessions:
    """The sessions of one endpoint and body shape, all minted at one moment with the longest TTL.

    `control` is refreshed at each moment: where it is refused, a refusal of the others proves nothing.
    """

    used: dict[str, list[Pair]]
    revoked: Pair
    late: Pair
    control: Pair


@dataclass(frozen=True)
class Observed:
    """What came of one check: nothing, or what it raised; and what was exchanged."""

    error: Exception | None
    transcript: tuple[Response, ...]


class LastingRefusals:
    """One walk through ninety days for all `rows`; `result` tells what a check came to.

    Times are Unix seconds.
    """

    def __init__(self, token_pairs: TokenPairs, clock: Clock, rows: Sequence[MintEndpoint]) -> None:
        self._token_pairs = token_pairs
        self._clock = clock
        self._observed: dict[tuple[str, str], Observed] = {}
        self._sessions: dict[str, Sessions] = {}
        self._replayed = False
        if not clock.settable:
            return  # pytest makes this before it says that the case is not tried: send nothing for it
        self._walk([row for row in rows if self._offered(row)])

    def result(self, mint: MintEndpoint, check: str) -> None:
        """Raise what one of `CHECKS` raised at `mint`."""
        observed = self._observed[str(mint), check]
        self._token_pairs.service.transcript.show(observed.transcript)
        if observed.error is not None:
            raise observed.error

    def _offered(self, mint: MintEndpoint) -> bool:
        own_org = self._token_pairs.own_org
        return mint.name not in own_org.closed and (mint.shape != "identity" or own_org.identity is not None)

    def _walk(self, mints: list[MintEndpoint]) -> None:
        start = self._clock.now()
        self._at_each(mints, CHECKS, self._begin)
        self._clock.set(start + 2 * 3600)
        self._at_each(mints, [LATE], self._revoke_late)
        moments = (start + A_DAY_LATER, int(start) + REFRESH_TTL_CAP - CLOCK_SKEW)
        for when, moment in zip(LATER, moments, strict=True):
            self._clock.set(moment)
            # Replays come second: what they end beside their own session is nothing that a revocation did.
            self._at_each(mints, [f"revoked, {when}"], functools.partial(self._use_revoked, when))
            self._at_each(mints, [f"used, {when}"], functools.partial(self._replay, when))

    def _at_each(
        self, mints: list[MintEndpoint], checks: Sequence[str], do: Callable[[MintEndpoint], None]
    ) -> None:
        """Do one step at each endpoint; where it raises, that is what `checks` come to there."""
        transcript = self._token_pairs.service.transcript
        for mint in mints:
            places = [(str(mint), check) for check in checks]
            if any(self._observed.get(place, Observed(None, ())).error for place in places):
                continue
            transcript.begin_case()
            error: Exception | None = None
            try:
                do(mint)
            except (ContractError, Violation, Malformed) as raised:
                error = raised
            self._observed |= dict.fromkeys(places, Observed(error, tuple(transcript)))

    def _begin(self, mint: MintEndpoint) -> None:
        """Mint all sessions of an endpoint, use one token of two, and revoke one session."""
        pairs = self._token_pairs
        first = [pairs.fresh(mint, **{REFRESH_TTL_FIELD: REFRESH_TTL_CAP}) for _ in range(5)]
        self._has_longest_ttl(mint, first[0])
        used = {when: [pair, pairs.rotate(pair)] for when, pair in zip(LATER, first, strict=False)}
        for _, rotated in used.values():
            self._has_longest_ttl(mint, rotated)
        self._sessions[str(mint)] = Sessions(used, *first[2:])
        self._revoke(first[2], sent="revoked a session by its id")

    def _has_longest_ttl(self, mint: MintEndpoint, pair: Pair) -> None:
        """`Blocked` by the clause that fails where a mint or a rotation does not give the requested TTL."""
        given = pair.refresh.lifetime
        if given == REFRESH_TTL_CAP:
            return
        usual = self._observed.get((str(ENDPOINTS[mint.name]), LATE))
        here_alone = usual is not None and usual.error is None
        rotated = pair.response.status == 200
        at_once = str(mint) not in self._sessions
        by = "CLK-02" if not at_once else "ROT-01" if rotated or here_alone else "TTL-01"
        raise Blocked(by, f"the refresh token lives {given} s, not the requested {REFRESH_TTL_CAP} s")

    def _revoke(self, pair: Pair, *, sent: str) -> None:
        own_org = self._token_pairs.own_org
        response = own_org.service.revoke(own_org.org_key, sessionId=str(pair.refresh.claims.get("sid")))
        require_status(response, 204, sent=sent, requires="it is revoked")

    def _revoke_late(self, mint: MintEndpoint) -> None:
        sessions = self._sessions[str(mint)]
        sessions.control = self._live(mint, sessions.control, "a session like it, 2 h after the mint,")
        sent = "revoked a session by its id 2 h after the mint, when its access token had expired"
        self._revoke(sessions.late, sent=sent)
        self._refused(sessions.late, sent=f"{sent}, then presented its refresh token")

    def _replay(self, when: str, mint: MintEndpoint) -> None:
        """Present a used token; the newest one of its session was accepted just before."""
        used, newest = self._sessions[str(mint)].used[when]
        newest = self._live(mint, newest, f"the newest token of the session, {when},")
        self._replayed = True
        sent = f"presented a used refresh token {when}"
        self._refused(used, sent=sent)
        self._refused(newest, sent=f"{sent}, then the newest refresh token of its session")

    def _use_revoked(self, when: str, mint: MintEndpoint) -> None:
        sessions = self._sessions[str(mint)]
        sessions.control = self._live(mint, sessions.control, f"a session like it, {when},")
        self._refused(sessions.revoked, sent=f"presented the refresh token of a revoked session {when}")

    def _live(self, mint: MintEndpoint, pair: Pair, what: str) -> Pair:
        """Refresh a pair that nothing has ended, and return the new one."""
        self._has_longest_ttl(mint, pair)
        response = self._token_pairs.service.refresh(pair.refresh)
        return still_live(response, what=what, unless="SES-04" if self._replayed else "CLK-01")

    def _refused(self, pair: Pair, *, sent: str) -> None:
        response = self._token_pairs.service.refresh(pair.refresh)
        require(
            400 <= response.status < 500,
            sent=sent,
            requires="it is refused for as long as it could have lived",
            got=f"it answered {response.summary}",
        )
