"""Two at once, and a fall between two statements: one wins, nothing is lost and nothing forks."""

import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from reference_impl.store import Store
from tests.reference.conftest import Opening
from tests.reference.world import ENDPOINTS, World, claims, environment


def at_once(*doings: Any) -> list[Any]:
    """What each of the callables returns, all of them let go at the same moment."""
    barrier, results = threading.Barrier(len(doings)), [None] * len(doings)

    def do(place: int) -> None:
        barrier.wait()
        results[place] = doings[place]()

    threads = [threading.Thread(target=do, args=(place,)) for place in range(len(doings))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def shared(opened: Opening, file: Path, number: int) -> list[World]:
    """Several deployments with one key on one file."""
    return [opened(environment(RELAYAUTH_DB_PATH=str(file))) for _ in range(number)]


@pytest.mark.parametrize("number", [2, 5, 10])
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_of_simultaneous_refreshes_at_most_one_wins(
    opened: Opening, tmp_path: Path, endpoint: str, number: int
) -> None:
    """The others are taken for theft, so that no live descendant remains; none answers 5xx."""
    worlds = shared(opened, tmp_path / "state.db", number)
    token = worlds[0].pair(endpoint)["refreshToken"]
    answers = at_once(*(lambda world=world: world.refresh(token) for world in worlds))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: number - 1}
    (won,) = (answer.json() for answer in answers if answer.status_code == 200)
    assert worlds[0].refresh(won["refreshToken"]).status_code == 401
    assert worlds[0].bearer(won["accessToken"]).status_code == 401


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_once_revoke_has_answered_nothing_of_the_session_works(
    opened: Opening, tmp_path: Path, endpoint: str
) -> None:
    """A refresh that races it may win, and what it won is dead all the same."""
    one, two = shared(opened, tmp_path / "state.db", 2)
    pair = one.pair(endpoint)
    body = {"sessionId": claims(pair["accessToken"])["sid"]}
    refreshed, revoked = at_once(
        lambda: one.refresh(pair["refreshToken"]),
        lambda: two.ask("POST", "/v1/tokens/revoke", body),
    )
    assert (revoked.status_code, refreshed.status_code in (200, 401)) == (204, True)
    newest = refreshed.json() if refreshed.status_code == 200 else pair
    assert one.refresh(newest["refreshToken"]).status_code == 401
    assert one.bearer(newest["accessToken"]).status_code == 401


def test_many_open_one_new_file_at_once(tmp_path: Path) -> None:
    """Whoever comes second waits for the file to take its form."""
    stores = at_once(*(lambda: Store(str(tmp_path / "state.db")) for _ in range(8)))
    assert [store is None for store in stores] == [False] * 8
    for store in stores:
        store.close()


@pytest.mark.parametrize("statement", ["use_token", "add_token"])
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_fault_between_two_statements_undoes_the_first(
    world: World, monkeypatch: pytest.MonkeyPatch, endpoint: str, statement: str
) -> None:
    """The presented token is as good as before, and its session has no other."""
    pair = world.pair(endpoint)

    def fail(*_: Any) -> None:
        raise RuntimeError("a fault of the machine")

    with monkeypatch.context() as patch:
        patch.setattr(Store, statement, fail)
        with pytest.raises(RuntimeError, match="of the machine"):
            world.refresh(pair["refreshToken"])
    assert world.introspect(pair["accessToken"]) is not None
    assert world.refresh(pair["refreshToken"]).status_code == 200


FALL = """
import os, sys
from reference_impl.store import Store
from tests.reference.world import World
import reference_impl.clock as clock
env = dict(line.split("=", 1) for line in sys.stdin.read().split("\\0"))
token = env.pop("TOKEN")
at = float(env.pop("NOW"))
clock.now = lambda: at
Store.add_token = lambda *_: os._exit(9)
World(env).refresh(token)
"""


def test_a_process_that_falls_amid_a_rotation_uses_nothing_up(opened: Opening, tmp_path: Path) -> None:
    """Killed after the token was marked as used and before the new pair was kept."""
    (world,) = shared(opened, tmp_path / "state.db", 1)
    pair = world.pair("path")
    env = environment(
        RELAYAUTH_DB_PATH=str(tmp_path / "state.db"), TOKEN=pair["refreshToken"], NOW=str(world.now)
    )
    told = "\0".join(f"{name}={value}" for name, value in env.items())
    root = Path(__file__).resolve().parents[2]
    fallen = subprocess.run([sys.executable, "-c", FALL], input=told, text=True, cwd=root, check=False)
    assert fallen.returncode == 9
    assert world.refresh(pair["refreshToken"]).status_code == 200
