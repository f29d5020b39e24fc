"""Fixtures that tests of several packages share, and the guard of all that tests start."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import loopback
from tests.support.command import Check, Run, check_with, run_here
from tests.support.guard import guarded
from tests.support.room import Room


@pytest.fixture(scope="session", autouse=True)
def _guard() -> Iterator[None]:
    """Nothing that a test starts outlives the tests, however they end."""
    with guarded():
        yield


@pytest.fixture(scope="session", autouse=True)
def _state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Runs keep their journals in a folder of the tests, not in the developer's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """`relayauth-contract check` in this process: `check(*words, key=..., **variables)`."""

    def checked(*words: str, key: str | None = None, **variables: str) -> Run:
        return check_with(run_here, words, tmp_path, variables, key)

    return checked


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """A fresh place to run the command in."""
    with contextlib.closing(Room(tmp_path)) as fresh:
        yield fresh


@pytest.fixture
def loopback_reserved() -> Iterator[None]:
    """No other test uses the loopback default meanwhile; another program may."""
    with loopback.reserved():
        yield


@pytest.fixture
def untestable(loopback_reserved: None) -> set[str]:
    """The clauses that a launched server can't be tested on, since another program has their port."""
    return set() if loopback.is_free() else set(loopback.NEEDED_BY)


@pytest.fixture
def loopback_default(loopback_reserved: None) -> None:
    """The loopback default is free, and no other test uses it; skipped where another program has its port."""
    if not loopback.is_free():
        pytest.skip(loopback.TAKEN)
