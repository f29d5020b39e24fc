"""Runs the steps of a GitHub workflow or a composite action in bash, as a runner does, on this machine."""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.support.command import COMMAND, environment, patience

ROOT = Path(__file__).resolve().parents[2]
OURS = "OWNER/relayauth-contract@v1"
FEW = '[check]\nclauses = ["TTL-0[23]"]\nendpoints = ["path"]\n'
KNOWN = (
    'schema = 2\n[[known]]\ntarget = "{target}"\nclause = "TTL-02"\nendpoint = "path"\n'
    'reason = "the cap comes next week"\n'
)
_EXPRESSION = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")


@dataclass
class Ran:
    """A step that was run: its name, exit code, and what it printed."""

    name: str
    code: int
    said: str


@dataclass
class Runner:
    """A job: the workspace and the temporary folder, what steps have left for later ones, and how they ended.

    `contexts` has values such as `secrets.KEY`; `foreign` lists the actions of others, which are not run.
    """

    folder: Path
    contexts: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    ran: list[Ran] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    failed: bool = False

    def __post_init__(self) -> None:
        self.workspace, self.temp = self.folder / "workspace", self.folder / "temp"
        for folder in (self.workspace, self.temp):
            folder.mkdir(exist_ok=True)
        self.path = [str(Path(COMMAND).parent)]
        self.files = {
            name: self.folder / name.lower() for name in ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT")
        }
        self.summary = self.folder / "summary.md"

    def workflow(self, file: Path) -> "Runner":
        """Run the one job of a workflow."""
        ((_, job),) = yaml.safe_load(file.read_text())["jobs"].items()
        self._steps(job["steps"], default_shell=["bash", "-e"])
        return self

    def action(self, given: Mapping[str, str]) -> dict[str, str]:
        """Run our action with the inputs `given`, and return its outputs."""
        definition = yaml.safe_load((ROOT / "action.yml").read_text())
        unknown = set(given) - set(definition["inputs"])
        assert not unknown, f"the action has no inputs {unknown}"
        inputs = {name: str(given.get(name, row["default"])) for name, row in definition["inputs"].items()}
        outside = dict(self.contexts)
        self.contexts |= {f"inputs.{name}": value for name, value in inputs.items()}
        self.contexts["github.action_path"] = str(ROOT)
        self._steps(definition["runs"]["steps"], default_shell=None)
        outputs = {name: self._filled(row["value"]) for name, row in definition["outputs"].items()}
        self.contexts = outside
        return outputs

    def _steps(self, steps: list[dict[str, Any]], default_shell: list[str] | None) -> None:
        for step in steps:
            if not self._applies(step.get("if")):
                continue
            if "uses" in step:
                self._use(step)
                continue
            shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail"] if "shell" in step else default_shell
            assert shell, f"a step of an action names its shell: {step}"
            self._run(step, shell)

    def _use(self, step: Mapping[str, Any]) -> None:
        if step["uses"] != OURS:
            self.foreign.append(step["uses"])
            return
        given = {name: self._filled(str(value)) for name, value in step["with"].items()}
        outputs = self.action({"install": "no", **given})
        self.contexts |= {f"steps.{step['id']}.outputs.{name}": value for name, value in outputs.items()}

    def _run(self, step: Mapping[str, Any], shell: list[str]) -> None:
        for file in (*self.files.values(), self.summary):
            file.touch()
        self.files["GITHUB_OUTPUT"].write_text("")
        script = self.folder / "script.sh"
        script.write_text(self._filled(step["run"]))
        own = {name: self._filled(str(value)) for name, value in step.get("env", {}).items()}
        given = {
            "PATH": ":".join([*reversed(self.path), os.environ["PATH"]]),
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_ACTIONS": "true",
            "GITHUB_SHA": "0" * 40,
            "GITHUB_WORKFLOW": "a workflow",
            "GITHUB_STEP_SUMMARY": str(self.summary),
            **{name: str(file) for name, file in self.files.items()},
            **self.variables,
            **own,
        }
        said = self.folder / "said"
        with said.open("w") as out:
            ended = subprocess.run(
                [*shell, str(script)], cwd=self.workspace, env=environment(given), stdin=subprocess.DEVNULL,
                stdout=out, stderr=subprocess.STDOUT, timeout=patience(60), check=False,
            )  # fmt: skip
        self.failed |= ended.returncode != 0
        self.ran.append(Ran(step.get("name", step["run"]), ended.returncode, said.read_text()))
        for name, value in _assignments(self.files["GITHUB_OUTPUT"]).items():
            self.contexts[f"steps.{step.get('id')}.outputs.{name}"] = value
        self.variables |= _assignments(self.files["GITHUB_ENV"])
        self.path += [line for line in self.files["GITHUB_PATH"].read_text().split() if line not in self.path]

    def _applies(self, condition: str | None) -> bool:
        if condition == "always()":
            return True
        if self.failed:
            return False
        if condition is None:
            return True
        left, sign, right = condition.split()
        return (self.contexts[left] == right.strip("'")) == (sign == "==")

    def _filled(self, text: str) -> str:
        return _EXPRESSION.sub(lambda found: self.contexts.get(found[1], ""), text)


def _assignments(file: Path) -> dict[str, str]:
    pairs = (line.partition("=") for line in file.read_text().splitlines())
    return {name: value for name, _, value in pairs}


def executable(folder: Path, name: str, text: str) -> Path:
    """A program in `folder`."""
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(text)
    file.chmod(0o755)
    return file
