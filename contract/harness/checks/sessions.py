"""What is left of a session: which of its tokens still work, at once and later, over which connection."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from contract.harness.checks.assertions import require, require_status
from contract.harness.client import Pair, Response, Service, TokenPairs, pair_of
from contract.harness.errors import Blocked, CouldNotTry
from contract.harness.jose import Token
from contract.harness.spec import DAY, MintEndpoint
from contract.harness.targets import Clock

Made = TypeVar("Made")

LATER = 25 * 3600
"""Seconds after which all is tried again: every access token has ended, and a day's memory is over."""
LONG_TTL = 8 * DAY
"""Seconds that such a session lives: past a day's and a week's memory. CLK-08 covers all 90 days.

The clock only goes forward: with 90 days here it would stand past 2038 before CLK-03 gets to that date.
"""
BEFORE_EXP = 60
"""Seconds before the `exp` of a refresh token at which all is tried for the last time."""


MOMENTS = {"25 h later": LATER, "a minute before its exp": LONG_TTL - BEFORE_EXP}
"""When all is tried again, in seconds after a mint that requests `LONG_TTL`."""


def later(clock: Clock) -> Iterator[str]:
    """Return the `MOMENTS` after now in words; the clock is moved on to each as it is taken.

    There are none where the clock can't be set.
    """
    start = clock.now()

    def moments() -> Iterator[str]:
        for when, passed in MOMENTS.items() if clock.settable else ():
            clock.set(start + passed)
            yield when

    return moments()


def over_time(clock: Clock, make: Callable[[], Made]) -> Iterator[tuple[str, Made]]:
    """Yield `at once` and each moment of `later`, with one of the things that `make` made at the start."""
    moments = later(clock)
    made = [make() for _ in range(1 + len(MOMENTS) * clock.settable)]
    yield "at once", made[0]
    yield from zip(moments, made[1:], strict=True)


def long_lived(token_pairs: TokenPairs, mint: MintEndpoint, **fields: str) -> Pair:
    """Return a pair to be spent that lives through `over_time`; one that need not may be an older one.

    `fields` are those of the mint. Raises `Blocked` if the refresh token does not live as long as requested.
    """
    if not token_pairs.service.clock.settable and not fields:
        return token_pairs.spend(mint)
    return just_minted(token_pairs, mint, **fields)


def just_minted(token_pairs: TokenPairs, mint: MintEndpoint, **fields: str) -> Pair:
    """Return the same, from a mint: its claims are no rotation's."""
    pair = token_pairs.fresh(mint, refreshTokenTtlSeconds=LONG_TTL, **fields)
    return _lives_on(pair, "TTL-01", "minted")


def renewed(token_pairs: TokenPairs, pair: Pair) -> Pair:
    """Return the pair that a refresh of `pair` gives; raises `Blocked` if it is refused or lives shorter."""
    response = token_pairs.service.refresh(pair.refresh)
    if response.status != 200:
        raise Blocked(
            ("ROT-01", "SES-04"), f"a refresh with a live refresh token was answered {response.summary}"
        )
    after = pair_of(response)
    return _lives_on(after, "ROT-01", "rotated") if pair.refresh.lifetime == LONG_TTL else after


def _lives_on(pair: Pair, clause_id: str, how: str) -> Pair:
    if pair.refresh.lifetime != LONG_TTL:
        raise Blocked(
            clause_id,
            f"requested refreshTokenTtlSeconds {LONG_TTL}; the {how} refresh token lives "
            f"{pair.refresh.lifetime} s, and so can't be tried later",
        )
    return pair


class Leftovers:
    """Holds that tokens of a session no longer work.

    `sent` is what was done to the session, and `requires` what the contract says of it.
    """

    def __init__(self, token_pairs: TokenPairs, *, sent: str, requires: str) -> None:
        self._token_pairs, self._sent, self._requires = token_pairs, sent, requires

    @property
    def _service(self) -> Service:
        return self._token_pairs.service

    def refused(
        self, pair: Pair, *statuses: int, what: str = "the newest refresh token", anew: bool = False
    ) -> None:
        """Hold that a refresh with the refresh token of `pair` is refused, with 401 or one of `statuses`."""
        require_status(
            self._over(lambda: self._service.refresh(pair.refresh), anew=anew),
            *(statuses or (401,)),
            sent=self._then(f"presented {what} for a refresh", anew=anew),
            requires=self._requires,
        )

    def not_accepted(self, pair: Pair, *, what: str = "the newest access token", anew: bool = False) -> None:
        """Hold that the access token of `pair` is refused as a bearer with 401."""
        require_status(
            self._over(lambda: self._service.present_bearer(pair.access), anew=anew),
            401,
            sent=self._then(f"presented {what} as a bearer", anew=anew),
            requires=self._requires,
        )

    def not_shown(self, token: Token, *, what: str) -> None:
        """Hold that introspection of `token` answers null."""
        require(
            not shows_live(self._token_pairs, token),
            sent=self._then(f"introspected {what}"),
            requires=self._requires,
            got="introspection showed its claims, not null",
        )

    def _then(self, done: str, *, anew: bool = False) -> str:
        over = " over a new connection" if anew and self._service.connection.open_http else ""
        return f"{self._sent}, then {done}{over}"

    def _over(self, send: Callable[[], Response], *, anew: bool) -> Response:
        if not anew:
            return send()
        with self._service.over_a_new_connection():
            return send()


def shows_live(token_pairs: TokenPairs, token: Token) -> bool:
    """Say whether introspection shows claims for `token`; `CouldNotTry` if it answers neither way."""
    response = token_pairs.service.introspect(token, token_pairs.own_org.org_key)
    if response.status != 200:
        raise CouldNotTry(f"introspection was answered {response.summary}, so it does not say what is live")
    return response.json is not None
