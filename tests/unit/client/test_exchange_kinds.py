"""The kinds of exchange that a run keeps: what counts as one kind, and what bounds them."""

import json
from typing import Any

import httpx
import pytest

from contract.harness.client import ExchangeKinds, Request, Response, operation_path
from contract.harness.client import exchange_kinds as module


def response(body: Any, status: int = 200, path: str = "/v1/identities/agent_1", **headers: str) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(Request("GET", path, None, 0.0), status, httpx.Headers(headers), content, 0.1)


ALIKE = {
    "other ids and times": ({"id": "agent_1f", "at": "2027-01-15T08:00:00.000Z"},
                            {"id": "agent_9c", "at": "2031-12-31T23:59:59.999Z"}),
    "other tokens": ({"accessToken": "eyJhb.eyJzd.c2ln"}, {"accessToken": "eyJhc.eyJmd.d3lu"}),
    "longer lists": ([{"a": 1}], [{"a": 2}, {"a": 3}]),
}  # fmt: skip
OTHER = {
    "a text of another form": ({"at": "2027-01-15T08:00:00.000Z"}, {"at": "2027-01-15T08:00:00Z"}),
    "another word": ({"tokenType": "Bearer"}, {"tokenType": "bearer"}),
    "another type": ({"exp": 1}, {"exp": 1.0}),
    "a negative number": ({"exp": 1}, {"exp": -1}),
    "another member": ({"a": 1}, {"b": 1}),
    "no JSON": ({"a": 1}, b"{"),
    "nothing": ({"a": 1}, b""),
}


@pytest.mark.parametrize(("one", "two"), ALIKE.values(), ids=ALIKE)
def test_exchanges_that_differ_in_values_alone_are_one_kind(one: Any, two: Any) -> None:
    kinds = ExchangeKinds()
    for body in (one, two):
        kinds.add(response(body))
    assert (kinds.exchanges, len(kinds)) == (2, 1)


@pytest.mark.parametrize(("one", "two"), OTHER.values(), ids=OTHER)
def test_exchanges_of_another_structure_are_of_another_kind(one: Any, two: Any) -> None:
    kinds = ExchangeKinds()
    for body in (one, two):
        kinds.add(response(body))
    assert len(kinds) == 2


@pytest.mark.parametrize(
    "other",
    [{"status": 201}, {"path": "/v1/identities"}, {"content_type": "text/html"}, {"retry_after": "1"}],
    ids=str,
)
def test_status_operation_and_headers_make_a_kind(other: dict[str, Any]) -> None:
    kinds = ExchangeKinds()
    kinds.add(response({"error": "a"}))
    kinds.add(response({"error": "a"}, **{name.replace("_", "-"): value for name, value in other.items()}))
    assert len(kinds) == 2


def test_memory_is_bounded_in_number_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_KINDS", 3)
    monkeypatch.setattr(module, "LONGEST", 100)
    kinds = ExchangeKinds()
    for number in range(10):
        kinds.add(response({f"member {'x' * number}": "y" * 40}))
    kinds.add(response(b"[" * 1000))
    assert (kinds.exchanges, len(kinds)) == (11, 3)
    again = ExchangeKinds()
    again.add(response(b"[" * 1000))
    assert [len(each.content) for each in again] == [100]


def test_deep_nesting_is_one_kind() -> None:
    kinds = ExchangeKinds()
    kinds.add(response(b"[" * 100_000))
    kinds.add(response(b"[" * 900 + b"]" * 900))
    assert len(kinds) == 2


def test_an_id_in_a_path_is_left_out() -> None:
    paths = ["/v1/identities/agent_1", "/v1/identities/a/suspend", "/v1/api-keys/k/revoke", "/v1/tokens/path"]
    assert [operation_path(each) for each in paths] == [
        "/v1/identities/{id}",
        "/v1/identities/{id}/suspend",
        "/v1/api-keys/{id}/revoke",
        "/v1/tokens/path",
    ]


def test_a_refusal_of_a_long_bearer_hides_no_refusal_of_a_short_one() -> None:
    """The first may come from an HTTP server that refuses long headers, so another rule holds for it."""
    kinds = ExchangeKinds()
    for bearer in ("x" * 5000, "x" * 500):
        request = Request("GET", "/v1/identities/agent_1", None, 0.0, bearer=bearer)
        kinds.add(Response(request, 400, httpx.Headers(), b"", 0.1))
    assert [len(str(each.request.bearer)) for each in kinds] == [5000, 500]
