"""Tokens: signing them, and reading them strictly (RFC 7515, RFC 7519)."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from reference_impl.errors import BadRequest, Unauthorized
from reference_impl.facts import Issue, Kind
from reference_impl.keys import PrivateKey, b64url, unb64url
from reference_impl.rules import ISSUER, PREFIXES, Rules

LONGEST = 16384  # characters; a token of ours has about 1500


@dataclass(frozen=True)
class Parsed:
    """A compact JWS whose form is right; its signature is still to be checked."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes


def new_id(kind: str) -> str:
    """Return a fresh identifier such as `tok_…` or `sess_…`."""
    return f"{kind}{secrets.token_hex(12)}"


def sign(key: PrivateKey, kid: str, issue: Issue, kind: Kind, token_id: str, rules: Rules) -> str:
    """Return one token of a pair; `BadRequest` if its grant makes it longer than any verifier reads."""
    owner, access = issue.owner, kind == "access"
    meta = issue.access_meta if access else issue.refresh_meta
    claims: dict[str, Any] = {
        "sub": issue.subject,
        "org": owner.org,
        "wks": owner.workspace,
        "scopes": list(issue.scopes if access else rules.refresh_scopes(issue)),
        "sponsorId": owner.sponsor,
        "sponsorChain": list(owner.chain),
        "token_type": kind,
        "iss": ISSUER,
        "aud": list(issue.audience if access else rules.refresh_audience(issue)),
        "exp": issue.access_exp if access else issue.refresh_exp,
        "iat": issue.iat,
        "jti": token_id,
        "sid": issue.session,
    }
    if issue.parent is not None:
        claims["parentTokenId"] = issue.parent
    if meta:
        claims["meta"] = dict(meta)
    token = jwt.encode(claims, key.key, algorithm="RS256", headers={"typ": "JWT", "kid": kid})
    if len(issue.prefix) + len(token) > LONGEST:
        raise BadRequest("so much can't be granted in one token: name fewer paths, scopes or audiences")
    return issue.prefix + token


def parse(text: str, rules: Rules) -> Parsed:
    """Read a token's form strictly; `Unauthorized` for any other than ours."""
    prefix = next((each for each in PREFIXES.values() if each and text.startswith(each)), "")
    segments = text.removeprefix(prefix).split(".")
    if not rules.parts_fit(len(segments)) or len(text) > LONGEST:
        raise Unauthorized("the token is no compact JWS")
    try:
        raw = [unb64url(segment) for segment in segments[:3]]
        if not all(map(rules.spelling_fits, segments, map(b64url, raw))):
            raise ValueError("not canonical base64url")
        header, claims, signature = json.loads(raw[0]), json.loads(raw[1]), raw[2]
    except (ValueError, IndexError, RecursionError):
        raise Unauthorized("the token is no compact JWS") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise Unauthorized("the token is no compact JWS")
    return Parsed(header, claims, ".".join(segments[:2]).encode(), signature)
