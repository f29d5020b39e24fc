"""A deployment that is already running: `https://HOST`, and `http://` to loopback."""

import contextlib
import re
from collections.abc import Iterator

import httpx

from contract.harness.errors import UsageError
from contract.harness.targets.clocks import ObservedClock
from contract.harness.targets.connections import Access, Connection, Target
from contract.harness.targets.pacing import Pace
from contract.harness.targets.transport import client, is_loopback

TESTED = frozenset({"staging", "dev", "test", "preview", "local"})
# RFC 6761, section 6.2, and RFC 6762: names below these can't be registered. Names below .dev can.
RESERVED = frozenset({"test", "local"})


@contextlib.contextmanager
def url(target: Target) -> Iterator[Connection]:
    """Open a URL with the credentials of its target; refuse a URL that would send them in clear text."""
    pace = Pace(target.access.rate) if target.access.rate else None
    with client(_address(target.spec, target.access), pace=pace) as http:
        yield Connection(
            name=target.name,
            kind="url",
            http=http,
            clock=ObservedClock(),
            access=target.access,
            key=target.access.signing_key,
            missing={
                "clock": "the clock of a running deployment can't be set",
                "env": "the configuration of a running deployment can't be chosen",
            },
            pace=pace,
        )


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
    return str(address).rstrip("/")
