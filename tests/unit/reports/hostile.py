"""Results in which every text that a service, a name or a file could bring in is hostile."""

import copy
from typing import Any

from tests.unit.reports import samples

PAYLOADS = (
    '<script>document.title="OWNED"</script><img src=x onerror="document.title=\'OWNED\'">',
    "</style></script><svg onload=alert(1)>\"'`{{ 7*7 }}{% raw %}",
    "\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x07link\x1b]8;;\x07 \x07\x08",
    "\u202etxt.exe\u202c \u2066isolate\u2069 \u200b\u200d\ufeff \u2028\u2029",
    "]]> <![CDATA[ &amp; &#0; <!-- --> \x00\x0b\ufffe\uffff",
    "\n::error title=FORGED::forged\r\n::add-mask::x\n##[error]forged",
    "[click](https://evil.example) ![img](https://evil.example/x.png) <https://evil.example> [r]: https://evil.example",
    "https://evil.example www.evil.example mail@evil.example @somebody #12 owner/repo#1",
    "# heading\n- item\n```\nfence\n``` `code` | cell | \\| cell \\\\| *bold* <details>",
    "{0} {1} %0A %s $(id) `id` ${jndi:ldap://evil.example}",
    "x" * 3000,
)


def result(payload: str, *, of: dict[str, Any] | None = None) -> dict[str, Any]:
    """The full run with `payload` in every text that a service, a name or a file could bring in."""
    found = copy.deepcopy(of or samples.three())
    for one in found["targets"]:
        one |= {"name": payload, "sentence": payload, "leftovers": [payload], "firstRun": [payload]}
        one["problem"] = one["problem"] and payload
        one["lacking"] = dict.fromkeys([*one["lacking"], payload], payload)
        one["abilities"] = [payload]
        one["fingerprint"] = {payload: payload, "keys": [payload]}
        for entries in ("stale", "expired", "failing"):
            for entry in one.get("baseline", {}).get(entries, []):
                entry |= dict.fromkeys(("endpoint", "shape", "reason", "who", "issue"), payload)
                entry["until"] = f"2026-10-31{payload}"
                one["baseline"]["file"] = payload
        for each in one["results"]:
            each |= dict.fromkeys(("title", "text", "source"), payload)
            each["why"] = each["why"] and payload
            if "known" in each:
                each["known"] |= {"reason": payload, "who": payload, "issue": payload}
            for inner in each["cases"]:
                inner |= {"id": payload, "why": inner["why"] and payload}
                inner |= {"shape": payload} if "shape" in inner else {}
                inner |= {"reproduce": [payload]} if "reproduce" in inner else {}
                for event in inner.get("timeline", {}).get("events", []):
                    event["what"] = payload
                inner["transcript"] = [_poisoned(payload) for _ in inner.get("transcript", [])]
    found |= {
        "commit": payload,
        "profile": payload,
        "selection": {"clauses": [payload], "require": [payload]},
    }
    found["tool"]["version"] = found["contract"]["version"] = found["contract"]["rotationModel"] = payload
    mutant = {"name": payload, "sentence": payload, "declared": ["TTL-01"], "caught": [], "errors": []}
    mutants = [mutant | {"exact": False, "problem": payload}, mutant | {"exact": False, "problem": None}]
    found["proof"] = {
        "of": payload,
        "stands": False,
        "complete": True,
        "mutants": mutants,
        "toothless": ["TTL-01"],
    }
    return found


def _poisoned(payload: str) -> dict[str, Any]:
    headers = {payload: payload}
    return {
        "request": {"method": payload, "path": payload, "headers": headers, "body": {payload: [payload]}},
        "response": {"status": 200, "headers": headers, "body": payload},
    }
