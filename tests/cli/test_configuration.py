"""Options of `check` from the configuration file: for every run, and for profiles by name."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import tomlkit

from contract.harness.cli import configuration
from contract.harness.cli.check import check as command
from contract.harness.cli.configuration_schema import NOT_IN_FILE, schema
from contract.harness.cli.options import key_of
from contract.harness.errors import UsageError
from tests.support.command import Check

EXAMPLE = Path(__file__).parents[2] / "docs" / "relayauth-contract.toml"
CHOSEN = '[check]\nclauses = ["TTL-03"]\nendpoints = ["path"]\n'


def write(folder: Path, text: str) -> Path:
    """A configuration file in `folder`."""
    file = folder / configuration.NAME
    file.write_text(text)
    return file


def tried(said: Any) -> set[tuple[str, str]]:
    """What a run tried."""
    return {(row["clause"], row["endpoint"]) for row in said.target["results"]}


def test_options_come_from_the_file(check: Check, tmp_path: Path) -> None:
    """As if they were typed; paths are relative to the file, also from a folder below."""
    write(tmp_path, f'{CHOSEN}targets = ["mutant:NoCap"]\njunit = "report.xml"\nseed = 7\n')
    said = check()
    assert said.target["name"] == "mutant:NoCap"
    assert tried(said) == {("TTL-03", "path")}
    assert said.report["seed"] == 7
    assert (tmp_path / "report.xml").exists()


def test_a_working_directory_that_was_removed_has_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be in it, nor above it: its path is gone."""
    write(tmp_path, CHOSEN)
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    assert configuration.find_here() == tmp_path / configuration.NAME
    (tmp_path / "gone").rmdir()
    assert configuration.find_here() is None


def test_a_folder_that_can_not_be_searched_is_named(tmp_path: Path) -> None:
    """A file that was not seen could have changed the verdict."""
    unsearchable = tmp_path / ("long" * 100)
    with pytest.raises(UsageError, match=r"can't be searched for relayauth-contract\.toml .*--config FILE"):
        configuration.find(unsearchable)


def test_what_is_typed_replaces_what_the_file_says(check: Check, tmp_path: Path) -> None:
    """Lists as a whole; a target that is typed replaces those of the file."""
    write(tmp_path, f'{CHOSEN}targets = ["mutant:NoCap"]\nquiet = true\n')
    said = check("reference", "--clause", "TTL-01", "--verbose")
    assert said.target["name"] == "reference"
    assert tried(said) == {("TTL-01", "path")}
    assert "TTL-01 at path" in said.out
    assert check("--target", "reference").target["name"] == "reference"


def test_a_profile_stands_on_the_options_of_every_run(check: Check, tmp_path: Path) -> None:
    """What it does not say comes from [check]; the contract's own profiles stay what they are."""
    write(tmp_path, f'{CHOSEN}[profiles.more]\nclauses = ["TTL-01", "SES-01"]\nprofile = "core"\n')
    assert tried(check("--profile", "more")) == {("TTL-01", "path")}
    assert check("--profile", "more").report["profile"] == "core"
    assert tried(check()) == {("TTL-03", "path")}
    assert check("--profile", "core").report["profile"] == "core"
    assert check().report["profile"] == "full"


def test_an_unknown_profile_names_those_that_are_known(check: Check, tmp_path: Path) -> None:
    """And says where to describe it."""
    assert (
        "--profile more: write one of core, full; or add [profiles.more] to a config"
        in check("--profile", "more").err
    )
    file = write(tmp_path, "[profiles.nightly]\n")
    said = check("--profile", "more")
    assert said.code == 2
    assert f"write one of core, full, nightly; or add [profiles.more] to {file}" in said.err


def test_a_baseline_is_named_in_a_profile(check: Check, tmp_path: Path) -> None:
    """So that a nightly run needs no option but its name."""
    write(
        tmp_path,
        '[profiles.nightly]\ntargets = ["mutant:NoCap"]\nclauses = ["TTL-0[23]"]\nendpoints = ["path"]\n'
        'baseline = "known.toml"\nbaseline-strict = true\n',
    )
    assert check("--profile", "nightly", "--update-baseline").code == 0
    assert check("--profile", "nightly").code == 0


