"""A run needs no working directory: pytest alone would."""

from pathlib import Path

import pytest

from contract.harness.run import Settings, run_contract
from contract.harness.targets import Target


def test_a_working_directory_that_was_removed_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The verdict is the usual one, and the caller is left where it was."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    (report,) = run_contract(Settings((Target("reference", "reference"),), clauses=("JWKS-09",)))
    assert (report.verdict, len(report.results)) == ("holds", 1)
    with pytest.raises(FileNotFoundError):
        Path.cwd()
