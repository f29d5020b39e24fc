"""`relayauth-contract clauses`: the catalogue, or one clause in full."""

import shutil

import click

from contract.harness.cli.options import Command
from contract.harness.spec import Catalogue, Clause, catalogue

EXAMPLES = """\
  relayauth-contract clauses
  relayauth-contract clauses TTL-02
"""
WIDEST = 100  # characters: longer lines are hard to read


@click.command(cls=Command, examples=EXAMPLES)
@click.argument("clause_id", metavar="[ID]", required=False)
def clauses(clause_id: str | None) -> None:
    """List the clauses of the contract, or show one in full.

    A clause that needs clock, key, env or orgs is tried only where the target lets its clock be set, its
    signing key be used, its configuration be chosen, or two orgs be used.
    """
    contract = catalogue()
    if clause_id is None:
        _list(contract)
    else:
        _show(contract[clause_id.upper()])


def _list(contract: Catalogue) -> None:
    click.echo(
        _wrapped(f"The contract, version {contract.version}.", f"Rotation model: {contract.rotation_model}.")
    )
    click.echo(f"sha256:{contract.sha256}")
    for chapter, about in contract.chapters.items():
        click.echo(f"\n{_wrapped(f'{chapter}: {about}')}")
        for each in contract.clauses.values():
            if each.chapter == chapter:
                needs = f"  [needs {', '.join(each.needs)}]" if each.needs else ""
                click.echo(f"  {each.id:<8} {each.level:<6} {each.title}{needs}")


def _show(clause: Clause) -> None:
    click.echo(_wrapped(f"{clause.id} ({clause.level}): {clause.title}"))
    click.echo(f"\n{_wrapped(clause.text)}\n")
    rows = {
        "endpoints": ", ".join(clause.endpoints) or "the service as a whole",
        "needs": ", ".join(clause.needs) or "nothing special",
        "source": clause.source,
    }
    for name, text in rows.items():
        click.echo(_wrapped(text, first=f"{name + ':':<11}"))


def _wrapped(*paragraphs: str, first: str = "") -> str:
    width = min(shutil.get_terminal_size().columns, WIDEST)
    return "\n".join(
        click.wrap_text(each, width, initial_indent=first, subsequent_indent=" " * len(first))
        for each in paragraphs
    )
