"""Holds docs/threats.md to the catalogue: each hardening clause has its line, and each line its ground."""

import re
from pathlib import Path

from contract.harness.spec import catalogue

PAGE = Path(__file__).resolve().parent.parent / "docs" / "threats.md"
ROW = re.compile(r"^\| (?P<clause>[A-Z]+-\d+) \| (?P<threat>[^|]+) \| (?P<ground>[^|]+) \|$", re.MULTILINE)
GROUND = re.compile(r"RFC \d{4}, sections? \d|CVE-\d{4}-\d{4,}|CWE-\d+|OWASP [A-Z]")


def test_each_clause_of_the_hardening_chapters_has_its_line() -> None:
    """All of them, once, in the order of the catalogue."""
    hardening = [each.id for each in catalogue().clauses.values() if each.chapter in ("SES", "REV", "SEC")]
    assert [row["clause"] for row in ROW.finditer(PAGE.read_text())] == hardening


def test_each_ground_can_be_looked_up() -> None:
    """A section of an RFC, an advisory or a weakness by its number."""
    rows = list(ROW.finditer(PAGE.read_text()))
    assert [row["clause"] for row in rows if not GROUND.search(row["ground"])] == []
    assert [row["clause"] for row in rows if not row["threat"].strip().endswith(".")] == []
