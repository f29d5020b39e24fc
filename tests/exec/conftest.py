"""A room of its own for each run of the command."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.exec.outside import Room


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """A fresh place to run the command in."""
    with contextlib.closing(Room(tmp_path)) as fresh:
        yield fresh
