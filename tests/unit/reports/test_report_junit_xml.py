"""The JUnit report: valid where CI reads it, grouped as viewers group it, and no two cases collide."""

from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import junitparser
import pytest
import xmlschema

from contract.harness.reports import junit_xml
from tests.unit.reports import hostile, samples

DATA = Path(__file__).parents[2] / "data"
# As Jenkins' xunit plugin publishes it: junit-10.xsd.
FORM = xmlschema.XMLSchema(str(DATA / "jenkins-junit.xsd"))
MAKERS = [samples.full, samples.three, samples.all_fail, samples.proof, samples.result]
HOSTILE = [pytest.param(lambda payload=payload: hostile.result(payload), id=f"hostile-{number}")
           for number, payload in enumerate(hostile.PAYLOADS)]  # fmt: skip


def parsed(document: dict[str, Any]) -> ElementTree.Element:
    """The report, read again as the bytes that are written."""
    return ElementTree.fromstring(junit_xml.render(document).encode("utf-8"))


def of(root: ElementTree.Element, clause: str, name: str) -> ElementTree.Element:
    """The one case of a clause with this name."""
    (found,) = [
        case
        for case in root.iter("testcase")
        if f".{clause} " in case.attrib["classname"] and case.attrib["name"] == name
    ]
    return found


@pytest.mark.parametrize("make", [*MAKERS, *HOSTILE])
def test_the_report_keeps_the_form_that_jenkins_reads(make: Any) -> None:
    """Whatever is in the result, also what XML does not allow."""
    assert [str(fault.reason) for fault in FORM.iter_errors(parsed(make()))] == []


def test_another_form_is_found_out() -> None:
    """A suite that does not count its failures."""
    root = parsed(samples.full())
    del root[0].attrib["failures"]
    assert len(list(FORM.iter_errors(root))) == 1


@pytest.mark.parametrize("make", [*MAKERS, *HOSTILE])
def test_no_two_cases_collide(make: Any) -> None:
    """Viewers know a case by class and name: each pair occurs once, also over targets of one name."""
    names = [(case.attrib["classname"], case.attrib["name"]) for case in parsed(make()).iter("testcase")]
    assert [name for name, number in Counter(names).items() if number > 1] == []


@pytest.mark.parametrize("make", [samples.full, samples.three, samples.proof])
def test_junitparser_counts_what_the_result_says(make: Any) -> None:
    """Suites, and in them as many failures as musts failed."""
    document = make()
    report = junitparser.JUnitXml.fromstring(junit_xml.render(document).encode())
    suites = list(report)
    for suite in suites:
        suite_counts = suite.tests, suite.failures, suite.errors, suite.skipped
        suite.update_statistics()  # type: ignore[no-untyped-call]
        assert (suite.tests, suite.failures, suite.errors, suite.skipped) == suite_counts
    assert report.tests == sum(suite.tests for suite in suites)
    if document["targets"]:
        assert suites[0].failures == 3  # two shapes of TTL-02, and CLK-03
        assert suites[0].errors == 1


def test_a_case_is_an_endpoint_with_its_shape() -> None:
    """TTL-02 at /path is parted by shape, with the outcome of each."""
    root = parsed(samples.full())
    assert of(root, "TTL-02", "path [bare]").find("failure") is not None
    assert of(root, "TTL-02", "path [named]").find("failure") is not None
    assert list(of(root, "TTL-02", "path [identity]").iter("failure")) == []
    assert (
        of(root, "TTL-02", "identity").attrib["classname"]
        == "exec:node server_mjs.TTL-02 What TTL-02 is called"
    )


def test_a_failure_has_its_sentence_its_law_and_its_commands() -> None:
    """What a viewer shows of a failed case is enough to act on."""
    case = of(parsed(samples.full()), "TTL-02", "path [bare]")
    failure, out = case.find("failure"), case.find("system-out")
    assert failure is not None
    assert failure.attrib == {"type": "must", "message": samples.WHY}
    assert "The contract: What `TTL-02` requires" in (failure.text or "")
    assert out is not None
    for line in (*samples.FIRST_RUN, *samples.REPRODUCE, f"started {samples.STARTED}"):
        assert line in (out.text or "")


@pytest.mark.parametrize(
    ("clause", "name", "kind", "says"),
    [
        ("TTL-02", "workspace-path", "known", "known failure: fixed in 1.5: requested"),
        ("TTL-07", "agent", "should", "a should that is not kept: '60.5'"),
        ("ROT-01", "path", "blocked", "blocked by TTL-02: the mint gave another TTL"),
        ("JWKS-01", "service", "not_tried", "not tried: the target can't be restarted"),
    ],
)
def test_what_is_no_failure_is_skipped_with_its_reason(clause: str, name: str, kind: str, says: str) -> None:
    """Known, should, blocked and not tried are four types of a skipped case."""
    skipped = of(parsed(samples.full()), clause, name).find("skipped")
    assert skipped is not None
    assert skipped.attrib["type"] == kind
    assert skipped.attrib["message"].startswith(says)


def test_a_suite_has_its_facts() -> None:
    """Seed, versions, clause text and source as properties, and when it began."""
    suite = parsed(samples.full())[0]
    facts = {each.attrib["name"]: each.attrib["value"] for each in suite.iter("property")}
    assert suite.attrib["timestamp"] == "2026-11-26T09:05:24"
    assert facts["seed"] == "20261126"
    assert facts["contract.sha256"] == samples.SHA
    assert facts["TTL-02.source"] == "wire.md, The refresh TTL"
    assert facts["commit"].startswith("01234567")


def test_a_target_that_was_never_reached_is_an_error() -> None:
    """Not an empty suite, which viewers show as green."""
    suite = parsed(samples.three())[2]
    assert suite.attrib["errors"] == suite.attrib["tests"] == "1"
