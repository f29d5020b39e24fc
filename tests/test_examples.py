"""The example workflows and the pre-commit hook, run step by step in bash."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.actions import FEW, KNOWN, OURS, ROOT, Runner, executable
from tests.support.room import HERE, Room, needs_node, until
from tests.support.rows import rows

EXAMPLES = sorted((ROOT / "examples").glob("*.yml"))


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A job whose project tests few clauses."""
    job = Runner(tmp_path)
    (job.workspace / "relayauth-contract.toml").write_text(FEW)
    return job


def node_project(runner: Runner, test: str) -> None:
    """A project in Node without dependencies: its server keeps the contract, its test is `test`."""
    package = {
        "name": "a",
        "version": "1.0.0",
        "scripts": {"start": "node server.mjs", "test": "node test.mjs"},
    }
    lock = {
        "name": "a",
        "version": "1.0.0",
        "lockfileVersion": 3,
        "packages": {"": {"name": "a", "version": "1.0.0"}},
    }
    (runner.workspace / "package.json").write_text(json.dumps(package))
    (runner.workspace / "package-lock.json").write_text(json.dumps(lock))
    (runner.workspace / "test.mjs").write_text(test)
    shutil.copy(HERE / "miniature.mjs", runner.workspace / "server.mjs")
    executable(runner.folder / "bin", "pip", '#!/bin/bash\necho "$@" >>"$RUNNER_TEMP/pip"\n')
    runner.path.append(str(runner.folder / "bin"))


def example(name: str) -> Path:
    """One example."""
    return ROOT / "examples" / f"{name}.yml"


def test_the_examples_are_those_that_are_tried_here() -> None:
    """A new one needs a test."""
    assert [file.stem for file in EXAMPLES] == ["agent-relay", "cloud", "nightly-staging", "relayauth"]
    for file in EXAMPLES:
        assert "permissions" in yaml.safe_load(file.read_text())
    assert any(OURS in file.read_text() for file in EXAMPLES)


@pytest.mark.proof
@needs_node
def test_the_example_of_relayauth(runner: Runner) -> None:
    """Its server is started and tested, and the result is good enough to merge."""
    node_project(runner, "")
    (runner.workspace / "relayauth-contract.toml").write_text('[check]\nclauses = ["TTL-*"]\n')
    (runner.workspace / "known-failures.toml").write_text("schema = 2\n")
    runner.workflow(example("relayauth"))
    assert not runner.failed, runner.ran
    assert runner.contexts["steps.contract.outputs.verdict"] == "holds"
    assert runner.ran[-1].said.startswith("Good enough")
    assert runner.foreign == ["actions/checkout@v4", "actions/setup-node@v4", "actions/upload-artifact@v4"]


TEST_OF_CLOUD = """\
const { RELAYAUTH_URL: url, RELAYAUTH_API_KEY: key } = process.env;
const post = async (path, key, body) => (await fetch(url + path, {
  method: "POST",
  headers: { "x-api-key": key, "content-type": "application/json" },
  body: JSON.stringify(body),
})).json();
const { key: workspace } = await post("/v1/tokens/workspace", key, { workspaceId: "ws_cloud" });
const minted = await post("/v1/tokens/path", workspace, { paths: ["/x/*"], refreshTokenTtlSeconds: 7776000 });
const days = (new Date(minted.refreshTokenExpiresAt) - Date.now()) / 86400e3;
if (!(days > 89.9)) throw new Error(`it lives ${days} days`);
"""
TEST_OF_AGENT_RELAY = """\
import { readFileSync } from "node:fs";
const stored = JSON.parse(readFileSync(process.env.RELAYAUTH_SESSION));
const response = await fetch(process.env.RELAYAUTH_URL + "/v1/tokens/refresh", {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ refreshToken: stored.refreshToken }),
});
const renewed = await response.json();
const days = (new Date(renewed.refreshTokenExpiresAt) - Date.now()) / 86400e3;
if (!(days > 89.9)) throw new Error(`it lives ${days} days`);
"""


