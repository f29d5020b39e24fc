"""The rules: each decision about forgery, theft and exposure shows when it alone is taken otherwise."""

import inspect
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from reference_impl.facts import Grant, TokenState
from reference_impl.rules import Rules
from tests.reference.conftest import Opening
from tests.reference.world import World, admin_claims, b64, claims, key, own, resigned, signed


def unsigned(world: World) -> str:
    """An admin bearer of `alg: none`."""
    kid = jwt.get_unverified_header(own(world))["kid"]
    header = {"alg": "none", "typ": "JWT", "kid": kid}
    return ".".join([*(b64(json.dumps(part).encode()) for part in (header, admin_claims())), ""])


def misnamed(world: World) -> str:
    """An admin bearer whose RS256 signature is called RS512."""
    head = {"alg": "RS512", "typ": "JWT", "kid": jwt.get_unverified_header(own(world))["kid"]}
    said = ".".join(b64(json.dumps(part).encode()) for part in (head, admin_claims()))
    return said + "." + b64(key().private.sign(said.encode(), PKCS1v15(), SHA256()))


def none_will_do(rules: Rules, header: Any, *rest: Any) -> bool:
    """What a library does that lets the token choose its algorithm."""
    return bool(header["alg"] == "none") or Rules.signature_holds(rules, header, *rest)


def stranger(world: World) -> str:
    """An admin bearer of another key, which brings that key along."""
    jwk = jwt.algorithms.RSAAlgorithm.to_jwk(key(1).private.public_key(), as_dict=True)
    return signed(admin_claims(), {"kid": "other", "jwk": jwk}, key(1))


def robbed(world: World) -> int:
    """The status of a refresh after another session of the same identity was robbed."""
    identity = world.identity()
    first, other = (world.pair("identity", identityId=identity) for _ in range(2))
    world.rotated(first)
    world.refresh(first["refreshToken"])
    return world.refresh(other["refreshToken"]).status_code


def replayed(world: World) -> int:
    """The status of the newest token after a used one was presented within the same second."""
    first = world.pair("path")
    newest = world.rotated(first)
    world.refresh(first["refreshToken"])
    return world.refresh(newest["refreshToken"]).status_code


def never_issued(_rules: Rules, body: Any) -> TokenState:
    """What a server would take a token for that it believes for its signature alone."""
    grant = Grant("identity", body["org"], "", body["sub"], "", (), ("*:*:*",), ("cloud",), 60, 0)
    return TokenState(body["jti"], body["sid"], "refresh", 0, "live", session_revoked=False, grant=grant)


def after_bad_form(world: World) -> int:
    """The status of a token after a request that held it in a list."""
    token = world.pair("identity")["refreshToken"]
    world.http.post("/v1/tokens/refresh", json=[token])
    return world.refresh(token).status_code


def unknown_and_foreign(world: World) -> bool:
    """Whether the answers to revoking another org's session and none at all are alike."""
    body = {"sessionId": claims(world.pair("path")["accessToken"])["sid"]}
    by = world.new_key("org_two")
    bodies = (body, {"sessionId": "never"})
    theirs, none = (world.ask("POST", "/v1/tokens/revoke", each, by).json() for each in bodies)
    return bool(theirs == none)


