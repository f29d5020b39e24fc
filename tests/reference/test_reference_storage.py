"""State: what a start on the same file finds, and what is said when the storage is under pressure."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from reference_impl import store
from reference_impl.facts import History, TokenState
from reference_impl.rules import Rules
from tests.reference.conftest import Opening
from tests.reference.test_reference_revoking import is_dead
from tests.reference.world import ENDPOINTS, claims, environment


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_restart_changes_nothing(opened: Opening, tmp_path: Path, endpoint: str) -> None:
    """Live sessions go on; what was used or revoked before the restart stays so."""
    env = environment(RELAYAUTH_DB_PATH=str(tmp_path / "state.db"))
    before = opened(env)
    used, revoked, live = (before.pair(endpoint) for _ in range(3))
    newest = before.rotated(used)
    body = {"sessionId": claims(revoked["refreshToken"])["sid"]}
    assert before.ask("POST", "/v1/tokens/revoke", body).status_code == 204
    before.close()
    after = opened(env)
    assert after.introspect(live["accessToken"]) == claims(live["accessToken"])
    assert after.introspect(used["refreshToken"]) is None
    assert is_dead(after, revoked)
    assert after.refresh(used["refreshToken"]).status_code == 401
    assert is_dead(after, newest)
    assert after.refresh(live["refreshToken"]).status_code == 200


@pytest.mark.parametrize(
    ("lost", "statuses"),
    [
        ("used", [200, 401, 200]),
        ("revoked", [401, 200, 200]),
        ("revoked after rotations", [401, 401, 200]),
        ("sessions", [401] * 3),
    ],
)
def test_a_start_that_forgets_shows(opened: Opening, tmp_path: Path, lost: str, statuses: list[int]) -> None:
    """The rule on what a start forgets is heard: a used, a revoked and a live token afterwards."""
    env = environment(RELAYAUTH_DB_PATH=str(tmp_path / "state.db"))
    before = opened(env)
    used, revoked, live = (before.pair("path") for _ in range(3))
    before.rotated(used)
    before.ask("POST", "/v1/tokens/revoke", {"sessionId": claims(revoked["refreshToken"])["sid"]})
    before.close()
    after = opened(env, type("Slip", (Rules,), {"forgotten_at_start": lambda _: (lost,)})())
    assert [after.refresh(pair["refreshToken"]).status_code for pair in (used, revoked, live)] == statuses


def test_a_file_of_an_earlier_version_is_opened(opened: Opening, tmp_path: Path) -> None:
    """The columns that tables have gained are added, with what a row has by default."""
    env = environment(RELAYAUTH_DB_PATH=str(tmp_path / "state.db"))
    first = opened(env)
    identity, live = first.identity(), first.pair("path")
    first.close()
    with sqlite3.connect(tmp_path / "state.db") as db:
        for column in ("type", "roles", "metadata", "updated_at"):
            db.execute(f"ALTER TABLE identities DROP COLUMN {column}")
        for column in ("ended_by", "starts"):
            db.execute(f"ALTER TABLE sessions DROP COLUMN {column}")
    db.close()
    second = opened(env)
    told = second.ask("GET", f"/v1/identities/{identity}", by=second.new_key("org_one")).json()
    assert (told["type"], told["roles"], told["metadata"]) == ("agent", [], {})
    assert told["updatedAt"] == told["createdAt"]
    assert second.refresh(live["refreshToken"]).status_code == 200


def test_a_decision_knows_what_became_of_a_session_and_of_those_beside_it(
    opened: Opening, tmp_path: Path
) -> None:
    """Starts, rotations, what ended it and the one before it, and whether a later one was minted."""
    env = environment(RELAYAUTH_DB_PATH=str(tmp_path / "state.db"))
    seen: list[History] = []

    def is_reuse(_rules: Rules, state: TokenState, now: float) -> bool:
        del now
        seen.append(state.history)
        return False

    before = opened(env)
    revoked, rotated, later = (before.pair("path") for _ in range(3))
    before.rotated(before.rotated(rotated))
    before.ask("POST", "/v1/tokens/revoke", {"sessionId": claims(revoked["refreshToken"])["sid"]})
    before.rotated(later)
    before.close()
    after = opened(env, type("Slip", (Rules,), {"is_reuse": is_reuse})())
    for pair in (revoked, rotated, later):
        assert after.refresh(pair["refreshToken"]).status_code == 401
    assert seen == [
        History(starts=1, rotations=0, ended_by="sessionId", newest=False),
        History(starts=1, rotations=2, newest=False, previous_ended_by="sessionId"),
        History(starts=1, rotations=1, newest=True),
    ]


def test_a_locked_database_is_answered_as_overload(
    opened: Opening, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 `storage_overloaded` in the form of the wire page; nothing was done, and later it succeeds."""
    monkeypatch.setattr(store, "BUSY_TIMEOUT", 0.01)
    world = opened(environment(RELAYAUTH_DB_PATH=str(tmp_path / "state.db")))
    token = world.pair("path")["refreshToken"]
    other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answer = world.refresh(token)
    other.execute("ROLLBACK")
    other.close()
    body: dict[str, Any] = answer.json()
    assert answer.status_code == 503
    assert (answer.headers["retry-after"], answer.headers["cache-control"]) == ("1", "no-store")
    assert (body["error"], body["code"]) == ("storage_overloaded",) * 2
    assert (body["retryable"], body["operation"]) == (True, "refresh")
    assert body["requestId"].startswith("req_")
    assert world.refresh(token).status_code == 200


def test_a_full_disk_is_answered_as_exhausted(opened: Opening, tmp_path: Path) -> None:
    """503 `storage_capacity_exhausted`, to be tried again after 30 s; the token is as good as before."""
    world = opened(environment(RELAYAUTH_DB_PATH=str(tmp_path / "state.db")))
    token = world.pair("path")["refreshToken"]
    db = world.app.state.service.store._db
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {pages}")
    statuses = set()
    for _ in range(100):
        answer = world.mint("workspace-path", agentName="x" * 500)
        statuses.add(answer.status_code)
        if answer.status_code != 201:
            break
    assert statuses <= {201, 503}
    assert (answer.json()["code"], answer.headers["retry-after"]) == ("storage_capacity_exhausted", "30")
    db.execute("PRAGMA max_page_count = 100000")
    assert world.refresh(token).status_code == 200
