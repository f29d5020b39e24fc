"""A case as pytest knows it: its run, its parameters, and the group of cases that it belongs to."""

from typing import Any

import pytest

from contract.harness.run.selection import CaseGroup, clause_of, group
from contract.harness.run.state import ContractRun

RUN = pytest.StashKey[ContractRun]()


def params_of(item: pytest.Item) -> dict[str, Any]:
    """Return the parameters of a case by name; none for a test without any."""
    callspec = getattr(item, "callspec", None)
    return dict(callspec.params) if callspec else {}


def group_of(item: pytest.Item) -> CaseGroup | None:
    """Return the group of a case; None for a test that cites no clause."""
    clause = clause_of(getattr(item, "function", None))
    if clause is None:
        return None
    params = params_of(item)
    return group(params["session"], clause.id, item.function.__name__, params.get("mint"))  # type: ignore[attr-defined]
