"""Where tables of generated values are kept: the user's cache, else temporary files, else nowhere."""

import os
from pathlib import Path

import pytest

from contract.harness.checks import strategies

PARTS = ("relayauth-contract", "hypothesis")
found = strategies._storage.__wrapped__


def test_they_are_kept_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the folder that XDG_CACHE_HOME names."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert found() == tmp_path.joinpath("cache", *PARTS)
    assert found().is_dir()


def test_a_relative_cache_folder_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG Base Directory Specification: such a path is invalid. The current folder stays clean."""
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert found() == tmp_path.joinpath("home", ".cache", *PARTS)
    assert [each.name for each in tmp_path.iterdir()] == ["home"]


def test_without_a_cache_they_are_temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are kept for this run alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert found().parent == tmp_path


def test_where_nothing_can_be_written_they_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read-only disk has no place for them, and no clause needs one."""

    def refused(**_: object) -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)
    monkeypatch.setattr("tempfile.mkdtemp", refused)
    assert not found().parent.is_dir()
