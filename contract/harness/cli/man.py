"""`relayauth-contract man`: the manual page."""

import click

from contract.harness.cli.options import Command

EXAMPLES = """\
  relayauth-contract man | man -l -
  relayauth-contract man >~/.local/share/man/man1/relayauth-contract.1
"""


@click.command(cls=Command, examples=EXAMPLES)
@click.pass_context
def man(ctx: click.Context) -> None:
    """Print the manual page of all commands, in the form that `man` reads."""
    from contract.harness.cli.manual import render

    group = ctx.find_root().command
    assert isinstance(group, click.Group)  # noqa: S101 - this command is one of a group
    click.echo(render(group), nl=False)
