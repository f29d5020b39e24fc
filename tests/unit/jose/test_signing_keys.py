"""A signing key is read from a file or made, and what is no usable key is refused in one sentence."""

import functools
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from contract.harness.errors import UsageError
from contract.harness.jose import SigningKey, admin_claims, keys, make_keys, other_key, run_key
from contract.harness.jose.jwks import faults
from contract.harness.jose.tokens import encode

Write = Callable[[Path], object]
PKCS8, PEM = form.PrivateFormat.PKCS8, form.Encoding.PEM


def _private(key: Any, shape: form.PrivateFormat = PKCS8, encryption: Any = None) -> Write:
    def write(path: Path) -> int:
        return path.write_bytes(key.private_bytes(PEM, shape, encryption or form.NoEncryption()))

    return write


def _rsa() -> Any:
    return form.load_pem_private_key(run_key().private_pem.encode(), None)


BAD: dict[str, tuple[Write, str]] = {
    "missing": (lambda _: None, "can't be read: No such file or directory"),
    "a folder": (Path.mkdir, "can't be read: Is a directory"),
    "empty": (Path.touch, "no unencrypted private key in PEM"),
    "garbage": (lambda path: path.write_bytes(bytes(range(256))), "no unencrypted private key in PEM"),
    "cut off": (lambda path: path.write_text(run_key().private_pem[:600]), "no unencrypted private key"),
    "a public key": (lambda path: path.write_text(run_key().public_pem), "no unencrypted private key"),
    "encrypted": (
        lambda path: _private(_rsa(), encryption=form.BestAvailableEncryption(b"word"))(path),
        "no unencrypted private key",
    ),
    "EC": (
        _private(ec.generate_private_key(ec.SECP256R1())),
        "not an RSA key; relayauth signs with RS256",
    ),
    "Ed25519": (_private(ed25519.Ed25519PrivateKey.generate()), "not an RSA key"),
}


@pytest.mark.parametrize(("write", "reason"), BAD.values(), ids=BAD)
def test_a_file_that_holds_no_usable_key_is_refused(tmp_path: Path, write: Write, reason: str) -> None:
    """One line names the option, the file and what is wrong with it, and shows nothing of its content."""
    file = tmp_path / "key.pem"
    write(file)
    with pytest.raises(UsageError) as refusal:
        SigningKey.load(str(file))
    assert str(refusal.value).startswith(f"--signing-key {file}: ")
    assert reason in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert "BEGIN" not in str(refusal.value)


@pytest.mark.parametrize("shape", [PKCS8, form.PrivateFormat.TraditionalOpenSSL], ids=["PKCS#8", "PKCS#1"])
def test_an_rsa_key_is_read_as_the_same_key(tmp_path: Path, shape: form.PrivateFormat) -> None:
    """Either form of PEM gives the key id of the key that was written."""
    file = tmp_path / "key.pem"
    _private(_rsa(), shape)(file)
    assert SigningKey.load(str(file)).kid == run_key().kid


def test_the_keys_of_a_run_are_two_and_stay() -> None:
    """A trap that lied with the deployment's own key would be no liar."""
    assert run_key() is run_key()
    assert other_key() is other_key()
    assert run_key().kid != other_key().kid


def test_an_admin_bearer_is_what_the_wire_facts_say() -> None:
    """All scopes, an access token, an hour from the moment given, and never the same twice."""
    claims, again = admin_claims(1000.9, "org_a"), admin_claims(1000.9, "org_a")
    assert claims["scopes"] == ["*:*:*:*"]
    assert (claims["token_type"], claims["aud"], claims["iss"]) == (
        "access",
        ["relayauth"],
        "https://relayauth.dev",
    )
    assert (claims["iat"], claims["exp"], claims["org"]) == (1000, 4600, "org_a")
    assert {"wks", "sub", "sponsorId", "sponsorChain"} <= set(claims)
    assert claims["jti"] != again["jti"]
    assert claims["sid"] != again["sid"]


def _small() -> dict[str, Any]:
    return dict(SigningKey(rsa.generate_private_key(public_exponent=65537, key_size=1024)).jwk)


