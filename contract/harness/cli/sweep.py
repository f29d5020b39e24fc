"""`relayauth-contract sweep`: remove what killed runs left on a deployment."""

import sys
from typing import Any

import click

from contract.harness.cli.commands import NO_VERDICT
from contract.harness.cli.named_targets import targets_of
from contract.harness.cli.options import Command, Opening, opens_targets, option

EXAMPLES = """\
  relayauth-contract sweep https://staging.example
  relayauth-contract sweep staging --older-than 7d
"""


@click.command(cls=Command, examples=EXAMPLES)
@click.argument("target")
@option("What is removed", "--older-than", metavar="SPAN", default="24h", show_default=True,
        help="Identities that no journal knows, if they are older, such as 90m or 7d.")  # fmt: skip
@opens_targets
def sweep(target: str, older_than: str, **chosen: Any) -> None:
    """Remove what runs that were killed left on TARGET.

    Each run keeps a journal of what it made. What the journals of ended runs hold is removed, and identities
    with the name of a run that no journal knows, if they are old. Runs in progress are left alone.

    Exit code: 0 nothing is left, 2 something could not be removed: it is named.
    """
    from contract.harness.client import sweep_target
    from contract.harness.reports.gate import age
    from contract.harness.run import interruptible

    (named,) = targets_of((target,), Opening.taken_from(chosen))
    span = age(older_than).total_seconds()
    with interruptible():
        left = sweep_target(named, span)
    for each in left:
        click.echo(f"left on the target: {each}")
    if not left:
        click.echo(f"{named.name}: nothing of an ended run is left")
    sys.exit(NO_VERDICT if left else 0)
