"""The form of an answer: what two targets must have in common, and what a run alone has of it."""

import json
import time
from typing import Any

import pytest

from contract.harness.checks.comparable import answer
from contract.harness.checks.correspondence import Correspondence, Difference, differences
from contract.harness.client import Request, Response
from contract.harness.jose import other_key, run_key

NOW = int(time.time())
CLAIMS: dict[str, Any] = {
    "sub": "agent_1a2b3c4d5e6f7a8b",
    "org": "org_1",
    "scopes": ["relayauth:identity:read:*", "relayauth:token:read:*"],
    "iat": NOW,
    "exp": NOW + 3600,
    "jti": "tok_0123456789",
    "sid": "sess_0123456789",
    "meta": {"refreshTokenTtl": "3600", "accessScopes": '["b", "a"]'},
}


def responded(body: Any, status: int = 200, media: str = "application/json; charset=utf-8") -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(Request("POST", "/v1/x", None, NOW), status, {"content-type": media}, content, 0.1)


def found(
    a: Response, b: Response, known: dict[str, str] | None = None, moments: dict[int, str] | None = None
) -> list[Difference]:
    return differences(answer(a, moments or {}), answer(b, moments or {}), Correspondence(known or {}))


def minted(claims: dict[str, Any], *, other: bool = False, **body: Any) -> Response:
    token = (other_key() if other else run_key()).sign(claims)
    return responded({"accessToken": token, **body}, 201)


def later(seconds: int, **changed: Any) -> dict[str, Any]:
    """The claims of another run, so many seconds later, with ids of its own."""
    drawn = {"sub": "agent_ffff3c4d5e6f7a8b", "jti": "tok_98765", "sid": "sess_98765"}
    return CLAIMS | drawn | {"iat": NOW + seconds, "exp": NOW + seconds + 3600} | changed


def test_two_runs_of_one_service_answer_alike() -> None:
    """Other ids, times, a key with another id and another signature."""
    assert found(minted(CLAIMS), minted(later(7), other=True)) == []


@pytest.mark.parametrize(
    ("changed", "what", "a", "b"),
    [
        ({"exp": NOW + 3607}, "lifetime of the access token", "3600 s", "3607 s"),
        ({"meta": {"refreshTokenTtl": 3600, "accessScopes": '["a", "b"]'}}, "mark of the access token",
         '"3600"', "3600"),
        ({"jti": "relay_pa_98765"}, "claim jti of the access token", "tok_…", "relay_pa_…"),
        ({"iat": NOW - 500, "exp": NOW + 3100}, "claim iat of the access token", "now", "before now"),
        ({"scopes": ["relayauth:identity:read:*"]}, "claim scopes of the access token",
         '["relayauth:identity:read:*", "relayauth:token:read:*"]', '["relayauth:identity:read:*"]'),
        ({"extra": True}, "claim extra of the access token", "absent", "true"),
    ],
    ids=["lifetime", "mark", "prefix", "issued", "scopes", "claim"],
)  # fmt: skip
def test_a_claim_that_differs_is_named_with_both_values(
    changed: dict[str, Any], what: str, a: str, b: str
) -> None:
    assert found(minted(CLAIMS), minted(later(0, **changed))) == [Difference(what, a, b)]


def test_the_order_of_scopes_and_the_prose_of_an_error_do_not_count() -> None:
    """A code is one wherever it stands; what explains it is for people."""
    scopes = [*reversed(CLAIMS["scopes"])]
    assert found(minted(CLAIMS), minted(later(0, scopes=scopes))) == []
    bare, full = {"error": "token_not_found"}, {"error": "No such token", "code": "token_not_found"}
    assert found(responded(bare, 404), responded(full, 404)) == []
    other = responded({"error": "gone", "code": "identity_not_found"}, 404)
    assert found(responded(bare, 404), other) == [Difference("code", "token_not_found", "identity_not_found")]


def test_where_statuses_differ_nothing_else_is_told() -> None:
    refused = responded({"error": "invalid_token", "code": "invalid_token"}, 401)
    assert found(minted(CLAIMS), refused) == [Difference("status", "201", "401 (invalid_token)")]


