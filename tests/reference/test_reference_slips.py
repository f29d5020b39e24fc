"""The newer rules: each decision shows when it alone is taken otherwise."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from reference_impl.facts import Owner
from reference_impl.rules import Rules
from tests.reference.conftest import Opening
from tests.reference.test_reference_assertions import BODY, ROUTE
from tests.reference.test_reference_identities import end
from tests.reference.test_reference_revoking import revoke
from tests.reference.world import START, World, claims, own

NOW = int(START)
ELSE = Owner("org_two", "ws_2", "user_2", ("user_2",))


def ended(world: World, ending: str, *, child: bool = False) -> int:
    """The status of a bearer after its identity, or the sponsor of it, was suspended, retired or deleted."""
    identity = world.identity()
    named = world.identity(sponsorId=identity) if child else identity
    pair = world.pair("identity", identityId=named)
    end(world, ending, identity)
    return world.bearer(pair["accessToken"]).status_code


def revived(world: World) -> int:
    """The status of a refresh after suspension and reactivation."""
    identity = world.identity()
    pair = world.pair("identity", identityId=identity)
    end(world, "suspend", identity)
    world.ask("POST", f"/v1/identities/{identity}/reactivate")
    return world.refresh(pair["refreshToken"]).status_code


def minted_for_suspended(world: World) -> int:
    """The status of a mint for a suspended identity."""
    identity = world.identity()
    end(world, "suspend", identity)
    return world.mint("identity", identityId=identity).status_code


def refreshed_for_suspended(world: World) -> int:
    """The status of a refresh for a suspended identity whose session goes on."""
    identity = world.identity()
    pair = world.pair("identity", identityId=identity)
    row = world.app.state.service.store.identity(identity)
    world.app.state.service.store.change_identity(row | {"status": "suspended"})
    return world.refresh(pair["refreshToken"]).status_code


def minted_after_revocation(world: World) -> int:
    """The status of a mint after a revocation by identity."""
    identity = world.identity()
    revoke(world, identityId=identity)
    return world.mint("identity", identityId=identity).status_code


def after(world: World, field: str, claim: str) -> int:
    """The status of the bearer of a session that was revoked by what its used refresh token names."""
    pair = world.pair("path")
    newest = world.rotated(pair)
    revoke(world, **{field: claims(pair["refreshToken"])[claim]})
    return world.bearer(newest["accessToken"]).status_code


def beside_a_revoked(world: World) -> int:
    """The status of a refresh after another, revoked session of the same identity was presented."""
    identity = world.identity()
    dead, other = (world.pair("identity", identityId=identity) for _ in range(2))
    revoke(world, sessionId=claims(dead["refreshToken"])["sid"])
    world.refresh(dead["refreshToken"])
    return world.refresh(other["refreshToken"]).status_code


def oldest_of_three(world: World) -> int:
    """The status of a refresh of the oldest of three sessions."""
    identity = world.identity()
    first, *_ = (world.pair("identity", identityId=identity) for _ in range(3))
    return world.refresh(first["refreshToken"]).status_code


def org_of(world: World, *, rotated: bool) -> str:
    """The org of a path token."""
    pair = world.pair("path")
    pair = world.rotated(pair) if rotated else pair
    return str(claims(pair["accessToken"])["org"])


def sids(world: World) -> int:
    """How many sessions two mints of one moment begin."""
    identity = world.identity()
    return len({claims(world.pair("identity", identityId=identity)["accessToken"])["sid"] for _ in range(2)})


def aged(world: World) -> int:
    """The status of a refresh 25 h after the mint."""
    pair = world.pair("path", refreshTokenTtlSeconds=7776000)
    world.now += 90000
    return world.refresh(pair["refreshToken"]).status_code


def narrowed(world: World) -> Any:
    """The scopes of a path token that asked for one of its two."""
    scope = "relayfile:fs:read:/github/repos/*"
    return len(claims(world.pair("path", scopes=[scope])["accessToken"])["scopes"])


def escalated(world: World) -> int:
    """The status of a mint with a scope that the identity lacks."""
    return world.mint("identity", identityId=world.identity(), scopes=["cloud:x:read"]).status_code


def parent(world: World) -> bool:
    """Whether a path token names its parent."""
    return "parentTokenId" in claims(world.pair("path")["accessToken"])


def asserted(world: World, by: str | None = "admin", **change: Any) -> Any:
    """An answer to an assertion request."""
    return world.ask("POST", ROUTE, BODY | change, by)


def shown(world: World) -> Any:
    """What introspection says of the `scopes` of a rotated access token, and of a used refresh token."""
    pair = world.pair("path")
    world.rotated(pair)
    return world.introspect(pair["refreshToken"]) is None


def own_claims(world: World) -> bool:
    """Whether introspection shows a token's own claims."""
    token = world.pair("path")["accessToken"]
    return bool(world.introspect(token) == claims(token))


