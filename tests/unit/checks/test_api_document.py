"""What is held against openapi.yaml, and how a difference is told."""

import json
from typing import Any

import httpx
import pytest

from contract.harness.checks.api_document import differences, once_each, operation_of, operations
from contract.harness.client import Request, Response

JSON = {"content-type": "application/json"}
PAIR = {
    "accessToken": "a.b.c",
    "refreshToken": "a.b.c",
    "accessTokenExpiresAt": "2027-01-15T08:00:00.000Z",
    "refreshTokenExpiresAt": "2027-01-15T08:00:00.000Z",
    "tokenType": "Bearer",
}
STORAGE = {
    "error": "storage_overloaded",
    "code": "storage_overloaded",
    "retryable": True,
    "operation": "mint",
    "requestId": "req_1",
}


def answered(
    status: int,
    body: Any,
    headers: dict[str, str] | None = None,
    name: str = "mintIdentityTokens",
    bearer: str | None = None,
) -> Response:
    """The response of an operation to a request for it."""
    operation = operations()[name]
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = Request(operation.method, operation.path.replace("{id}", "agent_1"), None, 0.0, bearer=bearer)
    return Response(request, status, httpx.Headers(JSON if headers is None else headers), content, 0.1)


def told(response: Response) -> list[str]:
    operation = operation_of(response)
    assert operation is not None
    return differences(response, operation)


CONFORMING = {
    "a pair": answered(201, PAIR),
    "a refusal": answered(400, {"error": "prose"}),
    "a refusal with more members": answered(401, {"error": "x", "code": "y", "more": 1}),
    "nothing": answered(204, b"", {}, "deleteIdentity"),
    "a charset": answered(400, {"error": "x"}, {"content-type": "application/json; charset=utf-8"}),
    "storage": answered(503, STORAGE, JSON | {"retry-after": "1", "cache-control": "no-store"}),
    "a gateway": answered(502, b"<html>", {"content-type": "text/html"}),
    "a rate limit of a gateway": answered(429, b"slow down", {"content-type": "text/plain"}),
    "a body too long for a gateway": answered(413, b"<html>", {"content-type": "text/html"}),
    "a bearer too long for an HTTP server": answered(400, b"", {}, "getIdentity", "x" * 5000),
    "the same, in JSON": answered(400, {"error": "bad_request"}, None, "getIdentity", "x" * 5000),
    "an operation of newer deployments": answered(404, b"404", {}, "retireIdentity"),
}
DIFFERENT = {
    "status": (answered(418, {"error": "x"}), "418"),
    "media type": (answered(201, PAIR, {"content-type": "text/html"}), "text/html"),
    "no media type": (answered(201, PAIR, {}), "application/json"),
    "header missing": (answered(429, {"error": "x"}), "Retry-After"),
    "header malformed": (answered(429, {"error": "x"}, JSON | {"retry-after": "soon"}), "soon"),
    "member missing": (answered(201, {**PAIR, "tokenType": None}), "tokenType"),
    "member too many": (answered(201, PAIR | {"sessionId": "s"}), "sessionId"),
    "no JSON": (answered(400, b"{"), "JSON"),
    "no object": (answered(400, ["x"]), "object"),
    "code of storage": (
        answered(503, STORAGE | {"code": "full"}, JSON | {"retry-after": "1", "cache-control": "no-store"}),
        "full",
    ),
    "no such identity in HTML": (
        answered(404, b"<html>", {"content-type": "text/html"}, "getIdentity"),
        "html",
    ),
    "a bearer of usual length": (answered(400, {"error": "x"}, None, "getIdentity", "x" * 900), "400"),
    "JSON without end": (answered(201, b"[" * 1_000_000), "201"),
}


@pytest.mark.parametrize("response", CONFORMING.values(), ids=CONFORMING)
def test_what_the_document_allows_is_no_difference(response: Response) -> None:
    assert told(response) == []


@pytest.mark.parametrize(("response", "named"), DIFFERENT.values(), ids=DIFFERENT)
def test_a_difference_is_named(response: Response, named: str) -> None:
    (difference, *_) = told(response)
    assert difference.startswith(f"{response.status}: ")
    assert named in difference
    assert len(difference) < 300


def test_a_difference_is_told_once_for_each_operation() -> None:
    """However many exchanges show it, and whatever values they hold."""
    bad = [answered(400, {"code": f"code_{number}"}) for number in range(5)]
    other = [answered(400, {"code": "x"}, name="refreshTokens")]
    assert [text.partition(":")[0] for text, _ in once_each([*bad, *other])] == [
        "POST /v1/tokens",
        "POST /v1/tokens/refresh",
    ]


def test_a_difference_shows_no_token() -> None:
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"
    assert "eyJ" not in " ".join(told(answered(201, PAIR | {"accessToken": [token]})))


def test_what_is_no_operation_is_left_alone() -> None:
    assert operation_of(Response(Request("GET", "/v1/tokens", None, 0.0), 405, {}, b"", 0.1)) is None
