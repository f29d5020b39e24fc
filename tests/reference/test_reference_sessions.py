"""Sessions: what a refresh keeps, whom it refuses, and what theft ends."""

from typing import Any

import pytest

from tests.reference.conftest import Opening
from tests.reference.world import ENDPOINTS, START, World, claims, key, resigned

NOW = int(START)
CAP = 7776000
endpoints = pytest.mark.parametrize("endpoint", ENDPOINTS)


def code(answer: Any) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["code"]


@endpoints
@pytest.mark.parametrize("asked", [3600, CAP, None], ids=["hour", "cap", "unasked"])
def test_five_rotations_are_all_alike(world: World, endpoint: str, asked: int | None) -> None:
    """TTL, mark, claims, class and scopes stay; only times and `jti` are new."""
    first = pair = world.pair(endpoint, refreshTokenTtlSeconds=asked)
    for _ in range(5):
        world.now += 60
        pair = world.rotated(pair)
    fresh = ("iat", "exp", "jti")
    for kind in ("accessToken", "refreshToken"):
        before, after = claims(first[kind]), claims(pair[kind])
        assert {k: v for k, v in after.items() if k not in fresh} == {
            k: v for k, v in before.items() if k not in fresh
        }
        assert after["exp"] - after["iat"] == before["exp"] - before["iat"]
        assert (after["iat"], after["jti"] == before["jti"]) == (NOW + 300, False)
        assert pair[kind].split("eyJ")[0] == first[kind].split("eyJ")[0]
    assert pair.keys() == {
        "accessToken", "refreshToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", "tokenType"
    }  # fmt: skip


@endpoints
@pytest.mark.parametrize(
    ("mark", "life", "kept"),
    [("7776001", CAP, str(CAP)), ("9" * 30, CAP, str(CAP)), ("9" * 5000, CAP, str(CAP)), ("60", 60, "60"),
     ("0", 86400, None), ("-60", 86400, None), ("060", 86400, None), ("60.0", 86400, None),
     ("6e1", 86400, None), ("", 86400, None), (" 60", 86400, None), ("60\n", 86400, None), ("٦٠",
      86400, None),
     (60, 86400, None), (None, 86400, None), (True, 86400, None), (["60"], 86400, None)],
    ids=["above", "30-digits", "5000-digits", "60", "zero", "negative", "leading-zero", "fraction",
     "exponent",
         "empty", "space", "newline", "arabic", "number", "null", "true", "list"],
)  # fmt: skip
def test_a_mark_is_read_again_at_rotation(
    world: World, endpoint: str, mark: Any, life: int, kept: str | None
) -> None:
    """The cap is applied again and corrects the mark; what is no positive decimal gives an unmarked 24 h."""
    token = world.pair(endpoint, refreshTokenTtlSeconds=3600)["refreshToken"]
    meta = claims(token)["meta"] | {"refreshTokenTtl": mark}
    pair = world.rotated({"refreshToken": resigned(token, meta=meta)})
    access, refresh = claims(pair["accessToken"]), claims(pair["refreshToken"])
    assert refresh["exp"] - refresh["iat"] == life
    assert refresh.get("meta", {}).get("refreshTokenTtl") == kept
    assert access.get("meta", {}).get("refreshTokenTtl") == kept


@endpoints
def test_nothing_in_the_request_changes_what_is_rotated(world: World, endpoint: str) -> None:
    """TTL, scopes and audience are those of the session, whatever the caller asks for."""
    first = world.pair(endpoint, refreshTokenTtlSeconds=60)
    greedy = {"refreshTokenTtlSeconds": CAP, "scopes": ["*:*:*"], "audience": ["cloud"], "expiresIn": 9**9}
    pair = world.refresh(first["refreshToken"], **greedy).json()
    before, after = claims(first["accessToken"]), claims(pair["accessToken"])
    refresh = claims(pair["refreshToken"])
    assert refresh["exp"] - refresh["iat"] == 60
    assert (after["scopes"], after["aud"], after["exp"]) == (before["scopes"], before["aud"], before["exp"])


def test_scopes_come_from_the_grant_and_not_from_the_token(world: World) -> None:
    """A validly signed copy can't widen a session."""
    first = world.pair("path")
    greedy = resigned(first["refreshToken"], scopes=["*:*:*:*"], org="org_two", sub="agent_x")
    after = claims(world.rotated({"refreshToken": greedy})["accessToken"])
    before = claims(first["accessToken"])
    assert [after[k] for k in ("scopes", "org", "sub")] == [before[k] for k in ("scopes", "org", "sub")]


@endpoints
def test_a_host_that_renews_in_time_renews_for_five_years(world: World, endpoint: str) -> None:
    """Sliding, without an absolute end."""
    pair = world.pair(endpoint, refreshTokenTtlSeconds=CAP)
    for _ in range(21):
        world.now = claims(pair["refreshToken"])["exp"] - 60
        pair = world.rotated(pair)
    assert claims(pair["refreshToken"])["exp"] == int(world.now) + CAP


@pytest.mark.parametrize(
    ("late", "status"), [(-1, 200), (29, 200), (60, 401), (10**7, 401)],
    ids=["last-second", "within-skew", "a-minute-late", "months-late"],
)  # fmt: skip
def test_a_refresh_token_is_good_until_its_expiry(world: World, late: int, status: int) -> None:
    """Good to the last second, refused from `exp` + 60 s on."""
    token = world.pair("identity", refreshTokenTtlSeconds=3600)["refreshToken"]
    world.now = claims(token)["exp"] + late
    assert world.refresh(token).status_code == status


