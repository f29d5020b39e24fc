"""Results of schema 2, written by hand: every outcome, one in which all fails, and hostile ones."""

import json
from collections.abc import Iterator
from typing import Any

from tests.unit.reports import outdated

MINTS = ("identity", "agent", "path", "workspace-path")
SHA = "e3b6b4e68a6b82a3ff720691799866b620aa623ca1b52d1b4d5d93af9562161e"
STARTED = "2026-11-26T09:05:24.021Z"
CAP, DAY = 7776000, 86400
CHAPTERS = {"TTL": 9, "META": 3, "ROT": 10, "CLK": 8, "JWKS": 11, "SES": 9, "REV": 7, "SEC": 11, "API": 3}
SERVICE_CHAPTERS = ("JWKS", "API")
REPRODUCE = [
    'PAIR=$(curl -sS -X POST "$RELAYAUTH_URL/v1/tokens/path" -H "x-api-key: $WORKSPACE_TOKEN" '
    '-H \'content-type: application/json\' -d \'{"paths": ["/relayauth-contract/*"], '
    '"refreshTokenTtlSeconds": 31536000}\'); echo "$PAIR"',
    'REFRESH_TOKEN=$(printf %s "$PAIR" | jq -r .refreshToken)',
]
FIRST_RUN = ["export RELAYAUTH_URL=http://127.0.0.1:8787", 'API_KEY="$RELAYAUTH_CONTRACT_API_KEY"']


def exchange(status: int = 201) -> dict[str, Any]:
    """A mint as it is kept in a transcript, redacted."""
    return {
        "request": {
            "method": "POST",
            "path": "/v1/tokens/path",
            "headers": {"x-api-key": "<secret 0f1e2d3c>", "content-type": "application/json"},
            "body": {"paths": ["/relayauth-contract/*"], "refreshTokenTtlSeconds": 31536000},
        },
        "response": {
            "status": status,
            "headers": {"content-type": "application/json", "cache-control": "no-store"},
            "body": {
                "accessToken": "<secret 11112222>",
                "refreshToken": "<secret 33334444>",
                "refreshTokenExpiresAt": "2027-11-26T09:05:24.000Z",
                "tokenType": "Bearer",
            },
        },
    }


def timeline(given: int = CAP, rotated: int = CAP) -> dict[str, Any]:
    """The life of a session: a mint, three renewals a minute before each end, and one that came too late."""
    rotations, at = [], given - 60
    for _ in range(3):
        rotations.append({"at": at, "given": rotated})
        at += rotated - 60
    events = [{"at": at + 3600, "what": "refresh refused with 401", "accepted": False}]
    return {"requested": CAP, "given": given, "required": CAP, "rotations": rotations, "events": events}


def case(outcome: str = "pass", why: str = "", **members: Any) -> dict[str, Any]:
    """A case of a row."""
    return {"id": "one", "started": STARTED, "outcome": outcome, "why": why, "seconds": 0.004, **members}


def row(
    clause: str, endpoint: str | None, outcome: str = "pass", why: str = "", **members: Any
) -> dict[str, Any]:
    """A clause at an endpoint, with one case unless `members` has others."""
    found: dict[str, Any] = {
        "clause": clause,
        "level": "should" if clause == "TTL-07" else "must",
        "title": f"What {clause} is called",
        "text": f"What `{clause}` requires of the service, in a sentence or two, as the catalogue has it.",
        "source": "wire.md, The refresh TTL",
        "endpoint": endpoint,
        "outcome": outcome,
        "why": why,
        "seconds": 0.011,
        "cases": [case(outcome, why)],
    }
    return found | members


def target(name: str = "exec:node server.mjs", **members: Any) -> dict[str, Any]:
    """A target that conforms and has no rows yet."""
    found: dict[str, Any] = {
        "name": name,
        "kind": "exec",
        "abilities": ["clock", "key", "env", "orgs"],
        "lacking": {},
        "verdict": "holds",
        "sentence": f"Conforms: {name}, 184 of 184 checks passed.",
        "problem": None,
        "requests": 1515,
        "fingerprint": {"keys": ["kid-1"], "health": {"status": "ok"}, "server": "relayauth/1.4.2"},
        "results": [],
        "leftovers": [],
        "firstRun": FIRST_RUN,
    }
    return found | members


def result(*targets: dict[str, Any], **members: Any) -> dict[str, Any]:
    """A result of `targets`, whose verdicts make its own."""
    said = {each["verdict"] for each in targets}
    found: dict[str, Any] = {
        "schema": 2,
        "tool": {"name": "relayauth-contract", "version": "0.2.0"},
        "contract": {"version": "1.1", "sha256": SHA, "rotationModel": "sliding, without an absolute end"},
        "started": STARTED,
        "seconds": 42.5,
        "seed": 20261126,
        "verdict": "broken" if "broken" in said else "holds" if said == {"holds"} else "open",
        "selection": {"clauses": [], "endpoints": [], "require": ["TTL-*"], "strict": False},
        "profile": "full",
        "interrupted": False,
        "commit": "0123456789abcdef0123456789abcdef01234567",
        "targets": list(targets),
    }
    return found | members


def places() -> Iterator[tuple[str, str | None]]:
    """Every clause with every place: about as many as a full run has."""
    for chapter, number in CHAPTERS.items():
        for clause in range(1, number + 1):
            for endpoint in (None,) if chapter in SERVICE_CHAPTERS else MINTS:
                yield f"{chapter}-{clause:02}", endpoint


