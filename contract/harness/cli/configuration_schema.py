"""The JSON Schema of the configuration file, made from the options of `check` themselves.

`contract/configuration.schema.json` is what is published; `make generated` writes it.
"""

import json
from collections.abc import Mapping
from typing import Any

import click

from contract.harness.cli.options import ACCESS, LAUNCHING, PATHS, Seed, key_of

# An update of a baseline is asked for each time, and the file can't name itself.
NOT_IN_FILE = ("config", "update_baseline", "more_targets", "help")
_DESCRIPTIONS = {
    "targets": "The targets to test where the command names none: names of [targets.NAME], or such as https://HOST.",
    "profile": "core: how long a session lives. full: hardening as well.",
}
_TARGET: Mapping[str, Any] = {
    "url": {"type": "string", "description": "The address of a deployment."},
    "command": {
        "type": "string",
        "description": "The command that starts a server; {port} stands for a free port.",
    },
}
_TARGET_MORE: Mapping[str, Any] = {
    "baseline": {"type": "string", "description": "The file with failures that are accepted."},
    "clauses": {"type": "array", "items": {"type": "string"}, "description": "Try only these clauses."},
    "expected-not-tried": {
        "type": "array",
        "items": {"type": "string"},
        "description": "Give no verdict if any other must could not be tried.",
    },
}  # fmt: skip


def schema(check: click.Command) -> dict[str, Any]:
    """Return the schema; `check` is the command whose options the file may hold."""
    options = {
        key_of(str(each.name)): _property(each)
        for each in check.params
        if each.name not in NOT_IN_FILE
    }  # fmt: skip
    opened = {key_of(each.name): options[key_of(each.name)] for each in (*ACCESS, *LAUNCHING)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The configuration of relayauth-contract",
        "description": "relayauth-contract.toml, or [tool.relayauth-contract] in pyproject.toml.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "check": {"$ref": "#/$defs/check", "description": "Options of every run of `check`."},
            "profiles": {
                "type": "object",
                "description": "Options of the runs that `check --profile NAME` asks for.",
                "additionalProperties": {"$ref": "#/$defs/check"},
            },
            "targets": {
                "type": "object",
                "description": "Targets by name.",
                "additionalProperties": {"$ref": "#/$defs/target"},
            },
        },
        "$defs": {
            "check": {"type": "object", "additionalProperties": False, "properties": options},
            "target": {
                "type": "object",
                "additionalProperties": False,
                "oneOf": [{"required": ["url"]}, {"required": ["command"]}],
                "properties": {**_TARGET, **opened, **_TARGET_MORE},
            },
        },
    }


def render(check: click.Command) -> str:
    """Return the schema as the text of its file."""
    return json.dumps(schema(check), indent=2, ensure_ascii=False) + "\n"


def _property(parameter: click.Parameter) -> dict[str, Any]:
    name = str(parameter.name)
    value = _value(parameter.type) if name != "profile" else {"enum": ["core", "full"]}
    if name == "env":
        value = {"type": "object", "additionalProperties": {"type": "string"}}
    elif getattr(parameter, "multiple", False) or parameter.nargs == -1:
        value = {"type": "array", "items": value}
    elif getattr(parameter, "is_flag", False):
        value = {"type": "boolean"}
    told = _DESCRIPTIONS.get(name) or " ".join((getattr(parameter, "help", "") or "").split())
    relative = " Relative to the configuration file." if name in PATHS else ""
    return {**value, "description": told.replace(" Repeatable.", "") + relative}


def _value(kind: "click.ParamType[Any]") -> dict[str, Any]:
    if isinstance(kind, Seed):
        return {"type": "integer", "minimum": 0}  # a file that says `random` would be none to repeat
    if isinstance(kind, click.Choice):
        return {"enum": list(kind.choices)}
    if isinstance(kind, click.IntRange | click.FloatRange):
        bounds: dict[str, Any] = {}
        if kind.min is not None:
            bounds["exclusiveMinimum" if kind.min_open else "minimum"] = kind.min
        if kind.max is not None:
            bounds["maximum"] = kind.max
        return {"type": "number" if isinstance(kind, click.FloatRange) else "integer", **bounds}
    return {"type": "string"}
