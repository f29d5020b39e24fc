"""A deployment that is already running: `https://HOST`, and `http://` to loopback."""

import contextlib
import re
import time
from collections.abc import Iterator

import httpx

from contract.harness.errors import TargetError, UsageError
from contract.harness.spec import routes
from contract.harness.targets.clocks import REAL, ObservedClock
from contract.harness.targets.connections import Access, Connection, Target
from contract.harness.targets.pacing import Pace
from contract.harness.targets.tls import certificate_problem
from contract.harness.targets.transport import client, is_loopback

# Seconds: between two probes of a service that is not ready, and the least time for one of them.
PROBE_INTERVAL = 0.25
SHORTEST_PROBE = 0.5

TESTED = frozenset({"staging", "dev", "test", "preview", "local"})
# RFC 6761, section 6.2, and RFC 6762: names below these can't be registered. Names below .dev can.
RESERVED = frozenset({"test", "local"})


@contextlib.contextmanager
def url(target: Target) -> Iterator[Connection]:
    """Open a URL with the credentials of its target; refuse a URL that would send them in clear text."""
    access = target.access
    pace = Pace(access.rate) if access.rate else None
    address = _address(target.spec, access)

    def open_http() -> httpx.Client:
        return client(address, pace=pace, cacert=access.cacert)

    with open_http() as http:
        probes = _wait_until_ready(http, target)
        yield Connection(
            name=target.name,
            kind="url",
            http=http,
            open_http=open_http,
            probes=probes,
            clock=ObservedClock(),
            access=access,
            key=access.signing_key,
            missing={
                "clock": "the clock of a running deployment can't be set",
                "env": "the configuration of a running deployment can't be chosen",
            },
            pace=pace,
        )


def _wait_until_ready(http: httpx.Client, target: Target) -> int:
    """Wait until the health route says ok, or answers something final; `TargetError` if nothing answers.

    Returns how many requests it sent. What is wrong with an answer is judged by the first request of the run.
    """
    path, seconds = target.launching.ready_path, target.launching.seconds_to_start("url")
    until = REAL["monotonic"]() + seconds
    probes = 0
    while True:
        probes += 1
        left = until - REAL["monotonic"]()
        try:
            response = http.get(f"{str(http.base_url).rstrip('/')}{path}", timeout=max(left, SHORTEST_PROBE))
        except httpx.TransportError as error:
            if certificate_problem(error) or isinstance(error, httpx.ProxyError):
                break
            response = None
        if response is not None and not _is_starting(response):
            break
        if left <= PROBE_INTERVAL:
            if response is not None:
                break
            raise TargetError(
                f"{target.name}: GET {path}: no answer within {seconds:g} s: is the service up? "
                "--ready-timeout SECONDS waits longer"
            )
        time.sleep(PROBE_INTERVAL)
    return probes


def _is_starting(response: httpx.Response) -> bool:
    """Whether a health route answers like a service that is about to be ready."""
    if response.status_code >= 500:
        return True
    try:
        body = response.json()
    except ValueError:
        return False
    return response.status_code == 200 and isinstance(body, dict) and body.get("status", "ok") != "ok"


def is_for_tests(host: str) -> bool:
    """Whether a word of the host's name says that it is for tests, as in `auth-staging2.example`.

    Words are runs of letters: `latest` and `developer` contain none of them. A top-level domain counts only
    if it is reserved for such hosts: `relayauth.dev` may be a production host.
    """
    *names, top = host.lower().rstrip(".").split(".")
    words = re.findall("[a-z]+", ".".join(names or [top]))
    return top in RESERVED or not TESTED.isdisjoint(words)


def _address(name: str, access: Access) -> str:
    try:
        address = httpx.URL(name)
    except httpx.InvalidURL as error:
        raise UsageError(f"{name!r} is not a URL: {error}") from None
    if not address.host:
        raise UsageError(f"{name!r} names no host: write https://HOST")
    if address.scheme == "http" and not (is_loopback(address.host) or access.allow_http):
        raise UsageError(
            f"{name}: plain http would send the API key in clear: use https, or --allow-http if you mean it"
        )
    if not (access.any_host or is_loopback(address.host) or is_for_tests(address.host)):
        raise UsageError(
            f"{address.host}: no word of its name says that it is there to be tested "
            f"({', '.join(sorted(TESTED))}): give --yes-i-may-test-this-host "
            "(in a target file: i-may-test-this-host = true) if you may"
        )
    if access.api_key is None and access.signing_key is None:
        raise UsageError(
            f"{name}: needs an org API key: put it in the variable {access.api_key_env} "
            "(another name: --api-key-env NAME)"
        )
    first = routes.REFRESH.split("/")[1]
    below = address.path.split("/")
    if first in below:
        base = str(address.copy_with(path="/".join(below[: below.index(first)]) or "/")).rstrip("/")
        raise UsageError(f"{name}: the routes of the API begin with /{first} by themselves: write {base}")
    return str(address).rstrip("/")
