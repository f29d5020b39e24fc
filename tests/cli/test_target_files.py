"""Tries the target file: what it may say, what it must not, and the examples that are shipped."""

from pathlib import Path

import pytest

from contract.harness.cli import configuration as targetfile
from contract.harness.errors import UsageError
from tests.support.command import COMMAND
from tests.support.room import Room

EXAMPLES = Path(__file__).parents[2] / "docs" / "relayauth-contract.toml"


def written(folder: Path, text: str, name: str = targetfile.NAME) -> Path:
    """A target file in `folder`."""
    file = folder / name
    file.write_text(text)
    return file


@pytest.mark.parametrize("name", ["ours", "staging", "bundled"])
def test_each_example_makes_a_target(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped examples are valid, and read as the targets that they say they are."""
    monkeypatch.delenv("RELAYAUTH_CONTRACT_API_KEY", raising=False)
    rows = targetfile.read(EXAMPLES)
    assert set(rows) == {"ours", "staging", "bundled"}
    target = targetfile.target(name, rows[name], EXAMPLES.parent)
    assert target.name == name
    assert target.spec == rows[name].get("url", f"exec:{rows[name].get('command')}")


def test_the_example_of_the_reference_runs(room: Room) -> None:
    """`check bundled` runs what the file says."""
    run = room.check(
        "bundled", "--config", str(EXAMPLES), "--clause", "TTL-03", "--clause", "CLK-05",
        env={"PATH": f"{Path(COMMAND).parent}:/usr/bin:/bin"},
    )  # fmt: skip
    assert run.code == 0, run.said
    assert (run.target["name"], run.target["kind"]) == ("bundled", "exec")


def test_the_key_of_the_staging_example_is_named_and_not_given(room: Room) -> None:
    """Without the variable that the example names, the run says which one it needs; nothing is sent."""
    run = room.run("check", "staging", "--config", str(EXAMPLES))
    assert run.code == 2
    assert "needs an org API key: put it in the variable RELAYAUTH_STAGING_API_KEY" in run.said


def test_all_that_a_row_may_say_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every key of a row arrives in the target; files and folders are relative to the target file."""
    monkeypatch.setenv("OURS", "rak_ours")
    monkeypatch.setenv("THEIRS", "rak_theirs")
    file = written(
        tmp_path,
        """[targets.mine]
        command = "npm start"
        cwd = "service"
        env = { NODE_ENV = "test" }
        ready-path = "/up"
        ready-timeout = 5
        api-key-env = "OURS"
        second-api-key-env = "THEIRS"
        allow-http = true
        rate = "0.5/s"
        i-may-test-this-host = true
        baseline = "known.json"
        clauses = ["TTL-*"]
        """,
    )
    mine = targetfile.target("mine", targetfile.read(file)["mine"], tmp_path)
    assert mine.spec == "exec:npm start"
    assert mine.launching.cwd == str(tmp_path / "service")
    assert mine.launching.env == {"NODE_ENV": "test"}
    assert (mine.launching.ready_path, mine.launching.ready_timeout) == ("/up", 5.0)
    assert mine.access.api_key is not None
    assert mine.access.api_key.reveal() == "rak_ours"
    assert mine.access.second_api_key is not None
    assert mine.access.second_api_key.reveal() == "rak_theirs"
    assert (mine.baseline, mine.clauses) == (str(tmp_path / "known.json"), ("TTL-*",))
    assert (mine.access.rate, mine.access.any_host, mine.access.allow_http) == (0.5, True, True)


URL = '[targets.a]\nurl = "https://a.example"\n'
RUN = '[targets.a]\ncommand = "a"\n'
REFUSED = {
    "an unknown key": (URL + "port = 1", "unknown key 'port': use one of url"),
    "an unknown table": (
        '[target.a]\nurl = "https://a.example"',
        "unknown key 'target': describe each target in",
    ),
    "url and command": (URL + 'command = "a"', "set either url or command"),
    "neither": ("[targets.a]\nallow-http = true", "set either url or command"),
    "no table": ("[targets]\na = 1", "[targets.a] must be a table"),
    "a wrong type": ("[targets.a]\ncommand = 1", "command must be a string"),
    "a truth for a number": (RUN + "ready-timeout = true", "ready-timeout must be a number"),
    "no time at all": (RUN + "ready-timeout = 0", "ready-timeout must be more than 0 seconds"),
    "a number in env": (RUN + "env = { A = 1 }", ":3: [targets.a]: env has an entry that must be a string"),
    "a number for a clause": (
        RUN + "clauses = [1]",
        ":3: [targets.a]: clauses has an entry that must be a string",
    ),
    "an API key": (URL + 'api-key-env = "rak_0123"', "targets.a.api-key-env holds a credential"),
    "a workspace token": (
        RUN + 'env = { KEY = "relay_ws_0123" }',
        "targets.a.env.KEY holds a credential",
    ),
    "a private key": (RUN + 'signing-key = "-----BEGIN PRIVATE KEY-----"', "holds a credential"),
    "a token": ('[targets.a]\ncommand = "curl -d eyJhbGciOiJSUzI1NiJ9.e30.0123"', "holds a credential"),
    "no TOML": ("targets = [", "is not valid TOML"),
}


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED)
def test_what_makes_no_sense_is_refused(tmp_path: Path, text: str, words: str) -> None:
    """The file, the place in it and the reason are told, and never a credential."""
    file = written(tmp_path, text)
    with pytest.raises(UsageError) as refusal:
        targetfile.read(file)
    assert str(file) in str(refusal.value)
    assert words in str(refusal.value)
    assert "0123" not in str(refusal.value)


