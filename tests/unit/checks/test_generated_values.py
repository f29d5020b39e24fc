"""Generated values: what fails is a failure, whatever a second try shows."""

import importlib
import itertools
from typing import Any

import hypothesis
import pytest

from contract.harness.checks import for_all, json_values
from contract.harness.errors import Violation


@pytest.mark.parametrize("shrink", [False, True], ids=["as it was drawn", "made small"])
def test_what_fails_once_is_a_failure(shrink: bool) -> None:
    """A server that goes wrong now and then answers as it must when hypothesis sends the value again."""
    calls = itertools.count(1)

    def judge(_: object) -> None:
        if next(calls) == 7:
            raise Violation("sent a value; it is refused; it answered 200")

    with pytest.raises(Violation, match="it answered 200; sent again, it was answered as it must be"):
        for_all(json_values, judge, examples=20, seed=0, shrink=shrink)


def test_no_value_depends_on_the_code_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """hypothesis draws constants of a checkout: one seed would give other values from a wheel.

    Nor does it depend on what was drawn before in this process, which hypothesis keeps.
    """
    from hypothesis.internal.conjecture import providers

    if not hasattr(providers, "CONSTANTS_CACHE"):
        pytest.skip("this version of hypothesis collects no constants: 6.131.1 is the first that does")
    ast = importlib.import_module("hypothesis.internal.constants_ast")
    first = drawn()
    local = ast.Constants(integers=set(range(7000, 7500)), strings={f"ours {each}" for each in range(500)})
    monkeypatch.setattr(providers, "_get_local_constants", lambda: local)
    providers.CONSTANTS_CACHE.cache.clear()
    anybody: Any = hypothesis.given(json_values())
    hypothesis.settings(database=None, max_examples=200)(anybody(lambda _: None))()
    assert drawn() == first


def drawn() -> list[str]:
    """What one seed gives."""
    seen: list[str] = []
    for_all(json_values, lambda value: seen.append(repr(value)), examples=200, seed=0, shrink=False)
    return seen
