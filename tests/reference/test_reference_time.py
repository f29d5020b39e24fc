"""Time: what holds at once holds for as long as a token could live."""

from typing import Any

import pytest

from tests.reference.conftest import Opening
from tests.reference.test_reference_revoking import is_dead, revoke
from tests.reference.world import ENDPOINTS, World, admin_claims, claims, environment, own, signed

CAP, DAY, HOUR = 7776000, 86400, 3600
endpoints = pytest.mark.parametrize("endpoint", ENDPOINTS)


@endpoints
@pytest.mark.parametrize("asked", [60, 900, None, 7200], ids=str)
def test_a_rotated_access_token_lives_an_hour(world: World, endpoint: str, asked: int | None) -> None:
    """Whatever the mint had asked, and it is good to its own `exp`, two hours after the mint too."""
    pair = world.pair(endpoint, expiresIn=asked, refreshTokenTtlSeconds=CAP)
    world.now += 2 * HOUR
    for _ in range(2):
        pair = world.rotated(pair)
        access = claims(pair["accessToken"])
        assert access["exp"] - access["iat"] == HOUR
        world.now = access["exp"] - 1
        assert world.bearer(pair["accessToken"]).status_code != 401


@endpoints
def test_a_short_session_does_not_shorten_its_access_token(world: World, endpoint: str) -> None:
    """A refresh TTL of a minute: the bearer is good for its hour."""
    pair = world.pair(endpoint, refreshTokenTtlSeconds=60)
    world.now = claims(pair["accessToken"])["exp"] - 1
    assert world.bearer(pair["accessToken"]).status_code != 401
    assert world.introspect(pair["refreshToken"]) is None


@endpoints
@pytest.mark.parametrize("kind", ["accessToken", "refreshToken"])
def test_introspection_shows_a_token_to_its_last_second(world: World, endpoint: str, kind: str) -> None:
    """Its own claims until `exp`, a refresh token's when its access token has ended; null 60 s after."""
    token = world.pair(endpoint, refreshTokenTtlSeconds=CAP)[kind]
    end = claims(token)["exp"]
    for moment in (world.now, end - HOUR / 2, end - 1, end - 0.001):
        world.now = moment
        assert world.introspect(token) == claims(token)
    for late in (60, 61, DAY, 10 * CAP):
        world.now = end + late
        assert world.introspect(token) is None


@endpoints
@pytest.mark.parametrize(
    "later", [0, 2 * HOUR, 25 * HOUR, CAP - 60], ids=["at-once", "2h", "25h", "last-minute"]
)
def test_a_used_token_is_remembered(world: World, endpoint: str, later: float) -> None:
    """Presented as long after as it could have lived, it is refused and ends the session."""
    used = world.pair(endpoint, refreshTokenTtlSeconds=CAP)
    newest = world.rotated(used)
    world.now += later
    assert world.introspect(used["refreshToken"]) is None
    assert world.introspect(newest["refreshToken"]) == claims(newest["refreshToken"])
    assert world.refresh(used["refreshToken"]).status_code == 401
    assert is_dead(world, newest)


@endpoints
@pytest.mark.parametrize("field", ["sessionId", "tokenId", "identityId"])
@pytest.mark.parametrize("later", [2 * HOUR, 25 * HOUR], ids=["2h", "25h"])
def test_a_session_is_revoked_at_any_age(world: World, endpoint: str, field: str, later: float) -> None:
    """After its access tokens have ended too; and it stays so to the last minute of its life."""
    pair = world.pair(endpoint, refreshTokenTtlSeconds=CAP)
    world.now += later
    name = {"sessionId": "sid", "tokenId": "jti", "identityId": "sub"}[field]
    assert revoke(world, **{field: claims(pair["refreshToken"])[name]}) == (204, None)
    assert is_dead(world, pair)
    for moment in (world.now + 25 * HOUR, claims(pair["refreshToken"])["exp"] - 60):
        world.now = moment
        assert is_dead(world, pair)


@endpoints
@pytest.mark.parametrize("year", [2147483648, 4102444800], ids=["2038", "2100"])
def test_a_session_is_renewed_across_the_ends_of_calendars(opened: Opening, endpoint: str, year: int) -> None:
    """2038-01-19 and 2100-01-01 are days like any other."""
    world = opened(environment())
    world.now = year - 60.5
    pair = world.pair(endpoint, refreshTokenTtlSeconds=CAP)
    world.now = year + 60.5
    pair = world.rotated(pair)
    said = claims(pair["refreshToken"])
    assert (said["iat"], said["exp"]) == (year + 60, year + 60 + CAP)
    assert world.bearer(pair["accessToken"]).status_code != 401


@pytest.mark.parametrize(
    "change", [{"iat": DAY}, {"exp": 1e300}, {"exp": 1e10}, {"iat": 1e300}, {"nbf": DAY}], ids=str
)
def test_a_bearer_of_impossible_times_is_refused(world: World, change: dict[str, Any]) -> None:
    """Issued a day in the future, or with times that are no whole seconds."""
    moved = {name: value + int(world.now) if value == DAY else value for name, value in change.items()}
    assert world.bearer(own(world)).status_code != 401
    assert world.bearer(own(world, exp=int(world.now) + 2 * DAY)).status_code != 401
    assert world.bearer(own(world, **({"exp": int(world.now) + 2 * DAY} | moved))).status_code == 401


def test_a_bearer_without_kid_is_refused(world: World) -> None:
    """Nothing names its key, though there is only one."""
    assert world.bearer(signed(admin_claims(), {})).status_code == 401
    assert world.bearer(own(world, {"kid": ""})).status_code == 401
