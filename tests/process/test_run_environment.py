"""The user's environment never reaches a run: verdict and results are the same in each of these."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import patience

CODE = Path(__file__).resolve().parents[2]
DROPS = """
def pytest_collection_modifyitems(items):
    items[:] = []
"""
DESELECTS = """
import pytest

@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    config.hook.pytest_deselected(items=[item for item in items if "above_the_cap" in item.name])
    items[:] = [item for item in items if "above_the_cap" not in item.name]
"""
PASSES = """
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    return True
"""
RAISES = "raise RuntimeError('a conftest of the user')\n"
RAISES_IN_A_HOOK = """
def pytest_runtest_setup(item):
    raise RuntimeError('a hook of the user')
"""
INI = "[pytest]\naddopts = -k nothing\npython_functions = none_*\nfilterwarnings = error\n"
PROJECT = '[tool.pytest.ini_options]\naddopts = "-k nothing"\n'


@dataclass(frozen=True)
class World:
    """A user's project: the suite is installed in it, and the command is called from its root."""

    root: Path

    @property
    def site(self) -> Path:
        """Where the suite is installed."""
        return self.root / "env" / "site-packages"

    def write(self, name: str, text: str) -> None:
        """Add a file."""
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def plugin(self, name: str, text: str) -> None:
        """Install a plugin of pytest."""
        (self.site / f"{name}.py").write_text(text)
        info = self.site / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[pytest11]\n{name} = {name}\n")

    def check(self, *python: str, **variables: str) -> tuple[int, dict[tuple[str, str], str]]:
        """Test a deployment that is broken in one clause; return exit code and outcome by place."""
        report = self.root / "report.json"
        words = ["check", "mutant:NoCap", "--clause", "TTL-0[23]", "--json", str(report)]
        ended = subprocess.run(
            [sys.executable, *python, "-m", "contract.harness.cli.main", *words],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(self.site), **variables},
            capture_output=True,
            text=True,
            timeout=patience(),
            check=False,
        )
        assert report.exists(), ended.stderr
        (target,) = json.loads(report.read_text())["targets"]
        return ended.returncode, {
            (row["clause"], row["endpoint"]): row["outcome"] for row in target["results"]
        }


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A project with the suite in it."""
    made = World(tmp_path)
    for package in ("contract", "reference_impl"):
        # With its bytecode, which each test would compile anew: the copies keep the times of the sources.
        shutil.copytree(CODE / package, made.site / package, ignore=shutil.ignore_patterns("*.pyc.*"))
    shutil.copy(CODE / "openapi.yaml", made.site / "contract")
    return made


def nothing(_world: World) -> dict[str, Any]:
    return {}


def conftests(text: str) -> Callable[[World], dict[str, Any]]:
    def write(world: World) -> dict[str, Any]:
        for place in (".", "env", "env/site-packages", "env/site-packages/contract"):
            world.write(f"{place}/conftest.py", text)
        return {}

    return write


def entry_point(text: str) -> Callable[[World], dict[str, Any]]:
    def install(world: World) -> dict[str, Any]:
        world.plugin("usersplugin", text)
        return {}

    return install


def by_variable(world: World) -> dict[str, Any]:
    world.write("env/site-packages/usersplugin.py", DROPS)
    return {"PYTEST_PLUGINS": "usersplugin", "PYTEST_ADDOPTS": "-p usersplugin -k nothing --co"}


def ini_files(world: World) -> dict[str, Any]:
    for place in (".", "env/site-packages/contract"):
        world.write(f"{place}/pytest.ini", INI)
        world.write(f"{place}/tox.ini", INI)
        world.write(f"{place}/pyproject.toml", PROJECT)
    return {}


WORLDS: dict[str, Callable[[World], dict[str, Any]]] = {
    "nothing": nothing,
    "a conftest drops all": conftests(DROPS),
    "a conftest deselects failures": conftests(DESELECTS),
    "a conftest lets all pass": conftests(PASSES),
    "a conftest raises": conftests(RAISES),
    "a conftest raises in a hook": conftests(RAISES_IN_A_HOOK),
    "a plugin drops all": entry_point(DROPS),
    "a plugin deselects failures": entry_point(DESELECTS),
    "a plugin raises": entry_point(RAISES),
    "a plugin by variable": by_variable,
    "ini files": ini_files,
    "variables of pytest": lambda _: {"PYTEST_DEBUG": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": ""},
    "warnings are errors": lambda _: {"PYTHONWARNINGS": "error"},
}
FAILED = {("TTL-02", endpoint) for endpoint in ("identity", "agent", "path", "workspace-path")}


def expected(code: int, outcomes: dict[tuple[str, str], str]) -> None:
    """What the deployment deserves: one clause fails at each endpoint, the other passes."""
    assert code == 1
    assert {place for place, outcome in outcomes.items() if outcome == "fail"} == FAILED
    assert {outcome for place, outcome in outcomes.items() if place not in FAILED} == {"pass"}
    assert len(outcomes) == 8


OFTEN = ("nothing", "a conftest drops all")
"""What `make test` tries. `make proof` tries all, and `make hostile` more of the kind."""


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(make, id=name, marks=[] if name in OFTEN else [pytest.mark.proof])
        for name, make in WORLDS.items()
    ],
)
def test_nothing_of_the_user_reaches_a_run(world: World, make: Callable[[World], dict[str, Any]]) -> None:
    """Neither files nor variables nor installed plugins change a result."""
    expected(*world.check(**make(world)))


@pytest.mark.parametrize(
    "flags",
    [
        pytest.param(flags, id=" ".join(flags), marks=[] if flags == ["-O"] else [pytest.mark.proof])
        for flags in (["-O"], ["-OO"], ["-W", "error"], ["-I"])
    ],
)
def test_flags_of_python_do_not_change_a_result(world: World, flags: list[str]) -> None:
    """Without assertions, without docstrings, with warnings as errors: no chapter relies on any of it.

    Isolated mode reads no PYTHONPATH: it takes the suite from the environment of the tests.
    """
    expected(*world.check(*flags))


def test_no_chapter_relies_on_an_assertion() -> None:
    """With -O a bare `assert` would pass, whatever it says."""
    chapters = sorted((CODE / "contract").glob("test_*.py"))
    assert chapters
    for chapter in chapters:
        lines = chapter.read_text().splitlines()
        assert not [line for line in lines if line.strip().startswith("assert ")], chapter.name


@pytest.mark.proof
def test_nothing_is_written_into_the_current_folder(world: World, tmp_path: Path) -> None:
    """Generated values need tables: these go into the user's cache."""
    cache = tmp_path / "cache"
    before = {path.name for path in tmp_path.iterdir()}
    script = (
        "from contract.harness.checks import for_all, json_values\n"
        "for_all(json_values, lambda value: None, examples=20, seed=0, shrink=False)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(world.site), "XDG_CACHE_HOME": str(cache)}
    subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, timeout=patience(), check=True
    )
    assert {path.name for path in tmp_path.iterdir()} - before == {"cache"}
    assert list((cache / "relayauth-contract" / "hypothesis").iterdir())
