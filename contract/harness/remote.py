"""A deployment that is already running: `https://HOST`, and `http://` to loopback."""

import contextlib
from collections.abc import Iterator

import httpx

from contract.harness.clocks import ObservedClock
from contract.harness.connections import Access, Connection, Target
from contract.harness.errors import UsageError
from contract.harness.transport import client, is_loopback


@contextlib.contextmanager
def url(target: Target) -> Iterator[Connection]:
    """Open a URL with the credentials of its target; refuse an address that would send them in clear."""
    with client(_address(target.spec, target.access)) as http:
        yield Connection(
            name=target.name,
            kind="url",
            http=http,
            clock=ObservedClock(),
            access=target.access,
            key=target.access.signing_key,
            lacking={
                "clock": "the clock of a running deployment can't be set",
                "env": "the configuration of a running deployment can't be chosen",
            },
        )


def _address(name: str, access: Access) -> str:
    try:
        address = httpx.URL(name)
    except httpx.InvalidURL as error:
        raise UsageError(f"{name!r} is no URL: {error}") from None
    if not address.host:
        raise UsageError(f"{name!r} names no host: write https://HOST")
    if address.userinfo:
        raise UsageError(
            "the URL holds a user name or password: credentials come from a variable, not from it"
        )
    if address.query or address.fragment:
        raise UsageError(f"{address.host}: give the service's base URL, without query and fragment")
    if address.scheme == "http" and not (is_loopback(address.host) or access.allow_http):
        raise UsageError(
            f"{name}: plain http would send the API key in clear: use https, or --allow-http if you mean it"
        )
    if access.api_key is None and access.signing_key is None:
        raise UsageError(
            f"{name}: needs an org API key: put it in the variable {access.api_key_env} "
            "(another name: --api-key-env NAME)"
        )
    return str(address).rstrip("/")
