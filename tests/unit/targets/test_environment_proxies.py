"""Proxy and certificate settings of the environment: what a child gets, and what our own requests refuse."""

from pathlib import Path

import httpx
import pytest

from contract.harness.errors import UsageError
from contract.harness.targets.environment_proxies import (
    PROXY_VARIABLES,
    check_environment,
    for_child,
    named_proxies,
    proxy_for,
    unusable_certificates,
)
from contract.harness.targets.transport import client

STUB = "http://127.0.0.1:5"
STAGING = httpx.URL("https://auth.staging.example")
VARIABLES = [spelled for name in (*PROXY_VARIABLES, "NO_PROXY") for spelled in (name, name.lower())]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of this machine takes part."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


CHILDREN: dict[str, tuple[dict[str, str], dict[str, str], dict[str, str]]] = {
    "no proxy": ({}, {}, {}),
    "one proxy": ({"HTTP_PROXY": "http://proxy:1"}, {}, {"HTTP_PROXY": STUB}),
    "in lower case": ({"https_proxy": "http://proxy:1"}, {}, {"https_proxy": STUB}),
    "a SOCKS proxy": ({"ALL_PROXY": "socks5://proxy:1"}, {}, {"ALL_PROXY": STUB}),
    "a blank one": ({"HTTP_PROXY": " "}, {}, {}),
    "one that was given by name": ({"HTTP_PROXY": "http://proxy:1"}, {"HTTP_PROXY": "http://mine:1"}, {}),
}


@pytest.mark.parametrize(("environ", "given", "proxies"), CHILDREN.values(), ids=CHILDREN)
def test_a_stub_stands_for_each_proxy_that_a_child_would_inherit(
    environ: dict[str, str], given: dict[str, str], proxies: dict[str, str]
) -> None:
    """The stub replaces what the machine names, not what the caller gave the child; loopback is exempt."""
    made = for_child(environ, STUB, given)
    exempt = {made.pop("NO_PROXY"), made.pop("no_proxy")}
    assert made == proxies
    assert exempt == {"localhost,127.0.0.1,::1"}


def test_a_stub_stands_for_further_proxies() -> None:
    """Also where the machine names none; what the caller gave the child stays."""
    also = ("HTTP_PROXY", "http_proxy")
    made = for_child({}, STUB, {"http_proxy": "http://mine:1"}, also=also)
    assert made.keys() == {"HTTP_PROXY", "NO_PROXY", "no_proxy"}
    assert made["HTTP_PROXY"] == STUB


EXEMPT = {
    "db.internal, 10.0.0.0/8": "localhost,127.0.0.1,::1,db.internal,10.0.0.0/8",
    "[::1],fe80::/10": "localhost,127.0.0.1,::1",
    "*": "localhost,127.0.0.1,::1,*",
}


@pytest.mark.parametrize("value", EXEMPT)
def test_what_the_machine_exempts_stays_exempt_where_it_can_be_read(value: str) -> None:
    """Entries that clients such as httpx can't read are rewritten or left out."""
    assert for_child({"NO_PROXY": value}, None)["NO_PROXY"] == EXEMPT[value]


@pytest.mark.parametrize("value", EXEMPT)
def test_httpx_reads_what_a_child_gets(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python server that honours the environment starts with it."""
    for name, setting in for_child({"NO_PROXY": value, "HTTP_PROXY": "http://proxy:1"}, STUB).items():
        monkeypatch.setenv(name, setting)
    httpx.Client(trust_env=True).close()


UNUSABLE = {
    "brackets": ({"NO_PROXY": "a.example,[::1]"}, "NO_PROXY has the entry '[::1]'", "write ::1"),
    "an IPv6 network": ({"no_proxy": "fe80::/10"}, "the entry 'fe80::/10'", "leave it out"),
    "SOCKS": ({"ALL_PROXY": "socks5://proxy:1080"}, "ALL_PROXY names a SOCKS proxy", "'httpx[socks]'"),
    "no proxy's scheme": ({"HTTPS_PROXY": "ftp://proxy"}, "HTTPS_PROXY does not name a proxy", "http://HOST:PORT"),
    "no URL": ({"http_proxy": "http://proxy:port"}, "http_proxy does not name a proxy", "http://HOST:PORT"),
    "no file": ({"SSL_CERT_FILE": "/no/such/file"}, "SSL_CERT_FILE names no file", "unset it"),
    "no folder": ({"SSL_CERT_DIR": "/no/such/folder"}, "SSL_CERT_DIR names no folder", "unset it"),
}  # fmt: skip


@pytest.mark.parametrize(("environ", "problem", "remedy"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_setting_that_cannot_be_used_is_a_usage_error(
    environ: dict[str, str], problem: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the variable and the remedy, and a client refuses to be made."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError) as refused:
        check_environment(STAGING)
    assert problem in str(refused.value)
    assert remedy in str(refused.value)
    with pytest.raises(UsageError):
        client(str(STAGING))


@pytest.mark.parametrize("environ", [row[0] for row in list(UNUSABLE.values())[:5]], ids=list(UNUSABLE)[:5])
def test_loopback_needs_no_proxy_setting(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that is not used is not refused."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    client("http://127.0.0.1:1").close()


def test_certificates_that_are_not_there_are_not_inherited(tmp_path: Path) -> None:
    """A variable that names nothing only breaks a child; one that names something is left alone."""
    there = tmp_path / "ca.pem"
    there.touch()
    environ = {"SSL_CERT_FILE": str(there), "SSL_CERT_DIR": str(tmp_path / "nowhere")}
    assert unusable_certificates(environ) == {"SSL_CERT_DIR"}


def test_the_proxy_of_a_url_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variable and address; none for an exempt host."""
    monkeypatch.setenv("HTTPS_PROXY", "http://user:a-password@proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "other.example")
    assert str(proxy_for(STAGING)) == "the proxy proxy.example:3128 (HTTPS_PROXY)"
    assert proxy_for(httpx.URL("https://other.example")) is None
    assert named_proxies({"HTTPS_PROXY": "x", "http_proxy": ""}) == ("HTTPS_PROXY",)
