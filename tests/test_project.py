"""Holds the project to its own plan: the locks, the layout, the imports and the size of its modules."""

import ast
import functools
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from contract.harness.spec import ENDPOINTS, catalogue, limits, routes
from tests.support.command import patience

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = [
    "requirements.lock",
    "requirements-dev.lock",
    "tests/mutation/requirements.lock",
    "tests/hostile/requirements.lock",
]
PACKAGES = ["contract", "reference_impl", "relayauth_contract"]
MODULES = sorted(path for name in [*PACKAGES, "tests"] for path in (ROOT / name).rglob("*.py"))
TOP = {
    ".ci",
    ".gitignore",
    ".pre-commit-hooks.yaml",
    "schemathesis.toml",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Containerfile",
    "LICENSE",
    "Makefile",
    "README.md",
    "action.yml",
    "conftest.py",
    "contract",
    "docs",
    "examples",
    "openapi.yaml",
    "pyproject.toml",
    "reference_impl",
    "relayauth_contract",
    "requirements-dev.lock",
    "requirements.lock",
    "tests",
}
MOST_LINES = 250


def name_of(path: Path) -> str:
    """The path as it is written in a report: relative to the checkout."""
    return path.relative_to(ROOT).as_posix()


def locked(lock: str) -> dict[str, str]:
    """Name → everything else that the lock says of it, its version, marker and hashes."""
    text = (ROOT / lock).read_text().replace("\\\n", "")
    entries = (line.partition("==") for line in text.splitlines() if line.strip())
    return {canonicalize_name(name): rest for name, _, rest in entries}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index(lock: str) -> None:
    """Where packages come from is the user's affair: a lock holds no address, and hashes alone."""
    options = re.findall(r"(?m)(?:^|\s)(-[\w-]+)", (ROOT / lock).read_text())
    assert set(options) == {"--hash"}
    assert "://" not in (ROOT / lock).read_text()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_of_a_lock_has_a_version_and_hashes(lock: str) -> None:
    """What is installed is what was locked, to the byte."""
    shape = re.compile(r"[\w.]+( ; [^-]+?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*")
    assert locked(lock)
    assert [name for name, rest in locked(lock).items() if not shape.fullmatch(rest)] == []


@pytest.mark.parametrize(
    ("lock", "sent"),
    [
        pytest.param(LOCKS[0], PROJECT["project"]["dependencies"], id="shipped"),
        pytest.param(LOCKS[1], PROJECT["dependency-groups"]["dev"], id="dev"),
        pytest.param(LOCKS[2], PROJECT["dependency-groups"]["mutation"], id="mutation"),
        pytest.param(
            LOCKS[3],
            PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["hostile"],
            id="hostile",
        ),
    ],
)
def test_a_lock_answers_what_the_project_asks(lock: str, sent: list[str]) -> None:
    """A lock that was not made again after pyproject.toml changed is found here and not at a user's."""
    pins = {name: rest.split()[0] for name, rest in locked(lock).items()}
    wrong = [
        text
        for text in sent
        if not Requirement(text).specifier.contains(pins.get(canonicalize_name(Requirement(text).name), "0"))
    ]
    assert wrong == []


@pytest.mark.parametrize("lock", ["requirements-dev.lock", "tests/hostile/requirements.lock"])
def test_what_is_shipped_is_what_was_tested(lock: str) -> None:
    """The versions of requirements.lock are those of the environments of the tests."""
    shipped, tested = (
        {name: rest.split()[0] for name, rest in locked(each).items()} for each in ("requirements.lock", lock)
    )
    assert {name: tested.get(name) for name in shipped} == shipped


def test_the_top_of_the_house_is_the_plan() -> None:
    """`ls` is the table of contents: what is neither planned nor ignored has no place at the top."""
    ignored = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text().splitlines()]
    seen = {
        path.name
        for path in ROOT.iterdir()
        if path.name not in {".git", "PKG-INFO"} and not any(fnmatch(path.name, glob) for glob in ignored)
    }
    assert seen == TOP


def test_the_layers_are_kept() -> None:
    """import-linter finds no import against the contracts in pyproject.toml."""
    linter = Path(sys.executable).with_name("lint-imports")
    ended = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=patience(), check=False
    )
    assert ended.returncode == 0, ended.stdout


SUITE = [*(ROOT / "contract" / "harness").rglob("*.py"), *(ROOT / "contract").glob("test_*.py")]
SPEC = "contract/harness/spec"


