"""The soak: its bounds fail when they are passed, and its table names mutants of sessions alone."""

import pytest

from tests import soak
from tests.support.unseen_by_walks import UNSEEN


@pytest.mark.parametrize(
    "name", ["ReplayIsMerelyRefused", "OlderBearersOutliveTheirSession", "RotationLosesTheTtl"]
)
def test_a_mutant_of_sessions_is_killed_within_the_bound(name: str) -> None:
    soaked = soak.soak(f"mutant:{name}", soak.MOST)
    assert soaked.found
    assert 0 < soaked.steps <= soak.MOST


def test_what_no_walk_can_see_survives_and_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(soak, "MOST", 40)
    assert soak.main(["TwoRefreshesRace"]) == 1
    assert "SURVIVED  TwoRefreshesRace" in capsys.readouterr().out


def test_the_reference_passes_and_is_too_slow_for_a_bound_of_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(soak, "STEPS", 200)
    monkeypatch.setattr(soak, "CPU_SECONDS", 1000.0)
    assert soak.reference(0)
    monkeypatch.setattr(soak, "CPU_SECONDS", 0.0)
    assert not soak.reference(0)
    assert "steps/s" in capsys.readouterr().out


def test_a_mutant_that_is_no_mutant_of_sessions_is_refused() -> None:
    with pytest.raises(SystemExit):
        soak.main(["VerifierFetchesItsOwnUrl"])


def test_the_table_of_unseen_mutants_names_each_once_and_mutants_of_sessions_alone() -> None:
    names = [name for names in UNSEEN.values() for name in names]
    assert len(names) == len(set(names))
    assert set(names) <= set(soak.mutants_of_sessions())
    assert all(why and listed == tuple(sorted(listed)) for why, listed in UNSEEN.items())
