"""The target file: named targets, in `relayauth-contract.toml` or a table of `pyproject.toml`."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from contract.harness.errors import UsageError
from contract.harness.targets import Launching, Target, access_from

NAME = "relayauth-contract.toml"
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "url": str,
    "command": str,
    "cwd": str,
    "env": dict,
    "ready-path": str,
    "ready-timeout": (int, float),
    "api-key-env": str,
    "second-api-key-env": str,
    "signing-key": str,
    "cacert": str,
    "allow-http": bool,
    "rate": str,
    "i-may-test-this-host": bool,
    "baseline": str,
    "clauses": list,
    "expected-not-tried": list,
}
_CREDENTIAL = re.compile(r"\b(rak|relay_ws)_\w|eyJ\w|PRIVATE KEY")


def find(start: Path) -> Path | None:
    """Return the target file for `start`: its own, or that of the nearest folder above."""
    for folder in (start, *start.parents):
        if (folder / NAME).is_file():
            return folder / NAME
        project = folder / "pyproject.toml"
        if project.is_file() and "[tool.relayauth-contract" in project.read_text("utf-8", "replace"):
            return project
    return None


def read(file: Path) -> dict[str, Mapping[str, Any]]:
    """Return the table of each target by name; `UsageError` says what is wrong in the file and what to do."""
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{file}: can't be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: is not valid TOML: {error}") from None
    table = (
        document.get("tool", {}).get("relayauth-contract", {}) if file.name == "pyproject.toml" else document
    )
    for where, value in _texts(table, ""):
        if _CREDENTIAL.search(value):
            raise UsageError(
                f"{file}: {where} holds a credential: put it into an environment variable, and write the "
                "variable's name here, as api-key-env"
            )
    unknown = sorted(set(table) - {"targets"})
    if unknown:
        raise UsageError(
            f"{file}: unknown key {unknown[0]!r}: describe each target in a table [targets.NAME]"
        )
    targets: dict[str, Mapping[str, Any]] = table.get("targets", {})
    for name, row in targets.items():
        _check(f"{file}: [targets.{name}]", row)
    return targets


def _check(where: str, row: Any) -> None:
    if not isinstance(row, dict):
        raise UsageError(f"{where} must be a table")
    for key, value in row.items():
        if key not in _TYPES:
            raise UsageError(f"{where}: unknown key {key!r}: use one of {', '.join(_TYPES)}")
        if not isinstance(value, _TYPES[key]) or (isinstance(value, bool) and _TYPES[key] is not bool):
            raise UsageError(f"{where}: {key} must be {_type_name(_TYPES[key])}")
    if ("url" in row) == ("command" in row):
        raise UsageError(f"{where}: set either url or command, not both or neither")
    if not row.get("ready-timeout", 1) > 0:
        raise UsageError(f"{where}: ready-timeout must be more than 0 seconds")
    entries = [*row.get("clauses", []), *row.get("expected-not-tried", []), *row.get("env", {}).values()]
    if not all(isinstance(entry, str) for entry in entries):
        raise UsageError(f"{where}: the entries of lists and of env must be strings")


def _type_name(expected: type | tuple[type, ...]) -> str:
    names = {str: "a string", dict: "a table", bool: "true or false", list: "a list"}
    return names.get(expected, "a number") if isinstance(expected, type) else "a number"


def split(globs: Iterable[str]) -> tuple[str, ...]:
    """Return the globs in `globs`, each of which may be a list with commas."""
    return tuple(part.strip() for each in globs for part in each.split(",") if part.strip())


def _texts(value: Any, where: str) -> Iterator[tuple[str, str]]:
    """Yield every string of a document, with the path of its keys."""
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, f"{where}.{key}" if where else key)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, where)


def target(name: str, row: Mapping[str, Any], folder: Path, *, polite: bool = False) -> Target:
    """Return the target that `row` describes; paths in it are relative to `folder`."""
    signing_key, cacert = row.get("signing-key"), row.get("cacert")
    baseline = row.get("baseline")
    access = access_from(
        **({"api_key_env": row["api-key-env"]} if "api-key-env" in row else {}),
        second_api_key_env=row.get("second-api-key-env"),
        signing_key=str(folder / signing_key) if signing_key else None,
        cacert=str(folder / cacert) if cacert else None,
        allow_http=row.get("allow-http", False),
        rate=row.get("rate"),
        any_host=row.get("i-may-test-this-host", False),
        polite=polite,
    )
    launching = Launching(
        cwd=str(folder / row.get("cwd", ".")),
        env=row.get("env", {}),
        ready_path=row.get("ready-path", Launching.ready_path),
        ready_timeout=row.get("ready-timeout"),
    )
    return Target(
        name=name,
        spec=row["url"] if "url" in row else f"exec:{row['command']}",
        access=access,
        launching=launching,
        clauses=split(row.get("clauses", ())),
        expected_not_tried=split(row["expected-not-tried"]) if "expected-not-tried" in row else None,
        baseline=str(folder / baseline) if baseline else None,
    )
