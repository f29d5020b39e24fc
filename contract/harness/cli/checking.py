"""One run of `check`: the contract on each target, its progress, the baseline, and what a person reads."""

import shlex
import sys
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

import click

from contract.harness.cli.options import SECOND_KEY_VARIABLE, Opening
from contract.harness.cli.progress import EveryCase, Progress, Quiet, duration
from contract.harness.client import budget_for
from contract.harness.errors import ContractError
from contract.harness.reports import terminal
from contract.harness.reports.reproduction import Again
from contract.harness.reports.result_document import Occasion, document
from contract.harness.run import Settings, TargetReport, accepted, run_contract
from contract.harness.run import baseline as baselines
from contract.harness.targets import Target, kind_of


class Checking:
    """Runs the contract as `settings` say; `out` is where a person reads."""

    def __init__(
        self, settings: Settings, opening: Opening, out: TextIO, *, quiet: bool, verbose: bool
    ) -> None:
        self._settings, self._opening, self._quiet = settings, opening, quiet
        self._console = terminal.console(out)
        self._progress: Progress | EveryCase | Quiet
        if quiet:
            self._progress = Quiet()
        elif verbose:
            self._progress = EveryCase(self._console)
        else:
            self._progress = Progress(sys.stderr, terminal.console(sys.stderr).width)

    def run(self) -> list[TargetReport]:
        """Try every target; say first how long a deployment takes that is sent so many requests a second."""
        settings = self._settings
        for target in settings.targets:
            rate, most = target.access.rate, budget_for("url", settings.profile, settings.max_requests).limit
            if rate and most and kind_of(target.spec) == "url" and not self._quiet:
                longest = duration(most / rate)
                click.echo(
                    f"{target.name}: at most {most} requests, {rate:g} a second: at most {longest}", err=True
                )
        try:
            return run_contract(self._settings, self._progress.tell, self._progress.begin)
        finally:
            self._progress.end()

    def result(
        self,
        reports: list[TargetReport],
        started: datetime,
        seconds: float,
        baseline: dict[str, baselines.Baseline],
    ) -> dict[str, Any]:
        """Return the result of schema 2; `baseline` has the reasons of the failures that are accepted."""
        targets = zip(self._settings.targets, reports, strict=True)
        commands = {target.name: self._again(target, report.kind) for target, report in targets}
        occasion = Occasion(started, seconds, version("relayauth-contract"))
        return document(reports, replace(self._settings, baselines=baseline), occasion, commands)

    def _again(self, target: Target, kind: str) -> Again:
        """Return how a failure is reproduced, with what its generated cases come from."""
        settings, made = self._settings, again(target, kind, self._opening)
        words = [
            *(["--seed", str(settings.seed)] if settings.seed else []),
            *(["--fuzz-examples", str(settings.fuzz_examples)] if settings.fuzz_examples else []),
            *(["--examples-file", shlex.quote(settings.examples_file)] if settings.examples_file else []),
        ]
        return replace(made, command=" ".join([made.command, *words])) if words else made

    def show(self, reports: list[TargetReport]) -> None:
        """Print what there is to say of each target, its verdict, and the seed unless it is the default."""
        for number, (report, target) in enumerate(zip(reports, self._settings.targets, strict=True)):
            if self._quiet:
                terminal.show_verdict(self._console, report)
            else:
                if number:
                    self._console.print()
                terminal.show(self._console, report, self._again(target, report.kind))
        settings = self._settings
        if not self._quiet and (settings.seed or settings.fuzz_examples or settings.examples_file):
            self._console.print(f"Seed: {settings.seed} (--seed {settings.seed} generates the same again)")


def again(target: Target, kind: str, opening: Opening) -> Again:
    """Return how a failure on `target` is reproduced."""
    access, words = target.access, f"{shlex.quote(target.name)}{opening.text}"
    again = Again(
        command=f"relayauth-contract check {words}",
        url=target.served if kind == "url" and target.served == target.spec else None,
        bundled=target.spec == "reference",
        api_key_envs=(access.api_key_env, access.second_api_key_env),
    )
    if not target.spec.startswith("exec:"):
        return again
    start = (
        f"relayauth-contract start {words} >started.sh & "
        "until [ -s started.sh ] || ! kill -0 $!; do sleep 0.1; done; . ./started.sh"
    )
    return replace(again, start=start, api_key_envs=(access.api_key_env, SECOND_KEY_VARIABLE))


def read_baselines(targets: list[Target], *, may_be_missing: bool) -> dict[str, baselines.Baseline]:
    """Return the baseline of each target that has one."""
    return {
        target.name: baselines.read(Path(target.baseline), may_be_missing=may_be_missing)
        for target in targets
        if target.baseline
    }


def accept(
    reports: list[TargetReport], before: dict[str, baselines.Baseline]
) -> tuple[list[TargetReport], list[str]]:
    """Write what failed into the baselines.

    Return the reports as they read with it, and a sentence for each baseline that could not be written: its
    failures stay failures.
    """
    after: list[TargetReport] = []
    faults: list[str] = []
    for report in reports:
        if report.name in before and not report.problem:
            failed = {
                (each.clause, each.endpoint): each.why for each in report.results if each.outcome == "fail"
            }
            settled = [
                (each.clause, each.endpoint) for each in report.results if each.outcome in ("pass", "fail")
            ]
            baseline = before[report.name]
            # Several targets may share a file: each is written on top of the one before.
            for name, other in before.items():
                if other.file == baseline.file:
                    before[name] = baseline.updated(report.name, settled, failed)
            try:
                before[report.name].write()
                report = accepted(report, failed)
            except ContractError as error:
                faults.append(str(error))
        after.append(report)
    return after, faults
