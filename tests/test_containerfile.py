"""The Containerfile: its steps, run in bash as an engine would run them."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.actions import ROOT, executable
from tests.support.command import COMMAND, environment, patience

INSTRUCTIONS = [
    line.split(maxsplit=1) for line in (ROOT / "Containerfile").read_text().splitlines() if line[:1] > "$"
]
# What an image has and this machine keeps for itself: each of them notes how it was called.
OF_THE_IMAGE = ("apt-get", "useradd")


def in_image(words: str, image: Path) -> str:
    """Words of the Containerfile with their places in a folder that stands for the image."""
    for place in ("/tmp/source", "/var/lib/apt/lists", "/work"):
        words = words.replace(place, str(image / place.strip("/")))
    return words


def copy(rest: str, image: Path) -> None:
    """Do what COPY does, without what no checkout has."""
    *sources, target = rest.split()
    into = Path(in_image(target, image))
    for source in sources:
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, into, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            into.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source, into)


def run(words: list[str], image: Path) -> subprocess.CompletedProcess[str]:
    """Run words as the image would: with its Python and its programs first."""
    path = f"{image / 'bin'}:{image / 'python' / 'bin'}:{os.environ['PATH']}"
    return subprocess.run(
        words, env=environment({"PATH": path, "HOME": str(image)}), cwd=image / "work",
        capture_output=True, text=True, timeout=patience(60), check=False,
    )  # fmt: skip


@pytest.mark.proof
def test_its_steps_make_an_image_that_checks(tmp_path: Path) -> None:
    """Every instruction in its order; the entry point then finds the wheel, and nothing of the checkout."""
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "python")], check=True)
    (tmp_path / "work").mkdir()
    for name in OF_THE_IMAGE:
        executable(tmp_path / "bin", name, f'#!/bin/bash\necho "{name} $*" >>"{tmp_path}/called"\n')
    for word, rest in INSTRUCTIONS:
        if word == "COPY":
            copy(rest, tmp_path)
        elif word == "RUN":
            ended = run(["bash", "-ec", in_image(rest, tmp_path)], tmp_path)
            assert ended.returncode == 0, ended.stdout + ended.stderr
        else:
            assert word in ("FROM", "USER", "WORKDIR", "ENTRYPOINT", "CMD")
    assert not (tmp_path / "tmp" / "source").exists()
    called = (tmp_path / "called").read_text()
    assert "apt-get install -y -qq --no-install-recommends faketime\n" in called
    assert "useradd --create-home contract\n" in called
    said = dict(INSTRUCTIONS)
    entry = json.loads(said["ENTRYPOINT"])
    entry[0] = str(tmp_path / "python" / "bin" / entry[0])
    assert "check" in run([*entry, *json.loads(said["CMD"])], tmp_path).stdout
    checked = run([*entry, "check", "reference", "--clause", "TTL-02,API-01"], tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "Conforms: reference" in checked.stdout


def test_its_entry_point_is_the_command() -> None:
    """In the form that needs no shell."""
    assert json.loads(dict(INSTRUCTIONS)["ENTRYPOINT"]) == [Path(COMMAND).name]


def test_it_installs_from_the_lock_as_a_user_of_its_own() -> None:
    """Hashes for what comes from outside, libfaketime for the clock, and no root at the end."""
    runs = [rest for word, rest in INSTRUCTIONS if word == "RUN"]
    assert any("--require-hashes -r /tmp/source/requirements.lock" in each for each in runs)
    assert any("faketime" in each for each in runs)
    assert dict(INSTRUCTIONS)["USER"] == "contract"
    for each in runs:
        shlex.split(each)
