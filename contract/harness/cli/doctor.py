"""`relayauth-contract doctor`: what this machine and a target offer."""

import click

from contract.harness.cli.named_targets import targets_of


@click.command()
@click.argument("target", default="reference")
@click.option("--config", metavar="FILE", help="The target file (default: the nearest one).")
def doctor(target: str, config: str | None) -> None:
    """Say what this machine and TARGET can offer, and the remedy for what is missing.

    Exit code: 0 if it could tell, whatever is missing; 2 if TARGET can't be opened.
    """
    from contract.harness.run import doctor as diagnosis

    (named,) = targets_of((target,), config)
    for where, findings in (
        ("this machine", diagnosis.machine()),
        (named.name, diagnosis.capabilities(named)),
    ):
        click.echo(where)
        for finding in findings:
            click.echo(f"  {'missing' if finding.remedy else 'ok':<8} {finding.what}")
            if finding.remedy:
                click.echo(f"           {finding.remedy}")
