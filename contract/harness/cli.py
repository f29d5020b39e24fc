"""The command: `relayauth-contract check | serve | clauses | mutants | doctor`."""

import importlib
import sys
from pathlib import Path
from typing import Any

import click

from contract.harness.artefacts import clean_output, writable, write
from contract.harness.checking import DEFAULT_KEY_VARIABLE, check, targets_of
from contract.harness.clauses import catalogue
from contract.harness.errors import ContractError, UsageError

NO_VERDICT = 2
# The two houses stay apart: the reference brings its own command, known here by name alone.
LENT = {"serve": ("reference_impl.serve", "serve", "Run the reference on a socket.")}


class House(click.Group):
    """A group whose lent commands are imported when they are called, and no earlier."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all commands."""
        return sorted([*super().list_commands(ctx), *LENT])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command of our own, or one that is lent."""
        if cmd_name in LENT:
            module, attribute, _ = LENT[cmd_name]
            command: click.Command = getattr(importlib.import_module(module), attribute)
            return command
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and hold all that one of our own says clean; a lent one sees to itself."""
        name, command, rest = super().resolve_command(ctx, args)
        if name not in LENT:
            ctx.with_resource(clean_output())
        return name, command, rest

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what stands between a user and a verdict is one sentence and exit code 2."""
        try:
            return super().invoke(ctx)
        except ContractError as error:
            click.echo(f"relayauth-contract: {error}", err=True)
            sys.exit(NO_VERDICT)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception:  # noqa: BLE001 - whatever it is, it must neither leak nor pass for "broken"
            import traceback

            traceback.print_exc()
            click.echo("relayauth-contract: a fault of the harness, no verdict", err=True)
            sys.exit(NO_VERDICT)
        except KeyboardInterrupt:
            click.echo("relayauth-contract: interrupted, no verdict", err=True)
            sys.exit(NO_VERDICT)


@click.group(cls=House, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="relayauth-contract", message="%(prog)s %(version)s")
def main() -> None:
    """Say of a deployment of relayauth whether it keeps the token contract."""


main.add_command(check)


@main.command()
@click.argument("clause_id", metavar="[ID]", required=False)
def clauses(clause_id: str | None) -> None:
    """List the catalogue, or show one clause in full."""
    contract = catalogue()
    if clause_id is None:
        click.echo(f"The contract, version {contract.version}. Rotation model: {contract.rotation_model}.")
        for chapter, about in contract.chapters.items():
            click.echo(f"\n{chapter}: {about}")
            for each in contract.clauses.values():
                if each.chapter == chapter:
                    needs = f"  [needs {', '.join(each.needs)}]" if each.needs else ""
                    click.echo(f"  {each.id:<8} {each.level:<6} {each.title}{needs}")
        return
    clause = contract[clause_id.upper()]
    click.echo(f"{clause.id} ({clause.level}): {clause.title}\n\n{clause.text}\n")
    click.echo(f"endpoints: {', '.join(clause.endpoints) or 'the service as a whole'}")
    click.echo(f"needs:     {', '.join(clause.needs) or 'nothing special'}")
    click.echo(f"source:    {clause.source}")


@main.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--list", "listed", is_flag=True, help="Only name them, with what each gets wrong.")
@click.option("--json", "json_file", metavar="FILE", help="Write the proof as JSON.")
@click.option("--on", metavar="TARGET", help="Bend what passes between the harness and TARGET instead.")
@click.option("--config", metavar="FILE", help="The target file (default: the nearest one).")
@click.option("--api-key-env", metavar="NAME", default=DEFAULT_KEY_VARIABLE, show_default=True,
              help="The variable that holds the org API key of a URL.")  # fmt: skip
@click.option("--signing-key", metavar="FILE", help="The private key of a URL's deployment, PEM.")
def mutants(
    *,
    names: tuple[str, ...],
    listed: bool,
    json_file: str | None,
    on: str | None,
    config: str | None,
    **access: str | None,
) -> None:
    """Prove the contract: run it against the reference with one rule broken, for every rule.

    With --on TARGET, against any target on loopback or launched, with a fault between. Exit code: 0 if each
    is killed by exactly the clauses it declares and, without --on, every must bites; else 1.
    """
    from contract.harness import proof, suspects

    on_trial = suspects.faults_on(*targets_of((on,), config, access)) if on else suspects.mutants()
    known = on_trial.known
    if unknown := [name for name in names if name not in known]:
        command = "mutants --on TARGET" if on else "mutants"
        raise UsageError(
            f"{unknown[0]!r} is none of the {on_trial.are}: `relayauth-contract {command} --list` names them"
        )
    if listed:
        for name in names or known:
            click.echo(f"{name}: {' '.join((known[name].__doc__ or '').split())}")
        return
    if json_file:
        writable(json_file)
    from contract.harness.reports import kills

    found = proof.prove(on_trial, names)
    if json_file:
        write(Path(json_file), kills.as_json(found))
    for line in kills.lines(found):
        click.echo(line)
    sys.exit(0 if found.stands else 1)


@main.command()
@click.argument("target", default="reference")
@click.option("--config", metavar="FILE", help="The target file (default: the nearest one).")
def doctor(target: str, config: str | None) -> None:
    """Say what this machine and TARGET can offer, and the remedy for what is missing.

    Exit code: 0 if it could tell, whatever is missing; 2 if TARGET can't be opened.
    """
    from contract.harness import doctor as practice

    (named,) = targets_of((target,), config)
    for where, findings in (("this machine", practice.machine()), (named.name, practice.abilities(named))):
        click.echo(where)
        for finding in findings:
            click.echo(f"  {'missing' if finding.remedy else 'ok':<8} {finding.what}")
            if finding.remedy:
                click.echo(f"           {finding.remedy}")


if __name__ == "__main__":
    main()
