"""The file of `--examples-file`: generated cases that failed once, and are tried first from then on."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from contract.harness.checks.api_cases import GeneratedCase
from contract.harness.errors import UsageError
from contract.harness.redaction import scrub

_VERSION = 1


class Examples:
    """Requests of API-02, and walks of API-03 by mint endpoint; without a file nothing is kept.

    A request holds no credential and no id of a run: those are put into it when it is sent.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self.requests: list[GeneratedCase] = []
        self._walks: dict[str, list[Sequence[Mapping[str, Any]]]] = {}
        if file is not None and file.exists():
            self._read(file)

    def walks(self, endpoint: str) -> Sequence[Sequence[Mapping[str, Any]]]:
        """Return the walks that are kept for a mint endpoint."""
        return tuple(self._walks.get(endpoint, ()))

    def keep_request(self, case: GeneratedCase) -> None:
        """Keep a request that failed; one whose body is no JSON can't be kept."""
        if case.as_json() not in [each.as_json() for each in self.requests]:
            self.requests.append(case)
            self._write()

    def keep_walk(self, endpoint: str, steps: Sequence[Mapping[str, Any]]) -> None:
        """Keep a walk that failed."""
        kept = self._walks.setdefault(endpoint, [])
        if list(steps) not in [list(each) for each in kept]:
            kept.append(steps)
            self._write()

    def _read(self, file: Path) -> None:
        try:
            content = json.loads(file.read_text("utf-8"))
            if content["version"] != _VERSION:
                raise ValueError(f"its version is {content['version']}, not {_VERSION}")
            self.requests = [GeneratedCase(**each) for each in content["requests"]]
            self._walks = {name: list(rows) for name, rows in content["walks"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(
                f"--examples-file {file}: can't be read: {scrub(str(error))}; "
                "give a file that this option wrote"
            ) from None

    def _write(self) -> None:
        if self._file is None:
            return
        rows = []
        for case in self.requests:
            try:
                rows.append(json.loads(json.dumps(case.as_json())))
            except (TypeError, ValueError):
                continue
        content = {"version": _VERSION, "requests": rows, "walks": self._walks}
        fresh = self._file.with_name(f"{self._file.name}.new")
        try:
            fresh.write_text(json.dumps(content, indent=1, ensure_ascii=True) + "\n", "utf-8")
            fresh.replace(self._file)
        except OSError as error:
            raise UsageError(
                f"--examples-file {self._file}: can't be written: {error.strerror}; give another place"
            ) from None
