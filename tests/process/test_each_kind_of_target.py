"""The command as a process of its own, once for each kind of target: other tests run it in their own."""

import json
from pathlib import Path

import pytest

from contract.harness.jose import run_key
from contract.harness.targets import environment
from tests.support.command import KEY_VARIABLE
from tests.support.deployments import deployed
from tests.support.room import REFERENCE, Room

ONE = ("--clause", "TTL-02", "--endpoint", "path")
APPLICATION = """
import json
from reference_impl.app import create_app
app = create_app(json.load(open("settings.json")))
"""


def key_file(folder: Path) -> str:
    """The private key of `deployed` and of the application, in a file."""
    file = folder / "key.pem"
    file.write_text(run_key().private_pem)
    return str(file)


@pytest.mark.parametrize(
    ("target", "code"),
    [
        pytest.param("reference", 0, id="reference"),
        pytest.param("mutant:NoCap", 1, id="mutant"),
        pytest.param("proxy:LivesADayAtMost->reference", 1, id="proxy"),
        pytest.param(REFERENCE, 0, id="exec"),
        pytest.param("exec:false", 2, id="exec without a server"),
    ],
)
def test_the_exit_code_of_the_process_is_the_verdict(room: Room, target: str, code: int) -> None:
    """0 for a contract that is kept, 1 for one that is not, 2 for no verdict; nothing of it is left."""
    run = room.check_process(target, *ONE)
    assert run.code == code, run.said
    assert "Traceback" not in run.said
    assert run.target["verdict"] == {0: "holds", 1: "broken", 2: "open"}[code]
    assert room.left().processes == 0


def test_a_url_is_tested_by_a_process(room: Room) -> None:
    """The key comes from its variable."""
    with deployed() as there:
        run = room.check_process(there.url, *ONE, env={KEY_VARIABLE: there.key})
    assert run.code == 0, run.said


def test_an_application_is_imported_by_a_process(room: Room) -> None:
    """The module is found in the working directory."""
    (room.folder / "settings.json").write_text(
        json.dumps(environment(run_key(), public=run_key().public_pem))
    )
    (room.folder / "application.py").write_text(APPLICATION)
    run = room.check_process("asgi:application:app", *ONE, "--signing-key", key_file(room.folder))
    assert run.code == 0, run.said
