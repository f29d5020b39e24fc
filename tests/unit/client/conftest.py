"""Fixtures that tests of the client share."""

import pytest


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of each wait for a busy service, none of which is slept."""
    seconds: list[float] = []
    monkeypatch.setattr("contract.harness.client.waiting.time.sleep", seconds.append)
    return seconds
