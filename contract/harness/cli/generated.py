"""The files of the project that are made from its own tables: `make generated` writes them."""

from collections.abc import Callable, Mapping
from pathlib import Path

from contract.harness.cli import catalogue_page, configuration_schema, manual
from contract.harness.cli.check import check
from contract.harness.cli.main import main

ROOT = Path(__file__).parents[3]
FILES: Mapping[str, Callable[[], str]] = {
    "contract/configuration.schema.json": lambda: configuration_schema.render(check),
    "docs/clauses.md": catalogue_page.render,
    "docs/relayauth-contract.1": lambda: manual.render(main),
}
"""By path from the top of a checkout: what makes the text of the file."""


def write(root: Path = ROOT) -> None:
    """Write every file."""
    for name, render in FILES.items():
        (root / name).write_text(render(), "utf-8")


if __name__ == "__main__":
    write()
