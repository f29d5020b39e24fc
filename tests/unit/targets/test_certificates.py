"""Certificates and proxies on the way: which authorities count, and what a refusal says."""

import datetime
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from contract.harness.errors import CouldNotTry, UsageError
from contract.harness.targets.transport import client
from tests.support.listener import Listener, keeps_alive, listening, send


def self_signed() -> bytes:
    """A self-signed certificate for 127.0.0.1 with its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    day = datetime.timedelta(days=1)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - day, now + day)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM) + private


# Made before any test freezes time: cryptography keeps the class of datetime that it meets first.
SELF_SIGNED = self_signed()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the certificate and its key."""
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_bytes(SELF_SIGNED)
    return file


@pytest.fixture
def https(certificate: Path) -> Iterator[str]:
    """A server on loopback that speaks TLS with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def handle(listener: Listener, caller: socket.socket) -> None:
        try:
            with context.wrap_socket(caller, server_side=True) as secured:
                keeps_alive(listener, secured)
        except OSError:
            return  # The client refused the certificate.

    with listening(handle) as there:
        yield there.url.replace("http://", "https://")


def test_a_certificate_of_an_unknown_authority_is_refused_with_the_remedy(
    https: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also on loopback, and it is not asked twice."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with client(https) as http, pytest.raises(CouldNotTry) as told:
        send(http)
    assert "the server's certificate is not accepted (self-signed certificate" in str(told.value)
    assert "--cacert FILE" in str(told.value)


@pytest.mark.parametrize("way", ["cacert", "SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_each_way_to_name_an_authority_counts_on_loopback(
    https: str, certificate: Path, way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A file for the run, a file of the environment, and a folder of the environment."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    if way == "SSL_CERT_FILE":
        monkeypatch.setenv(way, str(certificate))
    if way == "SSL_CERT_DIR":
        digest = x509.load_pem_x509_certificate(certificate.read_bytes())
        (tmp_path / f"{_subject_hash(digest)}.0").write_bytes(certificate.read_bytes())
        monkeypatch.setenv(way, str(tmp_path))
    with client(https, cacert=str(certificate) if way == "cacert" else None) as http:
        assert send(http).status_code == 200


def _subject_hash(certificate: x509.Certificate) -> str:
    """The name under which OpenSSL looks for an authority: from the SHA-1 of its canonical subject."""
    import hashlib

    # SET { SEQUENCE { OID commonName, UTF8String } }, without the outer SEQUENCE.
    value = certificate.subject.rfc4514_string().removeprefix("CN=").lower().encode()
    oid = bytes.fromhex("0603550403")
    pair = oid + bytes([0x0C, len(value)]) + value
    sequence = bytes([0x30, len(pair)]) + pair
    canonical = bytes([0x31, len(sequence)]) + sequence
    return f"{int.from_bytes(hashlib.sha1(canonical).digest()[:4], 'little'):08x}"


@pytest.mark.parametrize("text", ["", "not a certificate"])
def test_a_cacert_without_certificates_is_a_usage_error(tmp_path: Path, text: str) -> None:
    """The option is named, and what to give it."""
    file = tmp_path / "ca.pem"
    file.write_text(text)
    with pytest.raises(UsageError, match="holds no certificates in PEM: name a file"):
        client("https://127.0.0.1:1", cacert=str(file))


def test_a_cacert_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    """The system's reason is told."""
    with pytest.raises(UsageError, match=r"--cacert .*nowhere: No such file"):
        client("https://127.0.0.1:1", cacert=str(tmp_path / "nowhere"))


def refusing(answer: bytes) -> Callable[[Listener, socket.socket], None]:
    """A proxy that answers every request with `answer`."""

    def handle(listener: Listener, caller: socket.socket) -> None:
        caller.recv(65536)
        caller.sendall(answer)

    return handle


PROXIES = {
    "refuses the tunnel": (
        "https", b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", "refused: 403 Forbidden",
    ),
    "wants a login": (
        "http", b"HTTP/1.1 407 Login\r\ncontent-length: 0\r\n\r\n", "wants a user name and a password (407)",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("scheme", "answer", "words"), PROXIES.values(), ids=PROXIES)
def test_a_proxy_that_refuses_is_named(
    scheme: str, answer: bytes, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its address and its variable, and what to change; it is not taken for the service."""
    variable = f"{scheme.upper()}_PROXY"
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with listening(refusing(answer)) as proxy:
        monkeypatch.setenv(variable, proxy.url)
        with client(f"{scheme}://auth.staging.example") as http, pytest.raises(CouldNotTry) as told:
            send(http)
    place = proxy.url.removeprefix("http://")
    assert f"the proxy {place} ({variable}) {words}" in str(told.value)
    assert "auth.staging.example to NO_PROXY" in str(told.value)


def test_a_proxy_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused connection to the proxy is not one to the service."""
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
    with client("https://auth.staging.example") as http, pytest.raises(CouldNotTry) as told:
        send(http)
    assert f"the proxy 127.0.0.1:{port} (HTTPS_PROXY) can't be reached" in str(told.value)
