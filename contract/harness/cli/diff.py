"""`relayauth-contract diff`: the same requests to two targets, and where the answers differ."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from contract.harness.cli import completions
from contract.harness.cli.commands import BROKEN, NO_VERDICT
from contract.harness.cli.named_targets import targets_of
from contract.harness.cli.options import OPENERS, Command, Opening, Seed, option
from contract.harness.errors import ContractError

STANDARD_OUTPUT = "-"
WHAT, HOW, OTHER = "What is sent", "How it is run", "What is another one for B"
EXAMPLES = """\
  relayauth-contract diff reference "exec:npm start"
  relayauth-contract diff "exec:npm start" "exec:npm start" --cwd-b ../before
  relayauth-contract diff https://staging.example https://next.test.example \\
      --api-key-env-b NEXT_API_KEY --json differences.json
"""
_NOT_USED = "second_api_key_env"  # nothing that is compared needs another org
_F = TypeVar("_F", bound=Any)


def _opens_both(command: _F) -> _F:
    """Add the options that say how both targets are opened."""
    for each in reversed(OPENERS):
        if each.name != _NOT_USED:
            command = option(each.section, each.flag, each.name, **each.settings)(command)
    return command


@click.command(cls=Command, examples=EXAMPLES)
@click.argument("a", metavar="A", shell_complete=completions.targets)
@click.argument("b", metavar="B", shell_complete=completions.targets)
@option(WHAT, "--fuzz-examples", type=click.IntRange(1, 10_000), metavar="N",
        help="Generate N requests for each operation, and N walks for each mint endpoint.")  # fmt: skip
@option(WHAT, "--seed", type=Seed(), metavar="N|random", default=0,
        help="The seed of generated requests.  [default: 0]")  # fmt: skip
@option("Reports", "--json", "json_file", metavar="FILE", help="Write all differences as JSON; - is stdout.")
@option(HOW, "--polite", is_flag=True, help="Send at most 5 requests a second to a deployment.")
@option(HOW, "--max-requests", type=click.IntRange(1), metavar="N",
        help="Send at most N requests to each target.  [default for a deployment: 2600]")  # fmt: skip
@option(OTHER, "--api-key-env-b", metavar="NAME", help="The variable that holds the org API key for B.")
@option(OTHER, "--cwd-b", metavar="DIR", shell_complete=completions.paths("dir"),
        help="Start the command of B in this folder.")  # fmt: skip
@_opens_both
def diff(
    *,
    a: str,
    b: str,
    fuzz_examples: int | None,
    seed: int,
    json_file: str | None,
    polite: bool,
    max_requests: int | None,
    api_key_env_b: str | None,
    cwd_b: str | None,
    **chosen: Any,
) -> None:
    """Send the same generated requests to A and to B, and show where they answer differently.

    A and B are targets as `check` takes them; the same options open both. Status, error code, media type,
    members, claims, lifetimes and marks are compared; ids, times and signatures by their form alone. Nothing
    is compared with the contract: that is what `check` is for.

    Exit code: 0 they answer alike, 1 they differ, 2 could not compare.
    """
    from contract.harness.files import refuse_secrets, writable, write

    if json_file and json_file != STANDARD_OUTPUT:
        writable(json_file)
    opening = Opening.taken_from({**chosen, _NOT_USED: None})
    access = {**opening.access, **({"api_key_env": api_key_env_b} if api_key_env_b else {})}
    launching = {**opening.launching, **({"cwd": cwd_b} if cwd_b else {})}
    targets = [
        *targets_of((a,), opening, polite=polite),
        *targets_of((b,), replace(opening, access=access, launching=launching), polite=polite),
    ]
    withheld = frozenset[str]().union(*(each.launching.withheld for each in targets))
    first, second = (replace(each, launching=replace(each.launching, withheld=withheld)) for each in targets)

    from contract.harness.jose import make_keys

    if any(target.spec.startswith(("reference", "mutant:", "exec:")) for target in targets):
        make_keys()

    from contract.harness.reports.differences import as_json, as_text
    from contract.harness.run.diff import DiffSettings, run_diff

    settings = DiffSettings(seed, fuzz_examples, max_requests, polite)
    result = run_diff(first, second, settings)
    click.echo(as_text(result).rstrip("\n"), err=json_file == STANDARD_OUTPUT)
    code = {"alike": 0, "different": BROKEN}.get(result.verdict, NO_VERDICT)
    try:
        if json_file == STANDARD_OUTPUT:
            refuse_secrets(text := as_json(result), "standard output")
            sys.stdout.write(text)
        elif json_file:
            write(Path(json_file), as_json(result))
    except ContractError as error:
        click.echo(f"relayauth-contract: {error}", err=True)
        code = code or NO_VERDICT
    sys.exit(code)
