"""Two results compared: each kind of change, what counts as worse, and the three renderings."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from contract.harness.errors import UsageError
from contract.harness.reports import compare as comparing
from contract.harness.reports import comparisons
from contract.harness.reports.compare import Comparison, compare
from tests.unit.reports import hostile, samples

KINDS = ("newly_failing", "accepted", "mended", "no_longer_tried", "newly_tried", "reworded")
Row = dict[str, Any]


def one(outcome: str | None, why: str = "", level: str = "must", **members: Any) -> dict[str, Any]:
    """A result with one check that passed, and TTL-02 at /path with `outcome`, or without it."""
    rows = [samples.row("TTL-01", "path")]
    if outcome:
        rows.append(samples.row("TTL-02", "path", outcome, why, level=level, **members))
    return samples.result(samples.target(results=rows))


# before, after, the kind of change, and whether it is worse.
CHANGES: list[tuple[str | None, str | None, str | None, bool]] = [
    ("pass", "pass", None, False),
    ("fail", "fail", None, False),
    ("known", "known", None, False),
    ("not_tried", "not_tried", None, False),
    ("not_tried", "blocked", None, False),
    ("not_tried", None, None, False),
    ("fail", "known", None, False),
    ("pass", "fail", "newly_failing", True),
    ("known", "fail", "newly_failing", True),
    ("not_tried", "fail", "newly_failing", True),
    ("blocked", "fail", "newly_failing", True),
    ("error", "fail", "newly_failing", True),
    (None, "fail", "newly_failing", True),
    ("pass", "known", "accepted", False),
    (None, "known", "accepted", False),
    ("fail", "pass", "mended", False),
    ("known", "pass", "mended", False),
    ("pass", "not_tried", "no_longer_tried", True),
    ("pass", "blocked", "no_longer_tried", True),
    ("pass", "error", "no_longer_tried", True),
    ("pass", None, "no_longer_tried", True),
    ("fail", "not_tried", "no_longer_tried", True),
    ("fail", None, "no_longer_tried", True),
    ("known", "error", "no_longer_tried", True),
    ("not_tried", "pass", "newly_tried", False),
    ("error", "pass", "newly_tried", False),
    (None, "pass", "newly_tried", False),
]


@pytest.mark.parametrize(("before", "after", "kind", "worse"), CHANGES)
def test_each_pair_of_outcomes_is_one_kind_of_change(
    before: str | None, after: str | None, kind: str | None, worse: bool
) -> None:
    """And is in no other list."""
    found = compare(one(before), one(after))
    assert {name: len(getattr(found, name)) for name in KINDS} == {name: int(name == kind) for name in KINDS}
    assert found.worse == worse
    if kind:
        (change,) = getattr(found, kind)
        assert (change.clause, change.endpoint, change.before, change.after) == (
            "TTL-02",
            "path",
            before,
            after,
        )
        # A should is shown, and never makes it worse.
        assert not compare(one(before, level="should"), one(after, level="should")).worse


def test_a_changed_sentence_is_told() -> None:
    """1 s over the cap became 100 years over it: known or not."""
    for outcome in ("fail", "known"):
        found = compare(one(outcome, "1 s over the cap"), one(outcome, "100 years over the cap"))
        (change,) = found.reworded
        assert (change.was, change.now) == ("1 s over the cap", "100 years over the cap")
        assert not found.worse


def test_a_failure_that_spreads_to_another_shape_is_new() -> None:
    """It failed with named bodies, and now with bare ones too."""
    before = [samples.case("fail", "x", shape="named"), samples.case(shape="bare")]
    after = [samples.case("fail", "x", shape="named"), samples.case("fail", "x", shape="bare")]
    found = compare(one("fail", "x", cases=before), one("fail", "x", cases=after))
    (change,) = found.newly_failing
    assert change.shapes == ("bare",)
    assert found.worse
    assert "still failed, and now with bare too" in comparisons.as_text(found)
    assert not compare(one("fail", "x", cases=after), one("fail", "x", cases=before)).worse


def test_targets_are_paired_by_name() -> None:
    """Several: by name, and one that is gone takes its checks along; one alone with one alone."""
    rows = [samples.row("TTL-01", "path")]
    a, b, c = (samples.target(name, results=rows) for name in "abc")
    found = compare(samples.result(a, b), samples.result(b, c))
    assert [(each.target, each.after) for each in found.no_longer_tried] == [("a", None)]
    assert [(each.target, each.before) for each in found.newly_tried] == [("c", None)]
    assert "a is in the old result alone." in found.notes
    assert compare(samples.result(a), samples.result(b)).amounts[0].target == "a -> b"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(samples.result(), one("pass"), id="old is empty"),
        pytest.param(one("pass"), samples.proof(), id="new is a proof"),
        pytest.param(
            samples.result(*(samples.target(name, results=[samples.row("TTL-01", None)]) for name in "ab")),
            samples.result(*(samples.target(name, results=[samples.row("TTL-01", None)]) for name in "cd")),
            id="none in common",
        ),
    ],
)
def test_what_can_not_be_compared_gets_a_sentence(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Rather than a comparison of nothing."""
    with pytest.raises(UsageError, match=r"^compare: "):
        compare(old, new)


