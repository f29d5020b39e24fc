"""`relayauth-contract gate`: whether results are good enough to merge or deploy."""

import sys

import click

from contract.harness.cli.commands import BROKEN
from contract.harness.cli.configuration import split
from contract.harness.cli.options import Command, option

WHAT = "What is demanded beside the verdict"
EXAMPLES = """\
  relayauth-contract gate result.json
  relayauth-contract gate a.json b.json --max-age 24h --require 'TTL-*'
"""


@click.command(cls=Command, examples=EXAMPLES)
@click.argument("results", metavar="RESULT.json...", nargs=-1, required=True)
@option(WHAT, "--max-age", metavar="SPAN", help="No result is older, such as 24h, 90m or 7d.")
@option(WHAT, "--contract", metavar="sha256:HEX", help="Each result is of this catalogue of clauses.")
@option(WHAT, "--require", metavar="GLOBS", multiple=True,
        help="At least one result tried these clauses. Repeatable.")  # fmt: skip
@option(WHAT, "--commit", metavar="SHA", help="Each result is of this commit of the tested source.")
def gate(
    results: tuple[str, ...],
    max_age: str | None,
    contract: str | None,
    require: tuple[str, ...],
    commit: str | None,
) -> None:
    """Say whether the results in RESULT.json... are good enough to merge or deploy.

    One sentence for each reason why not. Exit code: 0 good enough, 1 not, 2 could not tell.
    """
    from datetime import UTC, datetime
    from pathlib import Path

    from contract.harness.reports.gate import Conditions, age, digest, reasons
    from contract.harness.reports.result_file import load

    conditions = Conditions(
        max_age=age(max_age) if max_age else None,
        contract=digest(contract) if contract else None,
        require=tuple(split(require)),
        commit=commit,
    )
    loaded = {name: load(Path(name)) for name in results}
    why = reasons(loaded, conditions, datetime.now(UTC))
    for reason in why:
        click.echo(reason)
    if not why:
        told = "the result is" if len(loaded) == 1 else f"all {len(loaded)} results are"
        click.echo(f"Good enough: {told} as demanded.")
    sys.exit(BROKEN if why else 0)
