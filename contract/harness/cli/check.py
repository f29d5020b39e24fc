"""`relayauth-contract check`: from its options to a verdict, its reports and its exit code."""

import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contract.harness.cli.named_targets import DEFAULT_KEY_VARIABLE, targets_of
from contract.harness.errors import UsageError
from contract.harness.files import writable, write
from contract.harness.spec import ENDPOINTS

if TYPE_CHECKING:
    from contract.harness.run import Settings, TargetReport

ACCESS = ("api_key_env", "second_api_key_env", "signing_key", "allow_http", "rate", "any_host")


@click.command()
@click.argument("targets", nargs=-1)
@click.option("--target", "more_targets", multiple=True, help="A target, as the argument; may be repeated.")
@click.option("--config", metavar="FILE", help="The target file (default: the nearest one).")
@click.option("--api-key-env", metavar="NAME", default=DEFAULT_KEY_VARIABLE, show_default=True,
              help="The variable that holds the org API key of a URL target.")  # fmt: skip
@click.option("--second-api-key-env", metavar="NAME", help="The variable that holds a key of another org.")
@click.option("--signing-key", metavar="FILE", help="The deployment's private key, PEM.")
@click.option("--clause", "clauses", metavar="ID-OR-GLOB", multiple=True, help="Only these clauses.")
@click.option(
    "--endpoint", "endpoints", type=click.Choice(list(ENDPOINTS)), multiple=True, help="Only these."
)
@click.option("--level", type=click.Choice(["must"]), help="Only the musts.")
@click.option("--profile", type=click.Choice(["core", "full"]), default="full", show_default=True,
              help="The core of the contract, or hardening as well.")  # fmt: skip
@click.option("--json", "json_file", metavar="FILE", help="Write the report as JSON.")
@click.option("--junit", "junit_file", metavar="FILE", help="Write the report as JUnit XML.")
@click.option("--baseline", metavar="FILE", help="Failures that are known and accepted.")
@click.option("--update-baseline", is_flag=True, help="Write this run's failures to the baseline.")
@click.option("--strict", is_flag=True, help="A must that was not tried leaves the verdict open.")
@click.option("--fuzz-examples", type=click.IntRange(1, 10_000), metavar="N", help="Generated values a case.")
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of generated values."
)
@click.option("--keep", is_flag=True, help="Leave what the run made on the target.")
@click.option("--allow-http", is_flag=True, help="Send credentials over plain http.")
@click.option("--polite", is_flag=True, help="Little hostile volume; a URL gets at most 5 requests a second.")
@click.option("--rate", metavar="N/s", help="A URL gets at most N requests a second.")
@click.option("--yes-i-may-test-this-host", "any_host", is_flag=True,
              help="For a URL whose name does not say that it is there to be tested.")  # fmt: skip
@click.option("--cwd", metavar="DIR", help="exec: the folder to start the command in.")
@click.option("--env", metavar="NAME=VALUE", multiple=True, help="exec: a variable for the command.")
@click.option("--ready-path", metavar="PATH", help="exec: what to ask until it answers.  [default: /health]")
@click.option("--ready-timeout", type=click.FloatRange(0, min_open=True), metavar="SECONDS",
              help="exec: how long it may take to come up.  [default: 30]")  # fmt: skip
def check(
    *,
    targets: tuple[str, ...],
    more_targets: tuple[str, ...],
    config: str | None,
    json_file: str | None,
    junit_file: str | None,
    baseline: str | None,
    update_baseline: bool,
    **chosen: Any,
) -> None:
    """Run the contract against TARGET (default: the bundled reference).

    TARGET is reference, exec:COMMAND, asgi:PACKAGE.MODULE:ATTR, https://HOST, http://127.0.0.1:PORT, or a
    name from the target file. Credentials come from variables and files, never from the command line. Exit
    code: 0 the contract holds, 1 it is broken, 2 no verdict.
    """
    for file in filter(None, (json_file, junit_file)):
        writable(file)
    access = {name: chosen.pop(name) for name in ACCESS} | {"polite": chosen["polite"]}
    launching = {name: chosen.pop(name) for name in ("cwd", "env", "ready_path", "ready_timeout")}
    named = targets_of((*targets, *more_targets) or ("reference",), config, access, launching)
    if baseline:
        named = [replace(target, baseline=baseline) for target in named]
    if update_baseline and not any(target.baseline for target in named):
        raise UsageError("--update-baseline: say which file with --baseline FILE")

    from contract.harness.jose import make_keys
    from contract.harness.run import baseline as baselines

    if any(target.spec.startswith(("reference", "exec:")) for target in named):
        make_keys()

    from contract.harness.run import Settings

    accepted = {
        target.name: baselines.read(Path(target.baseline), may_be_missing=update_baseline)
        for target in named
        if target.baseline
    }
    settings = Settings(targets=tuple(named), baselines={} if update_baseline else accepted, **chosen)
    started, begun = datetime.now(UTC), time.perf_counter()
    reports = _run(settings)
    if update_baseline:
        reports = _accept(reports, accepted)
    _write(reports, json_file, junit_file, started, time.perf_counter() - begun)
    _show(reports, settings)

    from contract.harness.run import exit_code

    sys.exit(exit_code(reports))


def _run(settings: "Settings") -> "list[TargetReport]":
    from contract.harness.reports import terminal
    from contract.harness.run import run_contract

    with terminal.Progress(terminal.console()) as progress:
        return run_contract(settings, progress.tell)


def _accept(reports: "list[TargetReport]", before: dict[str, Any]) -> "list[TargetReport]":
    """Write what failed into the baselines, and return the reports as they read with them."""
    from contract.harness.run import accepted

    after = []
    for report in reports:
        if report.name in before and not report.problem:
            failed = {(v.clause, v.endpoint): v.why for v in report.results if v.outcome == "fail"}
            settled = [(v.clause, v.endpoint) for v in report.results if v.outcome in ("pass", "fail")]
            baseline = before[report.name]
            # Several targets may share a file: each is written on top of the one before.
            for name, other in before.items():
                if other.file == baseline.file:
                    before[name] = baseline.updated(report.name, settled, failed)
            before[report.name].write()
            report = accepted(report, failed)
        after.append(report)
    return after


def _show(reports: "list[TargetReport]", settings: "Settings") -> None:
    from contract.harness.reports import terminal

    out = terminal.console()
    for report, target in zip(reports, settings.targets, strict=True):
        url = target.served if report.kind == "url" else None
        access = target.access
        terminal.show(out, report, url=url, api_key_envs=(access.api_key_env, access.second_api_key_env))


def _write(
    reports: "list[TargetReport]",
    json_file: str | None,
    junit_file: str | None,
    started: datetime,
    seconds: float,
) -> None:
    if json_file:
        from importlib.metadata import version

        from contract.harness.reports import as_json

        moment = started.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        text = as_json.render(reports, version=version("relayauth-contract"), started=moment, seconds=seconds)
        write(Path(json_file), text)
    if junit_file:
        from contract.harness.reports import junit

        write(Path(junit_file), junit.render(reports))
