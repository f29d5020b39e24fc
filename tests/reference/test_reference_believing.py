"""The verifier: which bearers it believes."""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
import respx

from tests.reference.world import START, World, admin_claims, b64, key, own, published, signed

BASE = "https://auth.example.test"


def crafted(header: dict[str, Any], secret: bytes | None = None) -> str:
    """A token with any header; an HMAC of `secret`, or nothing, for its signature."""
    head = ".".join(b64(json.dumps(part).encode()) for part in (header, admin_claims()))
    return head + "." + (b64(hmac.digest(secret, head.encode(), hashlib.sha256)) if secret else "")


def own_kid(world: World) -> str:
    """The kid of the deployment's key."""
    return str(published(world)["keys"][0]["kid"])


def test_the_key_holders_own_bearer_is_believed(world: World) -> None:
    """It makes an API key with it (wire.md, last section)."""
    body = {"name": "k", "scopes": ["*:*:*:*"]}
    answer = world.ask("POST", "/v1/api-keys", body, f"Bearer {own(world)}")
    assert (answer.status_code, answer.json()["apiKey"]["orgId"]) == (201, "org_one")


@pytest.mark.parametrize(
    "change",
    [{"iss": "https://evil.test"}, {"iss": None}, {"aud": ["https://evil.test"]}, {"aud": []},
     {"aud": None},
     {"aud": "relayauth"}, {"aud": [7]}, {"exp": None}, {"exp": "1"}, {"exp": True}, {"exp": 1e300},
     {"exp": -1},
     {"exp": int(START) - 60}, {"iat": None}, {"iat": int(START) + 999}, {"nbf": int(START) + 999},
     {"nbf": "x"},
     {"token_type": "refresh"}, {"token_type": None}, {"jti": None}, {"sub": 7}, {"org": None}, {"sid": []},
     {"scopes": "*:*:*:*"}, {"scopes": [7]}, {"scopes": None}],
    ids=["issuer", "no-issuer", "audience", "no-audience", "audience-absent", "audience-text",
     "audience-number",
         "no-exp", "exp-text", "exp-true", "exp-huge", "exp-negative", "expired", "no-iat", "iat-ahead",
         "nbf-ahead", "nbf-text", "refresh-type", "no-type", "no-jti", "sub-number", "no-org", "sid-list",
         "scopes-text", "scope-number", "no-scopes"],
)  # fmt: skip
def test_a_bearer_with_spoiled_claims_is_refused(world: World, change: dict[str, Any]) -> None:
    """401 `invalid_token`; unspoiled it is believed."""
    answer = world.bearer(own(world, **change))
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert world.bearer(own(world)).status_code == 404


@pytest.mark.parametrize(
    "head",
    [{"crit": ["exp"]}, {"crit": []}, {"typ": "at+jwt"}, {"typ": "none"}, {"kid": "other"}, {"kid": None}],
    ids=["crit", "empty-crit", "typ", "typ-none", "kid", "no-kid"],
)
def test_a_header_that_is_not_understood_is_refused(world: World, head: dict[str, Any]) -> None:
    """Unknown `crit`, `typ` or `kid`: 401, though the signature is right."""
    header = {name: value for name, value in ({"kid": own_kid(world)} | head).items() if value is not None}
    assert world.bearer(signed(admin_claims(), header)).status_code == 401


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", "RS512", "HS256", "rs256", None,
7, []],
                         ids=str)  # fmt: skip
@pytest.mark.parametrize("secret", ["nothing", "pem", "stripped-pem", "der"])
def test_no_other_algorithm_is_accepted(world: World, alg: Any, secret: str) -> None:
    """`none` in its spellings, and HMAC keyed with the public key in its encodings (RFC 8725,
    section 2.1)."""
    pem = key().public_pem.encode()
    der = base64.b64decode(b"".join(pem.split(b"\n")[1:-2]))
    keyed = {"nothing": None, "pem": pem, "stripped-pem": pem.strip(), "der": der}[secret]
    assert world.bearer(crafted({"alg": alg, "typ": "JWT", "kid": own_kid(world)}, keyed)).status_code == 401


@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: t + ".x", lambda t: "x." + t, lambda t: t + "=", lambda t: t[:-4],
        lambda t: t.rsplit(".", 1)[0],
        lambda t: t.rsplit(".", 1)[0] + ".", lambda t: t[:-1] + chr(ord(t[-1]) + 1),
        lambda t: t.replace(".", ". "),
        lambda t: "relay_pa_relay_pa_" + t, lambda t: t.replace("_", "/").replace("-", "+") + "\u00e9",
        lambda t: "é" + t, lambda t: t * 20, lambda t: ".".join(reversed(t.split("."))), lambda t: "..",
        lambda t: b64(b"[" * 5000) + "." + t, lambda t: "W10." + t.split(".", 1)[1],
    ],
    ids=["fourth-part", "part-before", "padding", "cut", "unsigned", "stripped", "second-spelling", "space",
         "two-prefixes", "other-alphabet", "beyond-ascii", "huge", "reversed", "dots", "deep",
         "list-header"],
)  # fmt: skip
def test_a_token_has_one_spelling(world: World, spoil: Any) -> None:
    """Extra parts, padding, cuts and second spellings of the base64url are refused, and nothing breaks."""
    token = own(world)
    spoiled = spoil(token)
    headers = {"authorization": b"Bearer " + spoiled.encode()}
    assert world.http.get("/v1/identities/x", headers=headers).status_code == 401
    assert world.refresh(spoil(world.pair("identity")["refreshToken"])).status_code in (400, 401)
    assert world.introspect(spoiled) is None


@pytest.mark.parametrize("part", [0, 1, 2], ids=["header", "payload", "signature"])
@pytest.mark.parametrize("place", [0, 7, 30], ids=["begin", "early", "middle"])
def test_any_changed_bit_is_refused(world: World, part: int, place: int) -> None:
    """One bit of any octet."""
    parts = [bytearray(base64.urlsafe_b64decode(each + "==")) for each in own(world).split(".")]
    parts[part][place] ^= 1
    assert world.bearer(".".join(b64(bytes(each)) for each in parts)).status_code == 401


@respx.mock
def test_no_address_and_no_key_in_a_token_is_trusted(world: World) -> None:
    """`jku`, `x5u`, `jwk` and `x5c` lend nothing and are not fetched."""
    stranger = jwt.algorithms.RSAAlgorithm.to_jwk(key(1).private.public_key(), as_dict=True)
    head = {"jku": f"{BASE}/k", "x5u": f"{BASE}/c", "jwk": stranger, "x5c": ["AA"], "kid": own_kid(world)}
    assert world.bearer(signed(admin_claims(), head, key(1))).status_code == 401
    assert world.bearer(signed(admin_claims(), head)).status_code == 404
    assert respx.calls.call_count == 0


def test_a_bearer_for_others_is_shown_but_opens_nothing(world: World) -> None:
    """A custom audience is granted and introspected; the API itself is not in it (RFC 7519,
    section 4.1.3)."""
    token = world.pair("path", audience=["https://files.example.test"])["accessToken"]
    assert world.bearer(token).status_code == 401
    assert world.introspect(token)["aud"] == ["https://files.example.test"]
