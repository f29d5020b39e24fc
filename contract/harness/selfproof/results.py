"""What a proof found: the clauses that failed on each mutant, and what the target shows without one."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contract.harness.spec import catalogue

# Broad clauses: they notice most mutants, and whether they do is declared only where nothing else does.
MAY_ALSO = frozenset(each for each in catalogue().clauses if catalogue()[each].chapter == "API")


@dataclass(frozen=True)
class MutantResult:
    """What became of one mutant: the clauses that it declares, that failed, and that ended in an error.

    Of those that it declares only the ones that can be judged on the target are counted. `also` are clauses
    that report it on some targets.
    """

    name: str
    sentence: str
    declared: frozenset[str]
    caught: frozenset[str]
    errors: frozenset[str] = frozenset()
    problem: str | None = None
    also: frozenset[str] = frozenset()

    @property
    def unseen(self) -> bool:
        """Whether no clause that could notice it can be judged on the target."""
        return not self.declared and not self.caught and not self.problem

    @property
    def survived(self) -> bool:
        """Whether no clause failed, although one could have."""
        return not self.caught and not self.unseen

    @property
    def exact(self) -> bool:
        """Whether exactly the declared clauses failed, and perhaps some of those that may also fail."""
        return self.caught - self.may_also == self.declared and not self.problem and not self.unseen

    @property
    def may_also(self) -> frozenset[str]:
        """The clauses that may fail as well without being declared."""
        return (MAY_ALSO | self.also) - self.declared


@dataclass(frozen=True)
class Proof:
    """The result of each mutant, in their own order, and the uncovered clauses: musts that no mutant breaks.

    `of` says what they are; `complete` is true if every must had to fail once. `left_out` are the clauses
    that the target does not keep without any mutant, each with the reason.
    """

    of: str
    mutant_results: Sequence[MutantResult]
    complete: bool
    uncovered: Sequence[str] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def stands(self) -> bool:
        """Whether every mutant was killed by exactly what it declares, and no clause is uncovered."""
        tried = [each for each in self.mutant_results if not each.unseen]
        return bool(tried) and not self.uncovered and all(each.exact for each in tried)


@dataclass(frozen=True)
class Witnessed:
    """What became of a clause on the target without a mutant, and which mutants it could notice.

    `noticed` has, for each of these, the number of first cases in which nothing differs yet. `places` has the
    endpoint of the case in which one first differs, and behind a slash its body shape if that is not the
    first of its test; `endpoints` are those of the clause in their order. `failure` says why the target does
    not keep the clause; it is empty if it does.
    """

    tried: bool
    noticed: Mapping[str, int]
    places: Mapping[str, str] = field(default_factory=dict)
    endpoints: Sequence[str] = ()
    failure: str = ""

    def sample(self, name: str, clause: str) -> str | None:
        """Return where a mutant is tried with `clause`, as `Settings.sampled` says; None for everywhere.

        One that differs from the first endpoint on does so at each: they are taken in turn. It is empty for a
        clause of the service as a whole.
        """
        if not self.endpoints:
            return ""
        place = self.places.get(name)
        if place is None or place != self.endpoints[0]:
            return place
        return self.endpoints[zlib.crc32(f"{name} {clause}".encode()) % len(self.endpoints)]
