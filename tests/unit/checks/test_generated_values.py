"""Generated values: what fails is a failure, whatever a second try shows."""

import itertools

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
    """hypothesis draws constants of a checkout: one seed would give other values from a wheel."""
    providers = pytest.importorskip("hypothesis.internal.conjecture.providers")
    if not hasattr(providers, "_get_local_constants"):
        pytest.skip("this hypothesis collects no constants")

    def never() -> None:
        raise AssertionError

    monkeypatch.setattr(providers, "_get_local_constants", never)
    seen: list[object] = []
    for_all(json_values, seen.append, examples=20, seed=0, shrink=False)
    assert len(seen) == 20
    assert providers._get_local_constants is never
