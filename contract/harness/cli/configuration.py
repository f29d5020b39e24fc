"""The configuration file: options of `check`, profiles and named targets, in `relayauth-contract.toml`."""

import functools
import json
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contract.harness import toml_file
from contract.harness.errors import UsageError
from contract.harness.toml_file import Key, TomlFile

if TYPE_CHECKING:
    from contract.harness.targets import Target

NAME = "relayauth-contract.toml"
SCHEMA = Path(__file__).parents[2] / "configuration.schema.json"
BUILT_IN_PROFILES = ("core", "full")
_CREDENTIAL = re.compile(r"\b(rak|relay_ws)_\w|eyJ\w|PRIVATE KEY")
_TYPES: Mapping[str, tuple[type | tuple[type, ...], str]] = {
    "string": (str, "a string"),
    "boolean": (bool, "true or false"),
    "integer": (int, "a whole number"),
    "number": ((int, float), "a number"),
    "array": (list, "a list"),
    "object": (dict, "a table"),
}
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Configuration:
    """What a file says: options of `check` for every run, for named profiles, and targets by name."""

    file: Path
    check: Row
    profiles: Mapping[str, Row]
    targets: Mapping[str, Row]

    @property
    def folder(self) -> Path:
        """The folder to which paths in the file are relative."""
        return self.file.parent


def find_here() -> Path | None:
    """Return the configuration file for the working directory; one that was removed has none."""
    try:
        here = Path.cwd()
    except FileNotFoundError:
        return None
    return find(here)


def find(start: Path) -> Path | None:
    """Return the configuration file for `start`: its own, or that of the nearest folder above.

    `UsageError` where it can't be known whether there is one: its options might change the verdict.
    """
    for folder in (start, *start.parents):
        project = folder / "pyproject.toml"
        try:
            if _is_file(folder / NAME):
                return folder / NAME
            if _is_file(project) and "[tool.relayauth-contract" in project.read_text("utf-8", "replace"):
                return project
        except OSError as error:
            raise UsageError(
                f"{folder}: can't be searched for {NAME} and pyproject.toml ({error.strerror}): run the "
                "command from another folder, or name the file with --config FILE"
            ) from None
    return None


def _is_file(path: Path) -> bool:
    """Whether there is a file; an error other than its absence is raised (by Python 3.14 no longer)."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def load(file: Path) -> Configuration:
    """Read a file; `UsageError` says what is wrong in it, on which line, and what to do."""
    document = toml_file.read(file)
    if file.name == "pyproject.toml":
        document = toml_file.TomlFile(
            file, document.text, document.data, document.lines, ("tool", "relayauth-contract")
        )
    table = document.table
    _refuse_credentials(document)
    for key in table:
        if key not in ("check", "profiles", "targets"):
            raise UsageError(
                f"{document.at(key)}: unknown key {key!r}: describe each target in a table [targets.NAME], "
                "and write options of `check` into [check] or [profiles.NAME]"
            )
        if not isinstance(table[key], dict):
            raise UsageError(f"{document.at(key)}: {key} must be a table")
    check, profiles, targets = (table.get(key, {}) for key in ("check", "profiles", "targets"))
    if "check" in table:
        _check(document, ("check",), check, "check")
    for name, row in profiles.items():
        if name in BUILT_IN_PROFILES:
            raise UsageError(
                f"{document.at('profiles', name)}: {name} is a profile of the contract: choose another name, "
                f'and write profile = "{name}" in it'
            )
        _check(document, ("profiles", name), row, "check")
    for name, row in targets.items():
        _check(document, ("targets", name), row, "target")
        if ("url" in row) == ("command" in row):
            where = f"{document.at('targets', name)}: [targets.{name}]"
            raise UsageError(f"{where}: set either url or command, not both or neither")
    return Configuration(file, check, profiles, targets)


def read(file: Path) -> Mapping[str, Row]:
    """Return the table of each target of a file by name."""
    return load(file).targets


@functools.cache
def _published() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(SCHEMA.read_text("utf-8"))["$defs"]
    return found


def _refuse_credentials(document: TomlFile) -> None:
    for path, value in _texts(document.table, ()):
        if _CREDENTIAL.search(value):
            raise UsageError(
                f"{document.at(*path)}: {'.'.join(map(str, path))} holds a credential: put it into an "
                "environment variable, and write the variable's name here, as api-key-env"
            )


def _check(document: TomlFile, path: tuple[Key, ...], row: Any, kind: str) -> None:
    """Hold one table against the published schema."""
    known: Mapping[str, Any] = _published()[kind]["properties"]
    name = f"[{'.'.join(map(str, path))}]"
    if not isinstance(row, dict):
        raise UsageError(f"{document.at(*path)}: {name} must be a table")
    for key, value in row.items():
        where = f"{document.at(*path, key)}: {name}"
        if key not in known:
            raise UsageError(f"{where}: unknown key {key!r}: use one of {', '.join(known)}")
        fault = _fault(value, known[key])
        if fault:
            raise UsageError(f"{where}: {key} {fault}")


def _fault(value: Any, rule: Mapping[str, Any]) -> str:
    """Return what is wrong with a value, empty if nothing is."""
    if "enum" in rule:
        return "" if value in rule["enum"] else f"must be one of {', '.join(rule['enum'])}"
    expected, words = _TYPES[rule["type"]]
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
        return f"must be {words}"
    unit = " seconds" if rule["type"] == "number" else ""
    if "exclusiveMinimum" in rule and not value > rule["exclusiveMinimum"]:
        return f"must be more than {rule['exclusiveMinimum']:g}{unit}"
    if "minimum" in rule and value < rule["minimum"]:
        return f"must be at least {rule['minimum']}"
    if "maximum" in rule and value > rule["maximum"]:
        return f"must be at most {rule['maximum']}"
    entries = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    inner = rule.get("items") or rule.get("additionalProperties")
    for entry in entries:
        if isinstance(inner, dict) and _fault(entry, inner):
            return f"has an entry that {_fault(entry, inner)}"
    return ""


def split(globs: Iterable[str]) -> tuple[str, ...]:
    """Return the globs in `globs`, each of which may be a list with commas."""
    return tuple(part.strip() for each in globs for part in each.split(",") if part.strip())


def _texts(value: Any, path: tuple[Key, ...]) -> Iterator[tuple[tuple[Key, ...], str]]:
    """Yield every string of a document, with the path of its keys."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*path, key))
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, path)


def target(name: str, row: Row, folder: Path, *, polite: bool = False) -> "Target":
    """Return the target that `row` describes; paths in it are relative to `folder`."""
    from contract.harness.targets import Launching, Target, access_from

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