REFUSED = {
    "an unknown option": (
        "[check]\nclause = []\n",
        ":2: [check]: unknown key 'clause': use one of targets, ",
    ),
    "an update": ("[check]\nupdate-baseline = true\n", ":2: [check]: unknown key 'update-baseline'"),
    "no number": ('[check]\n\nseed = "1"\n', ":3: [check]: seed must be a whole number"),
    "too small": ("[profiles.a]\nseed = -1\n", ":2: [profiles.a]: seed must be at least 0"),
    "too large": ("[check]\nfuzz-examples = 10001\n", ":2: [check]: fuzz-examples must be at most 10000"),
    "no time": ("[check]\nready-timeout = 0\n", ":2: [check]: ready-timeout must be more than 0 seconds"),
    "another endpoint": (
        '[check]\nendpoints = ["paht"]\n',
        ":2: [check]: endpoints has an entry that must be one",
    ),
    "a list": ('[check]\nrequire = "TTL-*"\n', ":2: [check]: require must be a list"),
    "a truth": ('[check]\nstrict = "yes"\n', ":2: [check]: strict must be true or false"),
    "a profile of the contract": ("[profiles.core]\n", ":1: core is a profile of the contract"),
    "another profile": (
        '[profiles.a]\nprofile = "b"\n',
        ":2: [profiles.a]: profile must be one of core, full",
    ),
    "no table": ("check = 1\n", ":1: check must be a table"),
    "no table of tables": ("profiles.a = 1\n", ":1: [profiles.a] must be a table"),
    "a credential": ('[check]\nenv = { A = "rak_0123" }\n', ":2: check.env.A holds a credential"),
}


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED)
def test_what_makes_no_sense_is_told_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    """As `FILE:LINE`, which editors and terminals open."""
    file = write(tmp_path, text)
    with pytest.raises(UsageError) as refusal:
        configuration.load(file)
    assert f"{file}{words}" in str(refusal.value)


def test_lines_are_those_of_pyproject(tmp_path: Path) -> None:
    """The table may stand anywhere in it."""
    file = tmp_path / "pyproject.toml"
    file.write_text('[project]\nname = "x"\n\n[tool.relayauth-contract.check]\nsede = 1\n')
    with pytest.raises(UsageError, match=r"pyproject\.toml:5: \[check\]: unknown key 'sede'"):
        configuration.load(file)


def test_every_option_of_check_has_a_place_in_the_file() -> None:
    """But for those that make no sense there."""
    known = set(json.loads(configuration.SCHEMA.read_text())["$defs"]["check"]["properties"])
    assert {key_of(str(each.name)) for each in command.params if each.name not in NOT_IN_FILE} == known
    assert {name for name in NOT_IN_FILE if name != "help"} <= {str(each.name) for each in command.params}


VALUES: dict[str, Any] = {"boolean": True, "integer": 3, "number": 2.5, "string": "9/s"}


def value_for(rule: dict[str, Any]) -> Any:
    """A value that a rule of the schema allows."""
    if "enum" in rule:
        return rule["enum"][0]
    if rule["type"] == "array":
        return [value_for(rule["items"])]
    return {"A": "1"} if rule["type"] == "object" else VALUES[rule["type"]]


OPTIONS = schema(command)["$defs"]["check"]["properties"]


@pytest.mark.parametrize("key", OPTIONS)
def test_each_option_arrives_as_if_it_were_typed(
    tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same value reaches the command from the file and from the command line."""
    value = value_for(OPTIONS[key])
    file = write(tmp_path, tomlkit.dumps({"check": {key: value}}))
    (parameter,) = (each for each in command.params if key_of(str(each.name)) == key)
    if isinstance(value, dict):
        words = ["--env", "A=1"]
    elif isinstance(value, bool):
        words = [parameter.opts[-1]]
    elif isinstance(value, list):
        words = [*([] if key == "targets" else [parameter.opts[0]]), value[0]]
    else:
        words = [parameter.opts[0], str(value)]
    in_folder = str(tmp_path / str(value)) if "Relative" in OPTIONS[key]["description"] else None
    if in_folder:
        words[-1] = in_folder
    seen: list[dict[str, Any]] = []
    monkeypatch.setattr(command, "callback", lambda **values: seen.append(values))
    for typed in (["--config", str(file)], ["--config", str(write(tmp_path / "..", "")), *words]):
        command.main(typed, standalone_mode=False)
    from_file, from_words = ({name: each[name] for name in each if name != "config"} for each in seen)
    assert from_file == from_words


def test_the_schema_is_one_and_the_example_conforms() -> None:
    """Editors that know JSON Schema complete and check the file."""
    published = json.loads(configuration.SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(published)
    validator = jsonschema.Draft202012Validator(published)
    validator.validate(tomlkit.parse(EXAMPLE.read_text()).unwrap())
    refused: list[dict[str, Any]] = [
        {"targets": {"a": {}}},
        {"check": {"sede": 1}},
        {"targets": {"a": {"url": "b", "command": "c"}}},
    ]
    for wrong in refused:
        assert not validator.is_valid(wrong)


def test_the_profile_of_the_example_is_one() -> None:
    """What the shipped file shows can be asked for."""
    assert set(configuration.load(EXAMPLE).profiles) == {"nightly"}
