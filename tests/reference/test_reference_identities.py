"""The life of an identity: made, listed, changed, suspended, reactivated, retired, deleted."""

from typing import Any

import httpx
import pytest

from tests.reference.conftest import Opening
from tests.reference.test_reference_revoking import is_dead
from tests.reference.world import World

ENDINGS = ["suspend", "retire", "delete"]
endings = pytest.mark.parametrize("ending", ENDINGS)
minters = pytest.mark.parametrize("endpoint", ["identity", "agent"])


def end(world: World, ending: str, identity: str) -> httpx.Response:
    """Suspend, retire or delete an identity."""
    path = f"/v1/identities/{identity}"
    if ending == "delete":
        return world.ask("DELETE", path)
    return world.ask("POST", f"{path}/{ending}", {"reason": "a test"})


def named(endpoint: str, identity: str) -> dict[str, str]:
    """The field that names the identity of a mint."""
    return {"identityId" if endpoint == "identity" else "agentId": identity}


def test_type_roles_and_metadata_are_echoed(world: World) -> None:
    """As sent when it is made, shown and listed; with their defaults where nothing was sent."""
    sent: dict[str, Any] = {
        "type": "service",
        "roles": ["a", "ü"],
        "metadata": {"deep": [1, {"x": None}], "t": "日本"},
    }
    identity = world.identity(**sent)
    shown = world.ask("GET", f"/v1/identities/{identity}").json()
    listed = world.ask("GET", "/v1/identities?type=service").json()["data"]
    assert {name: shown[name] for name in sent} == sent
    assert listed == [shown]
    bare = world.ask("GET", f"/v1/identities/{world.identity(type=None, roles=None)}").json()
    assert (bare["type"], bare["roles"], bare["metadata"], bare["status"]) == ("agent", [], {}, "active")


@pytest.mark.parametrize(
    "spoiled",
    [{"type": "robot"}, {"type": 7}, {"roles": "admin"}, {"roles": [7]}, {"metadata": []}, {"scopes": "x"}],
    ids=["type", "type-number", "roles-text", "roles-numbers", "metadata-list", "scopes-text"],
)
def test_a_field_of_another_form_is_refused(world: World, spoiled: dict[str, Any]) -> None:
    """400, when it is made and when it is changed."""
    body = {"name": "n", "sponsorId": "user_1"} | spoiled
    path = f"/v1/identities/{world.identity()}"
    assert world.ask("POST", "/v1/identities", body).status_code == 400
    if "type" not in spoiled:
        assert world.ask("PATCH", path, spoiled).status_code == 400


def test_a_name_that_is_taken_is_a_conflict(world: World) -> None:
    """409 `identity_already_exists` in both members, at a change as well."""
    body = {"name": "twin", "sponsorId": "user_1"}
    world.ask("POST", "/v1/identities", body)
    answers = [
        world.ask("POST", "/v1/identities", body),
        world.ask("PATCH", f"/v1/identities/{world.identity()}", {"name": "twin"}),
    ]
    for answer in answers:
        assert answer.status_code == 409
        assert answer.json()["code"] == answer.json()["error"] == "identity_already_exists"


@pytest.mark.parametrize("limit", [1, 2, 5, 200, 10**30], ids=str)
def test_the_list_is_read_page_by_page(world: World, limit: int) -> None:
    """Every identity of the org once, in order, whatever the page; no cursor after the last."""
    made = [world.identity() for _ in range(5)]
    world.identity(by=world.new_key("org_two"))
    found, cursor = [], ""
    for _ in range(6):
        answer = world.ask("GET", f"/v1/identities?limit={limit}{cursor}").json()
        assert len(answer["data"]) <= limit
        found += [row["id"] for row in answer["data"]]
        if "cursor" not in answer:
            break
        cursor = f"&cursor={answer['cursor']}"
    assert found == made


def test_the_list_is_filtered(world: World) -> None:
    """By status and by type, both at once too."""
    agent, human, gone = world.identity(), world.identity(type="human"), world.identity()
    end(world, "suspend", gone)

    def ids(query: str) -> list[str]:
        return [row["id"] for row in world.ask("GET", f"/v1/identities?{query}").json()["data"]]

    assert ids("status=active") == [agent, human]
    assert ids("status=suspended") == [gone]
    assert ids("status=active&type=human") == [human]
    assert ids("status=retired") == []


@pytest.mark.parametrize(
    "query", ["status=gone", "type=robot", "limit=0", "limit=-1", "limit=x", "limit=1.5", "cursor=x"]
)
def test_a_filter_that_means_nothing_is_refused(world: World, query: str) -> None:
    """400: it is not read as no filter at all."""
    assert world.ask("GET", f"/v1/identities?{query}").status_code == 400


def test_a_change_keeps_what_it_does_not_name(world: World) -> None:
    """Name, scopes, roles and metadata, one by one; the rest stays, and `updatedAt` moves."""
    identity = world.identity(scopes=["cloud:run:read"], roles=["a"], metadata={"a": 1})
    path = f"/v1/identities/{identity}"
    before = world.ask("GET", path).json()
    for field, value in [("name", "new"), ("scopes", []), ("roles", ["b"]), ("metadata", {})]:
        world.now += 1
        after = world.ask("PATCH", path, {field: value}).json()
        assert after == before | {field: value, "updatedAt": after["updatedAt"]}
        assert after["updatedAt"] > before["updatedAt"]
        before = world.ask("GET", path).json()
        assert before == after


