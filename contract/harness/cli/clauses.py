"""`relayauth-contract clauses`: the catalogue, or one clause in full."""

import click

from contract.harness.spec import catalogue


@click.command()
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
