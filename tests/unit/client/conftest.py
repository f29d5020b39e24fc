"""Fixtures that tests of the client share."""

from pathlib import Path

import pytest


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of each wait for a busy service, none of which is slept."""
    seconds: list[float] = []
    monkeypatch.setattr("contract.harness.client.waiting.time.sleep", seconds.append)
    return seconds


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for journals."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "relayauth-contract"
