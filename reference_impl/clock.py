"""The one place where the clock is read."""

from datetime import UTC, datetime


def now() -> float:
    """Return Unix seconds. Built on `datetime.now`, which frozen time replaces in every thread."""
    return datetime.now(UTC).timestamp()


def iso(moment: float) -> str:
    """Return Unix seconds as ISO 8601 in UTC with milliseconds and a `Z` (wire.md, Units)."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
