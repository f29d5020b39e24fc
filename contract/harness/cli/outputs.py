"""Where the results of a run go: the terminal, files, and standard output for a single report."""

import functools
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO, TypeVar

from contract.harness.cli.options import option
from contract.harness.errors import ContractError, UsageError
from contract.harness.files import as_it_is, refuse_secrets, writable, write
from contract.harness.reports.formats import BY_NAME, FORMATS

STANDARD_OUTPUT = "-"
Command = TypeVar("Command", bound=Callable[..., Any])


def format_options(command: Command) -> Command:
    """Add an option for each row of the table of formats."""
    for row in reversed(FORMATS):
        command = option("Reports", row.option, row.name, metavar="FILE", help=row.help)(command)
    return command


@dataclass(frozen=True)
class Outputs:
    """The files that a command writes, by the name of the format; `-` is standard output."""

    files: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def taken_from(cls, chosen: dict[str, Any]) -> "Outputs":
        """Take the values of `format_options` out of a command's arguments.

        Raises `UsageError` for a file that could not be written after the run.
        """
        given = {row.name: chosen.pop(row.name) for row in FORMATS}
        outputs = cls({name: file for name, file in given.items() if file})
        to_output = [BY_NAME[name].option for name, file in outputs.files.items() if file == STANDARD_OUTPUT]
        if len(to_output) > 1:
            raise UsageError(f"{' and '.join(to_output)}: only one report can go to standard output")
        for file in outputs.files.values():
            if file != STANDARD_OUTPUT:
                writable(file)
        return outputs

    def human_stream(self) -> TextIO:
        """Return the stream for what a person reads: standard error if a report takes standard output."""
        return sys.stderr if STANDARD_OUTPUT in self.files.values() else sys.stdout

    def write(self, result: Mapping[str, Any]) -> list[str]:
        """Write `result` in each format; return one sentence for each that could not be written."""
        faults = [
            _written(file, functools.partial(BY_NAME[name].render, result))
            for name, file in self.files.items()
        ]
        return [fault for fault in faults if fault]


def publish_in_actions(result: Mapping[str, Any], stream: TextIO) -> list[str]:
    """Inside GitHub Actions add to the step summary, and print annotations; elsewhere do nothing.

    Returns a sentence if the summary could not be written.
    """
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return []
    annotations = BY_NAME["annotations"].render(result)
    refuse_secrets(annotations, "an annotation")
    as_it_is(stream, annotations)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if not summary:
        return []
    text = BY_NAME["github"].render(result)
    refuse_secrets(text, "the step summary")
    try:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        return [f"{summary}: the step summary can't be written: {error.strerror}"]
    return []


def _written(file: str, render: Callable[[], str]) -> str:
    """Write one report; return why it could not be written, or nothing."""
    try:
        if file == STANDARD_OUTPUT:
            text = render()
            refuse_secrets(text, "standard output")
            as_it_is(sys.stdout, text)
        else:
            write(Path(file), render())
    except ContractError as error:
        return str(error)
    return ""