@pytest.mark.parametrize("late", [0, 45, 86400], ids=["at", "after", "long-after"])
@pytest.mark.parametrize("endpoint", ["path", "workspace-path"])
def test_after_its_horizon_a_delegation_is_over(world: World, endpoint: str, late: int) -> None:
    """Every `exp` stays within it, the mark stays as asked,
    and afterwards it is 401 `delegation_expired`."""
    pair = world.pair(endpoint, refreshTokenTtlSeconds=CAP, delegationNotAfter=NOW + 7200)
    world.now += 600
    pair = world.rotated(pair)
    assert claims(pair["refreshToken"])["exp"] == NOW + 7200
    assert claims(pair["refreshToken"])["meta"]["refreshTokenTtl"] == str(CAP)
    world.now = NOW + 7200 + late
    assert code(world.refresh(pair["refreshToken"])) == (401, "delegation_expired")


@endpoints
@pytest.mark.parametrize("ancestor", [0, 1, 2], ids=["first", "second", "third"])
def test_a_used_token_ends_its_session_and_no_other(world: World, endpoint: str, ancestor: int) -> None:
    """Any ancestor will do, within the same second too; further replays stay 401."""
    pairs, other = [world.pair(endpoint)], world.pair(endpoint)
    for _ in range(3):
        pairs.append(world.rotated(pairs[-1]))
    assert world.bearer(pairs[-1]["accessToken"]).status_code != 401
    assert world.refresh(pairs[ancestor]["refreshToken"]).status_code == 401
    assert {world.refresh(pair["refreshToken"]).status_code for pair in pairs} == {401}
    assert {world.bearer(pair["accessToken"]).status_code for pair in pairs} == {401}
    assert world.introspect(pairs[-1]["accessToken"]) is None
    assert world.refresh(other["refreshToken"]).status_code == 200


def test_sessions_of_one_identity_are_apart(world: World) -> None:
    """A theft from one session leaves the others of the same identity alone."""
    identity = world.identity()
    robbed, other = (world.pair("identity", identityId=identity) for _ in range(2))
    world.rotated(robbed)
    assert world.refresh(robbed["refreshToken"]).status_code == 401
    assert world.bearer(other["accessToken"]).status_code != 401
    assert world.refresh(other["refreshToken"]).status_code == 200


@pytest.mark.parametrize(
    "content",
    [b"", b"null", b"[%s]", b'"%s"', b'{"refreshToken": ["%s"]}', b'{"refreshToken": {"a": "%s"}}',
     b'{"refreshtoken": "%s"}', b'{"refreshToken": "%s"', b'{"refreshToken": "%s"} x',
     b'{"refreshToken": " "}',
     b'{"refreshToken": null}', b'{"refreshToken": "\\ud800%s"}', b"[" * 9000],
    ids=["empty", "null", "list", "text", "token-in-list", "token-in-object", "other-case", "unfinished",
         "more-behind", "blank", "null-token", "surrogate", "deep"],
)  # fmt: skip
def test_what_is_refused_for_its_form_uses_nothing_up(world: World, content: bytes) -> None:
    """400, and the token is as good as before."""
    token = world.pair("identity")["refreshToken"]
    spoiled = content.replace(b"%s", token.encode())
    assert code(world.http.post("/v1/tokens/refresh", content=spoiled)) == (400, "invalid_request")
    assert world.refresh(token).status_code == 200


@endpoints
def test_a_forged_copy_neither_works_nor_harms(world: World, endpoint: str) -> None:
    """Its `jti` with another signature is refused, and the session goes on."""
    token = world.pair(endpoint)["refreshToken"]
    assert code(world.refresh(resigned(token, by=key(1)))) == (401, "invalid_token")
    assert world.refresh(token).status_code == 200


@endpoints
def test_tokens_are_not_interchangeable(world: World, endpoint: str) -> None:
    """A refresh token opens no door, an access token refreshes nothing."""
    pair = world.pair(endpoint)
    assert code(world.bearer(pair["refreshToken"])) == (401, "invalid_token")
    assert code(world.refresh(pair["accessToken"])) == (401, "invalid_token")
    assert world.refresh(pair["refreshToken"]).status_code == 200


@pytest.mark.parametrize(
    "change",
    [{"jti": "tok_never"}, {"sid": "sess_never"}, {"aud": ["cloud"]}, {"aud": "relayauth"}, {"exp": None},
     {"token_type": "access"}, {"iss": "https://evil.test"}, {"exp": "9999999999"}, {"exp": True}],
    ids=["unknown-jti", "other-sid", "audience", "audience-text", "no-exp", "type", "issuer",
     "exp-text", "exp-true"],
)  # fmt: skip
def test_a_signed_copy_that_was_never_issued_refreshes_nothing(world: World, change: Any) -> None:
    """401, while the unspoiled copy is redeemed."""
    token = world.pair("identity")["refreshToken"]
    assert code(world.refresh(resigned(token, **change))) == (401, "invalid_token")
    assert world.refresh(resigned(token)).status_code == 200


@endpoints
def test_answers_with_tokens_are_not_kept(world: World, endpoint: str) -> None:
    """`Cache-Control: no-store` at mint, at refresh, and on refusals."""
    minted = world.mint(endpoint)
    token = minted.json()["refreshToken"]
    answers = [minted, world.refresh(token), world.refresh(token)]
    assert [answer.headers["cache-control"] for answer in answers] == ["no-store"] * 3


def test_rules_hold_no_state_between_deployments(opened: Opening) -> None:
    """Two deployments with one key and their own databases know nothing of each other's tokens."""
    one, two = opened(), opened()
    assert two.refresh(one.pair("identity")["refreshToken"]).status_code == 401
