"""One run of `check`: the contract on each target, its progress, the baseline, and what a person reads."""

import shlex
import sys
from collections.abc import Collection, Sequence
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
from contract.harness.run import Settings, TargetReport, accepted, baseline, baseline_update, run_contract
from contract.harness.run.baseline import Baseline
from contract.harness.run.reconciling import reconcile
from contract.harness.targets import Target, kind_of

UNCHANGED = "nothing to write: it accepts what failed, and nothing else"


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

    def result(self, reports: list[TargetReport], started: datetime, seconds: float) -> dict[str, Any]:
        """Return the result of schema 2."""
        targets = zip(self._settings.targets, reports, strict=True)
        commands = {target.name: self._again(target, report.kind) for target, report in targets}
        occasion = Occasion(started, seconds, version("relayauth-contract"))
        return document(reports, self._settings, occasion, commands)

    def _again(self, target: Target, kind: str) -> Again:
        """Return how a failure is reproduced, with what its generated cases come from."""
        settings, made = self._settings, again(target, kind, self._opening)
        words = [
            *(["--seed", str(settings.seed)] if settings.seed else []),
            *(["--fuzz-examples", str(settings.fuzz_examples)] if settings.fuzz_examples else []),
            *(["--examples-file", shlex.quote(settings.examples_file)] if settings.examples_file else []),
        ]
        return replace(made, command=" ".join([made.command, *words])) if words else made

    def show(self, reports: list[TargetReport], written: Sequence[str] = ()) -> None:
        """Print each target, its verdict, what was written into baselines, and the seed if one was chosen."""
        for number, (report, target) in enumerate(zip(reports, self._settings.targets, strict=True)):
            if self._quiet:
                terminal.show_verdict(self._console, report)
            else:
                if number:
                    self._console.print()
                terminal.show(self._console, report, self._again(target, report.kind))
        for sentence in written:
            self._console.print(sentence, soft_wrap=True)
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


def read_baselines(
    targets: list[Target], names: Collection[str], *, may_be_missing: bool
) -> dict[str, Baseline]:
    """Return the baseline of each target that has one; an entry may have one of `names` for its target."""
    return {
        target.name: baseline.read(
            Path(target.baseline), targets=[*names, *map(str, targets)], may_be_missing=may_be_missing
        )
        for target in targets
        if target.baseline
    }


def accept(
    reports: list[TargetReport], before: dict[str, Baseline], settings: Settings
) -> tuple[list[TargetReport], list[str], list[str]]:
    """Write what failed into the baselines.

    Return the reports as they read with it, what was written, and a sentence for each baseline that could not
    be written: its failures stay failures.
    """
    after, said, faults = list[TargetReport](), list[str](), list[str]()
    for report in reports:
        if report.name in before and not report.problem:
            cases = [case for result in report.results for case in result.cases]
            whole = not report.interrupted and not report.fault
            settles = settings.settles if whole else (lambda _: False)
            try:
                update = baseline_update.updated(
                    before[report.name], report.name, cases, settings.today, settles
                )
                baseline_update.write(update.baseline)
            except ContractError as error:
                faults.append(str(error))
                after.append(report)
                continue
            # Several targets may share a file: each is written on top of the one before.
            file = before[report.name].file
            before.update({name: update.baseline for name, each in before.items() if each.file == file})
            said += [f"{file}: {sentence}" for sentence in update.said or (UNCHANGED,)]
            known = update.baseline.of(report.name)
            reconciled = reconcile(file, known, cases, settings.today, settles)
            report = replace(accepted(report, known, settings.today), baseline=reconciled)
        after.append(report)
    return after, said, faults


def stale(reports: list[TargetReport]) -> list[str]:
    """Return a sentence for each entry of a baseline whose failure did not occur."""
    return [
        f"{terminal.baseline_line(report, entry)}: {entry.place} of {report.name} no longer fails so: "
        "remove the entry, or let --update-baseline do it"
        for report in reports
        for entry in (report.baseline.stale if report.baseline else ())
    ]
