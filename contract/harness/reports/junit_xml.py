"""The JUnit report of a result: a suite per target, a class per clause, a case per endpoint and shape."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from contract.harness.reports.outcomes import WORDS, WORST_FIRST, Row, names, place, reproduction
from contract.harness.reports.text import visible

# What XML 1.0, section 2.2, does not allow in a document.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MOST_CASES = 50
"""How many cases of one row are told in full."""


def render(result: Mapping[str, Any]) -> str:
    """Return the report as XML text."""
    root = ElementTree.Element("testsuites", name="relayauth-contract")
    labels = _labels(result["targets"])
    for target, name, label in zip(result["targets"], names(result["targets"]), labels, strict=True):
        root.append(_suite(result, target, name, label))
    if "proof" in result:
        root.append(_proof(result))
    total = {"tests": 0, "failures": 0, "errors": 0}
    for suite in root:
        for count in total:
            total[count] += int(suite.get(count, "0"))
    root.attrib.update({count: str(number) for count, number in total.items()})
    root.set("time", _time(result["seconds"]))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(
    result: Mapping[str, Any], target: Mapping[str, Any], name: str, label: str
) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", name=_clean(name), timestamp=_timestamp(result))
    suite.append(_properties(_facts(result, target)))
    if target["problem"]:
        case = ElementTree.SubElement(suite, "testcase", classname=f"{label}.target", name="target", time="0")
        ElementTree.SubElement(case, "error", type="problem", message=_clean(target["problem"]))
    for row in target["results"]:
        for shape, outcome, cases in _by_shape(row):
            suite.append(_case(row, shape, outcome, cases, label, target.get("firstRun", [])))
    _count(suite)
    suite.set("time", _time(sum(row["seconds"] for row in target["results"])))
    return suite


def _count(suite: ElementTree.Element) -> None:
    suite.set("tests", str(len(suite.findall("testcase"))))
    for attribute, element in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(len(suite.findall(f"testcase/{element}"))))


def _facts(result: Mapping[str, Any], target: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties of a suite; Jenkins's schema allows a case none, so a clause's stand here too."""
    facts = {
        "tool.version": result["tool"]["version"],
        "contract.version": result["contract"]["version"],
        "contract.sha256": result["contract"]["sha256"],
        "contract.rotationModel": result["contract"]["rotationModel"],
        "seed": result["seed"],
        "profile": result["profile"],
        "commit": result["commit"],
        "target.kind": target["kind"],
        "target.capabilities": ", ".join(target["abilities"]),
        "verdict": target["verdict"],
        "sentence": target["sentence"],
        "requests": target["requests"],
    }
    for row in target["results"]:
        facts[f"{row['clause']}.text"] = row["text"]
        facts[f"{row['clause']}.source"] = row["source"]
    return {name: value for name, value in facts.items() if value not in (None, "")}


def _properties(facts: Mapping[str, Any]) -> ElementTree.Element:
    properties = ElementTree.Element("properties")
    for name, value in facts.items():
        ElementTree.SubElement(properties, "property", name=name, value=_clean(str(value)))
    return properties


def _by_shape(row: Row) -> list[tuple[str | None, str, Sequence[Row]]]:
    """Part a row by the shape of its cases; where none has one it stays whole."""
    shapes: dict[str | None, list[Row]] = {}
    for case in row["cases"]:
        shapes.setdefault(case.get("shape"), []).append(case)
    if set(shapes) <= {None}:
        return [(None, row["outcome"], row["cases"])]
    return [
        (shape, min((case["outcome"] for case in cases), key=WORST_FIRST.index), cases)
        for shape, cases in shapes.items()
    ]


