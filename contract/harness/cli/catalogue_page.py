"""The catalogue of clauses as a page for readers: docs/clauses.md."""

from contract.harness.spec import ENDPOINTS, Clause, catalogue

_HEAD = """\
# The clauses of the contract

`make generated` makes this page from [contract/clauses.toml](../contract/clauses.toml): change that file.

Contract version {version}. Rotation model: {rotation}.

A **must** decides the verdict; a failed **should** never does. A clause about minting is tried at each of its
endpoints. What a clause needs of a target besides an API key:

| needs | what the target has to offer |
| --- | --- |
| `clock` | its clock can be set: a server that the suite starts, with libfaketime, or one in this process |
| `key` | the suite can sign as the deployment: `--signing-key FILE`, or a server that it starts |
| `env` | it can be configured and restarted: a server that the suite starts |
| `orgs` | an API key of a second org: `--second-api-key-env NAME`, or a server that the suite starts |
"""


def render() -> str:
    """Return the page as Markdown."""
    contract = catalogue()
    parts = [_HEAD.format(version=contract.version, rotation=contract.rotation_model)]
    for chapter, about in contract.chapters.items():
        clauses = [each for each in contract.clauses.values() if each.chapter == chapter]
        profile = "core" if chapter in contract.profiles["core"] else "full"
        parts.append(f"## {chapter}: {about}\n\nProfile: {profile}.\n")
        parts += [_clause(each) for each in clauses]
    return "\n".join(parts)


def _clause(clause: Clause) -> str:
    where = ", ".join(f"`{name}`" for name in clause.endpoints)
    if len(clause.endpoints) == len(ENDPOINTS):
        where = "all endpoints"
    needs = ", ".join(f"`{name}`" for name in clause.needs)
    facts = [f"**{clause.level}**", where or "the service as a whole", *([f"needs {needs}"] if needs else [])]
    return (
        f"### {clause.id}: {clause.title}\n\n{clause.text}\n\n{'; '.join(facts)}. Source: {clause.source}.\n"
    )
