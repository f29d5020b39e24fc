"""Reads what blind mutation found as it is read after a run, and holds docs/survivors.md to the code."""

from pathlib import Path

import pytest

from tests.mutation.findings import Bent, Fate, Finding, accounted, bent, fate, lines, score, stands

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "survivors.md"
DIFF = """--- mutation diff ---
--- areference_impl/rules/a.py
+++ breference_impl/rules/a.py
@@ -1,3 +1,3 @@
 def a(b):
-    return b > 1
+    return b >= 1
"""
A, B = (Bent("reference_impl/rules/a.py", "a", "return b > 1", f"return b {sign} 1") for sign in (">=", "<"))


def of(fate: Fate, mutation: Bent = A) -> Finding:
    """A finding with that fate."""
    return Finding(mutation, fate, "")


def test_every_account_is_of_a_line_that_stands_in_the_code() -> None:
    """A survivor whose line has changed since is to be looked at again."""
    stale = [
        str(each)
        for each in accounted(PAGE)
        if each.was not in {line.strip() for line in (ROOT / each.module).read_text().splitlines()}
    ]
    assert accounted(PAGE)
    assert stale == []


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ('pass\n\n{"exit": 0, "failed": []}\n', "survived"),
        ('FAIL\n\n{"exit": 1, "failed": ["TTL-01"]}\n', "killed"),
        ('ERROR\n\n{"exit": 2, "failed": []}\n', "no verdict"),
        ('should\n\n{"exit": 2, "failed": []}\n', "no verdict"),
        ("", "stillborn"),
        ("half a word", "stillborn"),
        ("timeout", "hung"),
    ],
)
def test_a_fate_is_read_from_the_last_line(output: str, expected: Fate) -> None:
    """Only a must that failed kills; what can't be imported was never alive."""
    assert fate(output) == expected


def test_a_mutation_is_read_from_its_diff() -> None:
    """The line before and after, without what stands around it."""
    assert bent("reference_impl/rules/a.py", "a", DIFF) == A


def test_an_account_is_read_from_the_page(tmp_path: Path) -> None:
    """Under its module, between arrows; prose is prose."""
    page = tmp_path / "survivors.md"
    page.write_text(
        "# Title\n\n- `x` → `y`\n\n## `reference_impl/rules/a.py`\n\nBecause.\n\n"
        "- `a`: `return b > 1` → `return b >= 1`\n\n## `other.py`\n\n- `c` → `d`\n"
    )
    assert accounted(page) == {A, Bent("other.py", None, "c", "d")}


def test_the_score_leaves_out_the_stillborn_and_the_equivalent() -> None:
    """What has no verdict, or hung, was not killed by a clause and counts against us."""
    found = [of("killed")] * 18 + [of("stillborn"), of("survived"), of("no verdict"), of("hung")]
    assert score(found, {A}) == 0.9
    assert score(found, set()) == pytest.approx(18 / 21)
    assert score([], set()) == 0.0


@pytest.mark.parametrize(
    ("found", "equivalent", "word"),
    [
        ([of("killed")] * 20 + [of("survived", B)], set(), "does not say why"),
        ([of("killed")] * 20, {B}, "and no survivor"),
        ([of("killed")] * 18 + [of("no verdict"), of("no verdict")], set(), "90.0%"),
    ],
    ids=["an account is missing", "an account is stale", "too few were killed"],
)
def test_what_does_not_stand_is_told(found: list[Finding], equivalent: set[Bent], word: str) -> None:
    """Each for a reason of its own, in the lines that are printed."""
    assert not stands(found, equivalent)
    assert word in "\n".join(lines(found, equivalent))


def test_it_stands_with_every_survivor_accounted_for() -> None:
    """Nineteen of twenty, and one more that is the same program."""
    found = [of("killed")] * 19 + [of("no verdict"), of("survived", B)]
    assert stands(found, {B})
    assert "95.0%" in "\n".join(lines(found, {B}))