def test_media_type_and_form_of_the_body_are_compared() -> None:
    page = responded(b"<p>ok</p>", 200, "text/html")
    assert found(responded({"status": "ok"}), page) == [
        Difference("media type", "application/json", "text/html"),
        Difference("the body", '{"status": "ok"}', "no JSON"),
    ]


def test_an_id_stands_for_the_same_one_everywhere_in_a_case() -> None:
    """A session that is renamed at its rotation differs, although both names have one form."""
    ids = Correspondence({})
    assert differences(answer(minted(CLAIMS), {}), answer(minted(later(0)), {}), ids) == []
    kept, renamed = minted(CLAIMS | {"jti": "tok_2"}), minted(later(0, jti="tok_3", sid="sess_other1"))
    (difference,) = differences(answer(kept, {}), answer(renamed, {}), ids)
    assert difference == Difference(
        "claim sid of the access token", "sess_…, an id seen before", "sess_…, a new id"
    )


def test_the_runs_own_things_stand_for_one_another() -> None:
    """Two orgs may be called as they like; that of a third one is no counterpart."""
    known = {"org_1": "org_acme-staging"}
    assert found(minted(CLAIMS), minted(later(0, org="org_acme-staging")), known) == []
    (difference,) = found(minted(CLAIMS), minted(later(0, org="org_2")), known)
    assert difference.what == "claim org of the access token"


def test_a_fixed_id_is_compared_as_it_is() -> None:
    fixed = found(minted(later(0, sub="agent_cloud-orchestrator")), minted(later(0, sub="agent_nobody")))
    assert [each.what for each in fixed] == ["claim sub of the access token"]


def test_an_expiry_is_compared_with_what_was_announced_and_requested() -> None:
    """Both lie where the request put them, whatever second it was sent in."""
    moments = {NOW + 500: "the delegationNotAfter requested"}
    a, b = minted(CLAIMS | {"exp": NOW + 500}), minted(later(1, exp=NOW + 500))
    assert found(a, b, moments=moments) == []
    at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(NOW + 3600))
    late = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(NOW + 3601))
    (difference,) = found(minted(CLAIMS, accessTokenExpiresAt=at), minted(CLAIMS, accessTokenExpiresAt=late))
    assert difference == Difference(
        "member accessTokenExpiresAt",
        "its exp, as 0000-00-00T00:00:00.000Z",
        "its exp +1.000 s, as 0000-00-00T00:00:00.000Z",
    )


def test_names_that_the_run_draws_do_not_count() -> None:
    mine, theirs = (
        responded({"name": f"relayauth-contract-{drawn}"}) for drawn in ("0a1b2c3d-7-beef", "11111111-9-cafe")
    )
    assert found(mine, theirs) == []
    assert found(mine, responded({"name": "other"})) != []


def test_what_others_have_put_into_a_list_does_not_count() -> None:
    """Whose identities are listed, and whether there is another page; the members of each one do."""
    mine = responded({"data": [{"id": "a1", "name": "x"}], "cursor": "c"})
    theirs = responded({"data": [{"id": "b1", "name": "y"}, {"id": "b2", "name": "z"}]})
    bare = responded({"data": [{"id": "b1"}]})
    assert found(mine, theirs) == []
    assert found(mine, responded({"data": []})) == []
    assert [each.what for each in found(mine, bare)] == ["member data.name"]
    numbered = responded({"data": [{"id": "b1", "name": 7}], "cursor": 7})
    assert [each.what for each in found(mine, numbered)] == ["member cursor", "member data.name"]


def test_no_token_and_no_key_is_in_a_difference() -> None:
    a, b = minted(CLAIMS), responded({"accessToken": None, "key": "rak_secretsecret12"}, 201)
    told = str(found(a, b)) + str(found(responded({"key": 1}), b)) + str(answer(a, {}))
    assert "eyJ" not in told
    assert "secretsecret" not in told


def test_deep_nesting_is_cut_and_not_followed() -> None:
    deep = b'{"a":' + b"[" * 90 + b"]" * 90 + b"}"
    assert found(responded(deep), responded(deep)) == []
    assert found(responded(b"[" * 200_000), responded({"a": 1})) != []
