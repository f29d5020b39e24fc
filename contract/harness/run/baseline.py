"""The baseline: a file of the project that names the failures which it knows and accepts, and says why."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from contract.harness import toml_file
from contract.harness.errors import ContractError, UsageError
from contract.harness.run.known import KnownFailure
from contract.harness.spec import ENDPOINTS, SHAPED, catalogue
from contract.harness.targets import kind_of
from contract.harness.toml_file import TomlFile

KNOWN, NOT_TRIED = "known", "expected-not-tried"
SHAPES = tuple(dict.fromkeys(shape for row in ENDPOINTS.values() for shape in row.bodies))
_HOW = "docs/adopting.md describes a baseline, and --update-baseline makes one"


@dataclass(frozen=True)
class Baseline:
    """What is accepted of each target, by its name.

    `not_tried` are globs of the clauses that a target is expected to leave untried; a target without an entry
    has no such expectation. `text` is what the file holds, empty if there is none yet; `version` is 1 for a
    file in the old form, JSON.
    """

    file: Path
    known: Mapping[str, tuple[KnownFailure, ...]] = field(default_factory=dict)
    not_tried: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    text: str = ""
    version: int = 2

    def of(self, target: str) -> tuple[KnownFailure, ...]:
        """Return the failures of `target` that are accepted."""
        return self.known.get(target, ())

    def without_failures(self) -> "Baseline":
        """Return a baseline that accepts no failure, and expects the same to be left untried."""
        return replace(self, known={})


def read(file: Path, *, targets: Collection[str] = (), may_be_missing: bool = False) -> Baseline:
    """Read a baseline; `UsageError` says what is wrong with the file, on which line, and what to do.

    `targets` are names of targets that an entry may have, besides all that the grammar of targets allows.
    """
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        if may_be_missing:
            return Baseline(file)
        raise UsageError(f"baseline {file}: there is no such file: --update-baseline makes it") from None
    except OSError as error:
        raise UsageError(f"baseline {file}: can't be read: {error.strerror}") from None
    if content.lstrip().startswith(b"{"):
        return _version_1(file, content)
    return parse(toml_file.read(file), targets)


def parse(document: TomlFile, targets: Collection[str] = ()) -> Baseline:
    """Return the baseline that a TOML document describes."""
    for key in document.data:
        if key not in ("schema", KNOWN, NOT_TRIED):
            raise UsageError(
                f"{document.at(key)}: unknown key {key!r}: write schema = 2, [[{KNOWN}]] tables and "
                f"[{NOT_TRIED}]"
            )
    schema = document.data.get("schema")
    if schema != 2:
        raise UsageError(f"{document.at('schema')}: write schema = 2: {_HOW}")
    rows = document.data.get(KNOWN, [])
    if not isinstance(rows, list) or (rows and (KNOWN, 0) not in document.lines):
        raise UsageError(f"{document.at(KNOWN)}: write each known failure as a table of its own: [[{KNOWN}]]")
    known: dict[str, tuple[KnownFailure, ...]] = {}
    for number, row in enumerate(rows):
        target, entry = _entry(document, number, row, targets)
        known[target] = (*known.get(target, ()), entry)
    return Baseline(document.file, known, _not_tried(document, targets), document.text)


def _entry(
    document: TomlFile, number: int, row: Mapping[str, Any], targets: Collection[str]
) -> tuple[str, KnownFailure]:
    where = (KNOWN, number)
    for key, value in row.items():
        if key not in ENTRY_KEYS:
            raise UsageError(
                f"{document.at(*where, key)}: unknown key {key!r}: use one of {', '.join(ENTRY_KEYS)}"
            )
        problem = ENTRY_KEYS[key](value)
        if problem:
            raise UsageError(f"{document.at(*where, key)}: {key}: {problem}")
    for key in ("target", "clause", "reason"):
        if key not in row:
            raise UsageError(f'{document.at(*where)}: this entry has no {key}: add {key} = "..."')
    _require_target(document.at(*where, "target"), row["target"], targets)
    clause = catalogue()[row["clause"].upper()]
    endpoint, shape = row.get("endpoint"), row.get("shape")
    if endpoint and endpoint not in clause.endpoints:
        tried = ", ".join(clause.endpoints)
        remedy = (
            f"use one of {tried}" if tried else "leave it out: the clause is about the service as a whole"
        )
        raise UsageError(
            f"{document.at(*where, 'endpoint')}: {clause.id} is not tried at {endpoint}: {remedy}"
        )
    if shape and endpoint and shape not in {each.shape for each in SHAPED[endpoint]}:
        raise UsageError(f"{document.at(*where, 'shape')}: {endpoint} has no body shape {shape!r}")
    until = row.get("until")
    return row["target"], KnownFailure(
        clause=clause.id,
        endpoint=endpoint,
        shape=shape,
        pattern=row.get("pattern"),
        reason=" ".join(row["reason"].split()),
        who=row.get("who") or None,
        issue=row.get("issue") or None,
        until=date.fromisoformat(until) if isinstance(until, str) else until,
        line=document.line(*where),
    )


def _require_target(where: str, name: str, targets: Collection[str]) -> None:
    """Refuse the name of a target that nothing describes: its failures would never be accepted."""
    if name in targets:
        return
    try:
        kind_of(name)
    except ContractError:
        known = f"one of {', '.join(sorted(targets))}, " if targets else ""
        raise UsageError(
            f"{where}: unknown target {name!r}: write {known}or a target as it is given to `check`, such as "
            "https://HOST"
        ) from None


def _text(value: Any) -> str:
    return "" if isinstance(value, str) else "must be a string"


def _known_clause(value: Any) -> str:
    if not isinstance(value, str):
        return "must be a string"
    known = value.upper() in catalogue().clauses
    return "" if known else f"there is no clause {value!r}: `relayauth-contract clauses` lists them"


def _one_of(values: Collection[str]) -> Callable[[Any], str]:
    return lambda value: "" if value in values else f"{value!r} is unknown: use one of {', '.join(values)}"


def _regular_expression(value: Any) -> str:
    try:
        re.compile(value)
    except (re.error, TypeError, RecursionError) as error:
        return f"is no regular expression: {error}: write it in single quotes, such as '1 s over'"
    return ""


def _day(value: Any) -> str:
    try:
        fine = isinstance(date.fromisoformat(value) if isinstance(value, str) else value, date)
    except ValueError:
        fine = False
    return "" if fine and not isinstance(value, datetime) else "write a day, such as 2026-12-31"


ENTRY_KEYS: Mapping[str, Callable[[Any], str]] = {
    "target": _text,
    "clause": _known_clause,
    "endpoint": _one_of(tuple(ENDPOINTS)),
    "shape": _one_of(SHAPES),
    "pattern": _regular_expression,
    "reason": _text,
    "who": _text,
    "issue": _text,
    "until": _day,
}
"""The keys of an entry; each with what says, of a value, what is wrong with it."""


def _not_tried(document: TomlFile, targets: Collection[str]) -> dict[str, tuple[str, ...]]:
    table = document.data.get(NOT_TRIED, {})
    if not isinstance(table, dict):
        raise UsageError(f"{document.at(NOT_TRIED)}: write a table: [{NOT_TRIED}]")
    for name, globs in table.items():
        where = document.at(NOT_TRIED, name)
        _require_target(where, name, targets)
        if not isinstance(globs, list) or not all(isinstance(glob, str) for glob in globs):
            raise UsageError(f'{where}: write a list of clauses, such as ["CLK-*", "JWKS-01"]')
        for glob in globs:
            try:
                catalogue().select((glob,))
            except UsageError:
                raise UsageError(
                    f"{where}: {glob!r} matches no clause: `relayauth-contract clauses` lists them"
                ) from None
    return {name: tuple(globs) for name, globs in table.items()}


def _version_1(file: Path, content: bytes) -> Baseline:
    """Read the old form, JSON: it has no reasons, only the sentences that said what failed."""
    try:
        raw = json.loads(content)
        known = {
            name: tuple(
                KnownFailure(catalogue()[each["clause"]].id, each["endpoint"]) for each in entries
            )
            for name, entries in raw["targets"].items()
        }  # fmt: skip
        not_tried = {
            name: tuple(map(str, globs)) for name, globs in raw.get("expectedNotTried", {}).items()
        }  # fmt: skip
    except ValueError:
        raise UsageError(f"baseline {file}: is neither TOML nor valid JSON: {_HOW}") from None
    except (TypeError, KeyError, AttributeError):
        raise UsageError(f"baseline {file}: has another form: {_HOW}") from None
    except UsageError as error:
        raise UsageError(f"baseline {file}: {error}") from None
    return Baseline(file, known, not_tried, content.decode("utf-8", "replace"), version=1)