def _case(
    row: Row, shape: str | None, outcome: str, cases: Sequence[Row], label: str, first: Sequence[str]
) -> ElementTree.Element:
    title = f" {row['title']}" if row["title"] else ""
    case = ElementTree.Element(
        "testcase",
        classname=f"{label}.{_undotted(_clean(row['clause'] + title))}",
        name=place(row) + (f" [{_clean(shape)}]" if shape else ""),
        time=_time(sum(each["seconds"] for each in cases) if cases else row["seconds"]),
    )
    telling = [each for each in cases if each["outcome"] == outcome]
    whole = outcome == row["outcome"] and not shape
    why = row["why"] if whole or not telling else telling[0]["why"]
    detail = [f"{each['id']}: {each['why']}" for each in telling[:_MOST_CASES]]
    if len(telling) > _MOST_CASES:
        detail.append(f"and {len(telling) - _MOST_CASES} more cases")
    element, kind, message = _said(row, outcome, why)
    if element:
        found = ElementTree.SubElement(case, element, type=kind, message=_clean(message))
        # A viewer may show the message or the text alone.
        found.text = _clean("\n".join([message, *_law(row), *detail]))
    out = [f"started {each['started']}: {each['id']}" for each in cases[:1] if each["started"]]
    out += _again(telling, first) if outcome in ("fail", "known", "error") else []
    if out:
        ElementTree.SubElement(case, "system-out").text = _clean("\n".join(out))
    return case


def _law(row: Row) -> list[str]:
    return [f"The contract: {row['text']} ({row['source']})"] if row["text"] else []


def _said(row: Row, outcome: str, why: str) -> tuple[str | None, str, str]:
    """Return the element, its type and its message for an outcome; no element for a pass."""
    match outcome:
        case "pass":
            return None, "", ""
        case "fail" if row["level"] == "must":
            return "failure", "must", why
        case "fail":
            return "skipped", "should", f"a should that is not kept: {why}"
        case "error":
            return "error", "error", why
        case "known":
            return "skipped", "known", f"known failure: {_accepted(row)}{why}"
        case "blocked" if row.get("blocked_by"):
            return "skipped", "blocked", f"blocked by {row['blocked_by']}: {why}"
        case _:
            return "skipped", outcome, f"{WORDS[outcome]}: {why}"


def _accepted(row: Row) -> str:
    reason = row.get("known", {}).get("reason")
    return f"{reason}: " if reason else ""


def _again(cases: Sequence[Row], first: Sequence[str]) -> list[str]:
    lines = reproduction(cases)
    if not lines:
        return []
    return [*(["first run:", *first] if first else []), "to reproduce:", *lines]


def _proof(result: Mapping[str, Any]) -> ElementTree.Element:
    """Return the proof as a suite: a case per mutant, and one for each clause that none breaks."""
    proof = result["proof"]
    suite = ElementTree.Element(
        "testsuite", name=f"proof: {_clean(proof['of'])}", timestamp=_timestamp(result)
    )
    for mutant, name in zip(proof["mutants"], names(proof["mutants"]), strict=True):
        case = ElementTree.SubElement(suite, "testcase", classname="proof.mutant", name=_clean(name))
        if not mutant["exact"]:
            declared, caught = (", ".join(mutant[side]) or "none" for side in ("declared", "caught"))
            message = mutant["problem"] or f"declares {declared}; failed: {caught}"
            failure = ElementTree.SubElement(case, "failure", type="mutant", message=_clean(message))
            failure.text = _clean(mutant["sentence"])
    for clause in proof["toothless"]:
        case = ElementTree.SubElement(suite, "testcase", classname="proof.clause", name=clause)
        ElementTree.SubElement(case, "failure", type="uncovered", message="no mutant breaks this must")
    _count(suite)
    return suite


def _labels(targets: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a package name of its own for each target: viewers part names at full stops."""
    labels: list[str] = []
    for name in names(targets):
        label, number = _undotted(_clean(name)), 2
        while label in labels:
            label, number = f"{_undotted(_clean(name))} #{number}", number + 1
        labels.append(label)
    return labels


def _undotted(name: str) -> str:
    return name.replace(".", "_")


def _timestamp(result: Mapping[str, Any]) -> str:
    # Without a fraction and a zone, as the Ant format has it; it is UTC.
    return str(result["started"])[:19]


def _time(seconds: float) -> str:
    return f"{seconds:.3f}"


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", visible(text))
