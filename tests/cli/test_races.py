"""A race that proves a fork is a failure, and one that proves nothing is called that."""

import json
from typing import Any

import pytest

from tests.support.command import Check
from tests.support.deployments import Spoil, deployed

RACES = ("--clause", "SES-05", "--endpoint", "path")
Response = tuple[int, dict[str, str], bytes] | None


def limiting(rounds: set[int]) -> Spoil:
    """Let one refresh through in each of `rounds`, counted by the pairs that are minted, and no other."""
    minted = sent = 0

    def spoil(method: str, path: str, status: int, body: bytes) -> Response:
        nonlocal minted, sent
        if (path, status) == ("/v1/tokens/path", 201):
            minted, sent = minted + 1, 0
        if path != "/v1/tokens/refresh":
            return None
        sent += 1
        return (429, {"retry-after": "1"}, b'{"error": "slower"}') if minted in rounds and sent > 1 else None

    return spoil


def test_rounds_that_prove_nothing_are_named_beside_a_pass(check: Check) -> None:
    """One round was turned away; the others were races, and the reason column says which was none."""
    with deployed(limiting({1})) as there:
        said = check(there.url, *RACES, key=there.key)
    assert said.code == 0
    (row,) = said.target["results"]
    assert row["outcome"] == "pass"
    assert row["why"].startswith("these rounds proved nothing, fewer than two were answered: 25 at once (")
    assert row["why"].count("at once") == 1
    assert f"SES-05 at path passed, but: {row['why']}" in said.out


@pytest.mark.proof
def test_where_no_round_proves_anything_there_is_no_verdict(check: Check) -> None:
    """A rate limit that turns every race away leaves the clause untried, and never a pass."""
    with deployed(limiting({1, 2, 3, 4})) as there:
        said = check(there.url, *RACES, key=there.key)
    assert said.code == 2
    assert said.outcomes("SES-05") == {"path": "error"}
    (why,) = said.whys("error")
    assert why.startswith("no round proved anything")
    assert why.count("at once") == 4


def test_a_token_that_works_again_once_its_losers_may_come_again_is_a_failure(check: Check) -> None:
    """The first race turns all losers away, and the token gives a second pair after it."""
    number = 25  # requests in the first race
    given: list[bytes] = []
    sent = 0

    def forking(method: str, path: str, status: int, body: bytes) -> Response:
        nonlocal sent
        if path != "/v1/tokens/refresh":
            return None
        sent += 1
        if status == 200:
            given.append(body)
            return None
        return (429, {"retry-after": "1"}, b'{"error": "slower"}') if sent <= number else (200, {}, given[0])

    with deployed(forking) as there:
        said = check(there.url, *RACES, key=there.key)
    assert said.code == 1
    (why,) = said.whys("fail")
    assert "presented one refresh token 25 times at once" in why
    assert "2 succeeded" in why


def test_a_fork_is_told_with_what_lives_of_it(check: Check) -> None:
    """A service that answers every refresh with the same new pair forks each session that is raced for."""
    given: list[bytes] = []

    def forking(method: str, path: str, status: int, body: bytes) -> Response:
        if (path, status) == ("/v1/tokens/path", 201):
            given.clear()
        if path != "/v1/tokens/refresh":
            return None
        if status == 200:
            given.append(body)
        return (200, {}, given[-1]) if given else None

    with deployed(forking) as there:
        said = check(there.url, *RACES, key=there.key)
    assert said.code == 1
    (why,) = said.whys("fail")
    assert "presented one refresh token 25 times at once" in why
    assert "25 succeeded, and 25 of their refresh tokens work" in why


def test_a_race_that_breaks_the_service_is_a_failure(check: Check) -> None:
    """None answers 5xx: a lock that times out is a session that the host loses."""
    seen: list[Any] = []

    def locked(method: str, path: str, answered: int, body: bytes) -> Response:
        if path == "/v1/tokens/refresh" and answered == 401 and not seen:
            seen.append(answered)
            return 500, {}, json.dumps({"error": "database is locked", "code": "busy"}).encode()
        return None

    with deployed(locked) as there:
        said = check(there.url, *RACES, key=there.key)
    assert said.code == 1
    (why,) = said.whys("fail")
    assert "1 answered ['500 (busy)']" in why
