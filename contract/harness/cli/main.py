"""The command `relayauth-contract`: a table of its subcommands, each imported when it is called."""

import importlib
import sys
from collections.abc import Mapping
from typing import Any

import click

from contract.harness.errors import ContractError
from contract.harness.files import clean_output

NO_VERDICT = 2
# By name: the module and the attribute of each command.
COMMANDS: Mapping[str, tuple[str, str]] = {
    name: (f"contract.harness.cli.{name}", name) for name in ("check", "clauses", "mutants", "doctor")
}
# Suite and reference import nothing of each other: the reference's own command is known by name alone.
REFERENCE_COMMANDS: Mapping[str, tuple[str, str]] = {"serve": ("reference_impl.serve", "serve")}


class Commands(click.Group):
    """A group whose commands are imported when they are called, and no earlier."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all commands."""
        return sorted([*COMMANDS, *REFERENCE_COMMANDS])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command; None if there is none of that name."""
        place = COMMANDS.get(cmd_name) or REFERENCE_COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, attribute = place
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and scrub what one of the suite's own prints."""
        name, command, rest = super().resolve_command(ctx, args)
        if name not in REFERENCE_COMMANDS:
            ctx.with_resource(clean_output())
        return name, command, rest

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; whatever prevents a verdict is one sentence and exit code 2."""
        try:
            return super().invoke(ctx)
        except ContractError as error:
            click.echo(f"relayauth-contract: {error}", err=True)
            sys.exit(NO_VERDICT)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception:  # noqa: BLE001 - whatever it is, it must neither leak nor be read as "broken"
            import traceback

            traceback.print_exc()
            click.echo("relayauth-contract: a fault of the harness, no verdict", err=True)
            sys.exit(NO_VERDICT)
        except KeyboardInterrupt:
            click.echo("relayauth-contract: interrupted, no verdict", err=True)
            sys.exit(NO_VERDICT)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="relayauth-contract", message="%(prog)s %(version)s")
def main() -> None:
    """Test whether a deployment of relayauth keeps the token contract."""


if __name__ == "__main__":
    main()
