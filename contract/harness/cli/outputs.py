"""Where the results of a run go: the terminal, files, and standard output for a single report."""

import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

from contract.harness.cli.options import option
from contract.harness.errors import ContractError, UsageError
from contract.harness.files import refuse_secrets, writable, write
from contract.harness.reports.formats import BY_NAME, FORMATS

if TYPE_CHECKING:
    from contract.harness.run import TargetReport

STANDARD_OUTPUT = "-"
Command = TypeVar("Command", bound=Callable[..., Any])


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


def format_options(command: Command) -> Command:
    """Add an option for each row of the table of formats."""
    for row in reversed(FORMATS):
        command = option("Reports", row.option, row.name, metavar="FILE", help=row.help)(command)
    return command


def refuse_what_cannot_be_written(files: Mapping[str, str | None]) -> None:
    """Raise `UsageError` for a report, by its format, that could not be written."""
    given = {name: file for name, file in files.items() if file}
    to_output = [BY_NAME[name].option for name, file in given.items() if file == STANDARD_OUTPUT]
    if len(to_output) > 1:
        raise UsageError(f"{' and '.join(to_output)}: only one report can go to standard output")
    for file in given.values():
        if file != STANDARD_OUTPUT:
            writable(file)


def write_formats(result: Mapping[str, Any], files: Mapping[str, str | None]) -> list[str]:
    """Write `result` in each format that names a file; return a sentence for each that could not be."""
    faults = [_written(file, functools.partial(BY_NAME[name].render, result)) for name, file in files.items()]
    return [fault for fault in faults if fault]


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
