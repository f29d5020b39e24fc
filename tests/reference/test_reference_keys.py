"""Where the verifier finds its keys, how often it asks, and what is published."""

import hashlib
import json
from typing import Any

import httpx
import jwt
import pytest
import respx

from tests.reference.conftest import Opening
from tests.reference.world import World, b64, bare, environment, key, own, published, resigned

JWKS = "/.well-known/jwks.json"
LOOPBACK = "http://127.0.0.1:8787" + JWKS
BASE = "https://auth.example.test"


def unbound(**more: str) -> dict[str, str]:
    """An environment without a public key."""
    return environment(RELAYAUTH_SIGNING_KEY_PEM_PUBLIC=" \n\t") | more


@respx.mock
@pytest.mark.parametrize(
    "base", [BASE, "http://[bad", "nonsense", " "], ids=["trap", "malformed", "no-url", "blank"]
)
def test_a_bound_key_asks_nobody(opened: Opening, base: str) -> None:
    """With the public key bound there is no network, whatever `BASE_URL` says."""
    world = opened(environment(BASE_URL=base))
    assert world.bearer(world.pair("path")["accessToken"]).status_code == 403
    assert world.bearer(resigned(world.pair("path")["accessToken"], by=key(1))).status_code == 401
    assert world.bearer(own(world, {"kid": "other"})).status_code == 401
    assert respx.calls.call_count == 0


@respx.mock
@pytest.mark.parametrize(
    ("env", "url"),
    [({"BASE_URL": BASE}, BASE + JWKS), ({"BASE_URL": f" {BASE}/a/b/?q=1#f "}, BASE + JWKS),
     ({"BASE_URL": "https://me:pw@auth.example.test/"}, BASE + JWKS),
     ({"BASE_URL": "http://h.test:81"}, "http://h.test:81" + JWKS), ({"BASE_URL": " \t"}, LOOPBACK),
      ({}, LOOPBACK)],
    ids=["base-url", "its-origin", "no-user", "its-port", "blank", "unset"],
)  # fmt: skip
def test_without_a_bound_key_exactly_one_address_is_asked(
    opened: Opening, world: World, env: dict[str, str], url: str
) -> None:
    """The origin of `BASE_URL`,
    else the loopback default; the kid of the unpublished finds the only key."""
    route = respx.get(url).respond(json=published(world))
    alone = opened(unbound(**env))
    token = alone.pair("path")["accessToken"]
    assert jwt.get_unverified_header(bare(token))["kid"] == "rs256-key"
    assert alone.http.get(JWKS).json() == {"keys": []}
    assert [alone.bearer(token).status_code for _ in range(3)] == [403] * 3
    assert (route.call_count, respx.calls.call_count) == (1, 1)


# What is left unread of a huge set is closed by the event loop, which ends with the test; Python 3.13 warns.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@respx.mock
@pytest.mark.parametrize(
    "answer",
    [httpx.Response(500, json={"keys": []}), httpx.Response(200, text="<html>"), httpx.Response(200,
     json={"keys": []}),
     httpx.Response(200, json=[]), httpx.Response(200, json={"keys": "x"}), httpx.Response(200,
     json={"keys": [7, {}]}),
     httpx.Response(200, content=b'{"keys":' + b"[" * 90000), httpx.Response(200, content=b"\xff\xfe"),
     httpx.Response(200, content=b" " * 300000), httpx.Response(204), httpx.Response(302,
     headers={"location": LOOPBACK}),
     httpx.Response(200, json={"keys": [{"kty": "RSA", "n": "AQ", "e": "AQAB"}, {"kty": "RSA", "n": 1,
     "e": []}]}),
     httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("garbage")],
    ids=["500", "html", "empty", "list", "keys-text", "no-keys", "deep", "no-text", "huge", "204",
     "redirect",
         "small-key", "unreachable", "slow", "garbage"],
)  # fmt: skip
def test_a_set_that_cannot_be_had_makes_a_bearer_invalid(opened: Opening, answer: Any) -> None:
    """401, no 5xx, no pass; nobody else is asked, and API keys go on working."""
    given = {"side_effect": answer} if isinstance(answer, Exception) else {"return_value": answer}
    respx.get(BASE + JWKS).mock(**given)
    world = opened(unbound(BASE_URL=BASE))
    token = world.pair("path")["accessToken"]
    refused = world.bearer(token)
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_token")
    assert [str(call.request.url) for call in respx.calls] == [BASE + JWKS]
    assert world.ask("GET", "/v1/identities/agent_none").status_code == 404


@respx.mock
def test_another_key_in_the_set_signs_nothing_of_ours(opened: Opening) -> None:
    """A set of another key is no set of ours."""
    stranger = opened(
        environment(RELAYAUTH_SIGNING_KEY_PEM=key(1).pem, RELAYAUTH_SIGNING_KEY_PEM_PUBLIC=key(1).public_pem)
    )
    respx.get(BASE + JWKS).respond(json=published(stranger))
    world = opened(unbound(BASE_URL=BASE))
    assert world.bearer(world.pair("path")["accessToken"]).status_code == 401


@respx.mock
def test_unknown_kids_cause_no_storm(opened: Opening, world: World) -> None:
    """One fetch finds the key, one more looks for an unknown kid,
    and then there is rest for ten seconds."""
    route = respx.get(BASE + JWKS).respond(json=published(world))
    alone = opened(unbound(BASE_URL=BASE))
    good = own(world)
    assert alone.bearer(good).status_code == 404
    assert {alone.bearer(own(world, {"kid": f"k{n}"})).status_code for n in range(20)} == {401}
    assert (alone.bearer(good).status_code, route.call_count) == (404, 1)
    alone.now += 11
    assert {alone.bearer(own(world, {"kid": f"k{n}"})).status_code for n in range(20)} == {401}
    assert (alone.bearer(good).status_code, route.call_count) == (404, 2)


@respx.mock
def test_a_set_is_asked_for_again_when_it_is_old(opened: Opening, world: World) -> None:
    """A fetched set counts for five minutes; if it can't be had then, nobody is believed."""
    route = respx.get(BASE + JWKS).respond(json=published(world))
    alone = opened(unbound(BASE_URL=BASE))
    assert alone.bearer(own(world)).status_code == 404
    route.mock(side_effect=httpx.ConnectError("gone"))
    alone.now += 299
    assert alone.bearer(own(world)).status_code == 404
    alone.now += 2
    assert (alone.bearer(own(world)).status_code, route.call_count) == (401, 2)


def test_the_published_set_is_sound(world: World) -> None:
    """Public members only, the RFC 7638 thumbprint as `kid`, cacheable."""
    answer = world.http.get(JWKS)
    (jwk,) = answer.json()["keys"]
    assert jwk.keys() == {"kty", "n", "e", "use", "alg", "kid"}
    canonical = json.dumps({name: jwk[name] for name in ("e", "kty", "n")}, separators=(",", ":"))
    assert jwk["kid"] == b64(hashlib.sha256(canonical.encode()).digest())
    assert "max-age" in answer.headers["cache-control"]
    assert jwt.get_unverified_header(bare(world.pair("path")["accessToken"]))["kid"] == jwk["kid"]
