"""Slips in what a verifier believes."""

import hashlib
import hmac
from collections.abc import Collection, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from reference_impl.facts import Grant, TokenState
from reference_impl.mutants import Mutant
from reference_impl.rules import ISSUER


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
    """A bearer is read and believed."""

    breaks = frozenset({"JWKS-03", "JWKS-07", "SEC-01", "SEC-02", "SEC-03", "SEC-04"})

    def unverified_passes(self, *, no_keys: bool) -> bool:
        return True


class AnySpellingWillDo(Mutant):
    """A second spelling of the base64url is read as the first."""

    breaks = frozenset({"SEC-02"})

    def spelling_fits(self, written: str, canonical: str) -> bool:
        return True


class MoreSegmentsWillDo(Mutant):
    """What stands behind the signature is left unread."""

    breaks = frozenset({"SEC-02"})

    def parts_fit(self, number: int) -> bool:
        return number >= 3


class TokensBringTheirKey(Mutant):
    """A jwk in the header is believed."""

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


class AnyIssuerWillDo(Mutant):
    """Nobody looks at iss."""

    breaks = frozenset({"SEC-04"})

    def trusts_issuer(self, issuer: Any) -> bool:
        return True


class IssuerByItsBeginning(Mutant):
    """An issuer that begins as ours does is ours."""

    breaks = frozenset({"SEC-04"})

    def trusts_issuer(self, issuer: Any) -> bool:
        return str(issuer).startswith(ISSUER)


class AnyAudienceWillDo(Mutant):
    """A bearer for anybody is good here."""

    breaks = frozenset({"SEC-04"})

    def is_for_us(self, audience: Any) -> bool:
        return True


class RefreshForAnyAudience(Mutant):
    """A refresh token for anybody may be redeemed here."""

    breaks = frozenset({"SEC-04"})

    def refresh_is_for_us(self, audience: Any) -> bool:
        return True


class CritIsIgnored(Mutant):
    """What a header says must be understood is read over."""

    breaks = frozenset({"SEC-04"})

    def header_is_understood(self, header: Mapping[str, Any]) -> bool:
        return super().header_is_understood({name: header[name] for name in header if name != "crit"})


class TypIsIgnored(Mutant):
    """A JWT of any other kind is a token as well."""

    breaks = frozenset({"SEC-04"})

    def header_is_understood(self, header: Mapping[str, Any]) -> bool:
        return "crit" not in header


class AnyKidWillDo(Mutant):
    """Every key is tried, whatever kid a token names."""

    breaks = frozenset({"SEC-04"})

    def kid_names(self, kid: Any, known: str, *, alone: bool) -> bool:
        return True


class TimesAreTakenAsTheyCome(Mutant):
    """A bearer's times may be text or missing: then they are those of a token that never ends."""

    breaks = frozenset({"SEC-04"})

    def claims_fit(self, claims: Mapping[str, Any]) -> bool:
        for name, usual in (("iat", 0), ("exp", 1 << 40)):
            if not isinstance(claims.get(name), int) and isinstance(claims, dict):
                claims[name] = usual
        return super().claims_fit(claims)


class UnknownTokensAreNew(Mutant):
    """A signed refresh token that nobody has heard of is taken for one of another machine's."""

    breaks = frozenset({"SEC-04"})

    def unknown_state(self, claims: Mapping[str, Any]) -> TokenState | None:
        grant = Grant(
            endpoint="identity",
            org=claims["org"],
            workspace=str(claims.get("wks")),
            subject=claims["sub"],
            sponsor=str(claims.get("sponsorId")),
            chain=(),
            scopes=(),
            audience=("relayauth",),
            access_ttl=3600,
            minted_at=claims["iat"],
        )
        return TokenState(
            id=claims["jti"],
            session=claims["sid"],
            kind="refresh",
            number=0,
            status="live",
            session_revoked=False,
            grant=grant,
        )
