"""SES: sessions. A refresh token works once; a replay, the use of a used one, ends the whole session."""

from typing import Any

import pytest

from contract.harness.checks import (
    BUSY,
    Leftovers,
    Rounds,
    clause,
    long_lived,
    over_time,
    positive_control,
    renewed,
    require,
    require_no_failure,
    require_status,
    still_live,
)
from contract.harness.client import ENDED_EARLY, Pair, Race, Raw, Response, TokenPairs, pair_of, redeemed
from contract.harness.errors import Blocked, CouldNotTry, Violation
from contract.harness.jose import SigningKey, other_key, signed_by_another, with_another_signature
from contract.harness.run import TargetSession
from contract.harness.spec import (
    ACCESS_TTL,
    AUDIENCE,
    DAY,
    NAMED,
    REFRESH_TTL_FIELD,
    SHAPED,
    MintEndpoint,
    routes,
)
from contract.harness.targets import Clock

ENDED = "a replay ends the whole session"


@clause("SES-01")
def test_a_refresh_token_works_once(token_pairs: TokenPairs, clock: Clock, mint: MintEndpoint) -> None:
    """Used once, it is refused with 401 for as long as it could have lived."""

    def used() -> Pair:
        pair = long_lived(token_pairs, mint)
        renewed(token_pairs, pair)
        return pair

    for when, pair in over_time(clock, used):
        require_status(
            token_pairs.service.refresh(pair.refresh),
            401,
            sent=f"presented a used refresh token again, {when}",
            requires="a refresh token works once",
        )


@clause("SES-02")
def test_a_replay_ends_the_session(token_pairs: TokenPairs, clock: Clock, mint: MintEndpoint) -> None:
    """After a replay both access tokens, accepted before, and the newest refresh token are refused.

    Where the clock can be set, the session that is replayed later is renewed once more just before.
    """
    service = token_pairs.service

    def used() -> tuple[Pair, Pair]:
        first = long_lived(token_pairs, mint)
        return first, renewed(token_pairs, first)

    for when, (first, second) in over_time(clock, used):
        at_once = when == "at once"
        newest = second if at_once else _renewed_later(token_pairs, second)
        positive_control(
            service.present_bearer(newest.access), what="the newest access token", unless="JWKS-08"
        )
        service.refresh(first.refresh)
        left = Leftovers(token_pairs, sent=f"presented a used refresh token again, {when}", requires=ENDED)
        left.not_accepted(newest, anew=True)
        if at_once:
            left.not_accepted(first, what="the first access token")
        left.refused(newest)


def _renewed_later(token_pairs: TokenPairs, pair: Pair) -> Pair:
    """Return the pair of a refresh that comes late, but in time; raises `Blocked` if it is refused."""
    response = token_pairs.service.refresh(pair.refresh)
    if response.status != 200:
        raise Blocked(ENDED_EARLY, f"a refresh in time, though late, was answered {response.summary}")
    return pair_of(response)


# How often a session was refreshed, with what pauses in seconds, and which of its tokens is replayed.
GENERATIONS = {"the oldest of six within one second": (6, 0, 0), "the newest after 2 s": (2, 2, 1)}


@clause("SES-03")
@pytest.mark.parametrize(("number", "pause", "used"), GENERATIONS.values(), ids=GENERATIONS)
def test_a_replay_of_any_generation_ends_the_session(
    token_pairs: TokenPairs, clock: Clock, mint: MintEndpoint, number: int, pause: int, used: int
) -> None:
    """A used token of any generation ends the session; further replays get a 4xx.

    Where the clock can be set, the refreshes come within one second or with pauses between them.
    """
    service = token_pairs.service

    def lineage() -> list[Pair]:
        pairs = [long_lived(token_pairs, mint)]
        for _ in range(number):
            _pause(clock, pause)
            pairs.append(renewed(token_pairs, pairs[-1]))
        return pairs

    for when, pairs in over_time(clock, lineage):
        _pause(clock, pause)
        sent = f"refreshed {number} times, then presented refresh token {used + 1} again, {when}"
        service.refresh(pairs[used].refresh)
        Leftovers(token_pairs, sent=sent, requires=ENDED).refused(pairs[-1], anew=True)
        again = service.refresh(pairs[used].refresh)
        require(
            400 <= again.status < 500,
            sent=f"{sent}, and once more",
            requires="further replays get a 4xx",
            got=f"it answered {again.summary}",
        )


