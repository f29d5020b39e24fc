"""`relayauth-contract mutants`: the self-proof."""

import sys
from pathlib import Path

import click

from contract.harness.cli.named_targets import DEFAULT_KEY_VARIABLE, targets_of
from contract.harness.errors import UsageError
from contract.harness.files import writable, write


@click.command()
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
    from contract.harness.selfproof import runner as proof
    from contract.harness.selfproof import subjects as suspects

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
    from contract.harness.selfproof import report as kills

    found = proof.prove(on_trial, names)
    if json_file:
        write(Path(json_file), kills.as_json(found))
    for line in kills.lines(found):
        click.echo(line)
    sys.exit(0 if found.stands else 1)
