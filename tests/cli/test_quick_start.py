"""What starts quickly imports little: help, and the commands that read a result."""

import subprocess
import sys
from pathlib import Path

import pytest

from contract.harness.cli.commands import rows
from contract.harness.reports.result_document import render
from tests.support.command import environment, patience
from tests.unit.reports import samples

# Each takes from 20 ms to half a second.
SLOW = {
    *(
        "_pytest",
        "asyncio",
        "cryptography",
        "freezegun",
        "httpx",
        "hypothesis",
        "jinja2",
        "jsonschema",
        "jwt",
    ),
    *(
        "logging",
        "psutil",
        "pytest",
        "respx",
        "rich",
        "schemathesis",
        "starlette",
        "tomlkit",
        "uvicorn",
        "yaml",
    ),
}
SCRIPT = """
import atexit, sys
atexit.register(lambda: print("imported", *sys.modules, file=sys.stderr))
from relayauth_contract.__main__ import main
main()
"""


def imported(folder: Path, *words: str) -> set[str]:
    """The slow ones of the packages that a command imports until it ends; it must end with 0."""
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT, *words], env=environment({}), cwd=folder,
        capture_output=True, text=True, timeout=patience(), check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return SLOW & set(ended.stderr.rpartition("imported ")[2].split())


@pytest.mark.parametrize("command", ["", *rows()])
def test_help_imports_nothing_slow(tmp_path: Path, command: str) -> None:
    """Of no command."""
    assert imported(tmp_path, *filter(None, [command]), "--help") == set()


def test_a_report_imports_what_its_format_needs(tmp_path: Path) -> None:
    """Jinja2 for the page, and nothing else that is slow."""
    (tmp_path / "result.json").write_text(render(samples.full()), "utf-8")
    assert imported(tmp_path, "compare", "result.json", "result.json") == set()
    assert imported(tmp_path, "report", "result.json", "--html", "page.html") == {"jinja2"}
    assert imported(tmp_path, "report", "result.json", "--github", "summary.md") == set()
