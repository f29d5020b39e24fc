"""What a run says of a baseline whose entries have to be changed."""

from typing import Any


def accepted(clause: str, **members: Any) -> dict[str, Any]:
    """An entry of a baseline."""
    return {"clause": clause, "endpoint": "path", "reason": "fixed in 1.5", "line": 7} | members


def baseline() -> dict[str, Any]:
    """What a run says of a baseline: an entry that fails again, one that has ended alone, and stale ones."""
    again = accepted("TTL-02", until="2026-10-31", who="ana", issue="RA-112", shape="bare")
    quiet = accepted("SEC-02", until="2026-09-30", endpoint=None, line=12)
    both = accepted("META-01", until="2026-08-31", line=17)
    return {
        "file": "known.toml",
        "stale": [both, accepted("ROT-03", reason="", line=22)],
        "expired": [again, quiet, both],
        "failing": [again],
    }
