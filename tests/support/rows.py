"""Rows of a table of a test, some of which `make proof` tries and not `make test`."""

from collections.abc import Collection, Mapping
from typing import Any

import pytest
from _pytest.mark import ParameterSet


def rows(table: Mapping[str, Any], *, proof: Collection[str]) -> list[ParameterSet]:
    """Return the rows of `table`; those that `proof` names take long, and claim what others claim too."""
    assert set(proof) < set(table), "make test tries one row at least"
    return [
        pytest.param(
            *(row if isinstance(row, tuple) else (row,)),
            id=name,
            marks=[pytest.mark.proof] if name in proof else [],
        )
        for name, row in table.items()
    ]
