"""Applies each walkthrough of CONTRIBUTING.md to a copy of the repository, and runs its commands there."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from contract.harness.spec import catalogue
from tests.support.command import environment, patience
from tests.support.new_clause import write

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
COPIED = ("contract", "reference_impl", "relayauth_contract", "openapi.yaml", "pyproject.toml")
_STEP = re.compile(
    r"^(?P<how>Append to|Create|In) `(?P<file>[^`\n]+)`(?:, before the line `(?P<line>[^`\n]+)`)?:\n\n"
    r"```\w+\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_COMMANDS = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Walkthrough:
    """A section of the page: what is written where, and the commands that follow."""

    title: str
    text: str

    def apply(self, root: Path) -> int:
        """Carry out its steps below `root`; return how many there were."""
        steps = list(_STEP.finditer(self.text))
        for step in steps:
            file = root / step["file"]
            if step["how"] == "Create":
                assert not file.exists(), f"{step['file']} exists already"
                file.write_text(step["text"], "utf-8")
            elif step["how"] == "Append to":
                with file.open("a", encoding="utf-8") as opened:
                    opened.write(step["text"])
            else:
                before, anchor, after = file.read_text("utf-8").partition(f"{step['line']}\n")
                assert anchor, f"{step['file']} has no line {step['line']!r}"
                file.write_text(before + step["text"] + anchor + after, "utf-8")
        return len(steps)

    @property
    def commands(self) -> list[str]:
        """The commands that it shows."""
        blocks = _COMMANDS.findall(self.text)
        return [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]


def walkthroughs() -> dict[str, Walkthrough]:
    """Every walkthrough of the page, by its title."""
    part = PAGE.partition("## Walkthroughs")[2].partition("\n## ")[0]
    sections = re.split(r"^### ", part, flags=re.MULTILINE)[1:]
    found = (Walkthrough(*section.split("\n", 1)) for section in sections)
    return {each.title: each for each in found}


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of what runs, without what was made from it."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / name)
    return tmp_path


@pytest.fixture
def served(copied: Path) -> Iterator[dict[str, str]]:
    """The port and the API key of a server that runs from the copy, as variables."""
    ready = copied / "ready.json"
    server = subprocess.Popen(
        [sys.executable, "-m", "relayauth_contract", "serve", "--port", "0", "--ready-file", str(ready)],
        cwd=copied,
        env=environment({"PYTHONPATH": str(copied)}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        import json
        import time

        until = time.monotonic() + patience()
        while not ready.exists() and server.poll() is None:
            assert time.monotonic() < until, "the server did not say that it is ready"
            time.sleep(0.05)
        said = json.loads(ready.read_text("utf-8"))
        port = str(said["url"]).rpartition(":")[2]
        yield {"PORT": port, "RELAYAUTH_CONTRACT_API_KEY": said["apiKey"]}
    finally:
        server.terminate()
        server.wait(patience())


def run(command: str, folder: Path, variables: dict[str, str]) -> None:
    """Run a command of the page in the copy; it must end with 0."""
    program = f"{shlex.quote(sys.executable)} -m relayauth_contract"
    ended = subprocess.run(
        ["bash", "-c", re.sub(r"^relayauth-contract\b", program, command)],
        cwd=folder,
        env=environment({"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", **variables}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=patience(60),
        check=False,
    )
    assert ended.returncode == 0, f"{command}\n{ended.stdout[-3000:]}{ended.stderr[-3000:]}"


@pytest.mark.parametrize(
    "title",
    [
        pytest.param(title, marks=pytest.mark.proof if "relayauth-contract mutants" in each.text else ())
        for title, each in walkthroughs().items()
    ],
)
def test_a_walkthrough_works_on_a_copy(copied: Path, title: str, request: pytest.FixtureRequest) -> None:
    """Its steps can be carried out as they stand, and its commands succeed after them."""
    walkthrough = walkthroughs()[title]
    assert walkthrough.apply(copied)
    assert walkthrough.commands
    variables = request.getfixturevalue("served") if "$PORT" in walkthrough.text else {}
    for command in walkthrough.commands:
        run(command, copied, variables)


def test_the_five_changes_have_a_walkthrough() -> None:
    """A clause, an endpoint, a target, a report and a fault: each has one place, and the page shows it."""
    words = ("clause", "endpoint", "target", "format", "fault")
    assert len(walkthroughs()) == len(words)
    assert all(word in title for word, title in zip(words, walkthroughs(), strict=True))


def test_the_map_names_every_package() -> None:
    """What `ls contract/harness` shows stands on the map."""
    packages = [
        path.name for path in (ROOT / "contract" / "harness").iterdir() if (path / "__init__.py").exists()
    ]
    assert [name for name in packages if f"    {name}/" not in PAGE] == []


def test_the_stubs_of_a_new_clause_fail_until_they_are_filled_in(copied: Path) -> None:
    """`make new-clause` writes a row, a case and a mutant; the case is tested, and fails."""
    assert write("META-90", copied)
    with pytest.raises(AssertionError, match="META-90"):
        run("relayauth-contract check --clause META-90", copied, {})
    assert (copied / "reference_impl" / "mutants" / "meta_90.py").exists()


@pytest.mark.parametrize("clause_id", ["META-1", "XYZ-01", "", next(iter(catalogue().clauses))])
def test_an_id_that_can_not_be_used_is_refused(copied: Path, clause_id: str) -> None:
    """Another form, another chapter, an id that exists: one sentence, and nothing is written."""
    before = (copied / "contract" / "clauses.toml").read_text()
    with pytest.raises(ValueError, match=f"ID={clause_id}: "):
        write(clause_id, copied)
    assert (copied / "contract" / "clauses.toml").read_text() == before
