"""What every test of the reference is given: a deployment at a time that stands still until it is moved."""

from collections.abc import Callable, Iterator, Mapping

import pytest

from reference_impl import clock
from reference_impl.rules import Rules
from tests.reference.world import World

Opening = Callable[..., World]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[Opening]:
    """Open deployments from an environment and rules; the newest one's time is everybody's."""
    worlds: list[World] = []

    def open_one(env: Mapping[str, str] | None = None, rules: Rules | None = None) -> World:
        worlds.append(World(env, rules))
        return worlds[-1]

    monkeypatch.setattr(clock, "now", lambda: worlds[-1].now)
    yield open_one
    for world in worlds:
        world.close()


@pytest.fixture
def world(opened: Opening) -> World:
    """A deployment with both keys and a database in memory."""
    return opened()
