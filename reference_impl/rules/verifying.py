"""What a verifier believes, and where it finds its keys."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from reference_impl.facts import Carrier, Kind, TokenState
from reference_impl.rules.values import DEFAULT_JWKS_ORIGIN, ISSUER, JWKS_PATH, SKEW, UNPUBLISHED_KID
from reference_impl.scopes import PLANES

_TEXTS = ("sub", "org", "iss", "jti", "sid")


class VerifierRules:
    """What a verifier believes, and where it finds its keys."""

    def is_set(self, value: str | None) -> bool:
        """Say whether a variable is set; white space alone counts as unset."""
        return value is not None and value.strip() != ""

    def bound_key_counts(self, public: str | None, base_url: str | None) -> bool:
        """Say whether the verifier builds its JWKS in place from the bound public key."""
        del base_url
        return self.is_set(public)

    def bound_key_suffices(self) -> bool:
        """Say whether nobody is asked for a `kid` that is not the bound key's."""
        return True

    def own_key_verifies(self, carrier: Carrier, base_url: str | None) -> bool:
        """Say whether the deployment's own key verifies at a refresh or an introspection, wherever it is."""
        del carrier, base_url
        return True

    def jwks_url(self, base_url: str | None) -> str:
        """Return the address of the JWKS of a deployment without a bound key."""
        if not self.is_set(base_url):
            return DEFAULT_JWKS_ORIGIN + JWKS_PATH
        parts = urlsplit(str(base_url).strip())
        # An origin has no user and no password (RFC 6454, section 4).
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{JWKS_PATH}"

    def fallback_urls(self, url: str) -> Collection[str]:
        """Return what is asked after `url` could not be fetched or read: nobody."""
        del url
        return ()

    def jwks_time_out(self) -> float:
        """Return the seconds after which a JWKS that does not answer is given up."""
        return 5.0

    def jwks_fresh_for(self) -> float:
        """Return the seconds for which a fetched set is used without asking again."""
        return 300.0

    def jwks_rest(self) -> float:
        """Return the seconds between two fetches, whatever kids are presented: no storm."""
        return 10.0

    def accepts_jwks(self, status: int, location: str | None) -> bool:
        """Say whether an answer of this status may hold a JWKS; a redirect is not followed."""
        del location
        return status == 200

    def follows_redirects(self) -> bool:
        """Say whether a redirect from the address of the JWKS is followed."""
        return False

    def asks_through_a_proxy(self, url: str) -> bool:
        """Say whether a JWKS is asked for through the environment's proxy; loopback never is."""
        del url
        return False

    def considered(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Return the entries of a JWKS that are looked at, those not understood among them: all."""
        return rows

    def understands_key(self, jwk: Mapping[str, Any]) -> bool:
        """Say whether a JWK is one that verifies RS256; any other is passed over (RFC 7517, section 5)."""
        operations = jwk.get("key_ops", ["verify"])
        return (
            jwk.get("kty") == "RSA"
            and jwk.get("use", "sig") == "sig"
            and jwk.get("alg", "RS256") == "RS256"
            and isinstance(operations, list)
            and "verify" in operations
        )

    def is_bearer_scheme(self, scheme: str) -> bool:
        """Say whether a credential of this authentication scheme is a bearer (RFC 9110, section 11.1)."""
        return scheme.lower() == "bearer"

    def unverified_passes(self, *, no_keys: bool) -> bool:
        """Say whether a bearer passes whose signature could not be verified, perhaps for want of keys."""
        del no_keys
        return False

    def published(self, jwk: Mapping[str, str]) -> Mapping[str, str] | None:
        """Return the public key as it stands in the published set."""
        return jwk

    def algorithms(self) -> Collection[str]:
        """Return the `alg` values that are accepted (RFC 8725, section 3.1)."""
        return ("RS256",)

    def signature_holds(
        self, header: Mapping[str, Any], signed: bytes, signature: bytes, key: RSAPublicKey
    ) -> bool:
        """Say whether `key` made `signature` over `signed`: RSASSA-PKCS1-v1_5 with SHA-256, or not at all.

        What `header` says can refuse a token; it never chooses how one is verified.
        """
        if header.get("alg") not in self.algorithms():
            return False
        try:
            key.verify(signature, signed, PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True

    def kid_names(self, kid: Any, known: str, *, alone: bool) -> bool:
        """Say whether `kid` of a token names the key that is `known` by that kid, `alone` in its set or not.

        A deployment without a public key of its own signs with a fixed kid, and its set may list the same
        key under its thumbprint: that kid means the only key there is.
        """
        return bool(kid == known) or (alone and bool(kid == UNPUBLISHED_KID))

    def lent_keys(self, header: Mapping[str, Any]) -> Collection[Mapping[str, Any]]:
        """Return the JWKs that a token brings along and that count: none (RFC 8725, section 3.10)."""
        del header
        return ()

    def lent_urls(self, header: Mapping[str, Any]) -> Collection[str]:
        """Return the addresses in a token that are asked for keys: none (RFC 8725, section 3.10)."""
        del header
        return ()

    def parts_fit(self, number: int) -> bool:
        """Say whether a compact JWS may have this number of segments (RFC 7515, section 3.1)."""
        return number == 3

    def spelling_fits(self, written: str, canonical: str) -> bool:
        """Say whether a base64url segment is in the one spelling that its octets have."""
        return written == canonical

    def claims_fit(self, claims: Mapping[str, Any]) -> bool:
        """Say whether all claims of a token are there, in their types; times are whole Unix seconds.

        What its `token_type` says is for `is_bearer` and `is_refresh_token` to decide.
        """
        times: list[Any] = [claims.get("exp"), claims.get("iat"), claims.get("nbf", 0)]
        lists = [claims.get(name) for name in ("scopes", "aud")]
        return (
            all(isinstance(claims.get(name), str) for name in _TEXTS)
            and all(isinstance(time, int) and not isinstance(time, bool) for time in times)
            and all(0 <= time < 1 << 53 for time in times)
            and all(isinstance(each, list) and all(isinstance(text, str) for text in each) for each in lists)
        )

    def header_is_understood(self, header: Mapping[str, Any]) -> bool:
        """Say whether nothing in the header must be understood that is not (RFC 7515, section 4.1.11)."""
        return "crit" not in header and header.get("typ", "JWT") == "JWT"

    def expired(self, kind: Kind, exp: int, now: float) -> bool:
        """Say whether a token is over."""
        del kind
        return now >= exp + SKEW

    def introspection_ends(self, kind: Kind, exp: int, now: float) -> bool:
        """Say whether introspection shows a token no longer: from when it is refused."""
        return self.expired(kind, exp, now)

    def not_yet(self, iat: int, now: float) -> bool:
        """Say whether a token was issued in the future, beyond the skew."""
        return iat > now + SKEW

    def trusts_issuer(self, issuer: Any) -> bool:
        """Say whether a token of this issuer may be believed."""
        return bool(issuer == ISSUER)

    def is_for_us(self, audience: Any) -> bool:
        """Say whether a bearer of this audience may be presented here: any plane's, as wire.md grants them.

        What was minted for somebody else's audience is for them alone (RFC 7519, section 4.1.3).
        """
        return isinstance(audience, list) and not PLANES.isdisjoint(audience)

    def is_bearer(self, claims: Mapping[str, Any]) -> bool:
        """Say whether a token with these claims may be presented as a bearer."""
        return bool(claims.get("token_type") == "access")

    def bearer_lives(self, state: TokenState | None, now: float) -> bool:
        """Say whether a bearer in this state is good; the key holder's own admin bearer has no state."""
        del now
        return state is None or (state.status == "live" and not state.session_revoked)

    def bearer_session_lives(self, *, revoked: bool) -> bool:
        """Say whether a bearer is good that was never issued, in a session that was `revoked` or not."""
        return not revoked
