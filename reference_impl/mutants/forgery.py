"""Faults in how a signature is verified, and with which key."""

import hashlib
import hmac
from collections.abc import Collection, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from reference_impl.mutants import Mutant


class NoneIsAnAlgorithm(Mutant):
    """A token that says alg none needs no signature."""

    breaks = frozenset({"SEC-01"})

    def signature_holds(
        self, header: Mapping[str, Any], signed: bytes, signature: bytes, key: RSAPublicKey
    ) -> bool:
        return header.get("alg") == "none" or super().signature_holds(header, signed, signature, key)


class NoneIsRefusedInLowerCaseOnly(Mutant):
    """A token that says alg NONE, in any spelling but the usual one, needs no signature."""

    breaks = frozenset({"SEC-01"})

    def signature_holds(
        self, header: Mapping[str, Any], signed: bytes, signature: bytes, key: RSAPublicKey
    ) -> bool:
        alg = header.get("alg")
        odd = isinstance(alg, str) and alg != "none" and alg.lower() == "none"
        return odd or super().signature_holds(header, signed, signature, key)


class PublicKeyIsASharedSecret(Mutant):
    """A token that says HS256 is verified with the text of the public key."""

    breaks = frozenset({"SEC-01"})

    def signature_holds(
        self, header: Mapping[str, Any], signed: bytes, signature: bytes, key: RSAPublicKey
    ) -> bool:
        if header.get("alg") != "HS256":
            return super().signature_holds(header, signed, signature, key)
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        secret = key.public_bytes(serialization.Encoding.PEM, form)
        return hmac.compare_digest(hmac.new(secret, signed, hashlib.sha256).digest(), signature)


class AlgIsIgnored(Mutant):
    """Whatever alg a token says, its signature is verified as RS256."""

    breaks = frozenset({"SEC-01"})

    def signature_holds(
        self, header: Mapping[str, Any], signed: bytes, signature: bytes, key: RSAPublicKey
    ) -> bool:
        return super().signature_holds({**header, "alg": "RS256"}, signed, signature, key)


class TheTokenNamesItsHash(Mutant):
    """RS384 and RS512 are accepted as well."""

    breaks = frozenset({"SEC-01"})

    def signature_holds(
        self, header: Mapping[str, Any], signed: bytes, signature: bytes, key: RSAPublicKey
    ) -> bool:
        named = {"RS384": hashes.SHA384(), "RS512": hashes.SHA512()}.get(str(header.get("alg")))
        if named is None:
            return super().signature_holds(header, signed, signature, key)
        try:
            key.verify(signature, signed, PKCS1v15(), named)
        except InvalidSignature:
            return False
        return True


class SignaturesAreNotVerified(Mutant):
    """The signature of a bearer is not verified."""

    breaks = frozenset({"JWKS-03", "JWKS-07", "SEC-01", "SEC-02", "SEC-03", "SEC-04", "SEC-11"})

    def unverified_passes(self, *, no_keys: bool) -> bool:
        return True


class AnySpellingWillDo(Mutant):
    """A second spelling of the base64url is read as the first."""

    breaks = frozenset({"SEC-09"})

    def spelling_fits(self, written: str, canonical: str) -> bool:
        return True


class PaddingIsDropped(Mutant):
    """Base64url with padding is read as if it had none."""

    breaks = frozenset({"SEC-09"})

    def spelling_fits(self, written: str, canonical: str) -> bool:
        return written.rstrip("=") == canonical


class StrayBitsAreDropped(Mutant):
    """The unused bits of the last character may have any value."""

    breaks = frozenset({"SEC-09"})

    def spelling_fits(self, written: str, canonical: str) -> bool:
        return len(written) == len(canonical) and written[:-1] == canonical[:-1]


class MoreSegmentsWillDo(Mutant):
    """Segments after the signature are ignored."""

    breaks = frozenset({"SEC-02"})

    def parts_fit(self, number: int) -> bool:
        return number >= 3


class TokensBringTheirKey(Mutant):
    """The jwk in the header of a token is used as a key."""

    breaks = frozenset({"SEC-03"})

    def lent_keys(self, header: Mapping[str, Any]) -> Collection[Mapping[str, Any]]:
        jwk = header.get("jwk")
        return (jwk,) if isinstance(jwk, dict) else ()


class JkuIsFollowed(Mutant):
    """Keys are fetched from the jku of a token."""

    breaks = frozenset({"SEC-03"})

    def lent_urls(self, header: Mapping[str, Any]) -> Collection[str]:
        jku = header.get("jku")
        return (jku,) if isinstance(jku, str) else ()


class X5uIsFollowed(Mutant):
    """A certificate is fetched from the x5u of a token."""

    breaks = frozenset({"SEC-03"})

    def lent_urls(self, header: Mapping[str, Any]) -> Collection[str]:
        x5u = header.get("x5u")
        return (x5u,) if isinstance(x5u, str) else ()


class KidIsAnAddress(Mutant):
    """A kid that is a URL is where the key is fetched."""

    breaks = frozenset({"SEC-03"})

    def lent_urls(self, header: Mapping[str, Any]) -> Collection[str]:
        kid = str(header.get("kid"))
        return (kid,) if kid.startswith("http") else ()


class NoKidNamesTheOnlyKey(Mutant):
    """A token without a kid is verified with the only key there is."""

    breaks = frozenset({"SEC-11"})

    def kid_names(self, kid: Any, known: str, *, alone: bool) -> bool:
        return (alone and kid is None) or super().kid_names(kid, known, alone=alone)
