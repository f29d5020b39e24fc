"""`relayauth-contract mutants`: the self-proof."""

import sys
import time
from datetime import UTC, datetime
from typing import Any

import click

from contract.harness.cli.named_targets import targets_of
from contract.harness.cli.options import Command, Opening, opens_targets, option
from contract.harness.cli.outputs import Outputs, format_options
from contract.harness.errors import UsageError

WHAT = "What is proved"
EXAMPLES = """\
  relayauth-contract mutants --list
  relayauth-contract mutants NoCap RotationLosesTheTtl
  relayauth-contract mutants --on "exec:npm start" AnswersTwice
"""


@click.command(cls=Command, examples=EXAMPLES)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@option(WHAT, "--list", "listed", is_flag=True, help="List them, with what each gets wrong, and stop.")
@option(WHAT, "--on", metavar="TARGET", help="Put a proxy with a fault before TARGET, for every fault.")
@option(
    WHAT,
    "--in-full",
    is_flag=True,
    help="Try all cases of what a mutant does not declare, not a few at one endpoint: it takes far longer.",
)
@format_options
@opens_targets
def mutants(*, names: tuple[str, ...], listed: bool, on: str | None, in_full: bool, **chosen: Any) -> None:
    """Prove that each clause fails where it must.

    Runs the contract against the reference server with one rule broken, for every rule or for those named.
    With --on, runs it against TARGET, which is on loopback or exec:COMMAND, behind a proxy with a fault. A
    clause that TARGET itself does not keep is left out.

    Exit code: 0 if each mutant is killed by exactly the clauses that it declares and, when all are tried, no
    must is uncovered; 1 if not; 2 if that could not be found out.
    """
    outputs = Outputs.taken_from(chosen)
    opening = Opening.taken_from(chosen)

    from contract.harness.selfproof import runner, subjects

    examined = subjects.faults_on(*targets_of((on,), opening)) if on else subjects.mutants()
    if unknown := [name for name in names if name not in examined.known]:
        command = "mutants --on TARGET" if on else "mutants"
        raise UsageError(
            f"{unknown[0]!r} is none of the {examined.are}: `relayauth-contract {command} --list` lists them"
        )
    if listed:
        for name in names or examined.known:
            click.echo(f"{name}: {' '.join((examined.known[name].__doc__ or '').split())}")
        return
    from contract.harness.selfproof import report

    started, begun = datetime.now(UTC), time.perf_counter()
    proof = runner.prove(examined, names, in_full=in_full)
    seconds = time.perf_counter() - begun
    stream = outputs.human_stream()
    for line in report.lines(proof):
        click.echo(line, file=stream)
    faults = outputs.write(report.document(proof, started, seconds)) if outputs.files else []
    for fault in faults:
        click.echo(f"relayauth-contract: {fault}", err=True)
    sys.exit(0 if proof.stands and not faults else 2 if proof.stands else 1)
