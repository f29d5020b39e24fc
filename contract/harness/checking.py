"""`relayauth-contract check`: from its options to a verdict, its reports and its exit code."""

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contract.harness.artefacts import writable, write
from contract.harness.clauses import ENDPOINTS
from contract.harness.errors import UsageError

if TYPE_CHECKING:
    from contract.harness.connections import Target
    from contract.harness.results import TargetReport
    from contract.harness.trial import Settings

ACCESS = ("api_key_env", "second_api_key_env", "signing_key", "allow_http", "rate", "any_host")
DEFAULT_KEY_VARIABLE = "RELAYAUTH_CONTRACT_API_KEY"


@click.command()
@click.argument("targets", nargs=-1)
@click.option("--target", "more_targets", multiple=True, help="A target, as the argument; may be repeated.")
@click.option("--config", metavar="FILE", help="The target file (default: the nearest one).")
@click.option("--api-key-env", metavar="NAME", default=DEFAULT_KEY_VARIABLE, show_default=True,
              help="The variable that holds the org API key of a URL target.")  # fmt: skip
@click.option("--second-api-key-env", metavar="NAME", help="The variable that holds a key of another org.")
@click.option("--signing-key", metavar="FILE", help="The deployment's private key, PEM.")
@click.option("--clause", "clauses", metavar="ID-OR-GLOB", multiple=True, help="Only these clauses.")
@click.option("--endpoint", "endpoints", type=click.Choice(ENDPOINTS), multiple=True, help="Only these.")
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

    from contract.harness import baselines
    from contract.harness.tokens import make_keys

    if any(target.spec.startswith(("reference", "exec:")) for target in named):
        make_keys()

    from contract.harness.trial import Settings

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

    from contract.harness.results import exit_code

    sys.exit(exit_code(reports))


def targets_of(
    names: Sequence[str],
    config: str | None,
    access: dict[str, Any] | None = None,
    launching: dict[str, Any] | None = None,
) -> "list[Target]":
    """Return the targets that `names` stand for: named ones from the target file, others as they are."""
    from contract.harness import targetfile
    from contract.harness.connections import Launching, Target
    from contract.harness.options import access_from

    file = Path(config) if config else targetfile.find(Path.cwd())
    rows = targetfile.read(file) if file else {}
    found: list[Target] = []
    for name in dict.fromkeys(names):
        if file and name in rows:
            _not_twice(name, file, {**(access or {}), **(launching or {})})
            found.append(targetfile.target(name, rows[name], file.parent))
            continue
        if ":" not in name and name != "reference":
            known = (
                f"{file} names {', '.join(rows) or 'no target'}" if file else "there is no target file here"
            )
            raise UsageError(f"{name!r} is no target: {known}; or write one such as https://HOST")
        given = {key: value for key, value in (launching or {}).items() if value}
        given["env"] = _variables(given.get("env", ()))
        found.append(Target(name, name, access_from(**(access or {})), Launching(**given)))
    # One target's credentials are none of another's business, be it on trial today or not.
    rows_name = {row.get(key) for row in rows.values() for key in ("api-key-env", "second-api-key-env")}
    held = {
        each for target in found for each in (target.access.api_key_env, target.access.second_api_key_env)
    }
    withheld = frozenset(filter(None, rows_name | held))
    return [replace(each, launching=replace(each.launching, withheld=withheld)) for each in found]


def _not_twice(name: str, file: Path, options: dict[str, Any]) -> None:
    """Refuse an option that would be ignored: a named target is described in its file."""
    usual = {None, (), False, DEFAULT_KEY_VARIABLE}
    for option, value in options.items():
        if value not in usual:
            raise UsageError(f"--{option.replace('_', '-')}: {name} is described in {file}: say it there")


def _variables(words: Sequence[str]) -> dict[str, str]:
    for word in words:
        if "=" not in word[1:]:
            raise UsageError(f"--env {word}: write NAME=VALUE")
    return dict(word.split("=", 1) for word in words)


def _run(settings: "Settings") -> "list[TargetReport]":
    from contract.harness.reports import terminal
    from contract.harness.runs import run

    with terminal.Progress(terminal.console()) as progress:
        return run(settings, progress.tell)


def _accept(reports: "list[TargetReport]", before: dict[str, Any]) -> "list[TargetReport]":
    """Write what failed into the baselines, and return the reports as they read with them."""
    from contract.harness.results import accepted

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