@needs_node
@pytest.mark.parametrize(
    ("name", "test"),
    rows(
        {"cloud": ("cloud", TEST_OF_CLOUD), "agent-relay": ("agent-relay", TEST_OF_AGENT_RELAY)},
        proof=("agent-relay",),
    ),
)
def test_the_examples_with_the_stand_in(runner: Runner, name: str, test: str) -> None:
    """Their tests reach it; its key is masked; it is stopped at the end, also after a failure."""
    node_project(runner, test)
    runner.workflow(example(name))
    assert not runner.failed, runner.ran
    start = next(ran for ran in runner.ran if ran.name.startswith("Start"))
    key = json.loads((runner.temp / "relayauth.json").read_text())["apiKey"]
    assert start.said == f"::add-mask::{key}\n"
    assert (runner.temp / "pip").read_text() == "install --quiet relayauth-contract\n"
    pid = int(runner.variables["RELAYAUTH_PID"])
    until(lambda: not alive(pid), what="the stand-in has ended")
    assert not (runner.temp / "session.json").exists()


@pytest.mark.proof
@needs_node
@pytest.mark.parametrize("name", ["cloud", "agent-relay"])
def test_the_stand_in_is_stopped_after_a_failed_test(runner: Runner, name: str) -> None:
    """The job is red, and nothing is left running."""
    node_project(runner, "process.exit(1);")
    runner.workflow(example(name))
    assert runner.failed
    pid = int(runner.variables["RELAYAUTH_PID"])
    until(lambda: not alive(pid), what="the stand-in has ended")


def alive(pid: int) -> bool:
    """Whether there is a process with this id that has not ended."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.fixture
def staging(room: Room) -> Iterator[dict[str, Any]]:
    """A deployment that is running."""
    ready = room.folder / "ready.json"
    process = room.start("serve", "--port", "0", "--ready-file", str(ready))
    until(ready.exists, what="the server is ready", alive=process)
    yield json.loads(ready.read_text())
    process.terminate()


@pytest.mark.proof
def test_the_nightly_example(tmp_path: Path, staging: dict[str, Any]) -> None:
    """The second night is compared with the first one, and no credential is printed."""
    folder = tmp_path / "job"
    folder.mkdir()
    runner = Runner(folder)
    (runner.workspace / "relayauth-contract.toml").write_text(FEW + "polite = true\nrate = '500/s'\n")
    (runner.workspace / "known-failures.toml").write_text(KNOWN.format(target=staging["url"]))
    executable(
        folder / "bin",
        "gh",
        '#!/bin/bash\ncase "$1 $2" in "run list") if [[ -d $RUNNER_TEMP/kept ]]; then echo 7; fi ;;\n'
        '"run download") mkdir -p last-night && cp "$RUNNER_TEMP"/kept/* last-night/ ;; esac\n',
    )
    runner.path.append(str(folder / "bin"))
    runner.contexts |= {
        "vars.RELAYAUTH_STAGING_URL": staging["url"],
        "secrets.RELAYAUTH_STAGING_API_KEY": staging["apiKey"],
        "github.token": "x",
    }
    runner.workflow(example("nightly-staging"))
    assert not runner.failed, runner.ran
    assert runner.ran[-1].said == "there is no result of the night before\n"
    assert "stale: TTL-02 at path" in runner.ran[-2].said
    (runner.temp / "kept").mkdir()
    shutil.copy(runner.workspace / "relayauth-contract-report" / "result.json", runner.temp / "kept")
    runner.workflow(example("nightly-staging"))
    assert not runner.failed
    assert "Not worse" in runner.summary.read_text()
    assert staging["apiKey"] not in "".join(ran.said for ran in runner.ran)


def test_the_pre_commit_hook_runs(runner: Runner) -> None:
    """Its entry checks what the project's configuration file says."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    runner._run({"run": hook["entry"]}, ["bash", "-e"])
    assert not runner.failed
    assert "Conforms: reference, 2 of 2 checks passed" in runner.ran[-1].said
    assert hook["pass_filenames"] is False
    assert hook["language"] == "python"
