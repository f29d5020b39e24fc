"""What a gateway answers in place of the service is no result, and what the service answers is one."""

import httpx
import pytest

from contract.harness.errors import CouldNotTry
from contract.harness.targets.connections import Kind
from tests.unit.client.scripted import Script, served

PAGE = b"<!DOCTYPE html><html><body>Request blocked.</body></html>"
HTML = {"content-type": "text/html; charset=utf-8"}
JSON = {"content-type": "application/json"}
GATEWAYS = {
    "firewall": httpx.Response(403, headers=HTML, content=PAGE),
    "firewall, a fragment": httpx.Response(403, headers=HTML, content=b"<h1>Forbidden</h1>"),
    "firewall, no type": httpx.Response(406, content=PAGE),
    "login page": httpx.Response(302, headers={"location": "https://login.example/"}),
    "login wall": httpx.Response(401, headers=HTML, content=PAGE),
    "captive portal": httpx.Response(200, headers=HTML, content=PAGE),
    "captive portal, RFC 6585": httpx.Response(511, headers=HTML, content=PAGE),
    "proxy": httpx.Response(407),
    "502": httpx.Response(502, headers=HTML, content=PAGE),
    "503, a page": httpx.Response(503, headers={**HTML, "retry-after": "1"}, content=PAGE),
    "503, other JSON": httpx.Response(503, json={"error": "busy"}),
    "503, not retryable": httpx.Response(503, json={"error": "x", "code": "storage_overloaded"}),
    "504": httpx.Response(504),
    "520": httpx.Response(520, headers=HTML, content=PAGE),
}


@pytest.mark.parametrize("response", GATEWAYS.values(), ids=GATEWAYS)
def test_what_a_gateway_answers_is_not_a_response_of_the_service(response: httpx.Response) -> None:
    """The request could not be tried, and what came is not searched for the service's secrets."""
    script = Script(response)
    with (
        served(script) as service,
        pytest.raises(CouldNotTry, match=f"^POST /v1/tokens: a gateway answered {response.status_code}"),
    ):
        service.call("POST", "/v1/tokens", body={})
    assert len(script.requests) == 1
    assert service.refusals == []


OWN = {
    "a page of its framework, 404": httpx.Response(404, headers=HTML, content=PAGE),
    "a page of its framework, 400": httpx.Response(400, headers=HTML, content=PAGE),
    "a page of its framework, 500": httpx.Response(500, headers=HTML, content=PAGE),
    "JSON with a wrong type": httpx.Response(201, headers=HTML, content=b'{"accessToken": "x"}'),
    "a 403": httpx.Response(403, headers=JSON, content=b'{"error": "insufficient_scope"}'),
    "nothing": httpx.Response(204),
    "storage, no time to wait": httpx.Response(
        503, json={"error": "x", "code": "storage_overloaded", "retryable": True}
    ),
}


@pytest.mark.parametrize("response", OWN.values(), ids=OWN)
def test_what_the_service_answers_is_its_response(response: httpx.Response) -> None:
    """An error page of the service's own framework is for a clause to judge."""
    with served(Script(response)) as service:
        assert service.call("GET", "/v1/identities/x").status == response.status_code


@pytest.mark.parametrize("kind", ["reference", "asgi", "exec"])
@pytest.mark.parametrize("response", GATEWAYS.values(), ids=GATEWAYS)
def test_a_target_of_this_machine_has_no_gateway(kind: Kind, response: httpx.Response) -> None:
    """In this process and on loopback the service itself said it."""
    with served(Script(response), kind) as service:
        assert service.call("GET", "/v1/identities/x").status == response.status_code
