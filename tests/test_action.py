"""The action, run step by step in bash."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.support.actions import FEW, KNOWN, ROOT, Runner, executable
from tests.support.command import COMMAND

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
EXAMPLES = sorted((ROOT / "examples").glob("*.yml"))


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A job whose project tests few clauses."""
    job = Runner(tmp_path)
    (job.workspace / "relayauth-contract.toml").write_text(FEW)
    return job


def test_the_action_gives_verdict_result_and_counts(runner: Runner) -> None:
    """And writes the reports that were asked for, the summary and no annotation."""
    said = runner.action({"install": "no", "target": "reference", "reports": "html junit sarif github badge"})
    assert said == {
        "verdict": "holds",
        "result": "relayauth-contract-report/result.json",
        "counts": '{"pass": 2}',
    }
    written = {path.name for path in (runner.workspace / "relayauth-contract-report").iterdir()}
    assert written == {"result.json", "report.html", "junit.xml", "report.sarif", "summary.md", "badge.svg"}
    assert "Conforms" in runner.summary.read_text()
    assert "::error" not in runner.ran[-1].said
    assert not runner.failed


def test_a_failure_ends_the_step_and_is_annotated(runner: Runner) -> None:
    """The outputs are there all the same."""
    said = runner.action({"install": "no", "target": "mutant:NoCap"})
    assert (said["verdict"], json.loads(said["counts"])) == ("broken", {"fail": 1, "pass": 1})
    assert runner.ran[-1].code == 1
    assert "::error title=TTL-02" in runner.ran[-1].said


@pytest.mark.proof
def test_a_baseline_is_taken(runner: Runner) -> None:
    """A known failure ends nothing; strictly, an entry that is stale does."""
    (runner.workspace / "known.toml").write_text(KNOWN.format(target="mutant:NoCap"))
    given = {"install": "no", "target": "mutant:NoCap", "baseline": "known.toml"}
    assert json.loads(runner.action(given)["counts"]) == {"known": 1, "pass": 1}
    (runner.workspace / "known.toml").write_text(KNOWN.format(target="reference"))
    assert runner.action({**given, "target": "reference", "baseline-strict": "yes"})["verdict"] == "holds"
    assert runner.ran[-1].code == 1


@pytest.mark.proof
def test_a_command_is_started_without_the_inputs_of_the_action(runner: Runner) -> None:
    """The server inherits neither them nor a credential; a profile and a requirement are passed on."""
    server = executable(
        runner.folder,
        "server",
        f'#!/bin/bash\nenv >"{runner.folder}/seen"\nexec {COMMAND} serve --port $PORT\n',
    )
    with (runner.workspace / "relayauth-contract.toml").open("a") as file:
        file.write('[profiles.mine]\nclauses = ["TTL-03"]\n')
    given = {"command": str(server), "cwd": "..", "profile": "mine", "require": "TTL-03", "faketime": "no"}
    secrets = {"api-key": "rak_the-key-of-a-deployment", "second-api-key": "rak_the-second-key"}
    said = runner.action({"install": "no", **given, **secrets})
    assert json.loads(said["counts"]) == {"pass": 1}, runner.ran[-1].said
    seen = (runner.folder / "seen").read_text()
    assert "INPUT_" not in seen
    assert "rak_the" not in seen
    assert f"PWD={runner.folder}" in seen


def test_secrets_are_in_variables_and_a_private_file(runner: Runner) -> None:
    """None is an argument; the file with the key is gone afterwards."""
    bin_folder = runner.folder / "bin"
    executable(
        bin_folder,
        "relayauth-contract",
        '#!/bin/bash\necho "$@" >"$RUNNER_TEMP/words"\nenv >"$RUNNER_TEMP/environment"\n'
        'while [[ $# -gt 0 ]]; do if [[ $1 == --signing-key ]]; then stat -c %a "$2" >"$RUNNER_TEMP/mode"; '
        'cp "$2" "$RUNNER_TEMP/copy"; fi; shift; done\n',
    )
    runner.path.append(str(bin_folder))
    given = {"api-key": "rak_first", "second-api-key": "rak_second", "signing-key": "-----BEGIN\nx\n-----END"}
    runner.action({"install": "no", "target": "https://staging.example", **given})
    words = (runner.temp / "words").read_text()
    assert not re.search("rak_|BEGIN", words)
    assert "--second-api-key-env RELAYAUTH_CONTRACT_SECOND_API_KEY" in words
    seen = (runner.temp / "environment").read_text()
    assert "RELAYAUTH_CONTRACT_API_KEY=rak_first\n" in seen
    assert "INPUT_" not in seen
    assert (runner.temp / "mode").read_text() == "600\n"
    assert (runner.temp / "copy").read_text() == "-----BEGIN\nx\n-----END\n"
    assert list(runner.temp.glob("signing-key*")) == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"target": "reference", "command": "true"}, "::error::give either target or command"),
        ({"reports": "pdf"}, "::error::reports: pdf is unknown"),
        ({"profile": "nightly"}, "--profile nightly: write one of core, full"),
    ],
)
def test_bad_inputs_are_one_sentence(runner: Runner, given: dict[str, str], words: str) -> None:
    """And end with 2: no verdict."""
    runner.action({"install": "no", **given})
    assert runner.ran[-1].code == 2
    assert words in runner.ran[-1].said