def by_scheme(world: World) -> int:
    """The status of a bearer in lower case."""
    headers = {"authorization": f"bearer {own(world)}"}
    return world.http.get("/v1/identities/agent_none", headers=headers).status_code


def lasting(world: World) -> int:
    """The access TTL after a refresh, of a mint that asked for a minute."""
    said = claims(world.rotated(world.pair("path", expiresIn=60))["accessToken"])
    return int(said["exp"] - said["iat"])


def lived(world: World) -> int:
    """The `exp` of an assertion, counted from now."""
    return int(claims(asserted(world).json()["accessToken"])["exp"]) - NOW


ROWS: list[tuple[str, Callable[..., Any], Callable[[World], Any], Any, Any]] = [
    ("ending_ends", lambda *_: False, lambda w: ended(w, "suspend"), 401, 403),
    ("ending_ends", lambda _, ending, session: ending != "retire", lambda w: ended(w, "retire"), 401, 403),
    ("ending_ends", lambda _, ending, session: ending != "delete", lambda w: ended(w, "delete"), 401, 403),
    ("ending_reaches_children", lambda *_: False, lambda w: ended(w, "suspend", child=True), 401, 403),
    ("reactivation_revives", lambda *_: True, revived, 401, 200),
    ("mints_for", lambda *_: True, minted_for_suspended, 404, 201),
    ("refreshes_for", lambda *_: True, refreshed_for_suspended, 404, 200),
    ("revoking_token_ends", lambda _, state, now: state.status != "used",
     lambda w: after(w, "tokenId", "jti"), 401, 403),
    ("refusal_ends_siblings", lambda _, state: state.session_revoked, beside_a_revoked, 200, 401),
    ("revoking_session_ends", lambda *_: False, lambda w: after(w, "sessionId", "sid"), 401, 403),
    ("revoking_identity_ends", lambda _, session, now: session.endpoint != "path",
     lambda w: after(w, "identityId", "sub"), 401, 403),
    ("revoking_identity_bars", lambda _: True, minted_after_revocation, 201, 404),
    ("session_limit", lambda *_: 2, oldest_of_three, 200, 401),
    ("session_limit", lambda *_: 3, oldest_of_three, 200, 200),
    ("session_id", lambda _, fresh, grant: f"sess_{grant.minted_at}", sids, 2, 1),
    ("redeemable", lambda rules, state, now: now - state.grant.minted_at < 86400, aged, 200, 401),
    ("bearer_lives", lambda _, state, now: False, lambda w: w.bearer(own(w)).status_code, 404, 401),
    ("delegated_owner", lambda *_: ELSE, lambda w: org_of(w, rotated=False), "org_one", "org_two"),
    ("rotated_owner", lambda _, rotation: replace(rotation.grant.owner, org="org_two"),
     lambda w: org_of(w, rotated=True), "org_one", "org_two"),
    ("granted", lambda _, endpoint, asked, default: default, narrowed, 1, 2),
    ("identity_hands_out", lambda *_: True, escalated, 403, 201),
    ("parent", lambda *_: None, parent, True, False),
    ("horizon", lambda _, asked: NOW + 60 if isinstance(asked, str) else asked,
     lambda w: claims(w.pair("path", delegationNotAfter="2027-01-15T09:10:00+01:00")["accessToken"])["exp"],
     NOW + 600, NOW + 60),
    ("chain_fits", lambda *_: False, lambda w: w.mint("path").status_code, 201, 400),
    ("rotated_access_ttl", lambda _, rotation: rotation.grant.access_ttl, lasting, 3600, 60),
    ("is_shown", lambda *_: True, shown, True, False),
    ("shown_claims", lambda _, body, state: {**body, "scopes": []}, own_claims, True, False),
    ("is_bearer_scheme", lambda _, scheme: scheme == "Bearer", by_scheme, 404, 401),
    ("makes_assertions", lambda *_: True, lambda w: asserted(w, f"Bearer {own(w)}").status_code, 403, 201),
    ("assertion_ttl", lambda _, asked: asked, lambda w: asserted(w, expiresIn=3600).status_code, 400, 201),
    ("assertion_exp", lambda _, iat, ttl: iat + 3600, lived, 60, 3600),
    ("assertion_audience", lambda _: ("relayhistory", "relayauth"),
     lambda w: w.bearer(asserted(w).json()["accessToken"]).status_code, 401, 403),
    ("assertion_kinds", lambda _: ("access", "refresh"),
     lambda w: "refreshToken" in asserted(w).json(), False, True),
]  # fmt: skip


