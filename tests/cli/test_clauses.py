"""What `clauses` prints: the whole catalogue, or one clause in full."""

from pathlib import Path

import pytest

from contract.harness.spec import catalogue
from tests.support.command import run_here


def test_the_list_has_every_clause_and_the_digest_that_a_gate_takes(tmp_path: Path) -> None:
    """Id, level and title of each; `gate --contract` names the digest."""
    run = run_here(["clauses"], tmp_path, {"COLUMNS": "80"})
    assert run.code == 0
    assert f"sha256:{catalogue().sha256}\n" in run.out
    for clause in catalogue().clauses.values():
        assert f"  {clause.id:<8} {clause.level:<6} {clause.title}" in run.out


@pytest.mark.parametrize("columns", ["40", "80", "300"])
@pytest.mark.parametrize("clause", ["ROT-05", "SES-05"])
def test_a_clause_in_full_is_wrapped_and_complete(tmp_path: Path, clause: str, columns: str) -> None:
    """Nothing of its text is lost, in capitals or not."""
    run = run_here(["clauses", clause.lower()], tmp_path, {"COLUMNS": columns})
    assert catalogue()[clause].text in " ".join(run.out.split())
    assert max(map(len, run.out.splitlines())) <= min(int(columns), 100)


def test_an_unknown_clause_is_named(tmp_path: Path) -> None:
    """With the command that lists them."""
    run = run_here(["clauses", "TTL-99"], tmp_path, {})
    assert run.code == 2
    assert "there is no clause 'TTL-99': `relayauth-contract clauses` lists them" in run.err
