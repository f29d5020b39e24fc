"""What a proof found: the clauses that failed on each mutant, and what the target shows without one."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contract.harness.run import Sample
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
class Place:
    """Where a case stands: its test function, its endpoint, and its body shape if not the first of these.

    `number` is how many cases stand before it there.
    """

    test: str
    endpoint: str | None = None
    shape: str | None = None
    number: int = 0


@dataclass(frozen=True)
class Witnessed:
    """What became of a clause on the target without a mutant, and which mutants it could notice.

    `noticed` has, for each of these, the number of first cases in which nothing differs yet, and `differs`
    the place of the next one, in which something does. `places` are all of the clause in their order.
    `failure` says why the target does not keep the clause; it is empty if it does.
    """

    tried: bool
    noticed: Mapping[str, int]
    differs: Mapping[str, Place] = field(default_factory=dict)
    places: Sequence[Place] = ()
    failure: str = ""

    def sample(self, name: str, clause: str, *, one_case: bool = False) -> Sample | None:
        """Return which cases of `clause` a mutant that it noticed is tried with; None for all.

        With `one_case` that is the one that differs first. A mutant that differs from the beginning does so
        everywhere: its endpoint, or its one test, is another for each mutant and clause.
        """
        number = zlib.crc32(f"{name} {clause}".encode())
        differs = self.differs[name]
        if one_case:
            if differs == self.places[0]:
                differs = self.places[number % len(self.places)]
            return Sample(differs.endpoint, differs.shape, differs.test, differs.number, cases=1)
        endpoints = list(dict.fromkeys(each.endpoint for each in self.places if each.endpoint is not None))
        if not endpoints:
            return Sample()
        if differs.endpoint is None:
            return None
        if differs.shape is None and differs.endpoint == endpoints[0]:
            return Sample(endpoints[number % len(endpoints)])
        return Sample(differs.endpoint, differs.shape)
