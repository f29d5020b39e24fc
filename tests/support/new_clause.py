"""Writes the stubs of a new clause, for `make new-clause ID=SES-09`: a row, a case and a mutant."""

import re
import sys
from pathlib import Path

from contract.harness.spec import catalogue

ROOT = Path(__file__).resolve().parents[2]
ROW = """
[{id}]
level = "must"
endpoints = "all"
title = ""
text = ""
source = "docs/contract.md, "
"""
CASE = '''

@clause("{id}")
def test_{name}(token_pairs: TokenPairs, mint: MintEndpoint) -> None:
    """State the claim in one sentence."""
    pair = token_pairs.pair(mint)
    require(
        False,
        sent=f"requested a pair at {{mint.path}}",
        requires="what the contract requires",
        got=f"what came back: {{pair}}",
    )
'''
MUTANT = '''"""Mutants that break {id}."""

from reference_impl.mutants import Mutant


class Breaks{name}(Mutant):
    """Say what this one gets wrong; override the method of Rules that decides it."""

    breaks = frozenset({{"{id}"}})
'''


def write(clause_id: str, root: Path = ROOT) -> list[str]:
    """Write the stubs below `root`; return what is to be done, a line each.

    Raises `ValueError` for an id that can't be used.
    """
    found = re.fullmatch(r"([A-Z]+)-(\d\d)", clause_id)
    chapters = catalogue().chapters
    if found is None or found[1] not in chapters:
        raise ValueError(
            f"ID={clause_id}: write a chapter and two digits, such as SES-09: {', '.join(chapters)}"
        )
    if clause_id in catalogue().clauses:
        raise ValueError(f"ID={clause_id}: that clause exists; ids are never reused")
    name = f"{found[1].lower()}_{found[2]}"
    chapter = root / "contract" / f"test_{found[1].lower()}.py"
    mutants = root / "reference_impl" / "mutants" / f"{name}.py"
    for file, text in ((root / "contract" / "clauses.toml", ROW), (chapter, CASE)):
        with file.open("a", encoding="utf-8") as stubs:
            stubs.write(text.format(id=clause_id, name=name))
    mutants.write_text(MUTANT.format(id=clause_id, name=name.title().replace("_", "")), "utf-8")
    return [
        f"contract/clauses.toml: fill in [{clause_id}]",
        f"{chapter.relative_to(root)}: write the case test_{name}; it fails until you do",
        f"{mutants.relative_to(root)}: break the clause",
        f"then: relayauth-contract check --clause {clause_id}; relayauth-contract mutants",
    ]


if __name__ == "__main__":
    try:
        for line in write(sys.argv[1] if len(sys.argv) > 1 else ""):
            sys.stdout.write(f"{line}\n")
    except ValueError as error:
        sys.exit(str(error))
