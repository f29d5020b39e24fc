"""The harness's own strict reader of tokens, and the keys it signs with where it holds one."""

import base64
import binascii
import functools
import hashlib
import json
import secrets
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from contract.harness.errors import UsageError
from contract.harness.redaction import fingerprint, remember

PREFIXES = ("relay_ag_", "relay_pa_")
MARK = "refreshTokenTtl"
ISSUER = "https://relayauth.dev"


class Malformed(ValueError):
    """The text is not a compact JWS with a JSON header and JSON claims (RFC 7515, section 7.1)."""


@dataclass(frozen=True, repr=False)
class Token:
    """A compact JWS, prefix and all, as the service sent it; times are Unix seconds."""

    text: str
    prefix: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"<token {fingerprint(self.text)}>"

    def time(self, claim: str) -> int:
        """Return `exp` or `iat`; raises `Malformed` if it is missing or no whole number of seconds."""
        value = self.claims.get(claim)
        whole = value.is_integer() if isinstance(value, float) else type(value) is int
        if not whole:
            raise Malformed(f"its {claim} is no whole number of seconds")
        return int(value)  # type: ignore[arg-type]

    @property
    def exp(self) -> int:
        """When it ends, in Unix seconds."""
        return self.time("exp")

    @property
    def iat(self) -> int:
        """When it was issued, in Unix seconds."""
        return self.time("iat")

    @property
    def lifetime(self) -> int:
        """`exp - iat`, in seconds."""
        return self.exp - self.iat

    @property
    def meta(self) -> Mapping[str, Any]:
        """The `meta` claim; empty if there is none."""
        meta = self.claims.get("meta", {})
        if not isinstance(meta, dict):
            raise Malformed("its meta is no object")
        return meta

    @property
    def mark(self) -> Any:
        """`meta.refreshTokenTtl`, or None where the token bears no mark."""
        return self.meta.get(MARK)


def read(text: object) -> Token:
    """Read one token strictly; raises `Malformed` with the reason and never with the token."""
    if not isinstance(text, str):
        raise Malformed("it is no string")
    return _read(text)


# What a mint answers is read once for what the run owns, and once for the clause on trial.
@functools.lru_cache(maxsize=16)
def _read(text: str) -> Token:
    remember(text)
    prefix = next((each for each in PREFIXES if text.startswith(each)), "")
    segments = text.removeprefix(prefix).split(".")
    if len(segments) != 3 or not all(segments):
        raise Malformed(f"it has {len(segments)} segments, not three that hold something")
    header, claims = (_object(segment) for segment in segments[:2])
    decode(segments[2])
    return Token(text, prefix, header, claims)


def decode(segment: str) -> bytes:
    """Decode base64url as RFC 7515 spells it: no padding, no stray characters, one spelling only."""
    try:
        raw = base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("a segment is not base64url") from None
    if encode(raw) != segment:
        raise Malformed("a segment is not canonical base64url")
    return raw


def _object(segment: str) -> dict[str, Any]:
    try:
        value = json.loads(decode(segment), parse_constant=_no_constant)
    except Malformed:
        raise
    except (ValueError, RecursionError):
        raise Malformed("a segment is not JSON") from None
    if not isinstance(value, dict):
        raise Malformed("a segment is not a JSON object")
    return value


def _no_constant(name: str) -> None:
    # Python reads NaN and Infinity; RFC 8259, section 6, knows neither.
    raise Malformed(f"a segment is not JSON ({name})")


def encode(raw: bytes) -> str:
    """Return `raw` in base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


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
        """Read an RSA private key in PEM; raises `UsageError` for whatever is not one."""
        from pathlib import Path

        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            key = load_pem_private_key(Path(path).read_bytes(), password=None)
        except OSError as error:
            raise UsageError(f"--signing-key {path}: can't be read: {error.strerror}") from None
        except Exception:  # noqa: BLE001 - cryptography names no base for what a bad PEM raises
            raise UsageError(f"--signing-key {path}: is no unencrypted private key in PEM") from None
        if not isinstance(key, RSAPrivateKey):
            raise UsageError(f"--signing-key {path}: is no RSA key; relayauth signs with RS256")
        return cls(key)


def admin_claims(now: float, org: str) -> dict[str, Any]:
    """Return the claims of an admin bearer of `org`, good for an hour, for the holder of the key to sign."""
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


@functools.cache
def make_keys() -> tuple["Future[SigningKey]", "Future[SigningKey]"]:
    """Begin to make the keys of the run; it takes a tenth of a second, beside whatever else starts up."""
    pool = ThreadPoolExecutor(1)
    keys = pool.submit(SigningKey.generate), pool.submit(SigningKey.generate)
    pool.shutdown(wait=False)
    return keys


def run_key() -> SigningKey:
    """Return the deployment key of every target that this run configures itself; made once."""
    return make_keys()[0].result()


def other_key() -> SigningKey:
    """Return a key that no deployment of this run holds: what a trap lies with; made once."""
    return make_keys()[1].result()
