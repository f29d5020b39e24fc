"""The journal of a run: what it holds, and where."""

import json
import logging
import stat
from pathlib import Path

import httpx
import pytest

from contract.harness.client import OwnOrg, Service
from contract.harness.client import journal as journals
from tests.unit.client.killed_runs import NAMED, killed, work_everywhere
from tests.unit.client.scripted import reference


def test_a_journal_is_private_and_holds_no_credential(state: Path) -> None:
    """Mode 0600 in a folder of its own; neither a token nor a key nor a part of one is in it."""
    with reference() as deployment:
        killed(deployment, work_everywhere)
        (file,) = state.iterdir()
        text = file.read_text()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(state.stat().st_mode) == 0o700
        for request, response in deployment.watched.passed:
            body = response.json() if response.content.startswith(b"{") else {}
            for secret in (body.get("key"), body.get("accessToken"), body.get("refreshToken")):
                assert secret is None or not any(part in text for part in str(secret).split("."))
            assert request.headers.get("x-api-key", "no key") not in text
    kinds = {json.loads(line).get("kind") for line in text.splitlines()} - {None}
    assert kinds == {"identity", "API key", "workspace token", "session"}


def test_everything_is_in_the_journal_before_it_is_created(state: Path) -> None:
    """A run that is killed between request and response leaves a trace of it."""
    seen: dict[str, bool] = {}

    def look(request: httpx.Request) -> httpx.Response | None:
        if request.method == "POST" and request.url.path in {"/v1/identities", NAMED.path}:
            (file,) = state.iterdir()
            seen[request.url.path] = '"its_id": ""' in file.read_text().splitlines()[-1]
        return None

    with reference(look) as deployment:
        killed(deployment, lambda own_org: own_org.pair(NAMED))
    assert seen == {"/v1/identities": True, NAMED.path: True}


def test_after_a_run_that_removed_everything_there_is_no_journal(state: Path) -> None:
    """Nor after one on a target that vanishes with its connection."""
    with reference() as deployment, deployment.connect() as connection:
        own_org = OwnOrg(Service(connection), deployment.key)
        own_org.open()
        work_everywhere(own_org)
        assert list(state.iterdir())
        assert own_org.close() == []
        assert list(state.iterdir()) == []
        connection.disposable = True
        OwnOrg(Service(connection), deployment.key).open()
        assert list(state.iterdir()) == []


def test_a_journal_that_can_not_be_written_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The run goes on as it would."""
    blocked = tmp_path / "a file"
    blocked.touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(blocked))
    with caplog.at_level(logging.WARNING), reference() as deployment, deployment.connect() as connection:
        own_org = OwnOrg(Service(connection), deployment.key)
        own_org.open()
        work_everywhere(own_org)
        assert own_org.close() == []
    (record,) = caplog.records
    assert "XDG_STATE_HOME" in record.getMessage()


def test_without_the_variable_the_home_folder_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And a relative path in it is no path (XDG Base Directory Specification)."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for value in ("", "relative"):
        monkeypatch.setenv("XDG_STATE_HOME", value)
        assert journals.folder() == tmp_path / ".local" / "state" / "relayauth-contract"