def test_the_table_may_stand_in_pyproject(tmp_path: Path) -> None:
    """`[tool.relayauth-contract]` is found from a folder below, and other tools' tables are let be."""
    file = written(
        tmp_path,
        '[tool.other]\nkey = 1\n[tool.relayauth-contract.targets.a]\nurl = "https://a.example"\n',
        "pyproject.toml",
    )
    below = tmp_path / "deep" / "down"
    below.mkdir(parents=True)
    assert targetfile.find(below) == file
    assert targetfile.read(file) == {"a": {"url": "https://a.example"}}


def test_the_nearest_target_file_counts(tmp_path: Path) -> None:
    """A file of its own beats a table in pyproject.toml, and a near one beats a far one."""
    written(tmp_path, "[tool.relayauth-contract.targets]\n", "pyproject.toml")
    below = tmp_path / "deep"
    below.mkdir()
    assert targetfile.find(below) == tmp_path / "pyproject.toml"
    far = written(tmp_path, "")
    assert targetfile.find(below) == far
    near = written(below, "")
    assert targetfile.find(below) == near


def test_an_unknown_name_is_answered_with_those_that_are_known(room: Room) -> None:
    """A misspelt name is no target: the file and the names in it are told."""
    written(room.folder, '[targets.staging]\nurl = "https://a.example"\n')
    run = room.run("check", "stagin")
    assert run.code == 2
    assert "'stagin' is not a target" in run.said
    assert "staging" in run.said


def test_several_targets_of_a_file_are_judged_apart_in_one_report(room: Room) -> None:
    """One run, three servers, one of which does not start: a verdict each, and the worst is the exit code."""
    written(
        room.folder,
        f'[targets.good]\ncommand = "{COMMAND} serve"\n[targets.bad]\ncommand = "false"\n'
        f'[targets.other]\ncommand = "{COMMAND} serve"\nclauses = ["META-03"]\n',
    )
    run = room.check("good", "bad", "other", "--clause", "TTL-03")
    assert run.code == 2
    verdicts = {each["name"]: each["verdict"] for each in run.report["targets"]}
    assert verdicts == {"good": "holds", "bad": "open", "other": "holds"}
