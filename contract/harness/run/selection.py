"""Which cases a run consists of: decided from the chapters themselves, whatever pytest makes of them."""

import importlib
import inspect
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contract.harness.run.settings import Settings
from contract.harness.spec import SHAPED, Clause, MintEndpoint, Shape, catalogue
from contract.harness.targets import kind_of
from contract.harness.targets.connections import Kind

SHARED = ("SES", "REV", "SEC")
"""The chapters that end or count sessions: on a URL they use only sessions whose subject is the run's own."""


@dataclass(frozen=True)
class CaseGroup:
    """The cases of one test function on one target, at one endpoint with one body shape."""

    target: str
    clause: str
    function: str
    endpoint: str | None = None
    shape: Shape | None = None


class Selection:
    """The clauses, endpoints and body shapes that a run tests on each of its targets."""

    def __init__(self, settings: Settings) -> None:
        self.clauses = {target.name: settings.chosen(target) for target in settings.targets}
        self._kinds = {target.name: kind_of(target.spec) for target in settings.targets}
        self._endpoints = settings.endpoints

    @property
    def chapters(self) -> list[str]:
        """The names of the chapters that are needed, in lower case."""
        needed = {catalogue()[each].chapter.lower() for chosen in self.clauses.values() for each in chosen}
        return sorted(needed)

    def targets_of(self, clause: str) -> list[str]:
        """Return the names of the targets on which `clause` is tested."""
        return [target for target, clauses in self.clauses.items() if clause in clauses]

    def includes(self, target: str, clause: Clause, mint: MintEndpoint | None) -> bool:
        """Say whether `clause` is tested on `target` at `mint`, with the shape of its body."""
        at_endpoint = not self._endpoints or (mint is not None and mint.name in self._endpoints)
        in_shape = mint is None or mint.shape in shapes_for(clause, mint, self._kinds[target])
        return clause.id in self.clauses[target] and at_endpoint and in_shape

    def planned(self, functions: Iterable[Any]) -> Counter[CaseGroup]:
        """Return how many cases the test functions of chapters have to yield, group by group."""
        planned: Counter[CaseGroup] = Counter()
        for function in functions:
            clause = clause_of(function)
            if clause is None:
                continue
            for target in self.targets_of(clause.id):
                for mint, number in _rows(function, clause):
                    if self.includes(target, clause, mint):
                        planned[group(target, clause.id, function.__name__, mint)] += number
        return planned


def group(target: str, clause: str, function: str, mint: MintEndpoint | None) -> CaseGroup:
    """Return the group of the cases of `function` at `mint`."""
    if mint is None:
        return CaseGroup(target, clause, function)
    return CaseGroup(target, clause, function, mint.name, mint.shape)


def case_id(name: str, target: str) -> str:
    """Return the id of a case, the same on every target: pytest's name of it without the target."""
    return name.replace(f"[{target}-", "[", 1).removesuffix(f"[{target}]")


def shapes_for(clause: Clause, mint: MintEndpoint, kind: Kind) -> tuple[Shape, ...]:
    """Return the body shapes with which `clause` is tested at `mint` on a target of `kind`.

    On a URL `bare` sessions share their subject with everybody's: few are made there, and none is revoked.
    """
    shapes = tuple(mint.bodies)
    number = None if clause.shapes == "all" else 1
    if kind == "url":
        own = tuple(shape for shape in shapes if shape != "bare")
        return shapes if clause.shapes == "all" and clause.chapter not in SHARED else own[:number]
    return shapes[:number]


def chapter_functions(chapters: Iterable[str]) -> Iterator[Any]:
    """Yield the test functions of the chapters with these names."""
    for chapter in chapters:
        module = importlib.import_module(f"contract.test_{chapter}")
        yield from (each for name, each in vars(module).items() if name.startswith("test_"))


def clause_of(function: Any) -> Clause | None:
    """Return the clause that a test function cites."""
    for mark in getattr(function, "pytestmark", ()):
        if mark.name == "clause":
            return catalogue()[mark.args[0]]
    return None


def mint_rows(clause: Clause) -> list[MintEndpoint]:
    """Return the endpoints of a clause with all their body shapes: the rows of a test that takes a `mint`."""
    return [row for name in clause.endpoints for row in SHAPED[name]]


def chooses_its_mints(marks: Iterable[Any]) -> bool:
    """Say whether a test with these `parametrize` marks names its endpoints itself."""
    return any("mint" in _names(mark) for mark in marks)


def _rows(function: Any, clause: Clause) -> Iterator[tuple[MintEndpoint | None, int]]:
    """Yield each endpoint of a test with its number of cases there; None for the service as a whole."""
    marks = [mark for mark in function.pytestmark if mark.name == "parametrize"]
    number = 1
    mints: Mapping[int, MintEndpoint] | None = None
    for mark in marks:
        names, values = _names(mark), list(mark.args[1])
        if "mint" in names:
            at = names.index("mint")
            mints = {row: (each if len(names) == 1 else each[at]) for row, each in enumerate(values)}
        else:
            number *= len(values)
    if mints is None and "mint" in inspect.signature(function).parameters:
        mints = dict(enumerate(mint_rows(clause)))
    if mints is None:
        yield None, number
    else:
        yield from ((mint, number) for mint in mints.values())


def _names(mark: Any) -> list[str]:
    names = mark.args[0]
    return [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
