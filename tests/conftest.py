"""Fixtures that tests of several packages share."""

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import Check, run_check
from tests.support.room import Room


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """`relayauth-contract check`, as a process of its own: `check(*words, key=..., **variables)`."""
    return functools.partial(run_check, tmp_path)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """A fresh place to run the command in."""
    with contextlib.closing(Room(tmp_path)) as fresh:
        yield fresh