WHY = "requested refreshTokenTtlSeconds 31536000; the cap is 7776000 s; exp - iat was 31536000 s"


def _special() -> dict[tuple[str, str | None], dict[str, Any]]:
    """What is no plain pass in the full run."""
    shapes = [
        case("fail", WHY, id="31536000", shape="bare", transcript=[exchange()], reproduce=REPRODUCE),
        case("fail", WHY.replace("31536000", "7776001"), id="7776001", shape="named"),
        case(id="7776000", shape="identity"),
    ]
    long = case("fail", "the third renewal gave 86400 s", id="90d", transcript=[exchange(200)] * 14)
    found: dict[tuple[str, str | None], dict[str, Any]] = {
        ("TTL-02", "path"): {"outcome": "fail", "why": f"{WHY} (and 1 more of 3 cases)", "cases": shapes},
        ("TTL-02", "workspace-path"): {
            "outcome": "known",
            "why": WHY,
            "cases": [case("known", WHY, reproduce=REPRODUCE)],
            "known": {"reason": "fixed in 1.5", "who": "ana", "issue": "RA-112", "until": "2026-12-31"},
        },
        ("CLK-03", "path"): {
            "outcome": "fail",
            "why": long["why"],
            "cases": [long | {"timeline": timeline(CAP, DAY)}],
        },
        ("CLK-03", "agent"): {"cases": [case(id="90d", timeline=timeline())]},
        ("TTL-07", "agent"): {"outcome": "fail", "why": "'60.5' was taken as 60 s"},
        ("SEC-02", "agent"): {"outcome": "error", "why": "no answer within 10 s"},
        ("TTL-01", "identity"): {"why": "a value of 10 kB was answered 413 by a gateway"},
    }
    for clause in ("ROT-01", "ROT-02"):
        why = "the mint gave another TTL than was asked"
        found[clause, "path"] = {"outcome": "blocked", "why": why, "blocked_by": "TTL-02"}
    for number in range(1, 12):
        why = "the target can't be restarted"
        found[f"JWKS-{number:02}", None] = {"outcome": "not_tried", "why": why}
    return found


def full(name: str = "exec:node server.mjs") -> dict[str, Any]:
    """A full run of one target in which every outcome occurs."""
    special = _special()
    rows = []
    for clause, endpoint in places():
        members = special.get((clause, endpoint), {})
        found = row(clause, endpoint, **members)
        if "cases" not in members:
            found["cases"] = [case(found["outcome"], found["why"], id=f"case-{n}") for n in range(6)]
        rows.append(found)
    passed = sum(each["outcome"] == "pass" for each in rows)
    one = target(
        name,
        verdict="broken",
        sentence=f"Does not conform: {name}, {passed} of {len(rows)} passed, 11 not tried.",
        results=rows,
        abilities=["clock"],
        lacking={"env": "the target was not launched by the suite", "orgs": "no second API key was given"},
        leftovers=["session sess_1: 503 to its revocation"],
        baseline=outdated.baseline(),
    )
    return result(one)


def three() -> dict[str, Any]:
    """Three targets side by side: one broken, one that conforms, one that was never reached."""
    good = target("reference", kind="reference", results=[row(*each) for each in places()])
    why = "connection refused: is it running?"
    away = target("https://staging.example.com", kind="url", verdict="open", problem=why,
                  sentence=f"No verdict: https://staging.example.com, {why}", fingerprint=None)  # fmt: skip
    return result(full()["targets"][0], good, away)


def all_fail() -> dict[str, Any]:
    """The largest page: every check fails, in 20 cases, each with exchanges and commands."""
    cases = [
        case(
            "fail", f"{number}: {WHY}", id=f"case-{number}", transcript=[exchange()] * 6, reproduce=REPRODUCE
        )
        for number in range(20)
    ]
    rows = [row(clause, endpoint, "fail", WHY, cases=cases) for clause, endpoint in places()]
    return result(
        target(verdict="broken", sentence="Does not conform: 0 of 300 checks passed.", results=rows)
    )


def proof(number: int = 220) -> dict[str, Any]:
    """A proof of `number` mutants, of which one survives, one is inexact and one was not tried in full."""
    clauses = sorted({clause for clause, _ in places()})
    mutants = []
    for index in range(number):
        declared = sorted({clauses[index % len(clauses)], clauses[(index * 7) % len(clauses)]})
        mutant: dict[str, Any] = {
            "name": f"Mutant{index:03}OfTheRules",
            "sentence": "A refresh keeps the TTL of the pair before, and forgets the cap.",
            "declared": declared,
            "caught": declared,
            "errors": [],
            "exact": True,
            "problem": None,
        }
        mutants.append(mutant)
    mutants[1] |= {"caught": [], "exact": False}
    mutants[2] |= {"caught": [*mutants[2]["declared"], "TTL-09"], "exact": False}
    mutants[3] |= {"caught": [], "errors": mutants[3]["declared"], "exact": False, "problem": "no answer"}
    found = {"of": "mutants", "stands": False, "complete": True, "mutants": mutants, "toothless": ["SEC-11"]}
    return result(verdict="broken", proof=found)


def text(document: Any) -> bytes:
    """The document as the content of a result file."""
    return json.dumps(document, ensure_ascii=False).encode()