@functools.cache
def constants(path: Path) -> Sequence[ast.Constant]:
    """The constants of a module, without its docstrings."""
    tree = ast.parse(path.read_text())
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in prose]


@pytest.mark.parametrize(
    ("number", "lines"),
    [
        pytest.param(limits.REFRESH_TTL_CAP, ["REFRESH_TTL_CAP = 7776000"], id="the cap"),
        pytest.param(limits.REFRESH_TTL_CAP + 1, [], id="one more than the cap"),
        pytest.param(
            limits.DEFAULT_REFRESH_TTL, ["DEFAULT_REFRESH_TTL = 86400", "DAY = 86400"], id="the default"
        ),
        pytest.param(limits.DEFAULT_REFRESH_TTL + 1, [], id="one more than the default"),
    ],
)
def test_the_suite_writes_a_limit_once(number: int, lines: list[str]) -> None:
    """A limit is written in spec/limits; what else needs it, imports it."""
    shape = re.compile(rf"(?<!\d){number}(?!\d)|(?<!\d){number:_}(?!\d)")
    found = {
        f"{name_of(path)}: {line}"
        for path in SUITE for line in path.read_text().splitlines() if shape.search(line)
    }  # fmt: skip
    assert found == {f"{SPEC}/limits.py: {line}" for line in lines}


PATHS = sorted(
    {value for name, value in vars(routes).items() if name.isupper()}
    | {endpoint.path for endpoint in ENDPOINTS.values()}
)


@pytest.mark.parametrize("route", PATHS)
def test_the_suite_writes_a_route_once(route: str) -> None:
    """A path is written in spec/routes, or in the row of its mint endpoint, and nowhere else in the code."""
    shape = re.compile(rf"(?<![\w/]){re.escape(route)}(?![\w/-])")
    found = [
        name_of(path)
        for path in SUITE for each in constants(path)
        if isinstance(each.value, str) and shape.search(each.value)
    ]  # fmt: skip
    assert found in ([f"{SPEC}/routes.py"], [f"{SPEC}/endpoints.py"])


def test_each_source_is_a_heading_of_docs_contract() -> None:
    """Who reads a clause finds what its source names: a page of the project that has that heading."""
    page = (ROOT / "docs" / "contract.md").read_text()
    headings = {line.lstrip("#").strip() for line in page.splitlines() if line.startswith("#")}
    cited = {
        (each.id, heading)
        for each in catalogue().clauses.values()
        for part in each.source.split("; ")
        if part.startswith("docs/contract.md, ")
        for heading in part.removeprefix("docs/contract.md, ").split(", ")
    }
    assert cited
    assert sorted(f"{clause}: {heading}" for clause, heading in cited if heading not in headings) == []


def test_the_linter_knows_every_chapter() -> None:
    """A chapter that the contract in pyproject.toml leaves out could be imported without a word."""
    rules = PROJECT["tool"]["importlinter"]["contracts"]
    (rule,) = (each for each in rules if each["name"] == "the harness imports no chapter")
    chapters = {f"contract.{path.stem}" for path in (ROOT / "contract").glob("test_*.py")}
    assert set(rule["forbidden_modules"]) == chapters


def test_a_module_opens_by_saying_what_it_is_for() -> None:
    """The first sentence of a module is its docstring."""
    silent = [name_of(path) for path in MODULES if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_a_module_is_one_noun_long() -> None:
    """A module past 250 lines is two nouns."""
    chapters = {*(ROOT / "contract").glob("test_*.py")}
    lines = {name_of(path): len(path.read_text().splitlines()) for path in {*MODULES} - chapters}
    assert {name: number for name, number in lines.items() if number > MOST_LINES} == {}


def test_the_wheel_holds_the_law_and_the_reference_and_not_the_tests(tmp_path: Path) -> None:
    """Clauses, chapters, surface, types and licence go along; what tries the harness stays at home."""
    (built,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(built) as wheel:
        names = set(wheel.namelist())
    law = {name_of(path) for name in PACKAGES for path in (ROOT / name).rglob("*.py")}
    data = {"contract/clauses.toml", "contract/openapi.yaml", *(f"{name}/py.typed" for name in PACKAGES)}
    data |= {"contract/result.schema.json", "contract/configuration.schema.json"}
    assert law | data <= names
    assert any(name.endswith("/data/share/man/man1/relayauth-contract.1") for name in names)
    assert {name.split("/")[0].partition("-")[0] for name in names} == {*PACKAGES}
    assert any(name.endswith("licenses/LICENSE") for name in names)
