"""Where the results of a run go: the terminal, files, and standard output for a single report."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from contract.harness.errors import ContractError, UsageError
from contract.harness.files import refuse_secrets, writable, write

if TYPE_CHECKING:
    from contract.harness.run import TargetReport

STANDARD_OUTPUT = "-"


@dataclass(frozen=True)
class Outputs:
    """The files that a run writes, None for those that it does not; `-` is standard output."""

    json: str | None = None
    junit: str | None = None

    def refuse_what_cannot_be_written(self) -> None:
        """Raise `UsageError` before the run for a file that could not be written after it."""
        files = [file for file in (self.json, self.junit) if file]
        if files.count(STANDARD_OUTPUT) > 1:
            raise UsageError("--json - and --junit -: only one report can go to standard output")
        for file in files:
            if file != STANDARD_OUTPUT:
                writable(file)

    def human_stream(self) -> TextIO:
        """Return the stream for what a person reads: standard error if a report takes standard output."""
        return sys.stderr if STANDARD_OUTPUT in (self.json, self.junit) else sys.stdout

    def write(self, reports: "Sequence[TargetReport]", started: datetime, seconds: float) -> list[str]:
        """Write each report; return one sentence for each that could not be written."""

        def as_json() -> str:
            from importlib.metadata import version

            from contract.harness.reports import as_json

            moment = started.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            number = version("relayauth-contract")
            return as_json.render(reports, version=number, started=moment, seconds=seconds)

        def as_junit() -> str:
            from contract.harness.reports import junit

            return junit.render(reports)

        faults = [_written(self.json, as_json), _written(self.junit, as_junit)]
        return [fault for fault in faults if fault]

    def write_json(self, text: str) -> list[str]:
        """Write `text` as the JSON report; return a sentence if it could not be written."""
        fault = _written(self.json, lambda: text)
        return [fault] if fault else []


def _written(file: str | None, render: Callable[[], str]) -> str:
    """Write one report; return why it could not be written, or nothing."""
    if file is None:
        return ""
    try:
        if file == STANDARD_OUTPUT:
            text = render()
            refuse_secrets(text, "standard output")
            sys.stdout.write(text)
        else:
            write(Path(file), render())
    except ContractError as error:
        return str(error)
    return ""