def test_a_change_never_sets_the_status(world: World) -> None:
    """A suspended identity stays so, and no field beside it is changed."""
    identity = world.identity()
    end(world, "suspend", identity)
    body = {"status": "active", "roles": ["x"]}
    assert world.ask("PATCH", f"/v1/identities/{identity}", body).status_code == 400
    shown = world.ask("GET", f"/v1/identities/{identity}").json()
    assert (shown["status"], shown["roles"]) == ("suspended", [])


def test_nobody_gives_an_identity_more_than_it_holds(world: World) -> None:
    """403 `scope_escalation` at a change."""
    by = world.new_key("org_one", "relayauth:identity:manage")
    answer = world.ask("PATCH", f"/v1/identities/{world.identity()}", {"scopes": ["cloud:x:read"]}, by)
    assert (answer.status_code, answer.json()["error"]) == (403, "scope_escalation")


@endings
@minters
def test_nothing_works_for_an_identity_that_is_not_active(world: World, endpoint: str, ending: str) -> None:
    """Its tokens are dead, refresh and mint answer 404, and the answer tells its status."""
    identity = world.identity(workspaceId="ws_1")
    pair, other = world.pair(endpoint, **named(endpoint, identity)), world.pair(endpoint)
    answer = end(world, ending, identity)
    told = {"suspend": (200, "suspended"), "retire": (200, "retired")}
    assert (answer.status_code, answer.json()["status"] if answer.content else None) == told.get(
        ending, (204, None)
    )
    refused = [world.refresh(pair["refreshToken"]), world.mint(endpoint, **named(endpoint, identity))]
    assert [(each.status_code, each.json()["error"]) for each in refused] == [(404, "identity_not_found")] * 2
    assert is_dead(world, pair)
    assert world.refresh(other["refreshToken"]).status_code == 200


@pytest.mark.parametrize("ending", ["suspend", "retire"])
@minters
def test_a_reactivated_identity_is_minted_for_again(world: World, endpoint: str, ending: str) -> None:
    """What was revoked stays revoked."""
    identity = world.identity(workspaceId="ws_1")
    old = world.pair(endpoint, **named(endpoint, identity))
    end(world, ending, identity)
    answer = world.ask("POST", f"/v1/identities/{identity}/reactivate")
    assert (answer.status_code, answer.json()["status"]) == (200, "active")
    new = world.pair(endpoint, **named(endpoint, identity))
    assert world.bearer(new["accessToken"]).status_code != 401
    assert world.refresh(new["refreshToken"]).status_code == 200
    assert world.refresh(old["refreshToken"]).status_code == 401
    assert is_dead(world, old)


@pytest.mark.parametrize("ending", ["suspend", "retire"])
def test_the_children_lose_their_tokens_and_stay_active(world: World, ending: str) -> None:
    """Those of the children's children too; new mints for them work, and nobody else's tokens end."""
    top = world.identity()
    child = world.identity(sponsorId=top)
    grandchild = world.identity(sponsorId=child)
    below = [world.pair("identity", identityId=each) for each in (child, grandchild)]
    other = world.pair("identity", identityId=world.identity(sponsorId="user_1"))
    end(world, ending, top)
    assert [is_dead(world, pair) for pair in below] == [True, True]
    assert world.mint("identity", identityId=child).status_code == 201
    assert world.refresh(other["refreshToken"]).status_code == 200


def test_a_suspension_says_why_and_comes_once(world: World) -> None:
    """No reason: 400, and nothing happens. Already suspended or retired: 409. Retiring needs no reason."""
    identity, path = world.identity(), "/v1/identities/"
    assert world.ask("POST", f"{path}{identity}/suspend", {}).status_code == 400
    assert world.ask("GET", f"{path}{identity}").json()["status"] == "active"
    assert end(world, "suspend", identity).status_code == 200
    assert end(world, "suspend", identity).status_code == 409
    assert world.ask("POST", f"{path}{identity}/retire").json()["status"] == "retired"
    assert end(world, "suspend", identity).status_code == 409
    assert world.ask("POST", f"{path}{identity}/retire", {"reason": 7}).status_code == 400


def test_another_org_changes_nothing(world: World) -> None:
    """404 `identity_not_found`, as for one that never was."""
    identity, stranger = world.identity(), world.new_key("org_two")
    asked: list[tuple[str, str, Any]] = [
        ("PATCH", "", {"roles": ["x"]}), ("POST", "/suspend", {"reason": "x"}), ("POST", "/retire", None),
        ("POST", "/reactivate", None), ("DELETE", "", None),
    ]  # fmt: skip
    for method, action, body in asked:
        theirs = world.ask(method, f"/v1/identities/{identity}{action}", body, stranger)
        none = world.ask(method, f"/v1/identities/agent_none{action}", body, stranger)
        assert (theirs.status_code, theirs.json()) == (404, none.json())
        assert theirs.json()["error"] == "identity_not_found"
    shown = world.ask("GET", f"/v1/identities/{identity}").json()
    assert (shown["status"], shown["roles"]) == ("active", [])


def test_an_ending_survives_a_restart(opened: Opening, tmp_path: Any) -> None:
    """A suspended identity is so for the next process on the file."""
    from tests.reference.world import environment

    env = environment(RELAYAUTH_DB_PATH=str(tmp_path / "state.db"))
    before = opened(env)
    identity = before.identity()
    end(before, "suspend", identity)
    before.close()
    assert opened(env).mint("identity", identityId=identity).status_code == 404