MANY_REFRESHES = 120
"""Refreshes after which a replay must still be seen: more than a cache of used tokens may hold."""


@clause("SES-03")
@pytest.mark.parametrize("mint", SHAPED["identity"], ids=str)
def test_a_replay_is_seen_after_many_refreshes(
    session: TargetSession, token_pairs: TokenPairs, mint: MintEndpoint
) -> None:
    """The first refresh token of a session that was refreshed many times ends it."""
    if session.leaves_out(f"a replay after {MANY_REFRESHES} refreshes was not tried"):
        return
    first = newest = long_lived(token_pairs, mint)
    for _ in range(MANY_REFRESHES):
        newest = renewed(token_pairs, newest)
    sent = f"refreshed {MANY_REFRESHES} times, then presented the first refresh token again"
    again = token_pairs.service.refresh(first.refresh)
    require_status(again, 401, 400, 404, sent=sent, requires="a refresh token works once")
    Leftovers(token_pairs, sent=sent, requires=ENDED).refused(newest, anew=True)


def _pause(clock: Clock, seconds: int) -> None:
    if seconds and clock.settable:
        clock.set(clock.now() + seconds)


@clause("SES-04")
@pytest.mark.parametrize("presented", ["used", "revoked"])
def test_a_refused_token_ends_no_other_session(
    token_pairs: TokenPairs, mint: MintEndpoint, presented: str
) -> None:
    """When a used or revoked token was presented, another session of the same identity continues."""
    service = token_pairs.service
    theirs, ours = token_pairs.fresh(mint), token_pairs.fresh(mint)
    positive_control(
        service.present_bearer(ours.access), what="the access token of the other session", unless="JWKS-08"
    )
    if presented == "used":
        renewed(token_pairs, theirs)
    else:
        response = service.revoke(token_pairs.own_org.org_key, sessionId=str(theirs.refresh.claims["sid"]))
        if response.status != 204:
            raise Blocked("REV-01", f"a revocation by session was answered {response.summary}")
    refusal = service.refresh(theirs.refresh)
    if refusal.status < 400:
        by = "SES-01" if presented == "used" else "REV-01"
        raise Blocked(by, f"a {presented} refresh token was accepted ({refusal.summary})")
    sent = f"presented a {presented} refresh token of another session of the same identity"
    token_pairs.keep(mint, _goes_on(token_pairs, ours, sent=sent, requires="it ends no other session"))


def _goes_on(token_pairs: TokenPairs, pair: Pair, *, sent: str, requires: str) -> Pair:
    """Hold that both tokens of `pair` still work; return the pair that its refresh gives."""
    response = token_pairs.service.present_bearer(pair.access)
    require(
        response.status != 401,
        sent=f"{sent}, then this session's access token as a bearer",
        requires=requires,
        got=f"it answered {response.summary}",
    )
    response = token_pairs.service.refresh(pair.refresh)
    require_status(
        response, 200, sent=f"{sent}, then this session's refresh token for a refresh", requires=requires
    )
    return redeemed(response)


@clause("SES-04")
@pytest.mark.parametrize("mint", NAMED, ids=str)
def test_a_mint_ends_no_other_session(session: TargetSession, mint: MintEndpoint) -> None:
    """A session continues when many more were minted for its subject; no two have one `sid`."""
    token_pairs, number = session.token_pairs, session.volume.mints
    first = token_pairs.fresh(mint)
    positive_control(
        token_pairs.service.present_bearer(first.access), what="the first access token", unless="JWKS-08"
    )
    sids = {str(first.refresh.claims["sid"])}
    for count in range(1, number + 1):
        sids.add(str(token_pairs.fresh(mint).refresh.claims["sid"]))
        require(
            len(sids) == count + 1,
            sent=f"minted {count + 1} sessions for one subject",
            requires="each has a sid of its own",
            got=f"they have {len(sids)} sids",
        )
    sent = f"minted {number} more sessions for the same subject"
    token_pairs.keep(mint, _goes_on(token_pairs, first, sent=sent, requires="a mint ends no session"))


