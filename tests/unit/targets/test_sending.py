"""A request is sent once, over a connection that is not old; what goes wrong is named with its remedy."""

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from contract.harness.errors import CouldNotTry, UsageError
from contract.harness.targets import exchange, transport
from contract.harness.targets.transport import client
from tests.support.command import patience

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class Listener:
    """A loopback server that handles each connection with a function, and counts connections and requests."""

    def __init__(self, handle: Callable[["Listener", socket.socket], None]) -> None:
        self._handle = handle
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.connections = 0
        self.requests: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._one, args=(caller,), daemon=True).start()

    def _one(self, caller: socket.socket) -> None:
        with caller:
            self._handle(self, caller)

    def answered(self, caller: socket.socket) -> bool:
        """Answer one request with 200; False at the end of the connection."""
        head = b""
        while b"\r\n\r\n" not in head:
            part = caller.recv(65536)
            if not part:
                return False
            head += part
        self.requests.append(head)
        caller.sendall(OK)
        return True

    def close(self) -> None:
        self._socket.close()


@contextmanager
def listening(handle: Callable[[Listener, socket.socket], None]) -> Iterator[Listener]:
    """Run a listener for a while."""
    listener = Listener(handle)
    try:
        yield listener
    finally:
        listener.close()


def keeps_alive(listener: Listener, caller: socket.socket) -> None:
    """Answer every request of a connection."""
    while listener.answered(caller):
        pass


def hangs_up(listener: Listener, caller: socket.socket) -> None:
    """Read a request, and close the connection without an answer."""
    listener.requests.append(caller.recv(65536))


def send(http: httpx.Client) -> httpx.Response:
    """Send a refresh without a token."""
    return exchange(http, http.build_request("POST", "/v1/tokens/refresh", json={}))


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


def test_a_connection_closed_while_idle_costs_no_request() -> None:
    """A server that closes kept connections gets each request exactly once."""
    closed = threading.Semaphore(0)

    def once(listener: Listener, caller: socket.socket) -> None:
        with caller:
            listener.answered(caller)
        closed.release()

    with listening(once) as there, client(there.url) as http:
        for _ in range(20):
            send(http)
            assert closed.acquire(timeout=patience())
        assert len(there.requests) == 20


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


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key, in one file."""
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
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
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
