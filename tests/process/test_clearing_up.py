"""What a run makes on a target it takes away, also when it fails or is interrupted."""

import signal
import sys
from typing import Any

import pytest

from tests.support.command import KEY_VARIABLE, Check
from tests.support.deployments import Deployment, deployed
from tests.support.room import Room, until


def left(there: Deployment) -> dict[str, int]:
    """What lives on a deployment besides the tests' own key."""
    database = there.service.store._db

    def count(sql: str) -> int:
        return int(database.execute(sql).fetchone()[0])

    return {
        "identities": count("SELECT count(*) FROM identities"),
        "keys": count("SELECT count(*) FROM api_keys WHERE revoked = 0") - 1,
        "sessions": count(
            "SELECT count(*) FROM sessions WHERE revoked = 0 AND endpoint NOT IN ('agent', 'path')"
        ),
    }


NOTHING = {"identities": 0, "keys": 0, "sessions": 0}


def test_after_a_run_nothing_is_left(check: Check) -> None:
    """Identity, workspace token and sessions are gone, and the report names no leftovers."""
    with deployed() as there:
        said = check(there.url, "--clause", "TTL-0[135]", "--clause", "ROT-01", key=there.key)
        after = left(there)
    assert said.code == 0
    assert said.target["leftovers"] == []
    assert after == NOTHING


def test_after_a_failure_nothing_is_left(check: Check) -> None:
    """A contract that is broken leaves no more behind than one that holds."""

    def no_path(
        method: str, path: str, _status: int, _body: bytes
    ) -> tuple[int, dict[str, str], bytes] | None:
        return (500, {}, b"") if path == "/v1/tokens/path" else None

    with deployed(no_path) as there:
        said = check(there.url, "--clause", "TTL-03", key=there.key)
        after = left(there)
    assert said.code == 1
    assert after["identities"] == after["keys"] == 0


def test_what_could_not_be_removed_is_named(check: Check) -> None:
    """A service that refuses to delete leaves an identity, and the report says which."""

    with deployed(refuses="DELETE") as there:
        said = check(there.url, "--clause", "TTL-03", key=there.key)
        (identity,) = there.service.store._db.execute("SELECT id, name FROM identities").fetchall()
    (named,) = said.target["leftovers"]
    assert identity["id"] in named
    assert identity["name"] in named
    assert f"left on the target: {named}" in said.out


def test_keep_leaves_all_and_names_it(check: Check) -> None:
    """With --keep the identity stays, and the report says what was kept."""
    with deployed() as there:
        said = check(there.url, "--clause", "TTL-03", "--keep", key=there.key)
        after = left(there)
    assert after["identities"] == 1
    assert after["keys"] == 1
    assert len(said.target["leftovers"]) == 3


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interrupted_run_clears_up_and_has_no_verdict(room: Room, stop: signal.Signals) -> None:
    """Stopped in the middle, a run takes away what it made, and exits with 2."""
    with deployed() as there:
        process = room.start("check", there.url, env={KEY_VARIABLE: there.key})
        sent = there.wall.request
        until(lambda: sent.count("POST /v1/tokens") >= 5, what="it had minted", alive=process)
        process.send_signal(stop)
        run = room.ended(process)
        after = left(there)
    assert run.code == 2, run.said
    assert "interrupted" in run.said
    assert "Traceback" not in run.said
    assert after == NOTHING


def test_a_mint_that_got_no_answer_is_not_sent_again(check: Check) -> None:
    """A mint whose connection broke is asked once for each case, and named as perhaps left over."""
    broken: list[str] = []

    def hang_up(method: str, path: str, _status: int, _body: bytes) -> Any:
        if path == "/v1/tokens/workspace-path":
            broken.append(path)
            raise ConnectionAbortedError
        return None

    with deployed(hang_up) as there:
        said = check(there.url, "--clause", "TTL-03", key=there.key)
        sent = there.wall.request.count("POST /v1/tokens/workspace-path")
    assert sent == len(broken) == 3  # requested nothing, null, and a TTL before nothing
    assert sys.version_info >= (3, 11)
    assert said.code in (1, 2)
