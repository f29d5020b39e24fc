"""The catalogue: its ids, what may be chosen of it, and that every clause is tried in its own chapter."""

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

from contract.harness.checks import clause
from contract.harness.errors import UsageError
from contract.harness.spec import CAPABILITIES, ENDPOINTS, Clause, Level, catalogue
from contract.harness.spec.clauses import _clause
from tests.support.command import patience

CHAPTERS = Path(__file__).resolve().parents[3] / "contract"
# Ids are never reused, and the meaning of one never changes: this list only grows.
SIZES = {"TTL": 9, "META": 3, "ROT": 10, "CLK": 8, "JWKS": 11}
CORE = [f"{chapter}-{number:02}" for chapter, size in SIZES.items() for number in range(1, size + 1)]
SHOULD = {"TTL-07", "JWKS-10", "JWKS-11"}
NEEDS = {
    "key": {"ROT-05", "ROT-06"},
    "clock": {"CLK-01", "CLK-02", "CLK-03", "CLK-04", "CLK-06", "CLK-07", "CLK-08", "JWKS-10"},
    "env": {f"JWKS-{number:02}" for number in (1, 2, 3, 4, 5, 6, 7, 10, 11)},
    "orgs": set[str](),
}
CITED = {
    path.name: [
        (node.name, call.args[0].value)
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef)
        for call in node.decorator_list
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "clause"
        if isinstance(call.args[0], ast.Constant)
    ]
    for path in sorted(CHAPTERS.glob("test_*.py"))
}
TESTS = [
    (path.name, node.name)
    for path in sorted(CHAPTERS.glob("test_*.py"))
    for node in ast.parse(path.read_text()).body
    if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
]
BOOK = catalogue().clauses


@functools.cache
def cited(chapter: str) -> frozenset[str]:
    """The ids that a chapter's file cites."""
    return frozenset(str(each) for _, each in CITED.get(f"test_{chapter.lower()}.py", []))


def test_the_core_is_all_there_and_in_its_order() -> None:
    """Forty-one clauses in five chapters; later ones may only be added."""
    assert [each for each in BOOK if each.partition("-")[0] in SIZES] == CORE
    assert len(CORE) == 41


def test_levels_are_as_agreed() -> None:
    """The shoulds of the core are known; all else is a must."""
    assert {each for each in CORE if BOOK[each].level == "should"} == SHOULD


@pytest.mark.parametrize("ability", CAPABILITIES)
def test_a_clause_needs_what_it_was_agreed_to_need(ability: str) -> None:
    """A clause that needs more than it says is an error on a URL; one that says more is tried nowhere."""
    assert {each for each in CORE if ability in BOOK[each].needs} == NEEDS[ability]


@pytest.mark.parametrize("clause_id", CORE)
def test_a_clause_is_tried_on_the_endpoints_it_is_about(clause_id: str) -> None:
    """All four, but for the horizon of path tokens, and the keys of the service as a whole."""
    expected: tuple[str, ...] = () if clause_id.startswith("JWKS") else tuple(ENDPOINTS)
    if clause_id == "ROT-09":
        expected = ("path", "workspace-path")
    assert BOOK[clause_id].endpoints == expected


@pytest.mark.parametrize("each", BOOK.values(), ids=BOOK)
def test_a_clause_says_where_it_comes_from(each: Clause) -> None:
    """Title, text and source are there, and the chapter is one that the catalogue introduces."""
    assert each.title
    assert each.text.endswith(".")
    assert each.source
    assert each.chapter in catalogue().chapters


@pytest.mark.parametrize("clause_id", BOOK)
def test_a_clause_is_cited_in_its_own_chapter(clause_id: str) -> None:
    """The id's prefix is the name of the file that tries it."""
    assert clause_id in cited(BOOK[clause_id].chapter)


@pytest.mark.parametrize("file", CITED)
def test_a_chapter_cites_its_own_clauses_alone(file: str) -> None:
    """What stands in `test_ttl.py` is about TTL."""
    chapter = file.removeprefix("test_").removesuffix(".py").upper()
    assert {str(each).partition("-")[0] for _, each in CITED[file]} == {chapter}


