"""Holds openapi.yaml to the recommended rules of Redocly."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import viewers

pytestmark = pytest.mark.skipif(bool(viewers.missing("@redocly/cli")), reason=viewers.missing("@redocly/cli"))
DOCUMENT = Path(__file__).parents[1] / "openapi.yaml"
CLI = "node_modules/@redocly/cli/bin/cli.js"


def problems(document: Path) -> list[tuple[str, Any]]:
    """The rules that a document breaks, and where."""
    ended = viewers.run(CLI, "lint", str(document), "--extends", "recommended", "--format", "json")
    said = json.loads(ended.stdout)
    assert ended.returncode == bool(said["totals"]["errors"]), ended.stderr
    return [(each["ruleId"], each["location"][0].get("pointer")) for each in said["problems"]]


def test_no_recommended_rule_is_broken() -> None:
    """Neither an error nor a warning."""
    assert problems(DOCUMENT) == []


def test_a_broken_rule_is_found(tmp_path: Path) -> None:
    """An example that does not keep its schema."""
    bent = tmp_path / "openapi.yaml"
    text = DOCUMENT.read_text("utf-8")
    bent.write_text(
        text.replace("                    status: ok\n", "                    state: ok\n"), "utf-8"
    )
    assert {rule for rule, _ in problems(bent)} == {"no-invalid-media-type-examples"}
