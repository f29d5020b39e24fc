"""A case as pytest knows it: its run, its parameters, its group of cases and its place in the order."""

from collections.abc import Iterable
from typing import Any

import pytest

from contract.harness.run.selection import CaseGroup, case_id, clause_of, group
from contract.harness.run.state import ContractRun
from contract.harness.spec import catalogue

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


def chosen(items: Iterable[pytest.Item], run: ContractRun) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """Return the cases that `run` selects, target by target in the order of the catalogue, and the others."""
    order = {clause: number for number, clause in enumerate(catalogue().clauses)}
    targets = {name: number for number, name in enumerate(run.targets)}
    kept: list[tuple[tuple[int, int, int], pytest.Item]] = []
    dropped: list[pytest.Item] = []
    for item in items:
        case = group_of(item)
        if case is None:
            kept.append(((-1, 0, -1), item))
        elif _is_selected(item, case, run):
            mark = item.get_closest_marker("last")
            last = 0 if mark is None else next(iter(mark.args), 1)
            kept.append(((targets[case.target], last, order[case.clause]), item))
        else:
            dropped.append(item)
    return [item for _, item in sorted(kept, key=lambda each: each[0])], dropped


def _is_selected(item: pytest.Item, case: CaseGroup, run: ContractRun) -> bool:
    named = run.settings.cases
    if named and not any(text in case_id(item.name, case.target) for text in named):
        return False
    return run.selection.includes(case.target, catalogue()[case.clause], params_of(item).get("mint"))
