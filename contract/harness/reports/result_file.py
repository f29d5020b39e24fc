"""A result file, read within bounds: the one way in for `report`, `compare` and `gate`."""

import json
import math
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from contract.harness.errors import UsageError
from contract.harness.reports.schema import first_fault

Result = Mapping[str, Any]
"""A result of schema 2, as `contract/result.schema.json` describes it."""

MOST_BYTES = 32 * 1024 * 1024
"""A full run in which everything fails stays below a tenth of it."""
MOST_LEVELS = 100
"""How deep a result may be nested: its own form needs 10 levels, a service's body may need some more."""
_AGAIN = "write it with `relayauth-contract check --json FILE`"
_SURROGATE = re.compile("[\ud800-\udfff]")


def load(file: Path) -> Result:
    """Read a result file of schema 2, or of schema 1 and upgrade it.

    Raises `UsageError`, one sentence that names the file and what to do, for whatever is no such file.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except FileNotFoundError:
        _refuse(file, "there is no such file", _AGAIN)
    except OSError as error:
        _refuse(
            file,
            f"can't be read ({error.strerror or 'unknown reason'})",
            "check the path and its permissions",
        )
    if len(content) > MOST_BYTES:
        _refuse(file, f"is larger than {MOST_BYTES // 1024 // 1024} MB", f"give a result file; {_AGAIN}")
    return parse(content, file)


def parse(content: bytes, file: Path) -> Result:
    """Return the result that `content` holds; `file` is what an error names."""
    if not content.strip():
        _refuse(file, "is empty", _AGAIN)
    try:
        document = json.loads(content.decode("utf-8-sig"), parse_constant=_no_constant, parse_float=_finite)
    except UnicodeDecodeError:
        _refuse(file, "is not UTF-8 text", _AGAIN)
    except json.JSONDecodeError as error:
        end = error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated")
        what = "ends in the middle" if end else f"is no JSON (line {error.lineno}, column {error.colno})"
        _refuse(file, what, f"if it was cut off, {_AGAIN} again")
    except ValueError as error:
        _refuse(file, f"holds a number that no result holds ({error})", _AGAIN)
    except RecursionError:
        _refuse(file, "is nested too deeply", _AGAIN)
    if _levels(document) > MOST_LEVELS:
        _refuse(file, "is nested too deeply", _AGAIN)
    if rb"\u" in content:
        document = _without_surrogates(document)
    return _of_known_schema(document, file)


def _of_known_schema(document: Any, file: Path) -> Result:
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema == 1 and type(schema) is int and "targets" in document:
        document = _upgraded(document, file)
    elif schema == 1 and type(schema) is int and "mutants" in document:
        _refuse(
            file, "is a proof of schema 1, which lacks what a report shows", "run `mutants --json FILE` again"
        )
    elif schema != 2 or type(schema) is not int:
        newer = type(schema) is int and schema > 2
        what = f"has schema {schema}, which is newer than this version reads" if newer else "is no result"
        _refuse(file, what, "update relayauth-contract" if newer else _AGAIN)
    fault = first_fault(document)
    if fault:
        _refuse(file, f"does not keep its schema: {fault}", _AGAIN)
    try:
        datetime.fromisoformat(document["started"])
    except ValueError:
        _refuse(file, f"was started at no date: {document['started']}", _AGAIN)
    result: Result = document
    return result


def _refuse(file: Path, what: str, advice: str) -> NoReturn:
    raise UsageError(f"result {file}: {what}: {advice}") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text if len(text) < 20 else f"{text[:17]}...")
    return number


def _levels(document: Any) -> int:
    """Return how deeply `document` is nested, at most one more than is allowed."""
    level, layer = 0, [document]
    while layer and level <= MOST_LEVELS:
        level += 1
        nodes = [node for node in layer if isinstance(node, dict | list)]
        layer = [item for node in nodes for item in (node.values() if isinstance(node, dict) else node)]
    return level


def _without_surrogates(value: Any) -> Any:
    """Return `value` with each half of a surrogate pair replaced: it can't be written as UTF-8."""
    if isinstance(value, str):
        return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(name): _without_surrogates(item) for name, item in value.items()}
    return value


_SAID = {"holds": "Conforms", "broken": "Does not conform", "open": "No verdict"}


def _upgraded(old: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """Return a result of schema 1 as one of schema 2; what schema 1 does not tell is empty or null."""
    try:
        targets = [_target(target) for target in old["targets"]]
        said = {target["verdict"] for target in targets}
        verdict = "broken" if "broken" in said else "holds" if said == {"holds"} else "open"
        return {
            "seed": None,
            "selection": {},
            "profile": None,
            "interrupted": False,
            "commit": None,
            **old,
            "schema": 2,
            "verdict": verdict,
            "targets": targets,
        }
    except (TypeError, KeyError, AttributeError):
        _refuse(file, "does not keep schema 1", _AGAIN)


def _target(old: Mapping[str, Any]) -> dict[str, Any]:
    results = [{"title": "", "text": "", "source": "", "cases": [], **result} for result in old["results"]]
    passed = sum(result["outcome"] == "pass" for result in results)
    sentence = f"{_SAID[old['verdict']]}: {old['name']}, {passed} of {len(results)} checks passed."
    return {"fingerprint": None, **old, "sentence": sentence, "results": results}