@pytest.mark.parametrize(("file", "test"), TESTS, ids=[test for _, test in TESTS])
def test_a_test_of_a_chapter_cites_one_clause(file: str, test: str) -> None:
    """A case that cites nothing would be in no report."""
    assert [name for name, _ in CITED[file]].count(test) == 1


def test_the_endpoints_of_the_catalogue_are_the_mints() -> None:
    """The rows of the table of mints, in its order."""
    assert tuple(ENDPOINTS) == tuple(ENDPOINTS)


def test_the_rotation_model_has_its_name() -> None:
    """Others bound a session's life; this contract says that it does not."""
    assert catalogue().rotation_model.startswith("sliding, without an absolute end")


CHOICES: dict[str, tuple[list[str], Level | None, list[str]]] = {
    "one": (["TTL-02"], None, ["TTL-02"]),
    "small letters": (["ttl-02"], None, ["TTL-02"]),
    "a glob": (["META-*"], None, ["META-01", "META-02", "META-03"]),
    "a range": (["ROT-0[12]"], None, ["ROT-01", "ROT-02"]),
    "a sign": (["JWKS-0?"], None, [each for each in CORE if each.startswith("JWKS-0")]),
    "the catalogue's order, each once": (["META-01", "TTL-02", "*L-02"], None, ["TTL-02", "META-01"]),
    "a level": (["TTL-0[67]"], "must", ["TTL-06"]),
    "nothing is left": (["TTL-07"], "must", []),
    "everything": ([], None, list(BOOK)),
    "all the musts": ([], "must", [each for each in BOOK if BOOK[each].level == "must"]),
}


@pytest.mark.parametrize(("patterns", "level", "chosen"), CHOICES.values(), ids=CHOICES)
def test_a_choice_gives_the_clauses_that_match(
    patterns: list[str], level: Level | None, chosen: list[str]
) -> None:
    """Ids or globs, narrowed by a level, in the catalogue's order."""
    assert list(catalogue().select(patterns, level)) == chosen


@pytest.mark.parametrize("pattern", ["TTL-99", "XYZ-*", "TTL", "", "TTL-02 "])
def test_a_pattern_that_matches_nothing_is_refused(pattern: str) -> None:
    """A misspelt gate must not pass in silence, beside good ones neither."""
    with pytest.raises(UsageError, match="matches no clause"):
        catalogue().select(["TTL-01", pattern])


def test_an_unknown_id_is_refused_where_it_is_cited() -> None:
    """The citation itself raises, so a chapter with one can't be read."""
    assert clause("TTL-02").args == ("TTL-02",)
    with pytest.raises(UsageError, match="there is no clause 'TTL-99'"):
        clause("TTL-99")


def test_a_citation_of_an_unknown_id_stops_collection(tmp_path: Path) -> None:
    """No case of the chapter runs, and pytest says which id it was."""
    chapter = tmp_path / "test_xyz.py"
    chapter.write_text(
        "from contract.harness.checks.assertions import clause\n"
        '@clause("TTL-01")\ndef test_a(): print("it ran")\n'
        '@clause("XYZ-01")\ndef test_b(): print("it ran")\n'
    )
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "contract.harness.run.plugin", "-p", "no:cacheprovider",
         "-s", str(chapter)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=patience(),
        check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert "there is no clause 'XYZ-01'" in ended.stdout
    assert "it ran" not in ended.stdout


@pytest.mark.parametrize(
    "spoilt",
    [{"level": "may"}, {"endpoints": ["elsewhere"]}, {"needs": ["luck"]}],
    ids=["level", "endpoint", "ability"],
)
def test_a_row_with_an_unknown_value_is_no_clause(spoilt: dict[str, object]) -> None:
    """A slip of the pen in the catalogue would else be a clause that nobody tries."""
    row: dict[str, object] = {"level": "must", "title": "t", "text": "T.", "source": "s"}
    assert _clause("XYZ-01", dict(row)).id == "XYZ-01"
    with pytest.raises(ValueError, match="XYZ-01 has an unknown value"):
        _clause("XYZ-01", row | spoilt)
