"""The JSON report, schema 1."""

import json
from collections.abc import Sequence
from typing import Any

from contract.harness.redaction import scrub
from contract.harness.run import TargetReport
from contract.harness.spec import catalogue


def render(reports: Sequence[TargetReport], *, version: str, started: str, seconds: float) -> str:
    """Return the report as JSON text; `started` is ISO 8601 in UTC."""
    contract = catalogue()
    document: dict[str, Any] = {
        "schema": 1,
        "tool": {"name": "relayauth-contract", "version": version},
        "contract": {
            "version": contract.version,
            "sha256": contract.sha256,
            "rotationModel": contract.rotation_model,
        },
        "started": started,
        "seconds": round(seconds, 3),
        "targets": [_target(report) for report in reports],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _target(report: TargetReport) -> dict[str, Any]:
    return {
        "name": scrub(report.name),
        "kind": report.kind,
        "abilities": list(report.capabilities),
        "lacking": {ability: scrub(why) for ability, why in report.missing.items()},
        "verdict": report.verdict,
        "problem": report.problem,
        "requests": report.requests,
        "results": [
            {
                "clause": result.clause,
                "level": result.level,
                "endpoint": result.endpoint,
                "outcome": result.outcome,
                "why": result.why,
                **({"blocked_by": result.blocked_by} if result.blocked_by else {}),
                "seconds": round(result.seconds, 6),
            }
            for result in report.results
        ],
        "leftovers": report.leftovers,
    }
