"""Which requests change the service's state: every operation of openapi.yaml is sorted."""

import pytest

from contract.harness.client.operations import MINTS, changes_state, created_by
from contract.harness.spec import ENDPOINTS, openapi

OPERATIONS = sorted(
    (method.upper(), path)
    for path, item in openapi.document()["paths"].items()
    for method in item
    if method in ("get", "post", "patch", "delete", "put")
)


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=" ".join)
def test_only_reading_changes_nothing(method: str, path: str) -> None:
    """Health, keys, introspection and identities are read; all else may not be sent twice."""
    assert changes_state(method) == (method != "GET")


def test_every_mint_creates_a_session() -> None:
    """A new mint endpoint is followed from its row on."""
    assert set(MINTS) == {mint.path for mint in ENDPOINTS.values()}
    assert {created_by("POST", path) for path in MINTS} == {"session"}


def test_other_creations_are_known() -> None:
    """And a refresh or a revocation creates nothing that has to be removed."""
    created = {path: created_by(method, path) for method, path in OPERATIONS if created_by(method, path)}
    assert set(created.values()) == {"session", "identity", "API key", "workspace token"}
    assert created_by("GET", "/v1/identities") is None