NOT_THE_THUMBPRINT = ["the kid of a signing key is not the RFC 7638 thumbprint"]
UNREADABLE = ["a signing key has no readable n and e"]


def _of_type(kty: str, **members: str) -> Callable[[dict[str, Any]], object]:
    def change(jwk: dict[str, Any]) -> None:
        jwk.clear()
        jwk.update(kty=kty, use="sig", kid="other", **members)

    return change


PUBLISHED: dict[str, tuple[Callable[[dict[str, Any]], object], list[str]]] = {
    "its own": (lambda _: None, []),
    "with a certificate": (lambda jwk: jwk.update(x5c=[], x5t="a"), []),
    "with a public member of its own": (lambda jwk: jwk.update(exp=1, notBefore="2027"), []),
    "without a use": (lambda jwk: jwk.pop("use"), []),
    "private members": (
        lambda jwk: jwk.update(d="AQAB", p="AQ"),
        ["a key of type RSA shows the private members d, p"],
    ),
    "a private key in PEM": (
        lambda jwk: jwk.update(pem="-----BEGIN PRIVATE KEY-----"),
        ["a key of type RSA shows the private members pem"],
    ),
    "another kid": (lambda jwk: jwk.update(kid="rs256-key"), NOT_THE_THUMBPRINT),
    "no kid": (lambda jwk: jwk.pop("kid"), NOT_THE_THUMBPRINT),
    "for encryption": (lambda jwk: jwk.update(use="enc", kid="encryption"), []),
    "for another algorithm": (lambda jwk: jwk.update(alg="PS256", kid="other", n="AQ"), []),
    "an EC key": (_of_type("EC", crv="P-256", x="AQ", y="AQ"), []),
    "a private EC key": (_of_type("EC", d="AQ"), ["a key of type EC shows the private members d"]),
    "a private OKP key": (_of_type("OKP", d="AQ"), ["a key of type OKP shows the private members d"]),
    "a shared secret": (_of_type("oct", k="AQ"), ["a key of type oct shows the private members k"]),
    "a private key for encryption": (
        lambda jwk: jwk.update(use="enc", alg="RSA-OAEP", dq="AQ"),
        ["a key of type RSA shows the private members dq"],
    ),
    "no n": (lambda jwk: jwk.pop("n"), UNREADABLE),
    "n is a number": (lambda jwk: jwk.update(n=7), UNREADABLE),
    "n is padded": (lambda jwk: jwk.update(n=jwk["n"] + "="), UNREADABLE),
    "no e": (lambda jwk: jwk.pop("e"), UNREADABLE),
    "small": (lambda jwk: jwk.update(_small()), ["a signing key has 1024 bits"]),
    "another n": (lambda jwk: jwk.update(n=encode(b"\xff" * 256)), NOT_THE_THUMBPRINT),
}


@pytest.mark.parametrize(("spoil", "told"), PUBLISHED.values(), ids=PUBLISHED)
def test_a_published_key_is_faulted_for_exactly_what_is_wrong(
    spoil: Callable[[dict[str, Any]], object], told: list[str]
) -> None:
    """A key without fault has none; each fault is told by itself."""
    jwk = dict(run_key().jwk)
    spoil(jwk)
    assert faults(jwk) == told


@pytest.mark.parametrize("ahead", [True, False], ids=["started ahead", "not started"])
def test_the_keys_of_a_run_are_generated_once(monkeypatch: pytest.MonkeyPatch, ahead: bool) -> None:
    """In a thread if a command has started to, else in the caller's: a process that forks has no other."""
    makers: list[threading.Thread] = []

    def generate() -> SigningKey:
        makers.append(threading.current_thread())
        return made[len(makers) - 1]

    made = run_key(), other_key()
    monkeypatch.setattr(keys, "_ahead", ())
    monkeypatch.setattr(keys, "_keys", functools.cache(keys._keys.__wrapped__))
    monkeypatch.setattr(SigningKey, "generate", generate)
    if ahead:
        make_keys()
    assert (run_key(), other_key(), run_key()) == (*made, made[0])
    make_keys()
    assert len(makers) == 2
    assert all((each is threading.main_thread()) != ahead for each in makers)
