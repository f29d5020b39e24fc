"""One call of the service: where credentials go, what is waited for, and what is never sent twice."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from contract.harness.client import displayable
from contract.harness.errors import CouldNotTry
from contract.harness.jose import read_token
from contract.harness.redaction import Secret
from contract.harness.targets import REAL, ObservedClock
from contract.harness.targets.connections import Kind
from tests.support.fakes import Script, org_key, served, unsigned

FINE = httpx.Response(200, json={"status": "ok"})
REFRESH = read_token(unsigned({"token_type": "refresh"}))
ACCESS = read_token(unsigned({"token_type": "access"}))


@pytest.mark.parametrize("status", [502, 503, 504])
@pytest.mark.parametrize("kind", ["url", "exec", "asgi", "reference"])
def test_a_gateways_answer_is_none_of_the_services_own(status: int, kind: Kind) -> None:
    """Before a URL there may be a gateway; a service without one said it itself."""
    with served(Script(httpx.Response(status)), kind=kind) as service:
        if kind == "url":
            with pytest.raises(CouldNotTry, match=f"GET /health: a gateway answered {status}"):
                service.call("GET", "/health")
        else:
            assert service.call("GET", "/health").status == status
    assert len(service.transcript) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_of_a_url_is_named_and_not_followed(status: int) -> None:
    """No credential goes where the service points to."""
    script = Script(httpx.Response(status, headers={"location": "https://elsewhere.example/a"}))
    with served(script) as service, pytest.raises(CouldNotTry, match=r"redirects to https://elsewhere\.ex"):
        service.call("POST", "/v1/tokens", key=org_key(), body={})
    assert [str(request.url) for request in script.requests] == ["http://service.invalid/v1/tokens"]


def test_a_secret_in_a_redirect_is_not_told() -> None:
    """A service that puts a token into its location does not get it into a report."""
    there = f"https://elsewhere.example/?token={REFRESH.text}"
    with served(Script(httpx.Response(302, headers={"location": there}))) as service:
        with pytest.raises(CouldNotTry) as told:
            service.call("GET", "/health")
        assert "?token=<secret " in str(told.value)


BROKEN: dict[str, Exception] = {
    "read time-out": httpx.ReadTimeout("no answer"),
    "hung up": httpx.RemoteProtocolError("Server disconnected without sending a response."),
    "reset": httpx.ReadError("connection reset"),
    "no encoding": httpx.DecodingError("not gzip"),
}


@pytest.mark.parametrize("error", BROKEN.values(), ids=BROKEN)
def test_nothing_is_sent_again_where_no_answer_came(error: Exception, slept: list[float]) -> None:
    """Who got no answer does not know what happened: a mint sent again is a second session."""
    script = Script(error, FINE)
    with served(script) as service, pytest.raises(CouldNotTry, match="POST /v1/tokens: no answer"):
        service.call("POST", "/v1/tokens", body={})
    assert len(script.requests) == service.requests == 1
    assert not service.transcript
    assert slept == []


def test_an_api_key_goes_into_its_header_and_nowhere_else() -> None:
    """`x-api-key` and no other header, no URL, no body; the record's repr names its kind alone."""
    key, script = org_key(), Script(FINE)
    with served(script) as service:
        response = service.call("POST", "/v1/tokens", key=key, body={"a": 1})
    (request,) = script.requests
    assert [name for name, value in request.headers.items() if key.reveal() in value] == ["x-api-key"]
    assert key.reveal() not in str(request.url)
    assert key.reveal().encode() not in request.content
    assert response.request.key is key
    assert key.reveal() not in repr(response.request)


@pytest.mark.parametrize("form", [lambda token: token, lambda token: token.text], ids=["token", "text"])
def test_a_bearer_goes_into_its_header_and_nowhere_else(form: Callable[[object], str]) -> None:
    """`Authorization: Bearer`, prefix and all."""
    script = Script(FINE)
    with served(script) as service:
        response = service.call("GET", "/v1/identities/a", bearer=form(ACCESS))
    (request,) = script.requests
    assert request.headers["authorization"] == f"Bearer {ACCESS.text}"
    assert ACCESS.text not in str(request.url)
    assert ACCESS.text not in repr(response.request)


def test_without_a_credential_none_is_sent() -> None:
    """A refresh needs none, and gets none: no header of ours lets a faulty service off."""
    script = Script(FINE)
    with served(script) as service:
        response = service.refresh(REFRESH, scopes=["a"])
    (request,) = script.requests
    assert not {"x-api-key", "authorization", "cookie"} & set(request.headers)
    assert request.content.decode() == f'{{"refreshToken": "{REFRESH.text}", "scopes": ["a"]}}'
    assert displayable(response.request.body) == {"refreshToken": "$REFRESH_TOKEN", "scopes": ["a"]}


def test_a_token_to_be_introspected_goes_into_the_query() -> None:
    """wire.md: `GET /v1/tokens/introspect?token=...`."""
    script = Script(httpx.Response(200, json=None))
    with served(script) as service:
        response = service.introspect(REFRESH, org_key())
    (request,) = script.requests
    assert dict(request.url.params) == {"token": REFRESH.text}
    assert response.request.path == "/v1/tokens/introspect"
    assert REFRESH.text not in repr(response.request)


def test_secrets_in_a_body_are_sent_and_not_shown() -> None:
    """However deep they lie, the wire gets the text and the record the name of a shell variable."""
    script = Script(FINE)
    with served(script) as service:
        secret = Secret("workspace token", "relay" + "_ws_of-nobody")
        sent = service.call("POST", "/v1/x", body={"a": [ACCESS, {"b": secret}]}).request
    on_the_wire = script.requests[0].content.decode()
    assert ACCESS.text in on_the_wire
    assert secret.reveal() in on_the_wire
    assert displayable(sent.body) == {"a": ["$ACCESS_TOKEN", {"b": "$WORKSPACE_TOKEN"}]}


@pytest.mark.parametrize(("date", "offset"), [(-3600, -3600), (120, 120)])
def test_the_services_time_is_taken_from_its_date(date: int, offset: int) -> None:
    """A clock that can only be observed follows the `Date` header, to half a second."""
    said = format_datetime(datetime.now(UTC) + timedelta(seconds=date), usegmt=True)
    with served(Script(httpx.Response(200, headers={"date": said}))) as service:
        service.synchronise(service.call("GET", "/health"))
        assert service.clock.now() - REAL["time"]() == pytest.approx(offset, abs=1)


@pytest.mark.parametrize("headers", [{}, {"date": "today"}, {"date": ""}], ids=["none", "no date", "empty"])
def test_without_a_date_the_own_clock_is_taken(headers: dict[str, str]) -> None:
    """A header that can't be read is none."""
    with served(Script(httpx.Response(200, headers=headers)), clock=ObservedClock()) as service:
        service.synchronise(service.call("GET", "/health"))
        assert service.clock.now() == pytest.approx(REAL["time"](), abs=1)


def test_what_no_url_can_hold_is_no_fault_of_the_harness() -> None:
    """An id that the service gave may be anything."""
    with served(Script(FINE)) as service, pytest.raises(CouldNotTry, match=r"'/v1/a\\nb' .* not a valid URL"):
        service.call("GET", "/v1/a\nb")
