"""TOML files that a user writes: read, with the line on which each key stands."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.harness.errors import UsageError

Key = str | int
"""A part of a path in a document: a key of a table, or a place in an array of tables."""


@dataclass(frozen=True)
class TomlFile:
    """A TOML document, and the line (from 1) of each key that has a line of its own.

    `root` is the path of the table that counts, such as `("tool", "relayauth-contract")`.
    """

    file: Path
    text: str
    data: Mapping[str, Any]
    lines: Mapping[tuple[Key, ...], int]
    root: tuple[Key, ...] = ()

    @property
    def table(self) -> Mapping[str, Any]:
        """The table at `root`; empty if there is none."""
        found: Any = self.data
        for key in self.root:
            found = found.get(key, {}) if isinstance(found, Mapping) else {}
        return found if isinstance(found, Mapping) else {}

    def line(self, *path: Key) -> int:
        """Return the line of the key at `path` below `root`, or of the nearest table around it."""
        whole = (*self.root, *path)
        while whole and whole not in self.lines:
            whole = whole[:-1]
        return self.lines.get(whole, 1)

    def at(self, *path: Key) -> str:
        """Return the file and the line of `path`, as editors and terminals read them: `FILE:LINE`."""
        return f"{self.file}:{self.line(*path)}"


def read(file: Path) -> TomlFile:
    """Read a file; `UsageError` says what is wrong with it, and where."""
    try:
        text = file.read_text("utf-8")
    except OSError as error:
        raise UsageError(f"{file}: can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: is not valid TOML: {error}") from None
    return parse(file, text)


def parse(file: Path, text: str) -> TomlFile:
    """Read a document that is to stand in `file`."""
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.search(r"at line (\d+)", str(error))
        where = f"{file}:{found[1]}" if found else f"{file}"
        raise UsageError(f"{where}: is not valid TOML: {error}") from None
    return TomlFile(file, text, data, _lines(text))


def _lines(text: str) -> dict[tuple[Key, ...], int]:
    """Return the line of each key of a valid document; what is inside a value has none."""
    found: dict[tuple[Key, ...], int] = {}
    numbers: dict[tuple[Key, ...], int] = {}  # how many tables an array of tables has so far
    table: tuple[Key, ...] = ()
    rows = text.replace("\r\n", "\n").split("\n")
    at = 0
    while at < len(rows):
        row, first = rows[at].strip(), at + 1
        at += 1
        if not row or row.startswith("#"):
            continue
        if row.startswith("["):
            path, is_array = _header(row)
            table = _within(path[:-1], numbers) + path[-1:]
            if is_array:
                numbers[table] = numbers.get(table, 0) + 1
            elif table in numbers:
                table += (numbers[table] - 1,)
            found.setdefault(table, first)
            if is_array:
                table += (numbers[table] - 1,)
                found[table] = first
            continue
        key = _key(row)
        for length in range(1, len(key) + 1):
            found.setdefault(table + key[:length], first)
        # A value may go on for several lines.
        value = row
        while not _is_whole(value) and at < len(rows):
            value += "\n" + rows[at]
            at += 1
    return found


def _header(row: str) -> tuple[tuple[Key, ...], bool]:
    path: tuple[Key, ...] = ()
    level: Any = tomllib.loads(row)
    while isinstance(level, dict) and level:
        ((key, level),) = level.items()
        path += (key,)
    return path, isinstance(level, list)


def _within(path: tuple[Key, ...], numbers: Mapping[tuple[Key, ...], int]) -> tuple[Key, ...]:
    """Return `path` with the place of the last table in each array of tables on the way."""
    whole: tuple[Key, ...] = ()
    for key in path:
        whole += (key,)
        if whole in numbers:
            whole += (numbers[whole] - 1,)
    return whole


def _key(row: str) -> tuple[Key, ...]:
    """Return the path that the key of a line names: an equals sign may stand in a quoted key too."""
    for place, sign in enumerate(row):
        if sign == "=":
            try:
                return _header(f"{row[:place]}= {{}}")[0]
            except tomllib.TOMLDecodeError:
                continue
    return ()


def _is_whole(statement: str) -> bool:
    try:
        tomllib.loads(statement)
    except tomllib.TOMLDecodeError:
        return False
    return True
