"""Holds the answers in openapi.yaml to one form: described, their headers named, an example for each code."""

from typing import Any

import pytest

from tests.test_openapi import OPERATIONS, of_media, plain

ANSWERS = [
    pytest.param(status, plain(answer), id=f"{name}-{status}")
    for name, operation in OPERATIONS.items()
    for status, answer in operation["responses"].items()
]


@pytest.mark.parametrize(("status", "answer"), ANSWERS)
def test_an_answer_is_described_and_an_error_shares_the_schema(status: str, answer: dict[str, Any]) -> None:
    """Every refusal is the one error body, or that of storage, with an example for each code, named by it."""
    assert answer["description"].strip()
    if status >= "4":
        media = answer["content"]["application/json"]
        schema = "StorageError" if status == "503" else "Error"
        assert media["schema"] == {"$ref": f"#/components/schemas/{schema}"}
        assert media["examples"]
        assert [name for name, value in of_media(media).items() if value["code"] != name] == []


@pytest.mark.parametrize(
    "row",
    [*(f"{name} 201 Cache-Control" for name in ("createApiKey", "createWorkspaceToken")),
     *(f"{name} 201 Cache-Control" for name in OPERATIONS if name.startswith("mint")),
     *(f"{name} 200 Cache-Control" for name in ("refreshTokens", "introspectToken", "getJwks")),
     "createRelayhistoryAssertion 201 Cache-Control",
     *(f"{name} {header}" for name in OPERATIONS if name not in ("getJwks", "getHealth")
       for header in ("429 Retry-After", "503 Retry-After", "503 Cache-Control"))],
)  # fmt: skip
def test_an_answer_names_its_headers(row: str) -> None:
    """How long to wait, and what may be kept, is said where it matters."""
    name, status, header = row.split()
    assert header in plain(OPERATIONS[name]["responses"][status])["headers"]