@clause("SES-04")
@pytest.mark.parametrize("mint", NAMED, ids=str)
def test_the_same_request_begins_a_session_of_its_own(session: TargetSession, mint: MintEndpoint) -> None:
    """A second mint with the same body, whatever it names, is another session; the first one goes on."""
    if session.leaves_out("whether the same request begins another session"):
        return
    token_pairs = session.token_pairs
    fields = {**mint.fewer, "audience": AUDIENCE, REFRESH_TTL_FIELD: DAY, "expiresIn": ACCESS_TTL // 2}
    first, second = token_pairs.fresh(mint, **fields), token_pairs.fresh(mint, **fields)
    sent = "minted twice for one subject, with the same scopes, audience and lifetimes"
    require(
        first.refresh.claims["sid"] != second.refresh.claims["sid"],
        sent=sent,
        requires="each has a sid of its own",
        got="they have the same sid",
    )
    _goes_on(token_pairs, first, sent=f"{sent}, and presented the first", requires="a mint ends no session")
    _goes_on(token_pairs, second, sent=f"{sent}, and presented both", requires="each goes on by itself")


BUSY_ROUNDS = 3
"""How often two mints are sent at the same time to a service that is too busy for one of them."""


@clause("SES-04")
def test_sessions_minted_at_the_same_moment_are_two(session: TargetSession, mint: MintEndpoint) -> None:
    """Two mints that are sent at the same time begin two sessions, each as it was requested."""
    own_org, service, key = session.own_org, session.service, session.own_org.key_for(mint)
    ttls = (1800, 5400)
    bodies = [own_org.mint_body(mint, {REFRESH_TTL_FIELD: ttl}) for ttl in ttls]
    for _ in range(BUSY_ROUNDS):
        race = session.racer.race([service.prepare("POST", mint.path, body=body, key=key) for body in bodies])
        if not any(response.turned_away for response in race.responses):
            break
    made = [response for response in race.responses if response.status == 201]
    if len(made) < 2:
        answers = ", ".join(response.summary for response in race.responses)
        raise CouldNotTry(f"two mints at the same time were answered {answers}, so there are no two sessions")
    sids = {pair_of(response).refresh.claims["sid"] for response in made}
    require(
        len(sids) == 2,
        sent="sent two mints for one subject at the same time",
        requires="sessions minted at the same moment have different sids",
        got="both have the same sid",
    )
    lives = [pair_of(response).refresh.lifetime for response in race.responses]
    require(
        all(life == own or life not in ttls for life, own in zip(lives, ttls, strict=True)),
        sent=f"sent two mints at the same time, one for {ttls[0]} s and one for {ttls[1]} s",
        requires="each is answered as it was requested",
        got=f"the refresh tokens live {lives[0]} s and {lives[1]} s",
    )


@clause("SES-05")
@pytest.mark.parametrize("mint", NAMED, ids=str)
def test_of_concurrent_refreshes_at_most_one_succeeds(session: TargetSession, mint: MintEndpoint) -> None:
    """Of many refreshes with one token at most one succeeds, and none gets a 5xx without `Retry-After`."""
    idle = []
    for number in session.volume.at_once:
        race, decided = _refreshed_at_once(session, mint, number)
        if decided < 2:
            answers = ", ".join(sorted({response.summary for response in race.responses}))
            idle.append(f"{number} at once ({answers})")
    if len(idle) == len(session.volume.at_once):
        raise CouldNotTry(f"no round proved anything, fewer than two were answered: {'; '.join(idle)}")
    if idle:
        session.note = f"these rounds proved nothing, fewer than two were answered: {'; '.join(idle)}"


@clause("SES-05")
def test_of_staggered_refreshes_at_most_one_succeeds(session: TargetSession, mint: MintEndpoint) -> None:
    """Two refreshes with one token, the second a moment later each time: at most one succeeds."""
    rounds = Rounds(session.racer, session.volume, mint, kind="two refreshes")
    for stagger in rounds:
        race, decided = _refreshed_at_once(session, mint, 2, stagger)
        rounds.count(race, decided=decided == 2)
    session.note = rounds.note()


TURNED_AWAY = frozenset({429, 503})
"""Answers to a refresh that decide nothing: it may come again."""


def _refreshed_at_once(
    session: TargetSession, mint: MintEndpoint, number: int, stagger: int = 0
) -> tuple[Race, int]:
    """Present one refresh token `number` times at once, and hold what the contract says of that.

    Returns how many of the requests were decided. Where one succeeded and all others were turned away (it was
    under way, or there were too many), the token is presented once more when they may come again.
    """
    service, pair = session.service, session.token_pairs.fresh(mint)
    body = {"refreshToken": pair.refresh}
    race = session.racer.race(
        [service.prepare("POST", routes.REFRESH, body=body) for _ in range(number)], stagger
    )
    sent = f"presented one refresh token {number} times at once"
    require_no_failure(race.responses, sent=sent)
    winners = [pair_of(response) for response in race.responses if response.status == 200]
    decided = sum(response.status not in TURNED_AWAY for response in race.responses)
    if winners and decided < 2:
        # A race of one waits as long as the losers were asked to, and is sent once, whatever comes back.
        (again,) = session.racer.race([service.prepare("POST", routes.REFRESH, body=body)]).responses
        winners += [pair_of(again)] if again.status == 200 else []
        decided += again.status not in TURNED_AWAY
    if len(winners) > 1:
        live = sum(service.refresh(pair.refresh).status == 200 for pair in winners)
        raise Violation(
            f"{sent}; the contract says that at most one succeeds, and that no two live pairs remain; "
            f"{len(winners)} succeeded, and {live} of their refresh tokens work"
        )
    return race, decided


@clause("SES-05")
def test_no_refresh_escapes_a_replay(session: TargetSession, mint: MintEndpoint) -> None:
    """A replay and a refresh with the newest token at once: after the replay's answer nothing works."""
    token_pairs, service = session.token_pairs, session.service
    rounds = Rounds(session.racer, session.volume, mint, kind="refresh and replay")
    for stagger in rounds:
        first = token_pairs.fresh(mint)
        second = renewed(token_pairs, first)
        tokens = rounds.ordered({"replay": first.refresh, "refresh": second.refresh})
        bodies = [{"refreshToken": token} for token in tokens.values()]
        race = session.racer.race(
            [service.prepare("POST", routes.REFRESH, body=body) for body in bodies], stagger
        )
        answers = dict(zip(tokens, race.responses, strict=True))
        sent = "presented a used refresh token and the newest one of its session at the same time"
        require_no_failure(race.responses, sent=sent)
        decided = answers["replay"].status not in BUSY
        rounds.count(race, decided=decided)
        if decided:
            newest = pair_of(answers["refresh"]) if answers["refresh"].status == 200 else second
            try:
                _ended(token_pairs, newest, sent=sent)
            except Violation:
                _see_a_replay_alone(token_pairs, mint)
                raise
    session.note = rounds.note()


def _ended(token_pairs: TokenPairs, newest: Pair, *, sent: str) -> None:
    left = Leftovers(token_pairs, sent=sent, requires=f"{ENDED}, once it has been answered")
    left.not_accepted(newest)
    left.refused(newest, 400, 401)


def _see_a_replay_alone(token_pairs: TokenPairs, mint: MintEndpoint) -> None:
    """Raise `Blocked` if a replay ends nothing when no other request is under way either.

    The refresh may have been decided before the replay: then the replayed token is not the last one used.
    """
    for refreshes, promised_by in ((1, "SES-02"), (2, ("SES-03", "SES-02"))):
        first = newest = token_pairs.fresh(mint)
        for _ in range(refreshes):
            newest = renewed(token_pairs, newest)
        token_pairs.service.refresh(first.refresh)
        try:
            _ended(token_pairs, newest, sent="presented a used refresh token again")
        except Violation as violation:
            raise Blocked(
                promised_by, f"a replay ends no session, without a race either: {violation}"
            ) from None


SPOILT: dict[str, Any] = {
    "in a list": lambda token: {"refreshToken": [token]},
    "no JSON": lambda token: Raw(('{"refreshToken": "', token, '"')),
}


@clause("SES-06")
@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_malformed_refresh_uses_no_token_up(
    token_pairs: TokenPairs, mint: MintEndpoint, spoil: Any
) -> None:
    """After a refresh that was refused because it is malformed, a correct one with that token succeeds."""

    def twice(pair: Pair) -> Response:
        """Send a malformed request, then a correct one unless the first was accepted."""
        malformed = token_pairs.service.call("POST", routes.REFRESH, body=spoil(pair.refresh))
        return malformed if malformed.status == 200 else token_pairs.service.refresh(pair.refresh)

    _, after = token_pairs.attempt(mint, twice)
    require_status(
        after,
        200,
        sent="sent a malformed refresh request, which was refused, then a correct one",
        requires="a request that is refused because it is malformed uses no token up",
    )
    token_pairs.keep(mint, redeemed(after))


@clause("SES-07")
def test_token_types_are_not_interchangeable(token_pairs: TokenPairs, mint: MintEndpoint) -> None:
    """Each token of a pair is accepted for its own purpose, and refused for that of the other."""
    pair = token_pairs.spend(mint)
    positive_control(
        token_pairs.service.present_bearer(pair.access),
        what="the access token as a bearer",
        unless=("JWKS-08", "SES-04"),
    )
    require_status(
        token_pairs.service.present_bearer(pair.refresh),
        401,
        sent="presented a refresh token as a bearer",
        requires="a refresh token is no bearer",
    )
    require_status(
        token_pairs.service.refresh(pair.access),
        400,
        401,
        sent="presented an access token for a refresh",
        requires="an access token yields no tokens",
    )
    response = token_pairs.service.refresh(pair.refresh)
    what = "the refresh token beside an access token that was refused at refresh"
    token_pairs.keep(mint, still_live(response, what=what, unless=ENDED_EARLY))


@pytest.fixture(scope="session")
def unknown_key() -> SigningKey:
    """A key that no deployment knows."""
    return other_key()


@clause("SES-08")
def test_a_forged_copy_has_no_effect(
    token_pairs: TokenPairs, mint: MintEndpoint, unknown_key: SigningKey
) -> None:
    """The copy is refused, before and after the original was used, and the session continues."""
    pair = token_pairs.fresh(mint)
    sent, requires = "presented a forged copy of a live refresh token", "a forged copy is refused"
    for copy in (signed_by_another(pair.refresh, unknown_key), with_another_signature(pair.refresh)):
        require_status(token_pairs.service.refresh(copy), 400, 401, sent=sent, requires=requires)
    after = token_pairs.service.refresh(pair.refresh)
    require_status(after, 200, sent=f"{sent}, then the original", requires="a forged copy does no harm")
    newest = redeemed(after)
    sent = "presented a forged copy of a used refresh token"
    copy = signed_by_another(pair.refresh, unknown_key)
    require_status(token_pairs.service.refresh(copy), 400, 401, sent=sent, requires=requires)
    last = token_pairs.service.refresh(newest.refresh)
    require_status(
        last,
        200,
        sent=f"{sent}, then the newest refresh token of the session",
        requires="a forged copy of a used token is no replay",
    )
    token_pairs.keep(mint, redeemed(last))


@clause("SES-09")
def test_the_scheme_bearer_is_case_insensitive(token_pairs: TokenPairs, mint: MintEndpoint) -> None:
    """An access token that is accepted after `Bearer` is accepted after other spellings of that word."""
    pair = token_pairs.spend(mint)
    token_pairs.keep(mint, pair)
    positive_control(
        token_pairs.service.present_bearer(pair.access),
        what="the access token after Bearer",
        unless=("JWKS-08", "SES-04"),
    )
    for scheme in ("bearer", "BEARER", "bEaReR"):
        response = token_pairs.service.present_bearer(pair.access, scheme)
        require(
            response.status != 401 and response.status < 500,
            sent=f"presented an access token as a bearer with the scheme {scheme!r}",
            requires="the scheme is case-insensitive",
            got=f"it answered {response.summary}",
        )
