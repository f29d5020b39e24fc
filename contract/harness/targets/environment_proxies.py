"""The proxies and certificates that the environment names, for child processes and for our own requests."""

import os
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from contract.harness.errors import UsageError

# Each is also read in lower case (curl reads http_proxy in lower case only).
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
NO_PROXY = ("NO_PROXY", "no_proxy")
CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SOCKS = ("socks4", "socks4a", "socks5", "socks5h")


def named_proxies(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the variables of `environ` that name a proxy."""
    names = [spelled for name in PROXY_VARIABLES for spelled in (name, name.lower())]
    return tuple(name for name in names if environ.get(name, "").strip())


def for_child(
    environ: Mapping[str, str],
    proxy: str | None,
    given: Mapping[str, str] | None = None,
    *,
    also: Sequence[str] = (),
) -> dict[str, str]:
    """Return the proxy settings for a child that inherits `environ`: never a proxy for loopback.

    `proxy` stands in for each proxy that `environ` names, and for those of `also`; a proxy in `given`, which
    the caller set for the child, stays.
    """
    given = given or {}
    inherited = {**environ, **given}
    names = [name for name in (*also, *named_proxies(environ)) if name not in given]
    stub = dict.fromkeys(names, proxy) if proxy else {}
    exempt = [*LOOPBACK, *filter(None, map(_portable, _entries(inherited)))]
    return {**stub, **dict.fromkeys(NO_PROXY, ",".join(dict.fromkeys(exempt)))}


def unusable_certificates(environ: Mapping[str, str]) -> frozenset[str]:
    """Return the certificate variables of `environ` that name nothing: they would only break a child."""
    return frozenset(
        name for name in CERTIFICATE_VARIABLES if name in environ and not _names_one(name, environ)
    )


def _names_one(name: str, environ: Mapping[str, str]) -> bool:
    paths = [Path(part) for part in environ[name].split(os.pathsep if name == "SSL_CERT_DIR" else "\0")]
    return any(each.is_dir() if name == "SSL_CERT_DIR" else each.is_file() for each in paths)


def _entries(environ: Mapping[str, str]) -> list[str]:
    both = (environ.get(name, "") for name in NO_PROXY)
    return [entry.strip() for value in both for entry in value.split(",") if entry.strip()]


def _portable(entry: str) -> str | None:
    """Return an entry of NO_PROXY as every client reads it; None for an IPv6 network: many can't."""
    bare = entry[1:-1] if entry.startswith("[") and entry.endswith("]") else entry
    return None if ":" in bare and "/" in bare and "://" not in bare else bare


@dataclass(frozen=True)
class ProxyInUse:
    """The proxy for a URL: the variable that names it, and its address without a credential."""

    variable: str
    address: str

    def __str__(self) -> str:
        return f"the proxy {self.address} ({self.variable})"


def proxy_for(url: httpx.URL) -> ProxyInUse | None:
    """Return the proxy that the environment names for `url`; None if there is none."""
    proxies = urllib.request.getproxies()
    if urllib.request.proxy_bypass(url.host):
        return None
    for kind in (url.scheme, "all"):
        if address := proxies.get(kind):
            variable = next(
                (name for name in named_proxies(os.environ) if name.lower() == f"{kind}_proxy"),
                "the system's setting",
            )
            place = httpx.URL(address if "://" in address else f"http://{address}")
            return ProxyInUse(variable, place.netloc.decode())
    return None


def check_environment(url: httpx.URL, *, proxies: bool = True) -> None:
    """Check the settings that requests to `url` use; a `UsageError` says which of them to correct.

    `proxies` is false for loopback, which is never requested through one.
    """
    for problem in (*(_proxy_problems(url) if proxies else ()), *_certificate_problems(url)):
        raise UsageError(problem)


def _proxy_problems(url: httpx.URL) -> Iterator[str]:
    for entry in _entries(os.environ):
        if (portable := _portable(entry)) != entry:
            remedy = f"write {portable}" if portable else "an IPv6 network is not supported, so leave it out"
            yield f"NO_PROXY has the entry {entry!r}, which can't be read: {remedy}"
    for name in named_proxies(os.environ):
        address = os.environ[name].strip()
        try:
            place = httpx.URL(address if "://" in address else f"http://{address}")
        except httpx.InvalidURL as error:
            yield f"{name} does not name a proxy ({error}): write http://HOST:PORT, or unset it"
            continue
        if place.scheme in _SOCKS and not _socks_is_supported():
            yield (
                f"{name} names a SOCKS proxy, which needs another package: pip install 'httpx[socks]', "
                f"or unset {name}, or add {url.host} to NO_PROXY"
            )
        elif place.scheme not in ("http", "https", *_SOCKS) or not place.host:
            yield f"{name} does not name a proxy: write http://HOST:PORT, or unset it"


def _socks_is_supported() -> bool:
    from importlib.util import find_spec

    return find_spec("socksio") is not None


def _certificate_problems(url: httpx.URL) -> Iterator[str]:
    if url.scheme == "https":
        for name in unusable_certificates(os.environ):
            kind = "folder" if name == "SSL_CERT_DIR" else "file"
            yield f"{name} names no {kind} that exists: correct it, or unset it"
