"""The part of JSON Schema that `result.schema.json` uses, checked without a slow import.

A test holds this against the `jsonschema` package, and the schema against what is implemented here.
"""

import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[2] / "result.schema.json"
Schema = Mapping[str, Any]


@functools.cache
def published() -> Schema:
    """Return the published schema of a result."""
    schema: Schema = json.loads(FILE.read_text("utf-8"))
    return schema


def first_fault(value: Any, schema: Schema | None = None) -> str | None:
    """Return where `value` first departs from the schema and how, or None if it conforms."""
    root = schema or published()
    for place, fault in _faults(value, root, root, ""):
        return f"{place or 'the document'} {fault}"
    return None


Faults = Iterator[tuple[str, str]]


def _faults(value: Any, schema: Schema, root: Schema, place: str) -> Faults:
    for keyword, rule in schema.items():
        check = _CHECKS.get(keyword)
        if check:
            yield from check(value, rule, root, place)


def _ref(value: Any, rule: str, root: Schema, place: str) -> Faults:
    yield from _faults(value, root["$defs"][rule.removeprefix("#/$defs/")], root, place)


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: (
        (isinstance(value, int) and not isinstance(value, bool))
        or (isinstance(value, float) and value.is_integer())
    ),
}


def _type(value: Any, rule: str | list[str], root: Schema, place: str) -> Faults:  # noqa: ARG001
    names = [rule] if isinstance(rule, str) else rule
    if not any(_TYPES[name](value) for name in names):
        yield place, f"is {_told(value)}, and should be: {' or '.join(names)}"


def _const(value: Any, rule: Any, root: Schema, place: str) -> Faults:  # noqa: ARG001
    if value != rule or type(value) is not type(rule):
        yield place, f"is {_told(value)}, and should be {_told(rule)}"


def _enum(value: Any, rule: list[str], root: Schema, place: str) -> Faults:  # noqa: ARG001
    if value not in rule:
        yield place, f"is {_told(value)}, and should be one of {', '.join(rule)}"


def _pattern(value: Any, rule: str, root: Schema, place: str) -> Faults:  # noqa: ARG001
    # JSON Schema's patterns are ECMA's: `$` does not match before a line feed, and `\d` is ASCII alone.
    if isinstance(value, str) and not re.search(rule.replace("$", r"\Z"), value, re.ASCII):
        yield place, f"is {_told(value)}, which has another form"


def _minimum(value: Any, rule: float, root: Schema, place: str) -> Faults:  # noqa: ARG001
    if _TYPES["number"](value) and not value >= rule:
        yield place, f"is {_told(value)}, and should be at least {rule}"


def _maximum(value: Any, rule: float, root: Schema, place: str) -> Faults:  # noqa: ARG001
    if _TYPES["number"](value) and not value <= rule:
        yield place, f"is {_told(value)}, and should be at most {rule}"


def _max_items(value: Any, rule: int, root: Schema, place: str) -> Faults:  # noqa: ARG001
    if isinstance(value, list) and len(value) > rule:
        yield place, f"has {len(value)} entries, and may have {rule}"


def _items(value: Any, rule: Schema, root: Schema, place: str) -> Faults:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _faults(item, rule, root, f"{place}[{index}]")


def _required(value: Any, rule: list[str], root: Schema, place: str) -> Faults:  # noqa: ARG001
    if isinstance(value, dict):
        for name in rule:
            if name not in value:
                yield place, f"has no member {name!r}"


def _properties(value: Any, rule: Mapping[str, Schema], root: Schema, place: str) -> Faults:
    if isinstance(value, dict):
        for name, schema in rule.items():
            if name in value:
                yield from _faults(value[name], schema, root, f"{place}.{name}" if place else name)


def _additional(value: Any, rule: Schema, root: Schema, place: str) -> Faults:
    # Only used where the schema names no properties beside it.
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _faults(item, rule, root, f"{place}[{_told(name)}]")


def _any_of(value: Any, rule: list[Schema], root: Schema, place: str) -> Faults:
    found = [next(_faults(value, schema, root, place), None) for schema in rule]
    if all(found) and found[0]:
        yield found[0]


_CHECKS: Mapping[str, Callable[[Any, Any, Schema, str], Faults]] = {
    "$ref": _ref,
    "type": _type,
    "const": _const,
    "enum": _enum,
    "pattern": _pattern,
    "minimum": _minimum,
    "maximum": _maximum,
    "maxItems": _max_items,
    "items": _items,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "anyOf": _any_of,
}


def _told(value: Any) -> str:
    """Return `value` short enough for a sentence."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    told = ascii(value) if isinstance(value, str) else json.dumps(value)
    return told if len(told) <= 60 else f"{told[:57]}..."
