"""`relayauth-contract completion`: a script that completes words in a shell."""

import click

from contract.harness.cli.commands import COMPLETION
from contract.harness.cli.options import Command

SHELLS = ("bash", "zsh", "fish")
EXAMPLES = """\
  eval "$(relayauth-contract completion bash)"
  relayauth-contract completion zsh >"${fpath[1]}/_relayauth-contract"
  relayauth-contract completion fish | source
"""


@click.command(cls=Command, examples=EXAMPLES)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a script that lets bash, zsh or fish complete the words of this command."""
    from click.shell_completion import get_completion_class

    chosen = get_completion_class(shell)
    assert chosen is not None  # noqa: S101 - click has a class for each of these shells
    root = ctx.find_root()
    script = chosen(root.command, {}, "relayauth-contract", COMPLETION)
    click.echo(script.source_template % script.source_vars())
