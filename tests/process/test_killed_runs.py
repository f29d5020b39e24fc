"""A run that is killed leaves a journal, from which a later one removes what it made."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from contract.harness.client import sweep_target
from contract.harness.targets import Access, Target
from tests.support.command import COMMAND, KEY_VARIABLE, environment
from tests.support.room import until
from tests.unit.client.scripted import reference_on_a_socket


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the platform has no SIGKILL")
def test_what_a_killed_run_made_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can catch SIGKILL: the journal has every id, and the sweep removes the things."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    journals = tmp_path / "relayauth-contract"
    with reference_on_a_socket() as deployment:
        process = subprocess.Popen(
            [COMMAND, "check", deployment.address],
            env=environment({"XDG_STATE_HOME": str(tmp_path), KEY_VARIABLE: deployment.key.reveal()}),
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:

            def sessions() -> int:
                return sum(file.read_text().count('"session"') for file in journals.glob("*"))

            until(lambda: sessions() >= 20, what="it had noted sessions", alive=process)
            target = Target(deployment.address, deployment.address, Access(api_key=deployment.key))
            assert sweep_target(target) == []
            (file,) = journals.iterdir()
            entries = [json.loads(line) for line in file.read_text().splitlines()[:-1]]
            (identity,) = {
                each["its_id"] for each in entries if each.get("kind") == "identity" and each["its_id"]
            }
            assert file.exists(), "the run is in progress: its journal is left alone"
        finally:
            process.kill()
            process.wait()
        left = sweep_target(target)
        assert identity not in left
        with deployment.connect() as connection:
            key = {"x-api-key": deployment.key.reveal()}
            assert connection.http.get(f"/v1/identities/{identity}", headers=key).status_code == 404
    # What the run was about to create when it was killed can't be known, and is named.
    assert all(each.startswith("perhaps a session") for each in left)
    assert len(left) <= 1
    assert list(journals.iterdir()) == []
