"""Hostile tokens: a live token changed by a recipe. The redactor knows what was forged."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from contract.harness.jose.keys import SigningKey
from contract.harness.jose.tokens import Token, encode
from contract.harness.redaction import remember

_HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


@dataclass(frozen=True)
class Recipe:
    """How a token is changed.

    `header` and `claims` are merged into the live ones, `times` are claims in seconds from now, `without`
    names members to leave out (`header.kid`, `claims.exp`). `sign` names the signer: `key` (the deployment's
    key), `other`, `nothing`, `kept` (the signature stays) or `hmac` with the public key in the form `secret`;
    `algorithm` is the one that is used. `shape` changes the finished text.
    """

    header: Mapping[str, Any] = field(default_factory=dict)
    claims: Mapping[str, Any] = field(default_factory=dict)
    times: Mapping[str, float] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    sign: str = "kept"
    secret: str = ""
    algorithm: str = "RS256"
    shape: str = ""


@dataclass(frozen=True)
class Forger:
    """Forges tokens.

    `jwk` is the deployment's public key, `key` its private key (None where the suite does not hold it);
    `other` is a key that the deployment does not know.
    """

    jwk: Mapping[str, str]
    key: SigningKey | None
    other: SigningKey

    def forge(self, live: Token, recipe: Recipe, now: float) -> str:
        """Return `live` changed by `recipe`; `other` signs in place of a key that the suite does not hold."""
        header = {**live.header, **recipe.header}
        claims = {**live.claims, **recipe.claims}
        claims |= {name: int(now + seconds) for name, seconds in recipe.times.items()}
        for name in recipe.without:
            part, _, member = name.partition(".")
            (header if part == "header" else claims).pop(member, None)
        changed = (header, claims) != (live.header, live.claims)
        segments = live.text.removeprefix(live.prefix).split(".")
        signed = f"{_segment(header)}.{_segment(claims)}" if changed else ".".join(segments[:2])
        signature = self._signature(recipe, signed.encode(), segments[2])
        return remember(live.prefix + SHAPES[recipe.shape](f"{signed}.{signature}"))

    def _signature(self, recipe: Recipe, signed: bytes, kept: str) -> str:
        match recipe.sign:
            case "kept":
                return kept
            case "nothing":
                return ""
            case "hmac":
                secret = secrets_from(self.jwk)[recipe.secret]
                return encode(hmac.new(secret, signed, _HASHES[recipe.algorithm]).digest())
            case "other":
                return encode(self.other.signature(signed, recipe.algorithm))
        return encode((self.key or self.other).signature(signed, recipe.algorithm))


def _segment(part: Mapping[str, Any]) -> str:
    return encode(json.dumps(part, separators=(",", ":")).encode())


def signed_by_another(live: Token, other: SigningKey) -> str:
    """Return `live`, claim for claim, signed by a key that the deployment does not know."""
    return Forger({}, None, other).forge(live, Recipe(sign="other"), 0)


def with_another_signature(live: Token) -> str:
    """Return `live` with one bit of its signature changed."""
    return next(bit_flips(live, "signature", 1))


def bit_flips(live: Token, part: str, number: int) -> Iterator[str]:
    """Yield `live` `number` times, each with another bit of `part` (header, payload, signature) changed."""
    place = ("header", "payload", "signature").index(part)
    segments = live.text.removeprefix(live.prefix).split(".")
    octets = base64.urlsafe_b64decode(segments[place] + "==")
    bits = len(octets) * 8
    for turn in range(min(number, bits)):
        # The last bit is always among them: a verifier that truncates the signature accepts that one.
        bit = bits - 1 - turn * bits // number
        changed = bytearray(octets)
        changed[bit // 8] ^= 1 << (7 - bit % 8)
        segments[place] = encode(bytes(changed))
        yield remember(live.prefix + ".".join(segments))


def secrets_from(jwk: Mapping[str, str]) -> Mapping[str, bytes]:
    """Return the forms of a public key that a verifier may mistake for a shared secret (RFC 8725, 2.1)."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    n, e = (int.from_bytes(base64.urlsafe_b64decode(jwk[name] + "==")) for name in ("n", "e"))
    public = RSAPublicNumbers(e, n).public_key()
    spki = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {
        "spki-pem": spki,
        "spki-pem-stripped": spki.strip(),
        "spki-der": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "pkcs1-pem": public.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        "jwk": json.dumps(dict(jwk), separators=(",", ":")).encode(),
        "modulus": n.to_bytes((n.bit_length() + 7) // 8),
        "n": jwk["n"].encode(),
        "kid": jwk.get("kid", "").encode(),
        "empty": b"",
    }


def _parts(change: Any) -> Any:
    """Turn a change of the three segments into a change of the text."""
    return lambda text: ".".join(change(*text.split(".")))


_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def _padded(segment: str) -> str:
    """Return a segment with padding: as much as base64 has, and one `=` where base64 has none."""
    return segment + ("=" * (-len(segment) % 4) or "=")


def _with_stray_bits(segment: str) -> str:
    """Return a segment with an unused bit of its last character set, or padded where no bit is unused."""
    if not len(segment) % 4:
        return _padded(segment)
    return segment[:-1] + _ALPHABET[_ALPHABET.index(segment[-1]) ^ 1]


def _in_the_standard_alphabet(segment: str) -> str:
    """Return a segment with `+` and `/`; padded if it has neither, as one signature of 50 000."""
    changed = segment.replace("-", "+").replace("_", "/")
    return changed if changed != segment else _padded(segment)


def _with_another_kid(segment: str) -> str:
    """Return a header whose `kid` begins with another letter, so that it names no key."""
    header = json.loads(base64.urlsafe_b64decode(segment + "=="))
    kid = str(header.get("kid", ""))
    header["kid"] = ("B" if kid.startswith("A") else "A") + kid[1:]
    return encode(json.dumps(header, separators=(",", ":")).encode())


SHAPES: Mapping[str, Any] = {
    "": lambda text: text,
    "two-segments": _parts(lambda h, p, _: (h, p)),
    "no-signature": _parts(lambda h, p, _: (h, p, "")),
    "signature-cut-by-one": _parts(lambda h, p, s: (h, p, s[:-1])),
    "signature-halved": _parts(lambda h, p, s: (h, p, s[: len(s) // 2])),
    "signature-lengthened": _parts(lambda h, p, s: (h, p, s + "AAAA")),
    "signature-led-by-zeros": _parts(lambda h, p, s: (h, p, "AAAA" + s)),
    "signature-zero": _parts(lambda h, p, s: (h, p, "A" * len(s))),
    "kid-changed": _parts(lambda h, p, s: (_with_another_kid(h), p, s)),
    "payload-empty": _parts(lambda h, _, s: (h, "", s)),
    "fourth-segment-empty": lambda text: text + ".",
    "fourth-segment": lambda text: text + ".e30",
    "five-segments": _parts(lambda h, p, s: (h, "", p, s, "")),
    "segments-swapped": _parts(lambda h, p, s: (p, h, s)),
    "header-padded": _parts(lambda h, p, s: (_padded(h), p, s)),
    "payload-respelled": _parts(lambda h, p, s: (h, _with_stray_bits(p), s)),
    "signature-padded": _parts(lambda h, p, s: (h, p, _padded(s))),
    "signature-with-stray-bits": _parts(lambda h, p, s: (h, p, _with_stray_bits(s))),
    "signature-in-the-standard-alphabet": _parts(lambda h, p, s: (h, p, _in_the_standard_alphabet(s))),
    "signature-in-padded-base64": _parts(lambda h, p, s: (h, p, _padded(_in_the_standard_alphabet(s)))),
}


def bearers_with_own_keys(other: SigningKey, claims: Mapping[str, Any], origin: str) -> Mapping[str, str]:
    """Return bearers of `claims` that carry or name the key to verify them with, by the member that does so.

    `other` signs them; the addresses in them are below `origin`, under `/own-key/`.
    """
    public = {name: value for name, value in other.jwk.items() if name in ("kty", "n", "e")}
    der = base64.b64encode(_certificate(other)).decode()
    headers: Mapping[str, Mapping[str, Any]] = {
        "jku": {"jku": f"{origin}/own-key/jku.json"},
        "x5u": {"x5u": f"{origin}/own-key/x5u.pem"},
        "jwk": {"jwk": public},
        "x5c": {"x5c": [der]},
        "kid": {"kid": f"{origin}/own-key/kid.json"},
        "iss": {},
    }
    issuer = {"iss": {"iss": f"{origin}/own-key/iss"}}
    return {
        name: other.sign({**claims, **issuer.get(name, {})}, header=header)
        for name, header in headers.items()
    }


def _certificate(key: SigningKey) -> bytes:
    """Return a self-signed certificate of `key`, valid for a century, in DER."""
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
    from cryptography.x509.oid import NameOID

    private = load_pem_private_key(key.private_pem.encode(), None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(private, RSAPrivateKey)  # noqa: S101 - a SigningKey is one
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relayauth-contract")])
    bare = x509.CertificateBuilder(name, name, private.public_key(), 1)
    dated = bare.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(
        datetime(2120, 1, 1, tzinfo=UTC)
    )
    return dated.sign(private, SHA256()).public_bytes(Encoding.DER)
