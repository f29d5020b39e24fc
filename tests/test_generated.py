"""Files that are made from the project's own tables are current: `make generated` writes them."""

from pathlib import Path

import pytest

from contract.harness.cli import generated
from contract.harness.spec import catalogue

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("name", generated.FILES)
def test_a_generated_file_is_current(name: str) -> None:
    """Whoever changes an option, a help text or a clause runs `make generated`."""
    assert (ROOT / name).read_text("utf-8") == generated.FILES[name](), "run `make generated`"


def test_the_catalogue_page_tells_every_clause() -> None:
    """With its text, level and source."""
    page = (ROOT / "docs" / "clauses.md").read_text("utf-8")
    for clause in catalogue().clauses.values():
        assert f"### {clause.id}: {clause.title}\n\n{clause.text}\n\n**{clause.level}**; " in page
        assert f"Source: {clause.source}." in page


def test_writing_them_writes_them(tmp_path: Path) -> None:
    """`make generated` does what it says."""
    for folder in ("contract", "docs"):
        (tmp_path / folder).mkdir()
    generated.write(tmp_path)
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")} == set(generated.FILES)
