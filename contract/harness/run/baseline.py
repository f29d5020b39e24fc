"""Known failures that are accepted, in a file of the project that accepts them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from contract.harness import files
from contract.harness.errors import UsageError
from contract.harness.redaction import scrub
from contract.harness.run.outcomes import Place
from contract.harness.spec import catalogue

_NOT_TRIED = "expectedNotTried"


@dataclass(frozen=True)
class Baseline:
    """What is accepted of each target, by its name: the place of each failure, and why it failed.

    `not_tried` are globs of the clauses that a target is expected to leave untried; a target without an entry
    has no such expectation.
    """

    file: Path
    accepted: Mapping[str, Mapping[Place, str]] = field(default_factory=dict)
    not_tried: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, target: str) -> frozenset[Place]:
        """Return where a failure of `target` is accepted."""
        return frozenset(self.accepted.get(target, {}))

    def updated(self, target: str, tried: Iterable[Place], failed: Mapping[Place, str]) -> "Baseline":
        """Return the baseline after a run: of what was `tried`, exactly what `failed` is accepted."""
        tried = set(tried)
        untouched = {place: why for place, why in self.accepted.get(target, {}).items() if place not in tried}
        return replace(self, accepted={**self.accepted, target: {**untouched, **failed}})

    def write(self) -> None:
        """Write the file completely or not at all; raises `UsageError` if it can't be written."""
        targets = {
            name: [
                {"clause": clause, "endpoint": endpoint, "why": scrub(why)}
                for (clause, endpoint), why in sorted(places.items(), key=lambda item: str(item[0]))
            ]
            for name, places in sorted(self.accepted.items())
        }
        document: dict[str, Any] = {"schema": 1, "targets": targets}
        if self.not_tried:
            document[_NOT_TRIED] = {name: list(globs) for name, globs in sorted(self.not_tried.items())}
        files.write(self.file, json.dumps(document, indent=2) + "\n")


def read(file: Path, *, may_be_missing: bool = False) -> Baseline:
    """Read a baseline; `UsageError` says what is wrong with the file."""
    try:
        raw = json.loads(file.read_bytes())
    except FileNotFoundError:
        if may_be_missing:
            return Baseline(file)
        raise UsageError(f"baseline {file}: there is no such file: --update-baseline makes it") from None
    except OSError as error:
        raise UsageError(f"baseline {file}: can't be read: {error.strerror}") from None
    except ValueError:
        raise UsageError(f"baseline {file}: is no JSON: make it with --update-baseline") from None
    try:
        return Baseline(
            file,
            {name: dict(map(_entry, entries)) for name, entries in raw["targets"].items()},
            {name: tuple(map(str, globs)) for name, globs in raw.get(_NOT_TRIED, {}).items()},
        )
    except (TypeError, KeyError, AttributeError):
        raise UsageError(f"baseline {file}: has another form: make it with --update-baseline") from None


def _entry(entry: Mapping[str, Any]) -> tuple[Place, str]:
    return (catalogue()[entry["clause"]].id, entry["endpoint"]), str(entry.get("why", ""))
