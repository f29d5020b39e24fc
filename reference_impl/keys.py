"""RSA keys: loaded once, kept as objects, and their public form as a JWK (RFC 7517)."""

import base64
import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, RSAPublicNumbers

from reference_impl.errors import ConfigError

MIN_BITS = 2048  # RFC 7518, section 3.3
MAX_BITS = 16384  # what OpenSSL verifies with; a larger modulus is an attack on its reader


def b64url(raw: bytes) -> str:
    """Return base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64url(text: str) -> bytes:
    """Decode base64url without padding, in any of its spellings; `ValueError` for what is none."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


@dataclass(frozen=True)
class PublicKey:
    """A public key, its JWK, and its RFC 7638 thumbprint as `kid`."""

    key: RSAPublicKey
    kid: str

    @property
    def jwk(self) -> dict[str, str]:
        """Public members only: `kty n e use alg kid`."""
        numbers = self.key.public_numbers()
        return {**_members(numbers), "use": "sig", "alg": "RS256", "kid": self.kid}

    @classmethod
    @functools.lru_cache(maxsize=64)
    def load(cls, pem: str) -> "PublicKey":
        """Read an SPKI PEM; `ConfigError` for what is not an RSA public key."""
        try:
            key = serialization.load_pem_public_key(pem.encode())
        except (ValueError, UnsupportedAlgorithm):
            raise ConfigError("the public key is no PEM of a public key") from None
        if not isinstance(key, RSAPublicKey):
            raise ConfigError("the public key is no RSA key")
        if key.key_size < MIN_BITS:
            raise ConfigError(f"the public key is no RSA key of at least {MIN_BITS} bits")
        return cls(key, thumbprint(_members(key.public_numbers())))

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any]) -> "PublicKey":
        """Read an RSA JWK; `ValueError` for what is none, or too small."""
        numbers = RSAPublicNumbers(*(int.from_bytes(unb64url(jwk[name])) for name in ("e", "n")))
        key = numbers.public_key()
        if not MIN_BITS <= key.key_size <= MAX_BITS:
            raise ValueError("too small, or too large")
        kid = jwk.get("kid")
        return cls(key, kid if isinstance(kid, str) else thumbprint(_members(numbers)))


@dataclass(frozen=True)
class PrivateKey:
    """The key that signs."""

    key: RSAPrivateKey
    public: PublicKey

    @classmethod
    @functools.lru_cache(maxsize=16)
    def load(cls, pem: str) -> "PrivateKey":
        """Read a PKCS#8 PEM; `ConfigError` for what is not an unencrypted RSA private key of 2048 bits."""
        try:
            key = serialization.load_pem_private_key(pem.encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ConfigError("the signing key is no unencrypted private key in PEM") from None
        if not isinstance(key, RSAPrivateKey) or key.key_size < MIN_BITS:
            raise ConfigError(f"the signing key is no RSA key of at least {MIN_BITS} bits")
        return cls.of(key)

    @classmethod
    def of(cls, key: RSAPrivateKey) -> "PrivateKey":
        """Wrap a key object."""
        public = key.public_key()
        return cls(key, PublicKey(public, thumbprint(_members(public.public_numbers()))))


def _members(numbers: RSAPublicNumbers) -> dict[str, str]:
    def octets(number: int) -> str:
        return b64url(number.to_bytes((number.bit_length() + 7) // 8))

    return {"kty": "RSA", "n": octets(numbers.n), "e": octets(numbers.e)}


def thumbprint(members: Mapping[str, str]) -> str:
    """Return the RFC 7638 SHA-256 thumbprint of `kty`, `n`, `e`."""
    canonical = json.dumps({name: members[name] for name in ("e", "kty", "n")}, separators=(",", ":"))
    return b64url(hashlib.sha256(canonical.encode()).digest())
