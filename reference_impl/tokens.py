"""Tokens: signing them, and reading them strictly (RFC 7515, RFC 7519)."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from reference_impl.errors import Unauthorized
from reference_impl.facts import Issue, Kind
from reference_impl.keys import PrivateKey, PublicKey, unb64url
from reference_impl.rules import ISSUER, PREFIXES

REFRESH_SCOPES = ["relayauth:token:refresh"]
REFRESH_AUDIENCE = ["relayauth"]
LONGEST = 16384  # characters; a token of ours has about 1500
_TEXTS = ("sub", "org", "iss", "jti", "sid", "token_type")


@dataclass(frozen=True)
class Parsed:
    """A compact JWS whose form is right; its signature is still to be checked."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes

    def signed_by(self, key: PublicKey) -> bool:
        """Say whether `key` made the signature (RS256)."""
        try:
            key.key.verify(self.signature, self.signed, PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True


def new_id(kind: str) -> str:
    """Return a fresh identifier such as `tok_…` or `sess_…`."""
    return f"{kind}{secrets.token_hex(12)}"


def sign(key: PrivateKey, kid: str, issue: Issue, kind: Kind, token_id: str) -> str:
    """Return one token of a pair."""
    grant, access = issue.grant, kind == "access"
    meta = issue.access_meta if access else issue.refresh_meta
    claims: dict[str, Any] = {
        "sub": issue.subject,
        "org": grant.org,
        "wks": grant.workspace,
        "scopes": list(issue.scopes) if access else REFRESH_SCOPES,
        "sponsorId": grant.sponsor,
        "sponsorChain": list(grant.chain),
        "token_type": kind,
        "iss": ISSUER,
        "aud": list(issue.audience) if access else REFRESH_AUDIENCE,
        "exp": issue.access_exp if access else issue.refresh_exp,
        "iat": issue.iat,
        "jti": token_id,
        "sid": issue.session,
    }
    if issue.parent is not None:
        claims["parentTokenId"] = issue.parent
    if meta:
        claims["meta"] = dict(meta)
    return issue.prefix + jwt.encode(claims, key.key, algorithm="RS256", headers={"typ": "JWT", "kid": kid})


def parse(text: str) -> Parsed:
    """Read a token's form strictly; `Unauthorized` for any other than ours."""
    prefix = next((each for each in PREFIXES.values() if each and text.startswith(each)), "")
    segments = text.removeprefix(prefix).split(".")
    if len(segments) != 3 or len(text) > LONGEST:
        raise Unauthorized("the token is no compact JWS")
    try:
        header, claims = (json.loads(unb64url(segment)) for segment in segments[:2])
        signature = unb64url(segments[2])
    except (ValueError, RecursionError):
        raise Unauthorized("the token is no compact JWS") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise Unauthorized("the token is no compact JWS")
    return Parsed(header, claims, ".".join(segments[:2]).encode(), signature)


def check_form(claims: Mapping[str, Any]) -> None:
    """Refuse claims that are missing or of the wrong type; times are whole Unix seconds."""
    times = [claims.get(name) for name in ("exp", "iat")]
    fine = (
        all(isinstance(claims.get(name), str) for name in _TEXTS)
        and all(
            isinstance(time, int) and not isinstance(time, bool) and 0 <= time < 1 << 53 for time in times
        )
        and isinstance(claims.get("scopes"), list)
        and all(isinstance(scope, str) for scope in claims["scopes"])
        and ("nbf" not in claims or (isinstance(claims["nbf"], int) and not isinstance(claims["nbf"], bool)))
    )
    if not fine:
        raise Unauthorized("the token's claims are not those of this service")
