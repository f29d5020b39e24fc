"""Another project's `contract` or `reference_impl` on the path is named, and never imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import patience

COMMAND = [str(Path(sys.executable).parent / "relayauth-contract")]
MODULE = [sys.executable, "-m", "relayauth_contract"]
SPOILED = "raise RuntimeError('the foreign package was imported')\n"


def run(words: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command in `folder`."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        words,
        cwd=folder,
        env=kept | variables,
        capture_output=True,
        text=True,
        timeout=patience(),
        check=False,
    )


@pytest.fixture(params=["contract", "reference_impl"])
def foreign(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder that holds a package of the same name."""
    package = tmp_path / str(request.param)
    package.mkdir()
    (package / "__init__.py").write_text(SPOILED)
    return package


@pytest.mark.parametrize("command", [COMMAND, MODULE], ids=["console script", "python -m"])
@pytest.mark.parametrize("words", [["--version"], ["check"]], ids=" ".join)
def test_a_foreign_package_on_the_path_is_one_sentence(
    foreign: Path, command: list[str], words: list[str]
) -> None:
    """Exit code 2, the folder of that package, and what to do; nothing else is printed."""
    ended = run([*command, *words], foreign.parent, PYTHONPATH=".")
    assert ended.returncode == 2
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert f"another package `{foreign.name}`, in {foreign.resolve()}" in line
    assert f"remove {foreign.parent.resolve()} from PYTHONPATH" in line


def test_python_m_in_a_folder_with_a_foreign_package_is_refused_as_well(foreign: Path) -> None:
    """`python -m` puts the working directory first, without any variable."""
    ended = run([*MODULE, "clauses"], foreign.parent)
    assert ended.returncode == 2
    assert f"another package `{foreign.name}`" in ended.stderr


def test_a_foreign_package_in_the_working_directory_alone_changes_nothing(foreign: Path) -> None:
    """The installed command does not look there, also not when a target is imported later."""
    ended = run([*COMMAND, "check", "--clause", "JWKS-09"], foreign.parent)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_a_folder_of_that_name_without_a_package_in_it_changes_nothing(tmp_path: Path) -> None:
    """A plain folder named `contract` is no package that hides ours."""
    (tmp_path / "contract").mkdir()
    ended = run([*COMMAND, "clauses", "TTL-02"], tmp_path, PYTHONPATH=".")
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("command", [COMMAND, MODULE], ids=["console script", "python -m"])
def test_both_ways_to_start_it_are_the_same_command(tmp_path: Path, command: list[str]) -> None:
    """Name, version and exit code agree."""
    ended = run([*command, "--version"], tmp_path)
    assert ended.returncode == 0
    assert ended.stdout.startswith("relayauth-contract ")
