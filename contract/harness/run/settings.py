"""What a run is asked to do."""

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from contract.harness.errors import UsageError
from contract.harness.run.baseline import Baseline
from contract.harness.run.known import KnownFailure
from contract.harness.run.samples import Sample
from contract.harness.spec import Level, Profile, catalogue
from contract.harness.targets import Target


@dataclass(frozen=True)
class Settings:
    """What a run is asked to do.

    `require` are globs of clauses that must be judged in full; with `strict` all musts must be.
    `expected_not_tried` are globs of clauses that may be left untried, and no others; None leaves it to the
    target and its baseline. `cases` has texts: the id of a case must contain one of them; with `transcripts`
    the exchanges of every case are kept, not only of those that fail. Cases that were generated and failed
    are kept in `examples_file`, and are tried first from then on. With `first_failure_only` a run leaves
    out the other cases of a clause that has failed, and as many of the first cases of a clause as
    `skip_first` says for a target, by its name; of the clauses that `sampled` has for it only the sample is
    tried. So many `processes` try the cases of a target, each on a server of its own, where that is possible.
    `today` (UTC) decides whether a known failure is still accepted.
    """

    targets: tuple[Target, ...] = (Target("reference", "reference"),)
    clauses: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    transcripts: bool = False
    level: Level | None = None
    profile: Profile = "full"
    fuzz_examples: int | None = None
    seed: int = 0
    examples_file: str | None = None
    strict: bool = False
    require: tuple[str, ...] = ()
    expected_not_tried: tuple[str, ...] | None = None
    keep: bool = False
    first_failure_only: bool = False
    skip_first: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    sampled: Mapping[str, Mapping[str, Sample]] = field(default_factory=dict)
    polite: bool = False
    max_requests: int | None = None
    processes: int = 1
    baselines: Mapping[str, Baseline] = field(default_factory=dict)
    today: date = field(default_factory=lambda: datetime.now(UTC).date())

    def __post_init__(self) -> None:
        """Refuse a glob that matches nothing: a misspelt gate must not pass without a word."""
        _matching("--require", self.require)
        for target in self.targets:
            self.expected(target)

    def chosen(self, target: Target) -> tuple[str, ...]:
        """Return the ids of the clauses to test on `target`; the command's choice replaces the file's."""
        return catalogue().select(self.clauses or target.clauses, self.level, self.profile)

    def known(self, target: Target) -> tuple[KnownFailure, ...]:
        """Return the failures of `target` that are accepted, whether or not they have ended."""
        return self.baselines[target.name].of(target.name) if target.name in self.baselines else ()

    def settles(self, entry: KnownFailure) -> bool:
        """Say whether all cases are run that `entry` is about, so that it is stale if none of them fails."""
        everywhere = entry.endpoint is not None or not self.endpoints
        return everywhere and not self.cases and not self.first_failure_only

    @property
    def required(self) -> frozenset[str]:
        """The ids of the clauses that `require` names."""
        return _matching("--require", self.require)

    def expected(self, target: Target) -> frozenset[str] | None:
        """Return the ids of the clauses that `target` may leave untried; None if nothing was said of that.

        What the run says replaces what the target says, and that what the baseline says.
        """
        baseline = self.baselines.get(target.name)
        recorded = baseline.not_tried.get(target.name) if baseline else None
        for globs in (self.expected_not_tried, target.expected_not_tried, recorded):
            if globs is not None:
                return _matching("expected-not-tried", globs)
        return None

    def examples(self, kind: str) -> int:
        """Return the number of generated values for each endpoint: few on a deployment that is not ours."""
        if self.fuzz_examples is not None:
            return self.fuzz_examples
        return 3 if kind == "url" else 5


def _matching(option: str, globs: Iterable[str]) -> frozenset[str]:
    found: set[str] = set()
    for glob in globs:
        matching = fnmatch.filter(catalogue().clauses, glob.upper())
        if not matching:
            raise UsageError(f"{option} {glob!r} matches no clause: `relayauth-contract clauses` lists them")
        found.update(matching)
    return frozenset(found)
