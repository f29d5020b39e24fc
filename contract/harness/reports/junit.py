"""The JUnit report: a suite for each target, a case for each clause at each endpoint."""

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from contract.harness.redaction import scrub
from contract.harness.run import ClauseResult, TargetReport
from contract.harness.spec import catalogue

# What XML 1.0, section 2.2, does not allow in a document.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(reports: Sequence[TargetReport]) -> str:
    """Return the report as XML text."""
    root = ElementTree.Element("testsuites", name="relayauth-contract")
    for report in reports:
        counts = {
            "tests": len(report.results) + bool(report.problem),
            "failures": report.count("fail", "must"),
            "errors": report.count("error") + bool(report.problem),
            "skipped": len(report.results)
            - report.count("pass")
            - report.count("fail", "must")
            - report.count("error"),
        }
        seconds = sum(verdict.seconds for verdict in report.results)
        suite = ElementTree.SubElement(root, "testsuite", name=_clean(report.name), time=f"{seconds:.3f}")
        suite.attrib.update({name: str(count) for name, count in counts.items()})
        if report.problem:
            case = ElementTree.SubElement(suite, "testcase", classname="target", name=_clean(report.name))
            ElementTree.SubElement(case, "error", message=_clean(report.problem))
        for verdict in report.results:
            _case(suite, verdict)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _case(suite: ElementTree.Element, verdict: ClauseResult) -> None:
    clause = catalogue()[verdict.clause]
    place = f" [{verdict.endpoint}]" if verdict.endpoint else ""
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=f"contract.{clause.chapter}",
        name=f"{clause.id}{place} {clause.title}",
        time=f"{verdict.seconds:.3f}",
    )
    message = _clean(verdict.why)
    match verdict.outcome:
        case "fail" if clause.level == "must":
            failure = ElementTree.SubElement(case, "failure", message=message)
            failure.text = _clean("\n".join(f"{row.case}: {row.why}" for row in verdict.telling))
        case "error":
            ElementTree.SubElement(case, "error", message=message)
        case "fail":
            ElementTree.SubElement(case, "skipped", message=f"a should that is not kept: {message}")
        case "known":
            ElementTree.SubElement(case, "skipped", message=f"known: {message}")
        case "blocked":
            ElementTree.SubElement(case, "skipped", message=f"blocked by {verdict.blocked_by}: {message}")
        case "not_tried":
            ElementTree.SubElement(case, "skipped", message=f"not tried: {message}")


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", scrub(text))
