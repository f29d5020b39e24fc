"""What a shell offers for an unfinished word: files, clauses, targets and profiles."""

from collections.abc import Callable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from contract.harness.errors import ContractError

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def paths(kind: str) -> Complete:
    """Return what lets the shell itself complete paths: `kind` is `file` or `dir`."""

    def complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(incomplete, type=kind)]

    return complete


def clauses(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the ids of clauses, and the globs of chapters; the last one of a list is completed."""
    from contract.harness.spec import catalogue

    contract = catalogue()
    before, comma, last = incomplete.rpartition(",")
    rows = {f"{chapter}-*": about for chapter, about in contract.chapters.items()}
    rows |= {each.id: each.title for each in contract.clauses.values()}
    return [
        CompletionItem(f"{before}{comma}{name}", help=told)
        for name, told in rows.items()
        if name.startswith(last.upper())
    ]


def targets(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the names of the configuration file, and the starts of other targets."""
    names = [*_named(ctx, "targets"), "reference", "exec:", "https://"]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def profiles(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the contract's own profiles, and those of the configuration file."""
    names = ["core", "full", *_named(ctx, "profiles")]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _named(ctx: click.Context, table: str) -> list[str]:
    """Return the names of a table of the configuration file; a file that can't be read has none."""
    from contract.harness.cli import configuration

    try:
        given = ctx.params.get("config")
        file = Path(given) if given else configuration.find_here()
        return [*getattr(configuration.load(file), table)] if file else []
    except (ContractError, OSError):
        return []
