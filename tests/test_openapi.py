"""Holds openapi.yaml to OpenAPI, to its own examples, and to the table of routes."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from contract.harness.spec import ENDPOINTS, SHAPED, scopes_for
from contract.harness.spec.openapi import document, text

DOCUMENT = document()
HERE = "urn:openapi"
REGISTRY: Registry[Any] = Registry().with_resource(HERE, DRAFT202012.create_resource(DOCUMENT))
ROUTES = [
    ("POST", "/v1/tokens", "relayauth:token:create:*"),
    ("POST", "/v1/tokens/agent", "relayauth:token:create:*"),
    ("POST", "/v1/tokens/path", "relayauth:token:create:*"),
    ("POST", "/v1/tokens/workspace-path", "relayauth:api-key:manage:*"),
    ("POST", "/v1/tokens/workspace", "relayauth:api-key:manage:*"),
    ("POST", "/v1/tokens/refresh", ""),
    ("POST", "/v1/tokens/revoke", "relayauth:token:manage:*"),
    ("GET", "/v1/tokens/introspect", "relayauth:token:read:*"),
    ("POST", "/v1/tokens/relayhistory-assertion", "relayauth:assertion:create:relayhistory"),
    ("POST", "/v1/api-keys", "relayauth:api-key:manage:*"),
    ("POST", "/v1/api-keys/{id}/revoke", "relayauth:api-key:manage:*"),
    ("POST", "/v1/identities", "relayauth:identity:manage:*"),
    ("GET", "/v1/identities", "relayauth:identity:read:*"),
    ("GET", "/v1/identities/{id}", "relayauth:identity:read:*"),
    ("PATCH", "/v1/identities/{id}", "relayauth:identity:manage:*"),
    ("POST", "/v1/identities/{id}/suspend", "relayauth:identity:manage:*"),
    ("POST", "/v1/identities/{id}/reactivate", "relayauth:identity:manage:*"),
    ("POST", "/v1/identities/{id}/retire", "relayauth:identity:manage:*"),
    ("DELETE", "/v1/identities/{id}", "relayauth:identity:manage:*"),
    ("GET", "/.well-known/jwks.json", ""),
    ("GET", "/health", ""),
]


def at(pointer: str, node: Any = DOCUMENT) -> Any:
    """What a JSON pointer into mappings names; `KeyError` if there is nothing."""
    for step in pointer.lstrip("#").split("/")[1:]:
        node = node[step.replace("~1", "/").replace("~0", "~")]
    return node


def plain(node: Any) -> Any:
    """A node, or what it refers to."""
    return plain(at(node["$ref"])) if isinstance(node, dict) and "$ref" in node else node


def walk(node: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Every node of the document, each with its pointer."""
    yield pointer, node
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, each in inner:
        yield from walk(each, f"{pointer}/{str(step).replace('~', '~0').replace('/', '~1')}")


def validator(pointer: str) -> Draft202012Validator:
    """A validator of the schema at `pointer`, formats included."""
    return Draft202012Validator(
        {"$ref": f"{HERE}#{pointer}"}, registry=REGISTRY, format_checker=FormatChecker()
    )


def of_media(node: dict[str, Any]) -> dict[str, Any]:
    """The examples of a media type, a parameter or a header, by name."""
    named = {name: plain(each)["value"] for name, each in node.get("examples", {}).items()}
    return named | ({"example": node["example"]} if "example" in node else {})


def examples() -> Iterator[Any]:
    """Each example of the document as a row: the pointer of its schema, and its value."""
    for pointer, node in walk(DOCUMENT):
        if not isinstance(node, dict) or pointer.startswith("/components/examples"):
            continue
        if "schema" in node:
            for name, value in of_media(node).items():
                yield pytest.param(f"{pointer}/schema", value, id=f"{pointer}:{name}")
        elif isinstance(node.get("examples"), list):
            for number, value in enumerate(node["examples"]):
                yield pytest.param(pointer, value, id=f"{pointer}:{number}")


OPERATIONS: dict[str, dict[str, Any]] = {
    operation["operationId"]: operation for item in DOCUMENT["paths"].values() for operation in item.values()
}


def test_the_document_is_openapi_3_1() -> None:
    """The document keeps the specification that it names."""
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert list(map(str, OpenAPIV31SpecValidator(DOCUMENT).iter_errors())) == []


def test_no_key_stands_twice() -> None:
    """YAML readers keep the last of two equal keys in silence, and what the first one said is lost."""
    twice: list[str] = []

    class Strict(yaml.SafeLoader):
        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            keys = [key.value for key, _ in node.value]
            twice.extend(key for key in keys if keys.count(key) > 1)
            return super().construct_mapping(node, deep)

    assert yaml.load(text(), Strict) == DOCUMENT
    assert twice == []


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES, ids=[f"{row[0]} {row[1]}" for row in ROUTES])
def test_every_route_is_there_and_asks_for_its_scope(method: str, path: str, scope: str) -> None:
    """A route of the wire is an operation, and `scopes_for` finds its scope by a path as it is called."""
    assert method.lower() in DOCUMENT["paths"][path]
    assert scopes_for(method, path.replace("{id}", "key_example.1")) == tuple(scope.split())


def test_there_is_no_other_route() -> None:
    """What the wire does not have is not described, and each operation has an id of its own."""
    described = {(m.upper(), path) for path, item in DOCUMENT["paths"].items() for m in item}
    assert described == {(method, path) for method, path, _ in ROUTES}
    assert len(OPERATIONS) == len(ROUTES)


