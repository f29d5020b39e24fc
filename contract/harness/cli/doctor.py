"""`relayauth-contract doctor`: what this machine and a target offer."""

from typing import Any

import click

from contract.harness.cli.named_targets import targets_of
from contract.harness.cli.options import Command, Opening, opens_targets

EXAMPLES = """\
  relayauth-contract doctor
  relayauth-contract doctor "exec:npm start" --cwd api
  relayauth-contract doctor https://staging.example
"""


@click.command(cls=Command, examples=EXAMPLES)
@click.argument("target", default="reference", metavar="[TARGET]")
@opens_targets
def doctor(target: str, **chosen: Any) -> None:
    """Say what this machine and TARGET offer, and how to get what is missing.

    TARGET is what `check` takes (default: the bundled reference server). It is opened with the same options.

    Exit code: 0 if TARGET could be opened, whatever is missing; else 2.
    """
    from contract.harness.run import doctor as diagnosis

    (named,) = targets_of((target,), Opening.taken_from(chosen))
    for where, findings in (
        ("this machine", diagnosis.machine()),
        (named.name, diagnosis.capabilities(named)),
    ):
        click.echo(where)
        for finding in findings:
            click.echo(f"  {'missing' if finding.remedy else 'ok':<8} {finding.what}")
            if finding.remedy:
                click.echo(f"           {finding.remedy}")
