"""What a run for first failures, as a proof takes them, leaves out of the cases of a clause."""

from collections import Counter
from collections.abc import Sequence

from contract.harness.run.samples import Sample
from contract.harness.run.selection import CaseGroup, Selection, group, mint_rows
from contract.harness.run.settings import Settings
from contract.harness.spec import Clause, MintEndpoint


class LeftOut:
    """Counts the cases of a run, and says which of them are not tried; `Settings` has the rules."""

    def __init__(self, settings: Settings, selection: Selection) -> None:
        self._settings, self._selection = settings, selection
        self._seen: Counter[tuple[str, str]] = Counter()
        self._there: Counter[CaseGroup] = Counter()
        self._shapes: dict[tuple[str, str, str | None], str | None] = {}
        self._never_made: set[CaseGroup] = set()

    def makes(self, clause: Clause, function: str, targets: Sequence[str]) -> bool:
        """Say whether cases of `function` are made: not if a sample of its clause names another test."""
        return any(self._makes(target, clause.id, function) for target in targets)

    def rows(self, clause: Clause, function: str, targets: Sequence[str]) -> list[MintEndpoint]:
        """Return the endpoints with their body shapes for which the cases of `function` are made.

        Of a sampled clause one is left, unless the first of all its cases are to be skipped.
        """
        rows = mint_rows(clause)
        if len(targets) > 1 or not self._settings.first_failure_only:
            return rows
        (target,) = targets
        sample, first = self._rules(target, clause.id)
        if sample is None or sample.endpoint is None or first:
            return rows
        included = (row for row in rows if self._selection.includes(target, clause, row))
        there = [row for row in included if row.name == sample.endpoint]
        kept = [row for row in there if sample.shape in (None, row.shape)][:1]
        self._never_made |= {group(target, clause.id, function, row) for row in rows if row not in kept}
        return kept

    def made(self, case: CaseGroup) -> bool:
        """Say whether there are cases of this group."""
        return case not in self._never_made and self._makes(case.target, case.clause, case.function)

    def leaves_out(self, case: CaseGroup, *, failed: bool) -> bool:
        """Say whether the next case of a group is not tried; `failed` says that its clause has failed."""
        if not self._settings.first_failure_only:
            return False
        place = case.target, case.clause
        self._seen[place] += 1
        sample, first = self._rules(*place)
        shape = self._shapes.setdefault((case.target, case.function, case.endpoint), case.shape)
        if failed or self._seen[place] <= first:
            return True
        if sample is not None:
            there = sample.endpoint, sample.shape or shape
            elsewhere = case.endpoint is not None and there != (case.endpoint, case.shape)
            other = sample.test not in (None, case.function)
            if elsewhere or other:
                return True
            self._there[case] += 1
            return not sample.skipped < self._there[case] <= sample.skipped + sample.cases
        return False

    def _makes(self, target: str, clause: str, function: str) -> bool:
        sample, _ = self._rules(target, clause)
        return sample is None or sample.test in (None, function)

    def _rules(self, target: str, clause: str) -> tuple[Sample | None, int]:
        settings = self._settings
        sample = settings.sampled.get(target, {}).get(clause) if settings.first_failure_only else None
        passed_over = settings.skip_first.get(target, {}).get(clause, 0)
        return sample, 0 if sample is not None and sample.test is not None else passed_over
