"""SES: sessions. A refresh token works once, and a second use costs the session its life."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from contract.harness.checks import clause, positive_control, require, require_status
from contract.harness.client import Pair, Raw, Response, TokenPairs, pair_of, redeemed
from contract.harness.errors import CouldNotTry, Violation
from contract.harness.jose import SigningKey, other_key, signed_by_another, with_another_signature
from contract.harness.run import TargetSession
from contract.harness.spec import MintEndpoint, routes
from contract.harness.targets import Clock

REUSED = "a used refresh token is refused with 401"
ENDED = "a second use revokes the whole session"


@dataclass(frozen=True)
class Replay:
    """A session whose used refresh token was presented again, and another one of the same identity.

    `before` are the answers to the bearers of the newest pair and of the bystander before it, `answer` is the
    one to the replay.
    """

    first: Pair
    bystander: Pair
    second: Pair
    before: tuple[Response, Response]
    response: Response

    @property
    def transcript(self) -> list[Response]:
        """All that was asked for it."""
        pairs = (self.first, self.bystander, self.second)
        return [*(pair.response for pair in pairs), *self.before, self.response]


@pytest.fixture(scope="session")
def replays(session: TargetSession) -> Callable[[MintEndpoint], Replay]:
    """Replay at an endpoint, once: three clauses look at what comes of it."""
    token_pairs, service = session.token_pairs, session.service

    @functools.cache
    def replay(mint: MintEndpoint) -> Replay:
        first, bystander = token_pairs.spend(mint), token_pairs.spend(mint)
        second = token_pairs.rotate(first)
        before = service.present_bearer(second.access), service.present_bearer(bystander.access)
        return Replay(first, bystander, second, before, service.refresh(first.refresh))

    def looked_at(mint: MintEndpoint) -> Replay:
        found = replay(mint)
        service.transcript.show(found.transcript)
        return found

    return looked_at


@clause("SES-01")
def test_a_refresh_token_works_once(replays: Callable[[MintEndpoint], Replay], mint: MintEndpoint) -> None:
    """Redeemed once, it is refused with 401 at the second try."""
    sent = "presented a refresh token a second time"
    require_status(replays(mint).response, 401, sent=sent, requires="a refresh token works once")


def ended(token_pairs: TokenPairs, newest: Pair, accesses: list[Pair], *, sent: str) -> None:
    """Hold that nothing of a session works: its newest refresh token, nor its access tokens."""
    require_status(
        token_pairs.service.refresh(newest.refresh),
        401,
        sent=f"{sent}, then the session's newest refresh token",
        requires=ENDED,
    )
    for pair in accesses:
        require_status(
            token_pairs.service.present_bearer(pair.access),
            401,
            sent=f"{sent}, then an access token of the session",
            requires=ENDED,
        )


@clause("SES-02")
def test_a_second_use_ends_the_session(
    replays: Callable[[MintEndpoint], Replay], token_pairs: TokenPairs, mint: MintEndpoint
) -> None:
    """Both access tokens, believed before, and the newest refresh token are refused after the replay."""
    replay = replays(mint)
    positive_control(replay.before[0], what="the rotated access token before the replay")
    sent = "presented a used refresh token again"
    require_status(replay.response, 401, sent=sent, requires=REUSED)
    ended(token_pairs, replay.second, [replay.second, replay.first], sent=sent)


@clause("SES-03")
@pytest.mark.parametrize(
    ("ancestor", "pause"), [(0, 0), (1, 2)], ids=["grandparent at once", "parent after 2 s"]
)
def test_any_ancestor_ends_the_session(
    token_pairs: TokenPairs, clock: Clock, mint: MintEndpoint, ancestor: int, pause: int
) -> None:
    """Two rotations on, a used token of any generation ends the session; further replays stay 4xx.

    Where the clock can be set, all of it happens within the second of issue, or with pauses between.
    """
    lineage = [token_pairs.fresh(mint)]
    for _ in range(2):
        _pause(clock, pause)
        lineage.append(token_pairs.rotate(lineage[-1]))
    _pause(clock, pause)
    sent = f"presented the used refresh token of generation {ancestor} in the second one"
    require_status(token_pairs.service.refresh(lineage[ancestor].refresh), 401, sent=sent, requires=REUSED)
    ended(token_pairs, lineage[-1], [], sent=sent)
    if not ancestor:
        again = token_pairs.service.refresh(lineage[ancestor].refresh)
        require(
            400 <= again.status < 500,
            sent=f"{sent}, and once more",
            requires="further replays stay 4xx",
            got=f"it answered {again.summary}",
        )


def _pause(clock: Clock, seconds: int) -> None:
    if seconds and clock.settable:
        clock.set(clock.now() + seconds)


@clause("SES-04")
def test_a_replay_ends_only_its_own_session(
    replays: Callable[[MintEndpoint], Replay], token_pairs: TokenPairs, mint: MintEndpoint
) -> None:
    """Another session of the same identity goes on: its bearer is believed, its refresh token redeemed."""
    replay = replays(mint)
    bystander = replay.bystander
    positive_control(replay.before[1], what="the other session's bearer before")
    if replay.response.status < 400:
        raise CouldNotTry("the replay itself was not refused (see SES-01), so nobody was taken for a thief")
    sent = "presented a used refresh token of another session of the same identity"
    requires = "a replay ends the session of the token replayed and no other"
    response = token_pairs.service.present_bearer(bystander.access)
    require(
        response.status != 401,
        sent=f"{sent}, then this session's bearer",
        requires=requires,
        got=f"it answered {response.summary}",
    )
    response = token_pairs.service.refresh(bystander.refresh)
    require_status(response, 200, sent=f"{sent}, then this one's refresh token", requires=requires)
    token_pairs.keep(mint, redeemed(response))


@clause("SES-05")
def test_of_simultaneous_refreshes_at_most_one_succeeds(session: TargetSession, mint: MintEndpoint) -> None:
    """Races with one token each: one winner at most, no 5xx, no two live descendants."""
    token_pairs, idle = session.token_pairs, []
    for number in session.volume.at_once:
        pair = token_pairs.fresh(mint)
        body = {"refreshToken": pair.refresh}
        responses = session.racer.race(
            [token_pairs.service.prepare("POST", routes.REFRESH, body=body) for _ in range(number)]
        )
        _one_at_most(responses, token_pairs)
        if sum(response.status in (200, 401) for response in responses) < 2:
            idle.append(
                f"{number} at once ({', '.join(sorted({response.summary for response in responses}))})"
            )
    if len(idle) == len(session.volume.at_once):
        raise CouldNotTry(f"no round proved anything, fewer than two were answered: {'; '.join(idle)}")
    if idle:
        session.note = f"these rounds proved nothing, fewer than two were answered: {'; '.join(idle)}"


def _one_at_most(responses: list[Response], token_pairs: TokenPairs) -> None:
    sent = f"presented one refresh token {len(responses)} times at once"
    broken = [response.summary for response in responses if response.status >= 500]
    require(not broken, sent=sent, requires="none answers 5xx", got=f"{len(broken)} answered {broken[:1]}")
    winners = [pair_of(response) for response in responses if response.status == 200]
    if len(winners) > 1:
        live = sum(token_pairs.service.refresh(pair.refresh).status == 200 for pair in winners)
        raise Violation(
            f"{sent}; the contract says that at most one succeeds, and that no two live descendants remain; "
            f"{len(winners)} succeeded, and {live} of their descendants live"
        )


SPOILT: dict[str, Any] = {
    "in a list": lambda token: {"refreshToken": [token]},
    "no JSON": lambda token: Raw(('{"refreshToken": "', token, '"')),
}


@clause("SES-06")
@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_request_of_bad_form_uses_nothing_up(
    token_pairs: TokenPairs, mint: MintEndpoint, spoil: Any
) -> None:
    """Refused for its form, the same token is redeemed by a request of good form."""
    pair = token_pairs.spend(mint)
    response = token_pairs.service.call("POST", routes.REFRESH, body=spoil(pair.refresh))
    if response.status == 200:
        token_pairs.keep(mint, pair_of(response))
        return
    after = token_pairs.service.refresh(pair.refresh)
    require_status(
        after,
        200,
        sent=f"sent a refresh request that was refused for its form ({response.summary}), then a good one",
        requires="what is refused for its form uses nothing up",
    )
    token_pairs.keep(mint, redeemed(after))


@clause("SES-07")
def test_tokens_are_not_interchangeable(token_pairs: TokenPairs, mint: MintEndpoint) -> None:
    """Each of a pair works where it belongs, and is refused where the other one does."""
    pair = token_pairs.spend(mint)
    positive_control(token_pairs.service.present_bearer(pair.access), what="the access token as a bearer")
    require_status(
        token_pairs.service.present_bearer(pair.refresh),
        401,
        sent="presented a refresh token as a bearer",
        requires="a refresh token opens no door",
    )
    require_status(
        token_pairs.service.refresh(pair.access),
        400,
        401,
        sent="presented an access token at refresh",
        requires="an access token refreshes nothing",
    )
    token_pairs.keep(mint, _still_good(token_pairs, pair, "its access token was"))


def _still_good(token_pairs: TokenPairs, pair: Pair, what: str) -> Pair:
    """Redeem the untouched refresh token: the twin of a refusal at refresh."""
    response = token_pairs.service.refresh(pair.refresh)
    if response.status != 200:
        raise CouldNotTry(f"no twin: {what} refused, and so was its live refresh token ({response.summary})")
    return pair_of(response)


@pytest.fixture(scope="session")
def stranger_key() -> SigningKey:
    """A key that no deployment knows."""
    return other_key()


@clause("SES-08")
def test_a_forged_copy_neither_works_nor_harms(
    token_pairs: TokenPairs, mint: MintEndpoint, stranger_key: SigningKey
) -> None:
    """The copy is refused, before and after the original was used, and the session goes on."""
    pair = token_pairs.spend(mint)
    sent, requires = "presented a forged copy of a live refresh token", "a forged copy does not work"
    for copy in (signed_by_another(pair.refresh, stranger_key), with_another_signature(pair.refresh)):
        require_status(token_pairs.service.refresh(copy), 400, 401, sent=sent, requires=requires)
    after = token_pairs.service.refresh(pair.refresh)
    require_status(after, 200, sent=f"{sent}, then the original", requires="a forged copy does no harm")
    newest = redeemed(after)
    copy = signed_by_another(pair.refresh, stranger_key)
    require_status(
        token_pairs.service.refresh(copy), 400, 401, sent=f"{sent}, which was used since", requires=requires
    )
    last = token_pairs.service.refresh(newest.refresh)
    require_status(
        last,
        200,
        sent=f"{sent}, which was used since, then the newest one",
        requires="a forged copy of a used token is no replay",
    )
    token_pairs.keep(mint, redeemed(last))
