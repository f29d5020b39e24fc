"""The published schema of a result, and the small checker that stands in for `jsonschema` at run time."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from contract.harness.reports import schema
from tests.unit.reports import samples

VALIDATOR = Draft202012Validator(schema.published())
IMPLEMENTED = {*schema._CHECKS, "$schema", "$defs", "title", "description"}


def small() -> dict[str, Any]:
    """A result in which every member of the schema occurs, small enough to be changed at random."""
    found = samples.full()
    rows = found["targets"][0]["results"]
    kept = [row for row in rows if row["outcome"] != "pass" or "timeline" in row["cases"][0]]
    found["targets"][0]["results"] = [row for row in kept if not row["clause"].startswith("JWKS")]
    return found | {"proof": samples.proof(4)["proof"]}


SMALL = small()


@pytest.mark.parametrize("make", [samples.full, samples.three, samples.proof, samples.result, small])
def test_the_samples_conform(make: Any) -> None:
    """What every other test stands on is a result of schema 2, by both checkers."""
    document = make()
    VALIDATOR.validate(document)
    assert schema.first_fault(document) is None


def test_the_schema_is_one() -> None:
    """It is valid JSON Schema 2020-12."""
    Draft202012Validator.check_schema(schema.published())


def test_every_keyword_of_the_schema_is_checked() -> None:
    """A keyword that the checker does not know would be passed over in silence."""

    def keywords(node: Any) -> set[str]:
        if not isinstance(node, dict):
            return set()
        found = set(node)
        for name in ("properties", "$defs"):
            found |= {word for inner in node.get(name, {}).values() for word in keywords(inner)}
        for name in ("items", "additionalProperties"):
            found |= keywords(node.get(name))
        return found | {word for inner in node.get("anyOf", []) for word in keywords(inner)}

    assert keywords(schema.published()) - IMPLEMENTED == set()


def spots(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document, as the way to it."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(spot for name, value in inner for spot in spots(value, (*path, name)))][bool(not path) :]


SPOTS = spots(SMALL)
NUMBERS = st.one_of(st.integers(), st.integers(-3, 3).map(float), st.floats(-9, 2e9))
DATE = "2026-01-01T00:00:00Z"
TEXTS = ["pass", "holds", "TTL-01", "TTL-1", "path", DATE, f"{DATE}Z", f"x{DATE}"]
ODD = [{}, [], [1], {"a": 1}, 2, True, 2.0]
VALUES = st.one_of(
    st.none(), st.booleans(), NUMBERS, st.text(max_size=5), st.sampled_from(TEXTS), st.sampled_from(ODD)
)


@given(spot=st.sampled_from(SPOTS), value=VALUES, delete=st.booleans())
@settings(deadline=None, max_examples=150)
def test_the_checker_agrees_with_jsonschema(spot: tuple[Any, ...], value: Any, delete: bool) -> None:
    """Of a conforming result in which one place is changed, both say the same."""
    document = copy.deepcopy(SMALL)
    node: Any = document
    for name in spot[:-1]:
        node = node[name]
    if delete:
        del node[spot[-1]]
    else:
        node[spot[-1]] = value
    fault = schema.first_fault(document)
    assert (fault is None) == VALIDATOR.is_valid(document), fault
    assert fault is None or (fault.isprintable() and len(fault) < 300)


@pytest.mark.parametrize("started", [f"{DATE}\n", DATE.replace("2", "\u0662")])
def test_a_pattern_is_read_as_ecma_has_it(started: str) -> None:
    """As JSON Schema says, and stricter than Python: `$` stands before no line feed, and digits are ASCII."""
    assert schema.first_fault(samples.result(started=started)) is not None


def test_a_fault_names_its_place() -> None:
    """The sentence leads to the member."""
    document = copy.deepcopy(SMALL)
    document["targets"][0]["results"][1]["outcome"] = "weird"
    assert schema.first_fault(document) == (
        "targets[0].results[1].outcome is 'weird', and should be one of "
        "pass, fail, known, blocked, not_tried, error"
    )


def test_the_documentation_names_every_member() -> None:
    """docs/result.md describes what the schema has, and a member that it forgets is found here."""
    text = (schema.FILE.parents[1] / "docs" / "result.md").read_text("utf-8")

    def members(node: Any) -> set[str]:
        if not isinstance(node, dict):
            return set()
        found = set(node.get("properties", {}))
        for inner in (
            *node.get("properties", {}).values(),
            *node.get("$defs", {}).values(),
            node.get("items"),
        ):
            found |= members(inner)
        return found

    assert {name for name in members(schema.published()) if f"`{name}`" not in text} == set()


def test_the_schema_is_json_that_is_shipped_beside_the_catalogue() -> None:
    """The wheel takes all files of the package, so it is published where `clauses.toml` is."""
    assert json.loads(schema.FILE.read_text("utf-8"))["$schema"].endswith("2020-12/schema")
    assert (schema.FILE.parent / "clauses.toml").is_file()
