"""`relayauth-contract check`: from its options to a verdict, its reports and its exit code."""

import os
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import click

from contract.harness.cli import completions
from contract.harness.cli.commands import BROKEN, NO_VERDICT
from contract.harness.cli.configuration import split
from contract.harness.cli.configured import ConfiguredCommand
from contract.harness.cli.named_targets import names_of_targets, targets_of
from contract.harness.cli.options import Opening, Seed, opens_targets, option
from contract.harness.cli.outputs import Outputs, format_options, publish_in_actions
from contract.harness.errors import UsageError
from contract.harness.spec import ENDPOINTS

WHAT, REPORTS, HOW = "What is tried", "Reports", "How it is run"
MOST_PROCESSES, USUAL_PROCESSES = 64, 4
EXAMPLES = """\
  relayauth-contract check
  relayauth-contract check "exec:npm start" --json result.json
  relayauth-contract check https://staging.example --profile core --polite
  relayauth-contract check --profile nightly
  relayauth-contract check mutant:NoCap --clause 'TTL-*' --endpoint path
"""


@click.command(cls=ConfiguredCommand, examples=EXAMPLES)
@click.argument("targets", nargs=-1, metavar="[TARGET]...", shell_complete=completions.targets)
@option("Which target", "--target", "more_targets", metavar="TARGET", multiple=True,
        shell_complete=completions.targets,
        help="A target, like the argument. Repeatable.")  # fmt: skip
@option(WHAT, "--clause", "clauses", metavar="GLOBS", multiple=True, shell_complete=completions.clauses,
        help="Try only these clauses, such as TTL-02 or 'TTL-*,ROT-01'. Repeatable.")  # fmt: skip
@option(WHAT, "--endpoint", "endpoints", type=click.Choice(list(ENDPOINTS)), metavar="NAME", multiple=True,
        help=f"Try only this mint endpoint: {', '.join(ENDPOINTS)}. Repeatable.")  # fmt: skip
@option(WHAT, "--case", "cases", metavar="ID", multiple=True,
        help="Try only the cases whose id contains this text. Repeatable.")  # fmt: skip
@option(WHAT, "--level", type=click.Choice(["must"]), help="Leave out the clauses that are recommendations.")
@option(WHAT, "--profile", metavar="NAME", shell_complete=completions.profiles,
        help="core: how long a session lives. full: hardening as well. Or a profile of the configuration "
             "file.  [default: full]")  # fmt: skip
@option(WHAT, "--require", metavar="GLOBS", multiple=True, shell_complete=completions.clauses,
        help="Give no verdict unless these clauses were tried. Repeatable.")  # fmt: skip
@option(WHAT, "--expect-not-tried", "expected_not_tried", metavar="GLOBS", multiple=True,
        help="Give no verdict if any other must could not be tried. Repeatable.")  # fmt: skip
@option(WHAT, "--strict", is_flag=True, help="Give no verdict unless every must was tried.")
@format_options
@option(REPORTS, "-q", "--quiet", is_flag=True, help="Print nothing but the verdict.")
@option(REPORTS, "-v", "--verbose", is_flag=True,
        help="Print each case; with --case also its requests and responses.")  # fmt: skip
@option("Known failures", "--baseline", metavar="FILE", help="The file with failures that are accepted.")
@option("Known failures", "--update-baseline", is_flag=True,
        help="Write the failures of this run to it, remove what no longer fails, and say so.")  # fmt: skip
@option("Known failures", "--baseline-strict", is_flag=True,
        help="Exit with 1 if an accepted failure no longer occurs.")  # fmt: skip
@option(HOW, "--polite", is_flag=True,
        help="Send little hostile traffic, and at most 5 requests a second to a deployment.")  # fmt: skip
@option(HOW, "--max-requests", type=click.IntRange(1), metavar="N",
        help="Send at most N requests.  [default for a deployment: 2600; core: 700]")  # fmt: skip
