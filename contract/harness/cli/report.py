"""`relayauth-contract report`: any report format from a result file, again."""

import sys
from typing import Any

import click

from contract.harness.cli.commands import NO_VERDICT
from contract.harness.cli.options import Command
from contract.harness.cli.outputs import Outputs, format_options
from contract.harness.errors import UsageError
from contract.harness.reports.formats import FORMATS

EXAMPLES = """\
  relayauth-contract report result.json --html report.html
  relayauth-contract report result.json --github - >>"$GITHUB_STEP_SUMMARY"
"""


@click.command(cls=Command, examples=EXAMPLES)
@click.argument("result", metavar="RESULT.json")
@format_options
def report(result: str, **files: Any) -> None:
    """Write reports from RESULT.json, which `check --json` or `mutants --json` wrote.

    FILE may be - for standard output. Exit code: 0 written, 2 not.
    """
    from pathlib import Path

    from contract.harness.reports.result_file import load

    outputs = Outputs.taken_from(files)
    if not outputs.files:
        options = ", ".join(row.option for row in FORMATS)
        raise UsageError(f"report: say what to write: {options} FILE")
    faults = outputs.write(load(Path(result)))
    for fault in faults:
        click.echo(f"relayauth-contract: {fault}", err=True)
    sys.exit(NO_VERDICT if faults else 0)
