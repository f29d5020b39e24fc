"""Failures that are known and accepted, kept in a file beside the project that accepts them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contract.harness import files
from contract.harness.errors import UsageError
from contract.harness.redaction import scrub
from contract.harness.spec import catalogue

Place = tuple[str, str | None]


@dataclass(frozen=True)
class Baseline:
    """What is accepted of each target: clause, endpoint (None: the service as a whole), why."""

    file: Path
    accepted: Mapping[str, Mapping[Place, str]] = field(default_factory=dict)

    def of(self, target: str) -> frozenset[Place]:
        """Return what is accepted of `target`."""
        return frozenset(self.accepted.get(target, {}))

    def updated(self, target: str, tried: Iterable[Place], failed: Mapping[Place, str]) -> "Baseline":
        """Return the baseline after a run: of what was `tried`, exactly what `failed` is accepted."""
        untouched = {
            place: why for place, why in self.accepted.get(target, {}).items() if place not in set(tried)
        }
        return Baseline(self.file, {**self.accepted, target: {**untouched, **failed}})

    def write(self) -> None:
        """Write the file, whole or not at all; raises `UsageError` where it can't be."""
        targets = {
            name: [
                {"clause": clause, "endpoint": endpoint, "why": scrub(why)}
                for (clause, endpoint), why in sorted(places.items(), key=lambda item: str(item[0]))
            ]
            for name, places in sorted(self.accepted.items())
        }
        files.write(self.file, json.dumps({"schema": 1, "targets": targets}, indent=2) + "\n")


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
        return Baseline(file, {name: dict(map(_entry, entries)) for name, entries in raw["targets"].items()})
    except (TypeError, KeyError, AttributeError):
        raise UsageError(f"baseline {file}: has another form: make it with --update-baseline") from None


def _entry(entry: Mapping[str, Any]) -> tuple[Place, str]:
    return (catalogue()[entry["clause"]].id, entry["endpoint"]), str(entry.get("why", ""))
