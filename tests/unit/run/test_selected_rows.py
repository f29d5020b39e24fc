"""Each endpoint that a case names is tested: with body shapes that its clause selects."""

from typing import Any

import pytest

from contract.harness.run.selection import _rows, chapter_functions, clause_of, shapes_for
from contract.harness.spec import catalogue

CHAPTERS = sorted({each.chapter.lower() for each in catalogue().clauses.values()})
FUNCTIONS = [each for each in chapter_functions(CHAPTERS) if clause_of(each) is not None]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda each: each.__name__)
def test_each_endpoint_of_a_case_is_selected(function: Any) -> None:
    """With at least one of its body shapes, on a target that is the run's alone."""
    clause = clause_of(function)
    assert clause is not None
    rows = [mint for mint, _ in _rows(function, clause) if mint is not None]
    tested = {row.name for row in rows if row.shape in shapes_for(clause, row, "reference")}
    assert {row.name for row in rows} == tested
    assert tested <= set(clause.endpoints)