@pytest.mark.parametrize(("name", "slip", "seen", "right", "wrong"), ROWS, ids=[row[0] for row in ROWS])
def test_a_decision_shows_when_it_alone_is_taken_otherwise(
    opened: Opening, name: str, slip: Any, seen: Callable[[World], Any], right: Any, wrong: Any
) -> None:
    """With the rules as they are one sees what is right; with one method overridden, what is wrong."""
    assert callable(getattr(Rules, name))
    assert seen(opened()) == right
    assert seen(opened(rules=type("Slip", (Rules,), {name: slip})())) == wrong


def meanwhile(world: World, cause: str) -> int:
    """The status of the bearer that a refresh gets while its session is ended."""
    identity = world.identity()
    used = world.pair("identity", identityId=identity)
    newest = world.rotated(used)
    said = claims(newest["refreshToken"])
    key, ending = {"x-api-key": world.admin}, "http://reference/v1/tokens/revoke"
    names = {"sessionId": said["sid"], "tokenId": said["jti"], "identityId": identity}
    if cause == "reuse":
        url = "http://reference/v1/tokens/refresh"
        first = httpx.Request("POST", url, json={"refreshToken": used["refreshToken"]})
    elif cause == "delete":
        url = f"http://reference/v1/identities/{identity}"
        first = httpx.Request("DELETE", url, headers=key | {"x-confirm-delete": "true"})
    else:
        first = httpx.Request("POST", ending, json={cause: names[cause]}, headers=key)
    body = {"refreshToken": newest["refreshToken"]}
    second = httpx.Request("POST", "http://reference/v1/tokens/refresh", json=body)
    ended, refreshed = world.transport.together(first, second)
    assert ended.status_code == (401 if cause == "reuse" else 204)
    won = refreshed.json() if refreshed.status_code == 200 else newest
    return world.bearer(won["accessToken"]).status_code


@pytest.mark.parametrize("cause", ["sessionId", "tokenId", "identityId", "delete", "reuse"])
def test_a_session_is_ended_with_what_a_refresh_gets_meanwhile(opened: Opening, cause: str) -> None:
    """By whatever it is ended; token by token, the newest pair would escape."""
    assert meanwhile(opened(), cause) == 401
    slip = type("Slip", (Rules,), {"ends_whole_sessions": lambda _, why: why != cause})
    assert meanwhile(opened(rules=slip()), cause) == 403
