"""The JSON result of a run, schema 2: it holds all that any report shows (docs/result.md)."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from contract.harness.client import Raw, Response, displayable
from contract.harness.redaction import plain, scrub
from contract.harness.reports.first_run import preamble
from contract.harness.reports.reproduction import Again, reproduction
from contract.harness.run import CaseResult, ClauseResult, KnownFailure, Reconciled, Settings, TargetReport
from contract.harness.spec import catalogue

LONGEST_TEXT = 4000
"""Characters of a body that is no JSON, or of a text in one."""
MOST_EXCHANGES = 40
"""Exchanges of one case that are kept, the last ones: a failure is told by what came at its end."""
# Where the usual CI systems name the commit that they test.
_COMMITS = (
    "GITHUB_SHA",
    "CI_COMMIT_SHA",
    "CIRCLE_SHA1",
    "BUILD_SOURCEVERSION",
    "BITBUCKET_COMMIT",
    "GIT_COMMIT",
)
_HEADERS = ("content-type", "cache-control", "www-authenticate", "retry-after", "location")


@dataclass(frozen=True)
class Occasion:
    """When a run was, in UTC, how many seconds it took, and the `version` of the suite."""

    started: datetime
    seconds: float
    version: str


def document(
    reports: Sequence[TargetReport],
    settings: Settings,
    occasion: Occasion,
    again: Mapping[str, Again],
) -> dict[str, Any]:
    """Return the result of a run; `again` says for each target, by its name, how a failure is reproduced."""
    verdicts = {report.verdict for report in reports}
    verdict = "broken" if "broken" in verdicts else "holds" if verdicts == {"holds"} else "open"
    return {
        **head(occasion),
        "seed": settings.seed,
        "verdict": verdict,
        "selection": {
            "clauses": list(settings.clauses),
            "endpoints": list(settings.endpoints),
            "require": list(settings.require),
            "strict": settings.strict,
        },
        "profile": settings.profile,
        "interrupted": any(report.interrupted for report in reports),
        "commit": commit(os.environ),
        "targets": [_target(report, again.get(report.name)) for report in reports],
    }


def head(occasion: Occasion) -> dict[str, Any]:
    """Return the members with which every result begins: of a run, and of a proof."""
    contract = catalogue()
    return {
        "schema": 2,
        "tool": {"name": "relayauth-contract", "version": occasion.version},
        "contract": {
            "version": contract.version,
            "sha256": contract.sha256,
            "rotationModel": contract.rotation_model,
        },
        "started": _moment(occasion.started),
        "seconds": round(occasion.seconds, 3),
    }


def render(result: Mapping[str, Any]) -> str:
    """Return a result as JSON text."""
    return json.dumps(result, indent=2, ensure_ascii=False) + "\n"


def commit(variables: Mapping[str, str]) -> str | None:
    """Return the commit that CI says it tests, if it does."""
    named = next((variables[name] for name in _COMMITS if variables.get(name, "").strip()), None)
    return plain(named)[:100] if named else None


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _target(report: TargetReport, again: Again | None) -> dict[str, Any]:
    rows, commands = [], list[str]()
    for result in report.results:
        lines = reproduction(result, again) if again and result.outcome in ("fail", "known") else []
        commands += lines
        rows.append(_row(result, lines))
    first = preamble(again.address, again.api_key_envs, commands) if again else []
    return {
        "name": scrub(report.name),
        "kind": report.kind,
        "abilities": list(report.capabilities),
        "lacking": {capability: scrub(why) for capability, why in report.missing.items()},
        "verdict": report.verdict,
        "sentence": scrub(report.sentence),
        "problem": report.problem,
        "requests": report.requests,
        "fingerprint": dict(report.fingerprint) if report.fingerprint else None,
        "results": rows,
        "leftovers": report.leftovers,
        **({"baseline": _baseline(report.baseline)} if report.baseline else {}),
        **({"firstRun": [scrub(line) for line in first]} if first else {}),
    }


def _baseline(reconciled: Reconciled) -> dict[str, Any]:
    """Return what a run says of a baseline: its entries that match nothing any more, or have ended."""
    return {
        "file": scrub(reconciled.file),
        **{
            name: [_entry(each) for each in entries]
            for name, entries in (
                ("stale", reconciled.stale),
                ("expired", reconciled.expired),
                ("failing", reconciled.failing),
            )
        },
    }


def _entry(entry: KnownFailure) -> dict[str, Any]:
    facts = {"shape": entry.shape, "who": entry.who, "issue": entry.issue}
    return {
        "clause": entry.clause,
        "endpoint": entry.endpoint,
        "reason": plain(entry.reason),
        **{name: plain(value) for name, value in facts.items() if value},
        **({"until": entry.until.isoformat()} if entry.until else {}),
        **({"line": entry.line} if entry.line else {}),
    }


def _row(result: ClauseResult, lines: list[str]) -> dict[str, Any]:
    clause = catalogue()[result.clause]
    known = result.known_as
    telling = result.telling[0] if result.telling else None
    return {
        "clause": clause.id,
        "level": clause.level,
        "title": clause.title,
        "text": clause.text,
        "source": clause.source,
        "endpoint": result.endpoint,
        "outcome": result.outcome,
        "why": result.why,
        **({"blocked_by": result.blocked_by} if result.blocked_by else {}),
        **({"known": {name: plain(text) for name, text in known.items()}} if known else {}),
        "seconds": round(result.seconds, 6),
        "cases": [_case(case, lines if case is telling else []) for case in result.cases],
    }


def _case(case: CaseResult, lines: list[str]) -> dict[str, Any]:
    started = datetime.fromtimestamp(case.started, UTC) if case.started is not None else None
    shown = case.transcript[-MOST_EXCHANGES:]
    return {
        "id": scrub(case.case),
        **({"shape": case.shape} if case.shape else {}),
        "started": _moment(started) if started else None,
        "outcome": case.outcome,
        "why": case.why,
        "seconds": round(case.seconds, 6),
        **({"transcript": [_exchange(response) for response in shown]} if shown else {}),
        **({"reproduce": [scrub(line) for line in lines]} if lines else {}),
        **({"timeline": dict(case.timeline)} if case.timeline else {}),
    }


def _exchange(response: Response) -> dict[str, Any]:
    """Return one exchange without any credential: each is a shell variable or a fingerprint."""
    request = response.request
    query = "&".join(f"{name}={displayable(value, request.names)}" for name, value in request.query.items())
    headers = {name: plain(value) for name, value in request.headers.items()}
    if request.key is not None:
        headers["x-api-key"] = str(displayable(request.key, request.names))
    if request.bearer is not None:
        bearer = request.bearer
        shown = "$ACCESS_TOKEN" if isinstance(bearer, str) else displayable(bearer, request.names)
        headers["authorization"] = f"{request.scheme} {shown}"
    body = request.body.text(request.names) if isinstance(request.body, Raw) else request.body
    return {
        "request": {
            "method": request.method,
            "path": plain(f"{request.path}{'?' if query else ''}{query}"),
            "headers": headers,
            "body": _clean(displayable(body, request.names)),
        },
        "response": {
            "status": response.status,
            "headers": {name: plain(response.headers[name]) for name in _HEADERS if name in response.headers},
            "body": _body(response.content),
        },
    }


def _body(content: bytes) -> Any:
    if not content:
        return None
    try:
        return _clean(json.loads(content))
    except (ValueError, RecursionError):
        return _clean(content.decode("utf-8", "backslashreplace"))


def _clean(value: Any, levels: int = 20) -> Any:
    """Return JSON with every text scrubbed and cut; what is nested more deeply than `levels` is left out."""
    if isinstance(value, str):
        text = scrub(value)
        more = len(text) - LONGEST_TEXT
        return text if more <= 0 else f"{text[:LONGEST_TEXT]}... ({more} more characters)"
    if isinstance(value, Mapping | list | tuple) and not levels:
        return "..."
    if isinstance(value, Mapping):
        return {scrub(str(name)): _clean(item, levels - 1) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item, levels - 1) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    return value
