"""Two results compared: what is newly failing, mended, no longer tried or newly tried, or fails otherwise."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contract.harness.errors import UsageError
from contract.harness.reports.outcomes import Row, names

_FAILING = ("fail", "known")
_TRIED = ("pass", *_FAILING)


@dataclass(frozen=True)
class Change:
    """A clause at an endpoint of a target that differs; an outcome is None where a result has no such row.

    `shapes` is set where the clause failed before as well, and now fails with these request bodies too.
    """

    target: str
    clause: str
    endpoint: str | None
    title: str
    level: str
    before: str | None
    after: str | None
    was: str
    now: str
    shapes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Amounts:
    """Requests and seconds of a target, before and after."""

    target: str
    requests: tuple[int, int]
    seconds: tuple[float, float]


@dataclass(frozen=True)
class Comparison:
    """What changed from one result to another. `notes` are differences in how the two were made."""

    started: tuple[str, str]
    newly_failing: Sequence[Change]
    accepted: Sequence[Change]
    mended: Sequence[Change]
    no_longer_tried: Sequence[Change]
    newly_tried: Sequence[Change]
    reworded: Sequence[Change]
    amounts: Sequence[Amounts]
    notes: Sequence[str]

    @property
    def worse(self) -> bool:
        """Say whether a must is newly broken or no longer tried: then `compare` exits with 1.

        A failure that the baseline accepts, and a should, are shown and do not count.
        """
        return any(each.level == "must" for each in (*self.newly_failing, *self.no_longer_tried))

    @property
    def sentence(self) -> str:
        """What came of it in one sentence."""
        parts = [
            f"{len(changes)} {name}"
            for name, changes in (
                ("newly failing", self.newly_failing),
                ("newly failing and accepted", self.accepted),
                ("mended", self.mended),
                ("no longer tried", self.no_longer_tried),
                ("newly tried", self.newly_tried),
                ("failing in another way", self.reworded),
            )
            if changes
        ]
        told = ", ".join(parts) or "no check changed"
        return f"{'Worse' if self.worse else 'Not worse'}: {told}."


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> Comparison:
    """Compare two results of schema 2, target by target.

    Targets are paired by name; where each result has one target alone, these are compared whatever their
    names. Raises `UsageError` where nothing can be compared.
    """
    pairs = list(_pairs(old, new))
    changes = [change for pair in pairs for change in _changes(*pair)]
    sorted_out: dict[str, list[Change]] = {kind: [] for kind in _KINDS}
    for change in changes:
        kind = _kind(change)
        if kind:
            sorted_out[kind].append(change)
    return Comparison(
        started=(old["started"], new["started"]),
        **sorted_out,
        amounts=[_amounts(name, before, after) for name, before, after in pairs if before and after],
        notes=[*_notes(old, new), *_unpaired(pairs), *_problems(pairs)],
    )


Target = Mapping[str, Any]
_KINDS = ("newly_failing", "accepted", "mended", "no_longer_tried", "newly_tried", "reworded")


def _pairs(
    old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[tuple[str, Target | None, Target | None]]:
    before, after = (dict(zip(names(each["targets"]), each["targets"], strict=True)) for each in (old, new))
    for which, targets in (("OLD", before), ("NEW", after)):
        if not any(target["results"] or target["problem"] for target in targets.values()):
            raise UsageError(
                f"compare: {which} holds no checks: give results that `relayauth-contract check --json` wrote"
            )
    if len(before) == len(after) == 1:
        ((was, one),) = before.items()
        ((name, other),) = after.items()
        yield name if name == was else f"{was} -> {name}", one, other
        return
    if not before.keys() & after.keys():
        raise UsageError("compare: OLD and NEW have no target in common: compare results of the same targets")
    for name in dict.fromkeys([*before, *after]):
        yield name, before.get(name), after.get(name)


def _changes(name: str, before: Target | None, after: Target | None) -> Iterator[Change]:
    one, other = (
        {(row["clause"], row["endpoint"]): row for row in (target["results"] if target else ())}
        for target in (before, after)
    )
    for clause, endpoint in dict.fromkeys([*one, *other]):
        was, now = one.get((clause, endpoint)), other.get((clause, endpoint))
        known = now or was
        assert known is not None  # noqa: S101 - the place came from one of the two
        yield Change(
            target=name,
            clause=clause,
            endpoint=endpoint,
            title=known["title"],
            level=known["level"],
            before=was["outcome"] if was else None,
            after=now["outcome"] if now else None,
            was=was["why"] if was else "",
            now=now["why"] if now else "",
            shapes=_new_shapes(was, now),
        )


def _new_shapes(was: Row | None, now: Row | None) -> tuple[str, ...]:
    """Return the shapes that fail now and were tried before without failing."""
    if not was or not now or was["outcome"] != "fail" or now["outcome"] != "fail":
        return ()
    failed = _shapes(was, "fail", "known")
    return tuple(sorted((_shapes(now, "fail") - failed) & _shapes(was, "pass")))


def _shapes(row: Row, *outcomes: str) -> set[str]:
    return {case["shape"] for case in row["cases"] if "shape" in case and case["outcome"] in outcomes}


def _kind(change: Change) -> str | None:
    before, after = change.before, change.after
    if after == "fail" and (before != "fail" or change.shapes):
        return "newly_failing"
    if after == "known" and before not in _FAILING:
        return "accepted"
    if after == "pass" and before in _FAILING:
        return "mended"
    if before in _TRIED and after not in _TRIED:
        return "no_longer_tried"
    if before not in _TRIED and after in _TRIED:
        return "newly_tried"
    if after in _FAILING and change.was != change.now:
        return "reworded"
    return None


def _amounts(name: str, before: Target, after: Target) -> Amounts:
    spent = (sum(row["seconds"] for row in target["results"]) for target in (before, after))
    old, new = spent
    return Amounts(name, (before["requests"], after["requests"]), (round(old, 3), round(new, 3)))


def _notes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Yield what else differs between the two and may be why the checks do."""
    if old["contract"]["sha256"] != new["contract"]["sha256"]:
        versions = " and ".join(each["contract"]["version"] for each in (old, new))
        yield f"The contracts differ: versions {versions}; clauses may have been added or changed."
    for name, before, after in (
        ("tool version", old["tool"]["version"], new["tool"]["version"]),
        ("seed", old["seed"], new["seed"]),
        ("profile", old["profile"], new["profile"]),
        ("commit", old["commit"], new["commit"]),
    ):
        if before != after:
            yield f"The {name} differs: {_told(before)}, then {_told(after)}."
    if any(old["selection"].get(name) != new["selection"].get(name) for name in ("clauses", "endpoints")):
        yield "Other clauses or endpoints were chosen: what was not chosen counts as not tried."
    for which, result in (("old", old), ("new", new)):
        if result["interrupted"]:
            yield f"The {which} run was interrupted."
    if old["started"] > new["started"]:
        yield "The old result is younger than the new one: are they in the right order?"


def _told(value: Any) -> str:
    return "none" if value is None else str(value)


def _unpaired(pairs: Sequence[tuple[str, Target | None, Target | None]]) -> Iterator[str]:
    for name, before, after in pairs:
        if not before or not after:
            yield f"{name} is in the {'new' if after else 'old'} result alone."


def _problems(pairs: Sequence[tuple[str, Target | None, Target | None]]) -> Iterator[str]:
    for name, _, after in pairs:
        if after and after["problem"]:
            yield f"{name} could not be judged now: {after['problem']}"
