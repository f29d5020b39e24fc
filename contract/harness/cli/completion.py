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
# Click's own script parts an answer at every comma: a list of clauses would lose all but the first.
FISH = """\
function %(complete_func)s
    set -l response (env %(complete_var)s=fish_complete COMP_WORDS=(commandline -cp) \\
        COMP_CWORD=(commandline -t) %(prog_name)s)
    for completion in $response
        set -l parts (string split -m 1 "," -- $completion)
        switch $parts[1]
            case dir
                __fish_complete_directories $parts[2]
            case file
                __fish_complete_path $parts[2]
            case plain
                echo -- $parts[2]
        end
    end
end

complete -f -c %(prog_name)s -a "(%(complete_func)s)"
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
    template = FISH if shell == "fish" else script.source_template
    click.echo(template % script.source_vars())