def test_what_can_not_be_tried_is_no_verdict(runner: Runner) -> None:
    """The outputs say so."""
    said = runner.action({"install": "no", "target": "https://staging.example"})
    assert said["verdict"] == "open"


def test_the_action_installs_from_the_lock(runner: Runner) -> None:
    """With hashes, into an environment of its own; only the command goes on the path."""
    python = executable(
        runner.folder / "bin",
        "python-stub",
        '#!/bin/bash\necho "$@" >>"$RUNNER_TEMP/calls"\n'
        'if [[ $1 == -m && $2 == venv ]]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; fi\n',
    )
    (install,) = (step for step in ACTION["runs"]["steps"] if step["name"] == "Install relayauth-contract")
    runner.contexts |= {
        "inputs.python": str(python),
        "github.action_path": str(ROOT),
        "inputs.install": "yes",
    }
    runner._steps([install], None)
    venv = runner.temp / "relayauth-contract" / "venv"
    assert (runner.temp / "calls").read_text().splitlines()[1:] == [
        f"-m venv {venv}",
        f"-m pip install --quiet --require-hashes -r {ROOT}/requirements.lock",
        f"-m pip install --quiet --no-deps {ROOT}",
    ]
    assert runner.path[-1] == str(runner.temp / "relayauth-contract" / "bin")
    assert [each.name for each in Path(runner.path[-1]).iterdir()] == ["relayauth-contract"]


def test_an_old_python_is_refused(runner: Runner) -> None:
    """With the remedy."""
    python = executable(runner.folder / "bin", "old", "#!/bin/bash\nexit 1\n")
    runner.action({"python": str(python)})
    assert runner.ran[0].code == 2
    assert "put actions/setup-python before it" in runner.ran[0].said


@pytest.mark.parametrize(("given", "installs"), [("auto", True), ("yes", True), ("no", False)])
def test_libfaketime_is_installed_where_it_is_of_use(runner: Runner, given: str, installs: bool) -> None:
    """Unless it is here already."""
    (step,) = (step for step in ACTION["runs"]["steps"] if step["name"] == "Install libfaketime")
    step = {**step, "run": step["run"].replace("/usr/lib", str(runner.folder))}
    for name in ("apt-get", "sudo"):
        log = f'echo "$@" >>"$RUNNER_TEMP/{name}"'
        run = 'exec "$@"' if name == "sudo" else ""
        executable(runner.folder / "bin", name, f"#!/bin/bash\n{log}\n{run}\n")
    runner.path.append(str(runner.folder / "bin"))
    runner.contexts |= {"inputs.faketime": given, "inputs.command": "npm start"}
    runner._steps([step], None)
    calls = runner.temp / "apt-get"
    assert calls.exists() == installs
    if installs:
        assert calls.read_text().splitlines() == ["update -qq", "install -y -qq faketime"]
        calls.unlink()
        executable(runner.folder / "x86", "x", "")
        executable(runner.folder / "x86" / "faketime", "libfaketime.so.1", "")
        runner._steps([step], None)
        assert not calls.exists()


def test_no_run_line_holds_an_expression() -> None:
    """What comes from outside is data in a variable, never text of a script."""
    for file in (ROOT / "action.yml", *EXAMPLES):
        definition = yaml.safe_load(file.read_text())
        steps = (definition.get("runs") or next(iter(definition["jobs"].values())))["steps"]
        for step in steps:
            assert "${{" not in step.get("run", ""), f"{file.name}: {step}"


def test_the_inputs_and_outputs_are_those_of_the_plan() -> None:
    """Each is described, and each input is used."""
    text = (ROOT / "action.yml").read_text()
    for name, row in ACTION["inputs"].items():
        assert row["description"]
        assert f"inputs.{name} " in text
    assert set(ACTION["outputs"]) == {"verdict", "result", "counts"}