ROWS: list[tuple[str, Callable[..., Any], Callable[[World], Any], Any, Any]] = [
    ("algorithms", lambda _: ("RS256", "RS512"), lambda w: w.bearer(misnamed(w)).status_code, 401, 404),
    ("signature_holds", none_will_do, lambda w: w.bearer(unsigned(w)).status_code, 401, 404),
    ("signature_holds", lambda *_: True, lambda w: w.bearer(own(w)[:-9] + "A" * 9).status_code, 401, 404),
    ("lent_keys", lambda _, head: [head["jwk"]], lambda w: w.bearer(stranger(w)).status_code, 401, 404),
    ("kid_names", lambda *_, **__: True, lambda w: w.bearer(own(w, {"kid": "x"})).status_code, 401, 404),
    ("header_is_understood", lambda *_: True, lambda w: w.bearer(own(w, {"crit": ["x"]})).status_code,
     401, 404),
    ("parts_fit", lambda *_: True, lambda w: w.bearer(own(w) + ".x").status_code, 401, 404),
    ("trusts_issuer", lambda *_: True, lambda w: w.bearer(own(w, iss="x")).status_code, 401, 404),
    ("is_for_us", lambda *_: True, lambda w: w.bearer(own(w, aud=["x"])).status_code, 401, 404),
    ("is_bearer", lambda *_: True, lambda w: w.bearer(w.pair("path")["refreshToken"]).status_code, 401,
     403),
    ("is_refresh_token", lambda *_: True,
     lambda w: w.refresh(resigned(w.pair("path")["refreshToken"], token_type="access")).status_code,
     401, 200),
    ("refresh_is_for_us", lambda *_: True,
     lambda w: w.refresh(resigned(w.pair("path")["refreshToken"], aud=["x"])).status_code, 401, 200),
    ("unverified_refresh_passes", lambda _: True,
     lambda w: w.refresh(resigned(w.pair("path")["refreshToken"], by=key(1))).status_code, 401, 200),
    ("unknown_state", never_issued,
     lambda w: w.refresh(resigned(w.pair("path")["refreshToken"], jti="tok_x")).status_code, 401, 200),
    ("theft_ends", lambda *_: False, replayed, 401, 200),
    ("is_reuse", lambda _, state, now: state.status == "used" and now > state.used_at, replayed, 401, 200),
    ("refusal_ends_siblings", lambda *_: True, robbed, 200, 401),
    ("used_up_by_refusal", lambda _, raw: json.loads(raw)[0], after_bad_form, 200, 401),
    ("refusal_to_revoke", lambda rules, *, exists: _told(exists=exists), unknown_and_foreign, True, False),
    ("token_headers", lambda *_: {}, lambda w: w.mint("path").headers.get("cache-control"), "no-store",
     None),
    ("refusal_body", lambda _, body, headers: {**body, "token": headers["authorization"]},
     lambda w: "token" in w.bearer("leaked").json(), False, True),
    ("may", lambda *_: True,
     lambda w: w.ask("POST", "/v1/tokens", {}, w.new_key("o", "cloud:x:read")).status_code, 403, 400),
    ("may_hand_out", lambda *_: True, lambda w: w.ask(
        "POST", "/v1/api-keys", {"name": "k", "scopes": ["*:*:*"]}, w.new_key("o",
        "relayauth:api-key:manage")
    ).status_code, 403, 201),
    ("stays_in_workspace", lambda *_: True, lambda w: w.mint("path", workspaceId="ws_2").status_code,
     403, 201),
    ("path_is_delegable", lambda *_: True, lambda w: w.mint("path", paths=["/a/../b"],
     scopes=["relayfile:fs:read:/a/../b"]).status_code, 400, 201),
    ("scope_is_within", lambda *_: True, lambda w: w.mint("path", scopes=["cloud:x:read"]).status_code,
     400, 201),
]  # fmt: skip


def _told(*, exists: bool) -> Exception:
    from reference_impl.errors import Forbidden, NotFound

    return Forbidden("it is another's") if exists else NotFound("there is none")


@pytest.mark.parametrize(("name", "slip", "seen", "right", "wrong"), ROWS, ids=[row[0] for row in ROWS])
def test_a_decision_shows_when_it_alone_is_taken_otherwise(
    opened: Opening, name: str, slip: Any, seen: Callable[[World], Any], right: Any, wrong: Any
) -> None:
    """With the rules as they are one sees what is right; with one method overridden, what is wrong."""
    assert callable(getattr(Rules, name))
    assert seen(opened()) == right
    assert seen(opened(rules=type("Slip", (Rules,), {name: slip})())) == wrong


METHODS = [each for name, each in inspect.getmembers(Rules, inspect.isfunction) if name[0] != "_"]


@pytest.mark.parametrize("method", METHODS, ids=[each.__name__ for each in METHODS])
def test_a_decision_is_small_and_says_what_it_decides(method: Callable[..., Any]) -> None:
    """Each public method of Rules has a sentence and at most a score of lines."""
    assert (inspect.getdoc(method) or "")[-1] == "."
    assert len(inspect.getsource(method).splitlines()) <= 20


def test_rules_hold_no_state() -> None:
    """A mutant needs nothing but its one method."""
    assert vars(Rules()) == {}
    assert len(METHODS) >= 60
