"""The document, as somebody runs it who knows Schemathesis alone: `st run openapi.yaml` against `serve`."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from tests.support.command import environment, patience
from tests.support.room import Room, until

ROOT = Path(__file__).parent.parent
METHODS = {"get", "post", "patch", "delete"}


def operations() -> dict[tuple[str, str], re.Pattern[str]]:
    """Return the pattern of the paths of each operation; those without a parameter come first."""
    paths = sorted(
        yaml.safe_load((ROOT / "openapi.yaml").read_text())["paths"].items(), key=lambda row: "{" in row[0]
    )
    return {
        (method.upper(), path): re.compile(re.sub(r"\{\w+\}", "[^/]+", path))
        for path, item in paths
        for method in item
        if method in METHODS
    }


def accepted(report: Path) -> set[tuple[str, str]]:
    """Return the operations that a run got a 2xx from."""
    found, known = set(), operations()
    for entry in json.loads(report.read_text())["log"]["entries"]:
        if entry["response"]["status"] // 100 == 2:
            path = urlsplit(entry["request"]["url"]).path
            method = entry["request"]["method"]
            found |= set(
                [row for row, fits in known.items() if row[0] == method and fits.fullmatch(path)][:1]
            )
    return found


@pytest.mark.proof
def test_a_stranger_finds_it_true(room: Room) -> None:
    """All phases are clean, and with an org key and a workspace token every operation gives a 2xx."""
    for name in ("openapi.yaml", "schemathesis.toml"):
        shutil.copy(ROOT / name, room.folder)
    reached = set()
    for who in ("apiKey", "workspaceToken"):
        ready, report = room.folder / f"{who}.json", room.folder / f"{who}.har"
        process = room.start("serve", "--port", "0", "--ready-file", str(ready))
        until(ready.exists, what="the server is ready", alive=process)
        told = json.loads(ready.read_text())
        words = ["run", "openapi.yaml", "--url", told["url"], "-H", f"x-api-key: {told[who]}"]
        ended = subprocess.run(
            [str(Path(sys.executable).parent / "st"), *words, "--report", "har", "--report-har-path", report],
            env=environment({}, room.folder), cwd=room.folder, capture_output=True, text=True,
            timeout=patience(60), check=False,
        )  # fmt: skip
        process.terminate()
        process.communicate()
        assert ended.returncode == 0, ended.stdout
        reached |= accepted(report)
    assert operations().keys() - reached == set()