@option(HOW, "--processes", type=click.IntRange(1, MOST_PROCESSES), metavar="N",
        help="Try the cases in N processes, each on a server that it starts itself; a deployment is tried in "
             "one.  [default: one for each core, at most 4]")  # fmt: skip
@option(HOW, "--keep", is_flag=True, help="Leave what the run made on the target.")
@option(HOW, "--fuzz-examples", type=click.IntRange(1, 10_000), metavar="N",
        help="Generate N values, requests and walks for each endpoint and operation.")  # fmt: skip
@option(HOW, "--seed", type=Seed(), metavar="N|random", default=0,
        help="The seed of generated values.  [default: 0]")  # fmt: skip
@option(HOW, "--examples-file", metavar="FILE",
        help="Try the cases in FILE first, and keep generated cases that fail in it.")  # fmt: skip
@opens_targets
def check(
    *,
    targets: tuple[str, ...],
    more_targets: tuple[str, ...],
    quiet: bool,
    verbose: bool,
    baseline: str | None,
    update_baseline: bool,
    baseline_strict: bool,
    **chosen: Any,
) -> None:
    """Run the contract against TARGET (default: the bundled reference server).

    TARGET is reference, exec:COMMAND, https://HOST, http://127.0.0.1:PORT, asgi:PACKAGE.MODULE:ATTR, or a
    name from the configuration file. Credentials come from variables and files, never from the command line.

    Exit code: 0 the contract holds, 1 it is broken, 2 no verdict.
    """
    if quiet and verbose:
        raise UsageError("--quiet and --verbose: give one of them")
    outputs = Outputs.taken_from(chosen)
    opening = Opening.taken_from(chosen)
    named = targets_of((*targets, *more_targets) or ("reference",), opening, polite=chosen["polite"])
    if baseline:
        named = [replace(target, baseline=baseline) for target in named]
    if update_baseline and not any(target.baseline for target in named):
        raise UsageError("--update-baseline: say which file with --baseline FILE")

    from contract.harness.jose import make_keys

    if any(target.spec.startswith(("reference", "exec:")) for target in named):
        make_keys()

    from contract.harness.cli.checking import Checking, accept, read_baselines, stale
    from contract.harness.run import Settings, exit_code

    for globs in ("clauses", "require", "expected_not_tried"):
        chosen[globs] = split(chosen[globs])
    # Not given: what the target file or the baseline expects.
    chosen["expected_not_tried"] = chosen["expected_not_tried"] or None
    # Who follows each case reads them in their order.
    chosen["processes"] = chosen["processes"] or (1 if verbose else min(_cores(), USUAL_PROCESSES))
    baselines = read_baselines(named, names_of_targets(opening), may_be_missing=update_baseline)
    settings = Settings(
        targets=tuple(named),
        baselines={
            name: each.without_failures() if update_baseline else each for name, each in baselines.items()
        },
        transcripts=bool(verbose and chosen["cases"]),
        **chosen,
    )
    checking = Checking(settings, opening, outputs.human_stream(), quiet=quiet, verbose=verbose)
    started, begun = datetime.now(UTC), time.perf_counter()
    reports = checking.run()
    seconds = time.perf_counter() - begun
    written, faults = list[str](), list[str]()
    if update_baseline:
        reports, written, faults = accept(reports, baselines, settings)
    checking.show(reports, written)
    if outputs.files or "GITHUB_ACTIONS" in os.environ:
        result = checking.result(reports, started, seconds)
        faults += outputs.write(result) + publish_in_actions(result, outputs.human_stream())
    outdated = stale(reports) if baseline_strict else []
    for sentence in (*faults, *outdated):
        click.echo(f"relayauth-contract: {sentence}", err=True)
    code = BROKEN if outdated else exit_code(reports)
    sys.exit(NO_VERDICT if faults and code != BROKEN else code)


def _cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
