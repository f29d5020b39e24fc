"""What is observed of a verifier: detours through a proxy, several keys, redirects, and keys that change."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contract.harness.checks import KeyChange, KeySources, Setup
from contract.harness.client import Transcript
from contract.harness.spec import routes
from contract.harness.targets import REAL, StubAnswer, Target, connect
from tests.support.rows import rows

SERVE = f"exec:{Path(sys.executable).parent / 'relayauth-contract'} serve"
# The bundled reference, whose HTTP client honours the proxies of the environment.
THROUGH_PROXIES = """
import httpx
made = httpx.AsyncClient.__init__
def honouring(self, *args, **named):
    made(self, *args, **{**named, "trust_env": True})
httpx.AsyncClient.__init__ = honouring
"""
# The historic fault: it fetches from BASE_URL although the public key is bound.
FETCHES_WHAT_IT_HAS = """
from reference_impl.rules import Rules
Rules.bound_key_counts = lambda self, public, base_url: not (base_url or "").strip()
"""
# A client that takes a proxy for loopback as well.
IGNORES_NO_PROXY = """
import os
os.environ["NO_PROXY"] = os.environ["no_proxy"] = ""
"""
RUN = """
import sys
from reference_impl.serve import serve
from tests.support.rows import rows
sys.argv = ["serve"]
serve()
"""
Ask = Callable[[str], KeySources]


@pytest.fixture
def ask() -> Iterator[Ask]:
    """Open a target and return what observes its key sources."""
    import contextlib

    with contextlib.ExitStack() as stack:

        def opened(spec: str) -> KeySources:
            connection = stack.enter_context(connect(Target("it", spec)))
            assert connection.deployment is not None
            return KeySources(connection.deployment, connection.clock, Transcript())

        yield opened


@pytest.fixture
def behind_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose proxy can't reach our loopback."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


def server(folder: Path, *parts: str) -> str:
    """A launched server made of `parts`."""
    file = folder / "server.py"
    file.write_text("".join([*parts, RUN]))
    return f"exec:{sys.executable} {file}"


FETCHED = Setup("unset", "stub")
BOUND = Setup("bound", "stub", stub=StubAnswer.OTHER_KEY, default=StubAnswer.OTHER_KEY)


@pytest.mark.usefixtures("behind_proxies")
def test_a_correct_server_is_seen_to_ask_the_stub_itself(ask: Ask, tmp_path: Path) -> None:
    """The machine's proxy is not on the way to loopback, also where a server honours it."""
    seen = ask(server(tmp_path, THROUGH_PROXIES)).observe(FETCHED)
    assert {(each.source, each.url) for each in seen.request_log} == {("stub", seen.origin + routes.JWKS)}
    assert seen.own == 404


@pytest.mark.proof
@pytest.mark.usefixtures("behind_proxies")
def test_a_fetch_from_the_own_url_through_a_proxy_is_seen(ask: Ask, tmp_path: Path) -> None:
    """A server with the historic fault is seen, at the stub and where only a proxy leads."""
    sources = ask(server(tmp_path, THROUGH_PROXIES, FETCHES_WHAT_IT_HAS))
    seen = sources.observe(BOUND)
    assert {each.source for each in seen.request_log} == {"stub"}
    assert (seen.own, seen.foreign) == (401, 404)
    elsewhere = sources.observe(Setup("bound", "itself", stub=StubAnswer.OTHER_KEY))
    assert elsewhere.strangers[0] == "https://relayauth.contract.invalid through a proxy"
    assert elsewhere.own == 401


@pytest.mark.usefixtures("behind_proxies")
def test_a_detour_to_loopback_is_seen(ask: Ask, tmp_path: Path) -> None:
    """A client that takes a proxy to loopback, whatever NO_PROXY says, leaves a line in the request log."""
    seen = ask(server(tmp_path, IGNORES_NO_PROXY, THROUGH_PROXIES)).observe(FETCHED)
    assert {each.where for each in seen.request_log} == {f"{seen.origin + routes.JWKS} through a proxy"}
    assert seen.own == 401


@pytest.mark.usefixtures("behind_proxies")
def test_an_application_in_this_process_is_seen_past_a_proxy(ask: Ask) -> None:
    """Proxies of the environment hide nothing in process."""
    seen = ask("mutant:VerifierFetchesItsOwnUrl").observe(BOUND)
    assert {each.source for each in seen.request_log} == {"stub"}


@pytest.mark.parametrize("spec", ["reference", SERVE], ids=["in process", "launched"])
def test_the_true_key_is_found_among_several(ask: Ask, spec: str) -> None:
    """Keys of other types and uses are passed over; both RSA keys that sign verify."""
    seen = ask(spec).observe(Setup("unset", "stub", stub=StubAnswer.SEVERAL_KEYS))
    assert (seen.own, seen.foreign, seen.own_again) == (404, 404, 404)
    assert seen.address != seen.origin


@pytest.mark.parametrize("spec", ["reference", SERVE], ids=["in process", "launched"])
def test_a_redirect_is_not_followed(ask: Ask, spec: str) -> None:
    """The reference gives up there; the request log would show the address that it names."""
    seen = ask(spec).observe(Setup("unset", "stub", stub=StubAnswer.REDIRECT))
    assert seen.own == 401
    assert {each.source for each in seen.request_log} == {"stub"}


CHANGES = {
    "it was down": KeyChange(StubAnswer.UNREACHABLE, StubAnswer.TRUE),
    "it was broken": KeyChange(StubAnswer.SERVER_ERROR, StubAnswer.TRUE),
    "a key was added": KeyChange(StubAnswer.OTHER_KEY, StubAnswer.SEVERAL_KEYS),
}


@pytest.mark.parametrize(
    ("spec", "change"),
    rows(
        {
            f"{place}, {name}": (spec, change)
            for place, spec in {"in process": "reference", "launched": SERVE}.items()
            for name, change in CHANGES.items()
        },
        proof=("launched, it was broken", "launched, a key was added"),
    ),
)
def test_keys_that_come_are_found(ask: Ask, spec: str, change: KeyChange) -> None:
    """The reference asks again within 5 minutes, and says so to who looks."""
    seen = ask(spec).observe_change(change)
    assert seen.before.own == 401
    assert (seen.before.foreign == 404) == (change.before is StubAnswer.OTHER_KEY)
    assert seen.found_after is not None
    assert seen.requested_again
    assert len(seen.responses) == 1 + len(seen.after)


def test_keys_that_go_are_seen_to_be_missed(ask: Ask) -> None:
    """A change to an unusable set is not found: no probe is accepted for another reason."""
    seen = ask("reference").observe_change(KeyChange(StubAnswer.EMPTY, StubAnswer.NOT_JSON))
    assert seen.found_after is None
    assert seen.requested_again


@pytest.mark.proof
def test_slow_stubs_are_waited_for_once_behind_a_fault(ask: Ask) -> None:
    """Three bearers that each wait for the verifier's time-out wait side by side, behind a proxy too."""
    sources = ask(f"proxy:AnswersTwice->{SERVE}")
    begun = REAL["monotonic"]()
    seen = sources.observe(Setup("unset", "stub", stub=StubAnswer.SLOW))
    passed = REAL["monotonic"]() - begun
    assert seen.own == seen.foreign == seen.own_again == 401
    assert seen.seconds > 1
    assert passed < 2.5 * seen.seconds
