"""The keys that the suite signs with, and the claims of an admin bearer."""

import functools
import hashlib
import json
import secrets
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from contract.harness.errors import UsageError
from contract.harness.jose.tokens import encode
from contract.harness.redaction import remember
from contract.harness.spec import ISSUER


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the RFC 7638 SHA-256 thumbprint of an RSA public key."""
    canonical = json.dumps({name: jwk[name] for name in ("e", "kty", "n")}, separators=(",", ":"))
    return encode(hashlib.sha256(canonical.encode()).digest())


class SigningKey:
    """An RSA private key, loaded once; its repr is its key id."""

    def __init__(self, private_key: Any) -> None:
        from cryptography.hazmat.primitives import serialization as form

        self._key = private_key
        public = private_key.public_key()
        numbers = public.public_numbers()
        octets = (numbers.n.bit_length() + 7) // 8
        self.jwk: dict[str, str] = {
            "kty": "RSA",
            "n": encode(numbers.n.to_bytes(octets)),
            "e": encode(numbers.e.to_bytes((numbers.e.bit_length() + 7) // 8)),
            "use": "sig",
            "alg": "RS256",
        }
        self.kid = thumbprint(self.jwk)
        self.jwk["kid"] = self.kid
        pem = form.Encoding.PEM
        self.public_pem = public.public_bytes(pem, form.PublicFormat.SubjectPublicKeyInfo).decode()
        self.private_pem = remember(
            private_key.private_bytes(pem, form.PrivateFormat.PKCS8, form.NoEncryption()).decode()
        )

    def __repr__(self) -> str:
        return f"<signing key {self.kid[:8]}>"

    def sign(
        self, claims: Mapping[str, Any], *, prefix: str = "", header: Mapping[str, Any] | None = None
    ) -> str:
        """Return a compact RS256 JWS of `claims`; `header` adds to the usual header or replaces it."""
        import jwt

        usual = {"typ": "JWT", "kid": self.kid, **(header or {})}
        return remember(prefix + jwt.encode(dict(claims), self._key, algorithm="RS256", headers=usual))

    def signature(self, message: bytes, algorithm: str = "RS256") -> bytes:
        """Return the signature of `message` by any algorithm for RSA keys (RFC 7518, section 3.1)."""
        from jwt.algorithms import RSAAlgorithm, RSAPSSAlgorithm

        family = {"RS": RSAAlgorithm, "PS": RSAPSSAlgorithm}[algorithm[:2]]
        made: bytes = family(getattr(family, f"SHA{algorithm[2:]}")).sign(message, self._key)
        return made

    @classmethod
    def generate(cls) -> "SigningKey":
        """Make a 2048-bit key."""
        from cryptography.hazmat.primitives.asymmetric import rsa

        return cls(rsa.generate_private_key(public_exponent=65537, key_size=2048))

    @classmethod
    def load(cls, path: str) -> "SigningKey":
        """Read an RSA private key in PEM; raises `UsageError` for anything else."""
        from pathlib import Path

        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            key = load_pem_private_key(Path(path).read_bytes(), password=None)
        except OSError as error:
            raise UsageError(f"--signing-key {path}: can't be read: {error.strerror}") from None
        except Exception:  # noqa: BLE001 - cryptography names no base for what a bad PEM raises
            raise UsageError(f"--signing-key {path}: it holds no unencrypted private key in PEM") from None
        if not isinstance(key, RSAPrivateKey):
            raise UsageError(f"--signing-key {path}: not an RSA key; relayauth signs with RS256")
        return cls(key)


def admin_claims(now: float, org: str) -> dict[str, Any]:
    """Return the claims of an admin bearer of `org`, valid for an hour, to be signed."""
    issued = int(now)
    return {
        "sub": "user_relayauth-contract",
        "org": org,
        "wks": "ws_relayauth-contract",
        "scopes": ["*:*:*:*"],
        "sponsorId": "user_relayauth-contract",
        "sponsorChain": ["user_relayauth-contract"],
        "token_type": "access",
        "iss": ISSUER,
        "aud": ["relayauth"],
        "iat": issued,
        "exp": issued + 3600,
        "jti": f"tok_{secrets.token_hex(8)}",
        "sid": f"sess_{secrets.token_hex(8)}",
    }


_ahead: tuple["Future[SigningKey]", ...] = ()


def make_keys() -> None:
    """Start to generate the keys of the run; it takes a tenth of a second, in parallel with the start-up.

    Not for a process that forks: the thread may hold a lock of OpenSSL at that moment, even as it ends, and
    what is forked then waits for that lock for ever.
    """
    global _ahead
    if _ahead or _keys.cache_info().currsize:
        return
    pool = ThreadPoolExecutor(1)
    _ahead = tuple(pool.submit(SigningKey.generate) for _ in range(2))
    pool.shutdown(wait=False)


@functools.cache
def _keys() -> tuple[SigningKey, SigningKey]:
    """Return the keys of the run, and generate those that nobody has started to."""
    if _ahead:
        return _ahead[0].result(), _ahead[1].result()
    return SigningKey.generate(), SigningKey.generate()


def run_key() -> SigningKey:
    """Return the signing key of every target that this run configures itself; made once."""
    return _keys()[0]


def other_key() -> SigningKey:
    """Return a key that no deployment of this run holds; made once."""
    return _keys()[1]
