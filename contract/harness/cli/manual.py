"""The manual page, in the form that `man` reads, made from the same text as `--help`."""

import inspect
import re
from collections.abc import Iterator
from importlib.metadata import version

import click

from contract.harness.cli.commands import COMMANDS, EXAMPLES
from contract.harness.cli.options import Command, sections

_ENVIRONMENT = {
    "RELAYAUTH_CONTRACT_API_KEY": "The org API key for a deployment; --api-key-env names another variable.",
    "GITHUB_ACTIONS, GITHUB_STEP_SUMMARY": "Inside GitHub Actions check adds to the step summary, and prints "
    "annotations.",
    "FORCE_COLOR, NO_COLOR, COLUMNS": "Colour and width of what a person reads.",
    "XDG_STATE_HOME": "Where runs note what they made on a deployment, for sweep.",
}
_FILES = {
    "relayauth-contract.toml": "Options of check, profiles and named targets; the nearest one counts, in "
    "this folder or one above. [tool.relayauth-contract] in pyproject.toml may hold the same.",
}
_EXIT = {
    "0": "The contract holds; or what was asked for is done.",
    "1": "The contract is broken; compare: worse; diff: different; gate: not good enough; mutants: a clause "
    "does not fail where it must.",
    "2": "No verdict, or it could not be found out.",
}


def render(main: click.Group) -> str:
    """Return the page in roff."""
    program = "relayauth-contract"
    lines = [
        f'.TH RELAYAUTH\\-CONTRACT 1 "" "{_text(f"{program} {version(program)}")}" "User Commands"',
        ".SH NAME",
        _text(f"{program} - {_first(inspect.cleandoc(main.help or '')).rstrip('.').lower()}"),
        ".SH SYNOPSIS",
        f".B {_text(program)}",
        _text("COMMAND [OPTION]... [ARGUMENT]..."),
        ".SH DESCRIPTION",
        *_paragraphs(main.help or ""),
        _text("Credentials come from variables and files, never from the command line."),
        ".SH COMMANDS",
    ]
    with click.Context(main, info_name=program, **main.context_settings) as context:
        for rows in COMMANDS.values():
            for row in rows:
                command = main.get_command(context, row.name)
                assert command is not None  # noqa: S101 - it is one of the table
                lines += _command(command, context, row.name)
    for title, facts in (("EXIT STATUS", _EXIT), ("ENVIRONMENT", _ENVIRONMENT), ("FILES", _FILES)):
        lines.append(f".SH {title}")
        for name, meaning in facts.items():
            lines += [".TP", f".B {_text(name)}", _text(meaning)]
    lines += [".SH EXAMPLES", *_verbatim(EXAMPLES.partition("\n")[2])]
    return "\n".join(lines) + "\n"


def _command(command: click.Command, parent: click.Context, name: str) -> Iterator[str]:
    with click.Context(command, parent=parent, info_name=name) as context:
        usage = " ".join(command.collect_usage_pieces(context))
        yield f".SS {_text(f'{name} {usage}')}"
        yield from _paragraphs(command.help or "")
        for title, records in sections(command, context).items():
            yield from (".PP", f".I {_text(f'{title}:')}")
            for flags, told in records:
                yield from (".TP", f".B {_text(flags)}", _text(told))
    if isinstance(command, Command) and command.examples:
        yield from (".PP", ".I Examples:", *_verbatim(command.examples))


def _first(text: str) -> str:
    return re.split(r"\n\s*\n", text, maxsplit=1)[0].replace("\n", " ")


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(text).replace("\b", "")):
        yield from (".PP", _text(" ".join(paragraph.split())))


def _verbatim(text: str) -> Iterator[str]:
    yield from (".PP", ".nf", *(_text(line) for line in text.strip("\n").split("\n")), ".fi")


def _text(text: str) -> str:
    """Escape what roff reads as its own: a backslash, a hyphen, and a dot or quote at the start of a line."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped[:1] in (".", "'") else escaped
