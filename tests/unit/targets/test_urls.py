"""A target at a URL: how it may be written, and that it is waited for."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from contract.harness.errors import TargetError, UsageError
from contract.harness.redaction import Secret
from contract.harness.targets import Access, Launching, Target, connect, kind_of

KEY = Secret("api key", "rak" + "_of-nobody")
OK = (200, b'{"status": "ok"}')
STARTING = {
    "503": (503, b""),
    "502 of a gateway": (502, b"<html>"),
    "500": (500, b"{}"),
    "200 that says starting": (200, b'{"status": "starting"}'),
}
FINAL = {
    "404": (404, b""),
    "401": (401, b"{}"),
    "HTML": (200, b"<!doctype html>"),
    "another JSON": (200, b"[]"),
    "too many requests": (429, b""),
}


@contextmanager
def health(*answers: tuple[int, bytes]) -> Iterator[tuple[str, list[str]]]:
    """A server whose health route gives one answer after the other, the last one for ever."""
    left, paths = list(answers), []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            status, body = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", paths
        server.shutdown()


def at(url: str, seconds: float | None = None, path: str = "/health") -> Target:
    """The target at `url`."""
    return Target("it", url, Access(api_key=KEY), Launching(ready_timeout=seconds, ready_path=path))


@pytest.mark.parametrize("starting", STARTING.values(), ids=STARTING)
def test_a_service_that_starts_is_waited_for(starting: tuple[int, bytes]) -> None:
    """Until its health route says ok; the requests are counted."""
    with health(starting, starting, OK) as (url, paths), connect(at(url)) as connection:
        assert paths == ["/health"] * 3
        assert connection.probes == 3


@pytest.mark.parametrize("final", FINAL.values(), ids=FINAL)
def test_an_answer_that_no_wait_changes_is_not_waited_for(final: tuple[int, bytes]) -> None:
    """What is wrong with it is for the run to say."""
    with health(final) as (url, paths), connect(at(url)):
        assert len(paths) == 1


def test_the_route_and_the_time_may_be_chosen() -> None:
    """A service that never gets ready is opened all the same: its answer is judged by the run."""
    with health(STARTING["503"]) as (url, paths), connect(at(url, 0.6, "/up")):
        assert set(paths) == {"/up"}
        assert len(paths) > 1


def test_where_nothing_answers_it_is_said() -> None:
    """With the seconds that were waited, and the option that waits longer."""
    with health(OK) as (url, _):
        pass
    with pytest.raises(TargetError, match=r"no answer within 0\.3 s.*--ready-timeout"), connect(at(url, 0.3)):
        pass


@pytest.mark.parametrize("url", ["HTTPS://auth.staging.example", "Http://127.0.0.1:1", "https://h.test/base"])
def test_a_scheme_is_accepted_in_any_case(url: str) -> None:
    """As in every other program (RFC 3986, section 3.1)."""
    assert kind_of(url) == "url"
    assert at(url).host


def test_a_service_below_a_base_path_is_asked_there() -> None:
    """The base stands before every route."""
    with health(OK) as (url, paths), connect(at(f"{url.replace('http', 'HTTP')}/base/")):
        assert paths == ["/base/health"]


BELOW = {
    "https://auth.test/v1": "https://auth.test",
    "https://auth.test/v1/": "https://auth.test",
    "https://auth.test/base/v1": "https://auth.test/base",
    "https://auth.test/v1/tokens": "https://auth.test",
}


@pytest.mark.parametrize("url", BELOW)
def test_a_url_that_holds_the_beginning_of_the_routes_is_corrected(url: str) -> None:
    """The sentence says what to write."""
    with pytest.raises(UsageError) as told, connect(at(url)):
        pass
    assert str(told.value).endswith(f"write {BELOW[url]}")
