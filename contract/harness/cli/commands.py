"""The table of commands, and the group that imports a command when it is called."""

import importlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from contract.harness.cli.streams import guarded
from contract.harness.errors import ContractError
from contract.harness.files import clean_output

BROKEN, NO_VERDICT = 1, 2
COMPLETION = "_RELAYAUTH_CONTRACT_COMPLETE"  # the variable by which a shell asks for completions


@dataclass(frozen=True)
class Row:
    """One command: where it is, and what the overview says of it.

    `scrubbed` is false for the bundled server: it holds no secret of the suite's.
    """

    name: str
    summary: str
    module: str
    scrubbed: bool = True


def _own(name: str, summary: str) -> Row:
    return Row(name, summary, f"contract.harness.cli.{name}")


# The suite imports nothing of the reference: its command is known by name alone.
COMMANDS: dict[str, tuple[Row, ...]] = {
    "Test a deployment": (
        _own("check", "Run the contract against a deployment, and give a verdict."),
        _own("diff", "Send the same requests to two targets, and show where they differ."),
        _own("doctor", "Say what this machine and a target offer, and how to get what is missing."),
        _own("sweep", "Remove what runs that were killed left on a deployment."),
    ),
    "Work with results": (
        _own("report", "Write any report format from a result file."),
        _own("compare", "Show what changed from one result to another."),
        _own("gate", "Say whether results are good enough to merge or deploy."),
    ),
    "Read the contract, and prove it": (
        _own("clauses", "List the clauses, or show one in full."),
        _own("mutants", "Prove that each clause fails where it must."),
    ),
    "Run a server": (
        _own("start", "Start a server as check does, to reproduce a failure by hand."),
        Row("serve", "Run the bundled reference server.", "reference_impl.serve", scrubbed=False),
    ),
    "Set up your shell": (
        _own("completion", "Print a script that completes words in bash, zsh or fish."),
        _own("man", "Print the manual page."),
    ),
}
EXAMPLES = """\
Examples:
  relayauth-contract check                     the bundled reference server
  relayauth-contract check "exec:npm start"    a server that the command starts
  relayauth-contract check https://HOST        a deployment; its API key is in
                                               RELAYAUTH_CONTRACT_API_KEY
  relayauth-contract clauses TTL-02            what one clause requires

Exit code of check: 0 the contract holds, 1 it is broken, 2 no verdict.
"""


def rows() -> dict[str, Row]:
    """Return every command by its name."""
    return {row.name: row for group in COMMANDS.values() for row in group}


class Commands(click.Group):
    """A group whose commands are imported when they are called: the overview needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all commands."""
        return list(rows())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command; None if there is none of that name."""
        row = rows().get(cmd_name)
        if row is None:
            return None
        command: click.Command = getattr(importlib.import_module(row.module), row.name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the commands group by group."""
        for title, group in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl([(row.name, row.summary) for row in group])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the examples as they stand."""
        formatter.write(f"\n{EXAMPLES}")

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and scrub what one of the suite's own prints."""
        name, command, rest = super().resolve_command(ctx, args)
        if name is not None and rows()[name].scrubbed:
            ctx.with_resource(clean_output())
        return name, command, rest

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002 - click's signature
        **extra: Any,
    ) -> Any:
        """Run a command and exit with its code; 2 if it could not print all, unless it found a failure."""
        # What completes a word writes bytes, and nothing else runs.
        if not standalone_mode or COMPLETION in os.environ:
            return super().main(args, prog_name, complete_var, standalone_mode=standalone_mode, **extra)
        with guarded() as out:
            code = self._code_of(args, prog_name, complete_var, extra)
            out.flush()
            if out.failure:
                click.echo(
                    f"relayauth-contract: not all of the output could be written: {out.failure}", err=True
                )
                code = code if code == BROKEN else NO_VERDICT
        raise SystemExit(code)

    def _code_of(
        self,
        args: Sequence[str] | None,
        prog_name: str | None,
        complete_var: str | None,
        extra: dict[str, Any],
    ) -> int:
        try:
            result = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except click.ClickException as error:
            error.show()
            return NO_VERDICT
        except click.Abort:
            return _interrupted()
        except SystemExit as ended:
            return ended.code if isinstance(ended.code, int) else NO_VERDICT
        # What click returns for `--help` and `--version` is their exit code.
        return result if isinstance(result, int) else 0

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; whatever prevents a verdict is one sentence and exit code 2."""
        try:
            return super().invoke(ctx)
        except ContractError as error:
            click.echo(f"relayauth-contract: {error}", err=True)
            raise SystemExit(NO_VERDICT) from None
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception:  # noqa: BLE001 - whatever it is, it must neither leak nor be read as "broken"
            import traceback

            traceback.print_exc()
            click.echo("relayauth-contract: no verdict: a fault of the harness", err=True)
            raise SystemExit(NO_VERDICT) from None
        except KeyboardInterrupt:
            raise SystemExit(_interrupted()) from None


def _interrupted() -> int:
    click.echo("relayauth-contract: no verdict: interrupted", err=True)
    return NO_VERDICT