def test_a_target_that_can_no_longer_be_reached_is_worse() -> None:
    """All its checks are no longer tried, and the reason is told."""
    away = samples.result(samples.target(verdict="open", problem="connection refused"))
    found = compare(one("pass"), away)
    assert found.worse
    assert len(found.no_longer_tried) == 2
    assert "exec:node server.mjs could not be judged now: connection refused" in found.notes


def other(change: Callable[[dict[str, Any]], object]) -> list[str]:
    """The notes on a result and itself with `change`."""
    new = copy.deepcopy(one("pass"))
    change(new)
    return list(compare(one("pass"), new).notes)


def test_differences_in_how_they_were_made_are_told() -> None:
    """Contract, seed, selection, an interruption, the order."""
    assert other(lambda new: None) == []
    assert other(lambda new: new["contract"].update(sha256="0" * 64))[0].startswith("The contracts differ")
    assert other(lambda new: new.update(seed=None)) == ["The seed differs: 20261126, then none."]
    assert other(lambda new: new["selection"].update(clauses=["TTL-*"]))[0].startswith("Other clauses")
    assert other(lambda new: new.update(interrupted=True)) == ["The new run was interrupted."]
    assert other(lambda new: new.update(started="2026-11-25T00:00:00Z"))[0].startswith(
        "The old result is younger"
    )


def both() -> Comparison:
    """A comparison in which each kind of change occurs, with hostile text."""
    old, new = samples.full(), hostile.result(hostile.PAYLOADS[5], of=samples.full())
    rows: list[Row] = new["targets"][0]["results"]
    for row in rows:
        if row["clause"] == "SES-01":
            row.update(outcome="fail", why=hostile.PAYLOADS[6])
        elif row["clause"] == "CLK-03" or row["clause"].startswith("JWKS"):
            row.update(outcome="pass")
        elif row["clause"] == "REV-01":
            row.update(outcome="error")
        elif row["clause"] == "REV-02":
            row.update(outcome="known")
    return compare(old, new)


def test_the_renderings_agree() -> None:
    """The verdict is the text's last line, Markdown's first and a member of the JSON."""
    found = both()
    assert all(getattr(found, kind) for kind in KINDS)
    text, page, document = (
        comparisons.as_text(found),
        comparisons.as_markdown(found),
        comparisons.as_json(found),
    )
    assert text.splitlines()[-1] == found.sentence == json.loads(document)["sentence"]
    assert found.sentence.startswith("Worse: 4 newly failing, 4 newly failing and accepted, 1 mended,")
    assert page.startswith("## ❌ Worse\\: 4 newly failing")
    assert {kind: len(json.loads(document)[kind]) for kind in KINDS} == {
        kind: len(getattr(found, kind)) for kind in KINDS
    }
    assert "SES-01 at identity, agent, path, workspace-path" in text


def test_hostile_text_stays_in_its_line() -> None:
    """In a terminal and in Markdown alike."""
    found = both()
    for said in (comparisons.as_text(found), comparisons.as_markdown(found)):
        assert [sign for sign in said if not sign.isprintable() and sign not in "\n\N{WORD JOINER}"] == []
        assert not [line for line in said.splitlines() if line.lstrip().startswith("::")]


def test_requests_and_times_are_compared() -> None:
    """Per target."""
    old, new = one("pass"), one("pass")
    new["targets"][0]["requests"] = 2000
    (amounts,) = compare(old, new).amounts
    assert amounts == comparing.Amounts("exec:node server.mjs", (1515, 2000), (0.022, 0.022))
