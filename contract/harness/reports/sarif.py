"""The result as SARIF 2.1.0, for code scanning: a run per target, a rule per clause, a result per failure."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from contract.harness.reports.outcomes import WORDS, Row, heading, names, place, reproduction, telling
from contract.harness.reports.text import clip, one_line

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FILE = "relayauth-contract.toml"
"""Where a failure is shown: code scanning wants a file, and a service's answer has none."""
_MOST_TEXT = 2000
_LEVELS = {"must": "error", "should": "warning"}


def render(result: Mapping[str, Any]) -> str:
    """Return the report as JSON text."""
    runs = [
        _run(result, target, name)
        for target, name in zip(result["targets"], names(result["targets"]), strict=True)
    ]
    if "proof" in result:
        runs.append(_proof_run(result))
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": runs}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _run(result: Mapping[str, Any], target: Mapping[str, Any], name: str) -> dict[str, Any]:
    rules = {row["clause"]: row for row in target["results"]}
    order = list(rules)
    failures = [row for row in target["results"] if row["outcome"] in ("fail", "known")]
    return {
        "tool": {"driver": _driver(result, (_rule(row) for row in rules.values()))},
        # A category of its own for each target: code scanning takes one run of a category in a file.
        "automationDetails": {"id": f"relayauth-contract/{_slug(name)}/"},
        "invocations": [_invocation(result, target)],
        "columnKind": "unicodeCodePoints",
        "properties": {
            "target": one_line(name),
            "verdict": target["verdict"],
            "sentence": one_line(target["sentence"]),
            "contractSha256": result["contract"]["sha256"],
            "commit": one_line(result["commit"] or ""),
        },
        "results": [_failure(row, name, order.index(row["clause"])) for row in failures],
    }


def _driver(result: Mapping[str, Any], rules: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": "relayauth-contract",
        "version": one_line(result["tool"]["version"]),
        "fullName": f"relayauth-contract {one_line(result['tool']['version'])}, "
        f"contract {one_line(result['contract']['version'])}",
        "rules": list(rules),
    }


def _rule(row: Row) -> dict[str, Any]:
    return {
        "id": row["clause"],
        "shortDescription": {"text": _message(row["title"] or row["clause"])},
        "fullDescription": {"text": _message(row["text"] or row["title"] or row["clause"])},
        "help": {"text": _message(f"{row['text']} Source: {row['source']}.".strip())},
        "defaultConfiguration": {"level": _LEVELS[row["level"]]},
        "properties": {"tags": ["relayauth", row["level"]]},
    }


def _failure(row: Row, name: str, index: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "ruleId": row["clause"],
        "ruleIndex": index,
        "level": _LEVELS[row["level"]],
        "message": {"text": _message(f"{heading(row)}, {name}: {row['why']}")},
        "locations": [_location(f"{name}/{place(row)}")],
        "partialFingerprints": {"clauseAtEndpoint/v1": _digest(name, row["clause"], place(row))},
    }
    lines = reproduction(telling(row))
    if lines:
        found["properties"] = {"reproduce": [one_line(line) for line in lines]}
    if row["outcome"] == "known":
        reason = row.get("known", {}).get("reason") or "accepted by the baseline"
        found["suppressions"] = [{"kind": "external", "justification": one_line(reason)}]
    return found


def _location(where: str) -> dict[str, Any]:
    return {
        "physicalLocation": {"artifactLocation": {"uri": FILE}, "region": {"startLine": 1}},
        "logicalLocations": [{"fullyQualifiedName": one_line(where)}],
    }


def _invocation(result: Mapping[str, Any], target: Mapping[str, Any]) -> dict[str, Any]:
    """Return how the run went; what could not be tried is told here, and is no result."""
    untried = [row for row in target["results"] if row["outcome"] in ("error", "blocked", "not_tried")]
    notes = [
        {
            "level": "error" if row["outcome"] == "error" else "note",
            "associatedRule": {"id": row["clause"]},
            "message": {"text": _message(f"{heading(row)}: {WORDS[row['outcome']]}: {row['why']}")},
        }
        for row in untried
    ]
    if target["problem"]:
        notes.insert(0, {"level": "error", "message": {"text": _message(target["problem"])}})
    return {
        "executionSuccessful": target["verdict"] != "open",
        **_times(result),
        "toolExecutionNotifications": notes,
    }


def _times(result: Mapping[str, Any]) -> dict[str, str]:
    times = {"startTimeUtc": result["started"]}
    try:
        end = datetime.fromisoformat(result["started"]) + timedelta(seconds=result["seconds"])
    except (ValueError, OverflowError):
        return {}
    times["endTimeUtc"] = end.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return times


def _proof_run(result: Mapping[str, Any]) -> dict[str, Any]:
    proof = result["proof"]
    rule = {
        "id": "PROOF",
        "shortDescription": {"text": "Each mutant is killed by exactly the clauses that it declares"},
        "defaultConfiguration": {"level": "error"},
    }
    said = [
        (
            each["name"],
            each["problem"] or f"{each['sentence']} Failed: {', '.join(each['caught']) or 'none'}.",
        )
        for each in proof["mutants"]
        if not each["exact"]
    ]
    said += [(clause, "No mutant breaks this must.") for clause in proof["toothless"]]
    return {
        "tool": {"driver": _driver(result, [rule])},
        "automationDetails": {"id": "relayauth-contract/proof/"},
        "invocations": [{"executionSuccessful": True, **_times(result)}],
        "columnKind": "unicodeCodePoints",
        "results": [
            {
                "ruleId": "PROOF",
                "ruleIndex": 0,
                "level": "error",
                "message": {"text": _message(f"{name}: {why}")},
                "locations": [_location(f"proof/{name}")],
                "partialFingerprints": {"clauseAtEndpoint/v1": _digest("proof", name)},
            }
            for name, why in said
        ],
    }


def _message(text: str) -> str:
    """Return `text` for a message, in which `[words](address)` would be a link: SARIF 2.1.0, 3.11.6."""
    # Backslashes count only before a bracket; doubling the others would be shown.
    return re.sub(r"(\\*)([\[\]])", r"\1\1\\\2", clip(one_line(text), _MOST_TEXT))


def _slug(name: str) -> str:
    slug = re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip("-")[:60]
    return slug if slug == name else f"{slug}-{_digest(name)[:8]}"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
