"""The command `relayauth-contract check`, run by a test, and what it printed and reported."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = str(Path(sys.executable).parent / "relayauth-contract")
KEY_VARIABLE = "RELAYAUTH_CONTRACT_API_KEY"


@dataclass(frozen=True)
class Said:
    """What the command printed, its exit code, and its JSON report if it wrote one."""

    code: int
    out: str
    err: str
    report: dict[str, Any]

    @property
    def target(self) -> dict[str, Any]:
        """The one target of the report."""
        (target,) = self.report["targets"]
        assert isinstance(target, dict)
        return target

    def outcomes(self, clause: str) -> dict[str | None, str]:
        """Outcome by endpoint of one clause."""
        return {row["endpoint"]: row["outcome"] for row in self.target["results"] if row["clause"] == clause}

    def whys(self, outcome: str) -> set[str]:
        """Every reason that stands beside `outcome`."""
        return {row["why"] for row in self.target["results"] if row["outcome"] == outcome}


Check = Callable[..., Said]


def run_check(tmp_path: Path, *words: str, key: str | None = None, **variables: str) -> Said:
    """Run `relayauth-contract check` as a process of its own, in the folder `tmp_path`."""
    kept = {name: value for name, value in os.environ.items() if name != KEY_VARIABLE}
    report = tmp_path / "report.json"
    ended = subprocess.run(
        [COMMAND, "check", *words, "--json", str(report)],
        env=kept | variables | ({} if key is None else {KEY_VARIABLE: key}),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    told = json.loads(report.read_text()) if report.exists() else {}
    return Said(ended.returncode, ended.stdout, ended.stderr, told)
