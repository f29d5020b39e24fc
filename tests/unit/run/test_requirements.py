"""What a run must have tried, and what it may leave out: globs from the command, the target, a baseline."""

from datetime import date
from pathlib import Path

import pytest

from contract.harness.errors import UsageError
from contract.harness.run import CaseResult, Settings, baseline, baseline_update
from contract.harness.spec import catalogue
from contract.harness.targets import Target

CLK = frozenset(each for each in catalogue().clauses if each.startswith("CLK-"))
EXPECTING = Target("a target", "reference", expected_not_tried=("clk-*",))


def test_required_clauses_are_globs() -> None:
    """In any case, as the clauses of a selection are."""
    assert Settings(require=("clk-*", "SEC-06")).required == CLK | {"SEC-06"}


@pytest.mark.parametrize("word", ["TTL-99", "", "TTL"])
def test_a_glob_that_matches_nothing_is_refused(word: str) -> None:
    """A misspelt gate would let everything pass."""
    with pytest.raises(UsageError, match=r"--require .* matches no clause"):
        Settings(require=(word,))
    with pytest.raises(UsageError, match="matches no clause"):
        Settings(expected_not_tried=(word,))
    with pytest.raises(UsageError, match="matches no clause"):
        Settings(targets=(Target("a target", "reference", expected_not_tried=(word,)),))


def test_the_command_replaces_the_target_and_that_the_baseline() -> None:
    """The nearest word counts; no word at all is no expectation."""
    recorded = baseline.Baseline(Path("-"), not_tried={"a target": ("SEC-06",)})
    plain = Target("a target", "reference")
    baselines = {"a target": recorded}
    assert Settings().expected(plain) is None
    assert Settings(baselines=baselines).expected(plain) == frozenset({"SEC-06"})
    assert Settings(baselines=baselines).expected(EXPECTING) == CLK
    assert Settings(baselines=baselines, expected_not_tried=()).expected(EXPECTING) == frozenset()


def test_a_baseline_keeps_what_is_expected_to_be_left_out(tmp_path: Path) -> None:
    """Through an update of its failures as well."""
    file = tmp_path / "baseline.toml"
    expecting = baseline.Baseline(file, not_tried={"a target": ("CLK-*", "JWKS-0?")})
    failed = CaseResult("TTL-01", "path", "a case", "fail", "too short", 0.0)
    baseline_update.write(baseline_update.updated(expecting, "a target", [failed], date(2026, 1, 1)).baseline)
    read = baseline.read(file, targets=["a target"])
    assert read.not_tried == {"a target": ("CLK-*", "JWKS-0?")}
    assert [each.place for each in read.of("a target")] == ["TTL-01 at path"]
