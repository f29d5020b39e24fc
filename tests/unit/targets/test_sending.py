"""A request is sent once, over a connection that is not old; what goes wrong is named with its remedy."""

import threading

import httpx
import pytest

from contract.harness.errors import CouldNotTry
from contract.harness.targets import transport
from contract.harness.targets.transport import client
from tests.support.listener import hangs_up, keeps_alive, listening, send


def test_a_connection_that_was_idle_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the bound a connection is kept; beyond it a new one is opened."""
    with listening(keeps_alive) as there, client(there.url) as http:
        send(http)
        send(http)
        assert there.connections == 1
        threading.Event().wait(transport.LONGEST_IDLE + 0.1)
        send(http)
        assert there.connections == 2


def test_what_may_have_been_received_is_not_sent_again() -> None:
    """A server that reads a request and hangs up may have acted on it."""
    with listening(hangs_up) as there, client(there.url) as http:
        with pytest.raises(CouldNotTry, match="no answer"):
            send(http)
        assert len(there.requests) == 1


class Flaky(httpx.BaseTransport):
    """Fails with each error in turn, after the steps that httpcore reports; then it answers."""

    def __init__(self, error: Exception, *steps: str) -> None:
        self.error, self.steps = error, steps
        self.tries = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.tries += 1
        if self.tries > 1:
            return httpx.Response(200, json={})
        for step in self.steps:
            request.extensions["trace"](step, {})
        raise self.error


HEAD = "http11.send_request_headers"
BODY = "http11.send_request_body"
NEVER_SENT: dict[str, Flaky] = {
    "refused": Flaky(httpx.ConnectError("connection refused")),
    "no connection in time": Flaky(httpx.ConnectTimeout("timed out")),
    "broken pipe in the head": Flaky(httpx.ReadError("reset"), f"{HEAD}.started", f"{HEAD}.failed"),
}
PERHAPS_SENT: dict[str, Flaky] = {
    "reset after the head": Flaky(httpx.ReadError("reset"), f"{HEAD}.started", f"{HEAD}.complete"),
    "broken pipe in the body": Flaky(httpx.ReadError("reset"), f"{HEAD}.complete", f"{BODY}.failed"),
    "no answer in time": Flaky(httpx.ReadTimeout("timed out"), f"{HEAD}.complete", f"{BODY}.complete"),
    "hung up, and nothing is known": Flaky(httpx.RemoteProtocolError("hung up")),
}


@pytest.mark.parametrize("flaky", NEVER_SENT.values(), ids=NEVER_SENT)
def test_what_was_never_sent_is_sent_again(flaky: Flaky) -> None:
    """No server can have acted on it."""
    with client("http://service.invalid", flaky) as http:
        assert send(http).status_code == 200
    assert flaky.tries == 2


@pytest.mark.parametrize("flaky", PERHAPS_SENT.values(), ids=PERHAPS_SENT)
def test_what_may_have_been_sent_is_not(flaky: Flaky) -> None:
    """A second refresh with one token would be a replay."""
    with client("http://service.invalid", flaky) as http, pytest.raises(CouldNotTry):
        send(http)
    assert flaky.tries == 1
