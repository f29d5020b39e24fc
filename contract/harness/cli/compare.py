"""`relayauth-contract compare`: what changed from one result to another."""

import sys

import click

from contract.harness.cli.commands import BROKEN
from contract.harness.cli.options import Command, option

EXAMPLES = """\
  relayauth-contract compare last-night.json tonight.json
  relayauth-contract compare main.json branch.json --format markdown
"""


@click.command(cls=Command, examples=EXAMPLES)
@click.argument("old", metavar="OLD.json")
@click.argument("new", metavar="NEW.json")
@option("How it is shown", "--format", "form", type=click.Choice(["text", "markdown", "json"]),
        default="text", show_default=True, help="The form of the comparison.")  # fmt: skip
def compare(old: str, new: str, form: str) -> None:
    """Show what changed from OLD.json to NEW.json: newly failing, mended, no longer tried, newly tried.

    Exit code: 0 not worse, 1 a must is newly failing or no longer tried, 2 could not tell.
    """
    from pathlib import Path

    from contract.harness.files import as_it_is
    from contract.harness.reports import comparisons
    from contract.harness.reports.compare import compare as compared
    from contract.harness.reports.result_file import load

    found = compared(load(Path(old)), load(Path(new)))
    shown = {"text": comparisons.as_text, "markdown": comparisons.as_markdown, "json": comparisons.as_json}
    text = shown[form](found).rstrip("\n") + "\n"
    if form == "json":
        as_it_is(sys.stdout, text)
    else:
        click.echo(text, nl=False)
    sys.exit(BROKEN if found.worse else 0)
