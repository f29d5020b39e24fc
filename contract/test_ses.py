"""SES: sessions. A refresh token works once, and a second use costs the session its life."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from contract.harness.clocks import Clock
from contract.harness.errors import CouldNotTry, Violation
from contract.harness.evidence import Evidence, redeemed
from contract.harness.exchanges import Answer, Pair, Raw, pair_of
from contract.harness.forgery import signed_by_another, with_another_signature
from contract.harness.judging import clause, hold, refused, twin
from contract.harness.mints import Mint
from contract.harness.tokens import SigningKey, other_key
from contract.harness.trial import Trial

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
    before: tuple[Answer, Answer]
    answer: Answer

    @property
    def trail(self) -> list[Answer]:
        """All that was asked for it."""
        pairs = (self.first, self.bystander, self.second)
        return [*(pair.answer for pair in pairs), *self.before, self.answer]


@pytest.fixture(scope="session")
def replays(trial: Trial) -> Callable[[Mint], Replay]:
    """Replay at an endpoint, once: three clauses look at what comes of it."""
    evidence, service = trial.evidence, trial.service

    @functools.cache
    def replay(mint: Mint) -> Replay:
        first, bystander = evidence.spend(mint), evidence.spend(mint)
        second = evidence.rotate(first)
        before = service.knock(second.access), service.knock(bystander.access)
        return Replay(first, bystander, second, before, service.refresh(first.refresh))

    def looked_at(mint: Mint) -> Replay:
        found = replay(mint)
        service.trail[:] = found.trail
        return found

    return looked_at


@clause("SES-01")
def test_a_refresh_token_works_once(replays: Callable[[Mint], Replay], mint: Mint) -> None:
    """Redeemed once, it is refused with 401 at the second try."""
    asked = "presented a refresh token a second time"
    refused(replays(mint).answer, 401, asked=asked, contract="a refresh token works once")


def ended(evidence: Evidence, newest: Pair, accesses: list[Pair], *, asked: str) -> None:
    """Hold that nothing of a session works: its newest refresh token, nor its access tokens."""
    refused(evidence.service.refresh(newest.refresh), 401,
            asked=f"{asked}, then the session's newest refresh token", contract=ENDED)  # fmt: skip
    for pair in accesses:
        refused(evidence.service.knock(pair.access), 401,
                asked=f"{asked}, then an access token of the session", contract=ENDED)  # fmt: skip


@clause("SES-02")
def test_a_second_use_ends_the_session(
    replays: Callable[[Mint], Replay], evidence: Evidence, mint: Mint
) -> None:
    """Both access tokens, believed before, and the newest refresh token are refused after the replay."""
    replay = replays(mint)
    twin(replay.before[0], what="the rotated access token before the replay")
    asked = "presented a used refresh token again"
    refused(replay.answer, 401, asked=asked, contract=REUSED)
    ended(evidence, replay.second, [replay.second, replay.first], asked=asked)


@clause("SES-03")
@pytest.mark.parametrize(
    ("ancestor", "pause"), [(0, 0), (1, 2)], ids=["grandparent at once", "parent after 2 s"]
)
def test_any_ancestor_ends_the_session(
    evidence: Evidence, clock: Clock, mint: Mint, ancestor: int, pause: int
) -> None:
    """Two rotations on, a used token of any generation ends the session; further replays stay 4xx.

    Where the clock can be set, all of it happens within the second of issue, or with pauses between.
    """
    lineage = [evidence.fresh(mint)]
    for _ in range(2):
        _pause(clock, pause)
        lineage.append(evidence.rotate(lineage[-1]))
    _pause(clock, pause)
    asked = f"presented the used refresh token of generation {ancestor} in the second one"
    refused(evidence.service.refresh(lineage[ancestor].refresh), 401, asked=asked, contract=REUSED)
    ended(evidence, lineage[-1], [], asked=asked)
    if not ancestor:
        again = evidence.service.refresh(lineage[ancestor].refresh)
        hold(400 <= again.status < 500, asked=f"{asked}, and once more", contract="further replays stay 4xx",
             came=f"it answered {again.told}")  # fmt: skip


def _pause(clock: Clock, seconds: int) -> None:
    if seconds and clock.settable:
        clock.set(clock.now() + seconds)


@clause("SES-04")
def test_a_replay_ends_only_its_own_session(
    replays: Callable[[Mint], Replay], evidence: Evidence, mint: Mint
) -> None:
    """Another session of the same identity goes on: its bearer is believed, its refresh token redeemed."""
    replay = replays(mint)
    bystander = replay.bystander
    twin(replay.before[1], what="the other session's bearer before")
    if replay.answer.status < 400:
        raise CouldNotTry("the replay itself was not refused (see SES-01), so nobody was taken for a thief")
    asked = "presented a used refresh token of another session of the same identity"
    contract = "a replay ends the session of the token replayed and no other"
    answer = evidence.service.knock(bystander.access)
    hold(answer.status != 401, asked=f"{asked}, then this session's bearer", contract=contract,
         came=f"it answered {answer.told}")  # fmt: skip
    answer = evidence.service.refresh(bystander.refresh)
    refused(answer, 200, asked=f"{asked}, then this one's refresh token", contract=contract)
    evidence.keep(mint, redeemed(answer))


@clause("SES-05")
def test_of_simultaneous_refreshes_at_most_one_succeeds(trial: Trial, mint: Mint) -> None:
    """Races with one token each: one winner at most, no 5xx, no two live descendants."""
    evidence, idle = trial.evidence, []
    for number in trial.volume.at_once:
        pair = evidence.fresh(mint)
        body = {"refreshToken": pair.refresh}
        answers = trial.racer.race(
            [evidence.service.prepare("POST", "/v1/tokens/refresh", body=body) for _ in range(number)]
        )
        _one_at_most(answers, evidence)
        if sum(answer.status in (200, 401) for answer in answers) < 2:
            idle.append(f"{number} at once ({', '.join(sorted({answer.told for answer in answers}))})")
    if len(idle) == len(trial.volume.at_once):
        raise CouldNotTry(f"no round proved anything, fewer than two were answered: {'; '.join(idle)}")
    if idle:
        trial.note = f"these rounds proved nothing, fewer than two were answered: {'; '.join(idle)}"


def _one_at_most(answers: list[Answer], evidence: Evidence) -> None:
    asked = f"presented one refresh token {len(answers)} times at once"
    broken = [answer.told for answer in answers if answer.status >= 500]
    hold(not broken, asked=asked, contract="none answers 5xx", came=f"{len(broken)} answered {broken[:1]}")
    winners = [pair_of(answer) for answer in answers if answer.status == 200]
    if len(winners) > 1:
        live = sum(evidence.service.refresh(pair.refresh).status == 200 for pair in winners)
        raise Violation(
            f"{asked}; the contract says that at most one succeeds, and that no two live descendants remain; "
            f"{len(winners)} succeeded, and {live} of their descendants live"
        )


SPOILT: dict[str, Any] = {
    "in a list": lambda token: {"refreshToken": [token]},
    "no JSON": lambda token: Raw(('{"refreshToken": "', token, '"')),
}


@clause("SES-06")
@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_request_of_bad_form_uses_nothing_up(evidence: Evidence, mint: Mint, spoil: Any) -> None:
    """Refused for its form, the same token is redeemed by a request of good form."""
    pair = evidence.spend(mint)
    answer = evidence.service.call("POST", "/v1/tokens/refresh", body=spoil(pair.refresh))
    if answer.status == 200:
        evidence.keep(mint, pair_of(answer))
        return
    after = evidence.service.refresh(pair.refresh)
    refused(
        after,
        200,
        asked=f"sent a refresh request that was refused for its form ({answer.told}), then a good one",
        contract="what is refused for its form uses nothing up",
    )
    evidence.keep(mint, redeemed(after))


@clause("SES-07")
def test_tokens_are_not_interchangeable(evidence: Evidence, mint: Mint) -> None:
    """Each of a pair works where it belongs, and is refused where the other one does."""
    pair = evidence.spend(mint)
    twin(evidence.service.knock(pair.access), what="the access token as a bearer")
    refused(evidence.service.knock(pair.refresh), 401, asked="presented a refresh token as a bearer",
            contract="a refresh token opens no door")  # fmt: skip
    refused(evidence.service.refresh(pair.access), 400, 401, asked="presented an access token at refresh",
            contract="an access token refreshes nothing")  # fmt: skip
    evidence.keep(mint, _still_good(evidence, pair, "its access token was"))


def _still_good(evidence: Evidence, pair: Pair, what: str) -> Pair:
    """Redeem the untouched refresh token: the twin of a refusal at refresh."""
    answer = evidence.service.refresh(pair.refresh)
    if answer.status != 200:
        raise CouldNotTry(f"no twin: {what} refused, and so was its live refresh token ({answer.told})")
    return pair_of(answer)


@pytest.fixture(scope="session")
def stranger_key() -> SigningKey:
    """A key that no deployment knows."""
    return other_key()


@clause("SES-08")
def test_a_forged_copy_neither_works_nor_harms(
    evidence: Evidence, mint: Mint, stranger_key: SigningKey
) -> None:
    """The copy is refused, before and after the original was used, and the session goes on."""
    pair = evidence.spend(mint)
    asked, contract = "presented a forged copy of a live refresh token", "a forged copy does not work"
    for copy in (signed_by_another(pair.refresh, stranger_key), with_another_signature(pair.refresh)):
        refused(evidence.service.refresh(copy), 400, 401, asked=asked, contract=contract)
    after = evidence.service.refresh(pair.refresh)
    refused(after, 200, asked=f"{asked}, then the original", contract="a forged copy does no harm")
    newest = redeemed(after)
    copy = signed_by_another(pair.refresh, stranger_key)
    refused(evidence.service.refresh(copy), 400, 401, asked=f"{asked}, which was used since",
            contract=contract)  # fmt: skip
    last = evidence.service.refresh(newest.refresh)
    refused(last, 200, asked=f"{asked}, which was used since, then the newest one",
            contract="a forged copy of a used token is no replay")  # fmt: skip
    evidence.keep(mint, redeemed(last))