@pytest.mark.parametrize(
    "unknown",
    ["GET /v1/tokens", "GET /v1/identities/a/b", "GET /v1/identities/", "GET /xwell-known/jwks.json"],
)
def test_the_scopes_of_an_unknown_operation_are_not_made_up(unknown: str) -> None:
    """An operation that is not described is a `KeyError`, and not an operation without scopes."""
    with pytest.raises(KeyError, match=re.escape(unknown)):
        scopes_for(*unknown.split())


@pytest.mark.parametrize(("pointer", "value"), list(examples()))
def test_an_example_keeps_its_schema(pointer: str, value: Any) -> None:
    """What a reader copies from the document is right."""
    assert [error.message for error in validator(pointer).iter_errors(value)] == []


@pytest.mark.parametrize(
    "spoiled",
    [
        pytest.param({"tokenType": "bearer"}, id="another-type"),
        pytest.param({"sessionId": "sess_example"}, id="more-than-a-pair"),
        pytest.param({"refreshTokenExpiresAt": "2027-04-15T07:00:00Z"}, id="no-milliseconds"),
        pytest.param({"refreshTokenExpiresAt": "2027-13-15T07:00:00.000Z"}, id="no-such-month"),
        pytest.param({"accessTokenExpiresAt": 1800000000}, id="unix-seconds"),
    ],
)
def test_a_spoiled_pair_does_not_keep_its_schema(spoiled: dict[str, Any]) -> None:
    """The schemas can say no, so that keeping them says something."""
    pair = at("/components/examples/pair/value")
    judge = validator("/components/schemas/TokenPair")
    assert (judge.is_valid(pair), judge.is_valid(pair | spoiled)) == (True, False)


@pytest.mark.parametrize("schema", ["AgentTokenPair", "PathTokenPair", "WorkspacePathTokenPair"])
@pytest.mark.parametrize("field", at("/components/schemas/TokenPair/properties"))
def test_every_pair_needs_its_fields(schema: str, field: str) -> None:
    """A delegated pair has all that a pair has."""
    missing = [error.message for error in validator(f"/components/schemas/{schema}").iter_errors({})]
    assert f"'{field}' is a required property" in missing


# Shape by shape: a whole number, a fraction, nothing, and what is no number.
REQUESTED: list[Any] = [1, 7776000, 7776001, None, 0, -1, 1.5, True, "86400", [], {}]


@pytest.mark.parametrize("asked", REQUESTED, ids=repr)
@pytest.mark.parametrize("mint", [row for rows in SHAPED.values() for row in rows], ids=str)
def test_the_refresh_ttl_is_described_alike_on_every_mint(mint: Any, asked: object) -> None:
    """Anything may be requested: what is no usable number of seconds counts as nothing, or gets a 400."""
    own = {"identity": "agent_example", "workspace": "ws_example", "agent": "agent_another"}
    body = mint.request(own, {"refreshTokenTtlSeconds": asked})
    operation = DOCUMENT["paths"][mint.path]["post"]
    requested = operation["requestBody"]["content"]["application/json"]["schema"]
    assert validator(requested["$ref"].lstrip("#")).is_valid(body)
    assert "400" in operation["responses"]


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_an_operation_says_what_its_reader_needs(operation: dict[str, Any]) -> None:
    """It has a sentence, a known tag, a decision on credentials, and an answer for each way to go wrong."""
    assert operation["description"].strip()
    assert set(operation["tags"]) <= {tag["name"] for tag in DOCUMENT["tags"]}
    schemes = {name for row in operation["security"] for name in row}
    assert schemes <= set(DOCUMENT["components"]["securitySchemes"])
    expected = [*(("401", "403") if schemes else ()), *(("400", "413") if "requestBody" in operation else ())]
    assert set(expected) <= set(operation["responses"])


REFERENCES = sorted({node["$ref"] for _, node in walk(DOCUMENT) if isinstance(node, dict) and "$ref" in node})


@pytest.mark.parametrize("reference", REFERENCES)
def test_a_reference_leads_somewhere(reference: str) -> None:
    """What is referred to is there, in this document."""
    assert reference.startswith("#/components/")
    assert at(reference)


def test_every_component_is_used() -> None:
    """A component that nothing refers to describes nothing."""
    parts = {kind: names for kind, names in DOCUMENT["components"].items() if kind != "securitySchemes"}
    assert {f"#/components/{kind}/{name}" for kind in parts for name in parts[kind]} == set(REFERENCES)


@pytest.mark.parametrize(
    "secret",
    ["eyJ", r"\b(rak|relay_ws)_(?!example\b)\w{3,}", r"[A-Za-z0-9+=_-]{41,}", "-----BEGIN"],
    ids=["jwt", "key", "long-run", "pem"],
)
def test_nothing_looks_like_a_secret(secret: str) -> None:
    """Placeholders only: a scanner that stops at this file has found something."""
    assert re.findall(secret, text()) == []


@pytest.mark.parametrize("mint", ENDPOINTS.values(), ids=ENDPOINTS)
def test_every_mint_links_to_refresh_revoke_and_introspect(mint: Any) -> None:
    """Whoever mints finds in the document what can be done with the pair."""
    links = DOCUMENT["paths"][mint.path]["post"]["responses"]["201"]["links"].values()
    wanted = {"refreshTokens", "revokeTokens", "introspectToken"}
    assert wanted <= {plain(link)["operationId"] for link in links}
