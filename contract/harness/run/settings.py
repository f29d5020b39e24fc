"""What a run was asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from contract.harness.run.baseline import Baseline, Place
from contract.harness.spec import Level, Profile, catalogue
from contract.harness.targets import Target


@dataclass(frozen=True)
class Settings:
    """What a run was asked for.

    A `brief` one leaves out the other cases of a clause that has failed, and as many of the first cases of a
    clause as `passed_over` says of a target, by its name.
    """

    targets: tuple[Target, ...] = (Target("reference", "reference"),)
    clauses: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    level: Level | None = None
    profile: Profile = "full"
    fuzz_examples: int | None = None
    seed: int = 0
    strict: bool = False
    keep: bool = False
    brief: bool = False
    passed_over: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    polite: bool = False
    max_requests: int | None = None
    baselines: Mapping[str, Baseline] = field(default_factory=dict)

    def chosen(self, target: Target) -> tuple[str, ...]:
        """Return the ids of the clauses that `target` is held to; the command's choice beats the file's."""
        return catalogue().select(self.clauses or target.clauses, self.level, self.profile)

    def known(self, target: Target) -> frozenset[Place]:
        """Return where a failure of `target` is accepted."""
        return self.baselines[target.name].of(target.name) if target.name in self.baselines else frozenset()

    def examples(self, kind: str) -> int:
        """How many generated values each endpoint gets: few on a deployment that is not ours to flood."""
        if self.fuzz_examples is not None:
            return self.fuzz_examples
        return 3 if kind == "url" else 5
