"""Looks at what a launched command is given: a deployment of its own, and no credential of the caller."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.room import REFERENCE, Room

TELL = """
import json, sys
json.dump({"argv": sys.argv, "env": dict(os.environ), "cwd": os.getcwd()}, open("/".join(sys.argv[1:]), "w"))
"""
HELD = {
    "RELAYAUTH_CONTRACT_API_KEY": "rak_of_the_default_name",
    "STAGING_KEY": "rak_of_the_staging_deployment",
    "SECOND_KEY": "rak_of_the_other_org",
    "NIGHTLY_KEY": "rak_of_a_target_not_on_trial",
    "RELAYAUTH_SIGNING_KEY_PEM": "the key of the caller's own deployment",
    "RELAYAUTH_SIGNING_KEY_PEM_PUBLIC": "its public key",
    "BASE_URL": "https://auth.example.com",
    "INTERNAL_SECRET": "a secret of the caller's own deployment",
    "PORT": "80",
}


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a command saw that was started by a caller who holds many credentials."""
    room = Room(tmp_path_factory.mktemp("caller"))
    told = room.folder / "told"
    (room.folder / "relayauth-contract.toml").write_text(
        '[targets.nightly]\nurl = "https://nightly.example.com"\napi-key-env = "NIGHTLY_KEY"\n'
    )
    keys = ("--api-key-env", "STAGING_KEY", "--second-api-key-env", "SECOND_KEY")
    run = room.run(
        "check", room.script(TELL) + f" {told}", *keys, "--env", "GREETING=hello=world", "--clause", "TTL-03",
        env=HELD | {"HARMLESS": "left alone"},
    )  # fmt: skip
    assert run.code == 2, run.said
    found: dict[str, Any] = json.loads(told.read_text())
    return found


@pytest.mark.parametrize("name", HELD)
def test_no_credential_and_no_setting_of_the_caller_is_handed_on(given: dict[str, Any], name: str) -> None:
    """The variable is absent, or has a value of this run, and its value stands nowhere else."""
    assert given["env"].get(name) != HELD[name]
    assert not any(HELD[name] == value for value in given["env"].values())


def test_nothing_secret_is_in_the_argument_list(given: dict[str, Any]) -> None:
    """Every user of a machine may read argument lists: the signing key travels in the environment."""
    assert "PRIVATE KEY" in given["env"]["RELAYAUTH_SIGNING_KEY_PEM"]
    assert not any(word for word in given["argv"] if "KEY" in word or "rak_" in word)


def test_the_configuration_is_complete(given: dict[str, Any]) -> None:
    """The command gets what a launcher sets: a port, both keys, a database, a secret, and no address."""
    env = given["env"]
    assert env["PORT"].isdigit()
    assert "BEGIN PUBLIC KEY" in env["RELAYAUTH_SIGNING_KEY_PEM_PUBLIC"]
    assert env["RELAYAUTH_DB_PATH"].endswith(".db")
    assert env["INTERNAL_SECRET"]
    assert "BASE_URL" not in env


def test_what_the_caller_gives_by_name_arrives(given: dict[str, Any]) -> None:
    """`--env` is handed on as it stands, and what is no credential is inherited."""
    assert given["env"]["GREETING"] == "hello=world"
    assert given["env"]["HARMLESS"] == "left alone"


def test_a_command_starts_in_the_folder_that_was_named(room: Room) -> None:
    """`--cwd` is where it runs."""
    folder = room.folder / "elsewhere"
    folder.mkdir()
    told = room.folder / "told"
    room.run("check", room.script(TELL) + f" {told}", "--cwd", str(folder))
    assert Path(json.loads(told.read_text())["cwd"]) == folder


def test_a_key_of_the_caller_is_not_tried_on_a_launched_server(room: Room) -> None:
    """A variable that is set for a staging deployment does not keep the harness from its own bootstrap."""
    run = room.check(REFERENCE, "--clause", "TTL-03", env={"RELAYAUTH_CONTRACT_API_KEY": "rak_of_staging"})
    assert run.code == 0, run.said
