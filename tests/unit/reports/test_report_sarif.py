"""The SARIF report: valid, one run per target, and no text of a service is a link."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from contract.harness.reports import sarif
from tests.unit.reports import hostile, samples

DATA = Path(__file__).parents[2] / "data"
# As OASIS publishes it for SARIF 2.1.0.
VALIDATOR = Draft202012Validator(json.loads((DATA / "sarif-2.1.0.json").read_text("utf-8")))
LINK = re.compile(r"(?<!\\)(?:\\\\)*\[(?:[^\\\]]|\\.)*\]\(")


def report(document: dict[str, Any]) -> Any:
    """The report, read again."""
    return json.loads(sarif.render(document))


@pytest.mark.parametrize(
    "make", [samples.full, samples.three, samples.all_fail, samples.proof, samples.result]
)
def test_the_report_is_valid(make: Any) -> None:
    """Against the published schema."""
    VALIDATOR.validate(report(make()))


@pytest.mark.parametrize("payload", hostile.PAYLOADS, ids=range(len(hostile.PAYLOADS)))
def test_hostile_text_makes_no_link(payload: str) -> None:
    """A message's `[words](address)` would be one."""
    found = report(hostile.result(payload))
    VALIDATOR.validate(found)
    messages = [result["message"]["text"] for run in found["runs"] for result in run["results"]]
    assert messages
    assert [message for message in messages if LINK.search(message)] == []


def test_links_are_recognised() -> None:
    """The pattern of this test finds what it looks for, and an escaped bracket is none."""
    assert LINK.search("see [this](https://example.com)")
    assert LINK.search("see \\\\[this](https://example.com)")
    assert not LINK.search("see \\[this\\](https://example.com)")


def test_a_failure_is_a_result_of_its_clause() -> None:
    """Level by must and should; a known failure is suppressed with its reason; fingerprints stay the same."""
    run = report(samples.full())["runs"][0]
    by_place = {
        (each["ruleId"], each["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]): each
        for each in run["results"]
    }
    assert {(rule, place.rpartition("/")[2], each["level"]) for (rule, place), each in by_place.items()} == {
        ("TTL-02", "path", "error"),
        ("TTL-02", "workspace-path", "error"),
        ("TTL-07", "agent", "warning"),
        ("CLK-03", "path", "error"),
    }
    for (rule, _), each in by_place.items():
        assert run["tool"]["driver"]["rules"][each["ruleIndex"]]["id"] == rule
    known = by_place["TTL-02", "exec:node server.mjs/workspace-path"]
    assert known["suppressions"] == [{"kind": "external", "justification": "fixed in 1.5"}]
    again = report(samples.full() | {"started": "2027-01-01T00:00:00Z", "seconds": 1})["runs"][0]["results"]
    assert [each["partialFingerprints"] for each in again] == [
        each["partialFingerprints"] for each in run["results"]
    ]


def test_what_could_not_be_tried_is_a_notification() -> None:
    """Neither a result nor lost."""
    (invocation,) = report(samples.full())["runs"][0]["invocations"]
    levels = [note["level"] for note in invocation["toolExecutionNotifications"]]
    assert sorted(levels) == ["error", *["note"] * 13]
    assert invocation["endTimeUtc"] == "2026-11-26T09:06:06.521Z"


def test_each_target_is_a_category_of_its_own() -> None:
    """Code scanning refuses a file with two runs of one category."""
    one = samples.full()["targets"][0]
    names = ["exec:node a.mjs", "exec:node a.mjs", "exec:node_a.mjs", "exec-node-a.mjs"]
    runs = report(samples.result(*({**one, "name": name} for name in names)))["runs"]
    ids = {run["automationDetails"]["id"] for run in runs}
    assert len(ids) == 4
    assert all(re.fullmatch(r"relayauth-contract/[\w.-]+/", each) for each in ids)
