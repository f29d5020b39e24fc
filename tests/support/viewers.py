"""Viewers and validators from npm, where `npm ci` has installed what tests/viewers/package-lock.json names.

They are looked for in the folder that TEST_VIEWERS names, which holds a copy of tests/viewers, or else there.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.support.command import patience

FOLDER = Path(os.environ.get("TEST_VIEWERS") or Path(__file__).parents[1] / "viewers")
NODE = shutil.which("node")


def missing(package: str) -> str:
    """Return why a test can't use `package`, or nothing if it can."""
    if NODE is None:
        return "node is missing"
    if not (FOLDER / "node_modules" / package).is_dir():
        return (
            f"{package} is missing from {FOLDER}: npm ci, in a copy of tests/viewers that TEST_VIEWERS names"
        )
    return ""


def source(package: str, file: str) -> str:
    """Return the text of a file of `package`."""
    return (FOLDER / "node_modules" / package / file).read_text("utf-8")


def run(script: str, *words: str, given: Any = None) -> subprocess.CompletedProcess[str]:
    """Run a script of the folder with node, and `given` as JSON on its standard input."""
    assert NODE
    return subprocess.run(
        [NODE, str(FOLDER / script), *words],
        input=json.dumps(given),
        env={
            "PATH": os.environ["PATH"],
            "REDOCLY_TELEMETRY": "off",
            "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
        },
        cwd=FOLDER,
        capture_output=True,
        encoding="utf-8",
        timeout=patience(30),
        check=False,
    )
