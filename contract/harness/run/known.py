"""Known failures: which failures of a target are accepted, why, and until when."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class KnownFailure:
    """One entry of a baseline: it accepts the failures that it matches, until the end of the day `until`.

    What is None leaves a choice open: any endpoint, any shape, any wording, no end. `pattern` is a regular
    expression that must be found in the sentence that says what failed. `line` is where the entry stands in
    its file, 0 if nowhere.
    """

    clause: str
    endpoint: str | None = None
    shape: str | None = None
    pattern: str | None = None
    reason: str = ""
    who: str | None = None
    issue: str | None = None
    until: date | None = None
    line: int = 0

    def covers(self, clause: str, endpoint: str | None, shape: str | None) -> bool:
        """Say whether the entry is about this place."""
        return (
            clause == self.clause
            and self.endpoint in (None, endpoint)
            and self.shape in (None, shape)
        )  # fmt: skip

    def says(self, why: str) -> bool:
        """Say whether the pattern is found in what failed."""
        return self.pattern is None or re.search(self.pattern, why) is not None

    def expired(self, today: date) -> bool:
        """Say whether its last day has passed."""
        return self.until is not None and self.until < today

    @property
    def place(self) -> str:
        """What the entry is about: `TTL-02 at path [bare]`."""
        at = f" at {self.endpoint}" if self.endpoint else ""
        return f"{self.clause}{at}{f' [{self.shape}]' if self.shape else ''}"

    @property
    def told(self) -> str:
        """Why it is accepted, by whom, where that is followed up, and until when."""
        facts = [self.reason or "no reason given yet", self.who, self.issue]
        facts += [f"until {self.until.isoformat()}"] if self.until else []
        return "; ".join(fact for fact in facts if fact)


@dataclass(frozen=True)
class Reconciled:
    """What a run says of a target's baseline: its entries that match nothing any more, or have ended.

    `failing` are those of the expired entries whose failure occurs, and is accepted by no other entry.
    """

    file: str
    stale: tuple[KnownFailure, ...] = ()
    expired: tuple[KnownFailure, ...] = ()
    failing: tuple[KnownFailure, ...] = ()


def as_members(entries: Iterable[KnownFailure]) -> Mapping[str, str]:
    """Return the `known` member of a result: the facts of all entries, and the earliest end."""
    entries = list(entries)
    members = {"reason": "; ".join(dict.fromkeys(each.reason for each in entries if each.reason))}
    for name in ("who", "issue"):
        given = dict.fromkeys(value for each in entries if (value := getattr(each, name)))
        if given:
            members[name] = ", ".join(given)
    ends = [each.until for each in entries if each.until]
    if ends:
        members["until"] = min(ends).isoformat()
    return members
