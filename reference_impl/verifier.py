"""The verifier: where it finds its keys, in a fixed order, and which tokens it believes."""

import asyncio
import functools
import ssl
from collections.abc import Mapping
from typing import Any

import httpx

from reference_impl.config import Config
from reference_impl.errors import Unauthorized
from reference_impl.facts import Kind
from reference_impl.keys import UNPUBLISHED_KID, PublicKey
from reference_impl.rules import Rules
from reference_impl.tokens import Parsed, check_form, parse

FRESH = 300.0  # seconds that a fetched set is used without asking again
COOLDOWN = 10.0  # seconds between two fetches, whatever kids are presented: no storm
LARGEST = 1 << 18  # bytes of a JWKS


@functools.cache
def _tls() -> ssl.SSLContext:
    """Return the one TLS context; building it costs tens of milliseconds."""
    return httpx.create_ssl_context()


class KeySet:
    """The verifier's keys: built in place from the bound key, else fetched, cached, seldom fetched again."""

    def __init__(self, config: Config, rules: Rules) -> None:
        self._rules = rules
        self._bound: tuple[PublicKey, ...] | None = None
        if rules.bound_key_counts(config.public, config.base_url):
            self._bound = (PublicKey.load(str(config.public)),)
        self._url = rules.jwks_url(config.base_url)
        self._keys: tuple[PublicKey, ...] = ()
        self._fetched = self._tried = float("-inf")
        self._lock = asyncio.Lock()

    async def candidates(self, kid: Any, now: float) -> tuple[PublicKey, ...]:
        """Return the keys that may have signed a token with this `kid`: one, or none."""
        if self._bound is not None:
            found = _named(self._bound, kid)
            if found or self._rules.bound_key_suffices():
                return found
        async with self._lock:
            found = _named(self._keys, kid)
            stale = now >= self._fetched + FRESH
            if (stale or not found) and now >= self._tried + COOLDOWN:
                self._tried = now
                await self._refetch(now)
                found = _named(self._keys, kid)
            return found if now < self._fetched + FRESH else ()

    async def _refetch(self, now: float) -> None:
        for url in (self._url, *self._rules.fallback_urls(self._url)):
            keys = await self._fetch(url)
            if keys:
                self._keys, self._fetched = keys, now
                return

    async def _fetch(self, url: str) -> tuple[PublicKey, ...]:
        """Ask `url` once; nothing that goes wrong there is more than an empty set."""
        bound = self._rules.jwks_time_out()
        tls = _tls() if url.startswith("https:") else False
        try:
            async with (
                asyncio.timeout(bound),
                httpx.AsyncClient(timeout=bound, trust_env=False, verify=tls) as http,
                http.stream("GET", url, headers={"accept": "application/json"}) as answer,
            ):
                if not self._rules.accepts_jwks(answer.status_code, answer.headers.get("location")):
                    return ()
                body = b""
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > LARGEST:
                        return ()
                return _read_set(body)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError):
            return ()


def _named(keys: tuple[PublicKey, ...], kid: Any) -> tuple[PublicKey, ...]:
    """Return the keys with this `kid`.

    A deployment without a public key of its own signs with a fixed kid, and its set may list the same key
    under its thumbprint: that kid means the only key there is.
    """
    if kid == UNPUBLISHED_KID and len(keys) == 1:
        return keys
    return tuple(key for key in keys if key.kid == kid)


def _read_set(body: bytes) -> tuple[PublicKey, ...]:
    """Read a JWK Set; keys that can't verify RS256 are left out (RFC 7517, section 5)."""
    import json

    document = json.loads(body)
    rows = document.get("keys") if isinstance(document, dict) else None
    found = []
    for row in rows if isinstance(rows, list) else ():
        try:
            found.append(PublicKey.from_jwk(row))
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
    return tuple(found)


class Verifier:
    """Believes or refuses tokens: bearers by the key order, refresh tokens by the key that signs."""

    def __init__(self, config: Config, rules: Rules) -> None:
        self._rules = rules
        self._keys = KeySet(config, rules)
        self._own = config.private.public

    async def bearer(self, text: str, now: float) -> Mapping[str, Any]:
        """Return the claims of a believable bearer, whoever minted it; else `Unauthorized`."""
        parsed = self._formed(text)
        keys = await self._keys.candidates(parsed.header.get("kid"), now)
        signed = any(parsed.signed_by(key) for key in keys)
        if not signed and not self._rules.unverified_passes(no_keys=not keys):
            raise Unauthorized("the token's signature can't be verified")
        return self._believed(parsed, "access", now)

    def own(self, text: str, kind: Kind, now: float) -> Mapping[str, Any]:
        """Return the claims of a token that this deployment signed; else `Unauthorized`."""
        parsed = self._formed(text)
        if parsed.header.get("kid") not in (self._own.kid, UNPUBLISHED_KID) or not parsed.signed_by(
            self._own
        ):
            raise Unauthorized("the token's signature can't be verified")
        return self._believed(parsed, kind, now)

    def _formed(self, text: str) -> Parsed:
        parsed = parse(text)
        if parsed.header.get("alg") not in self._rules.algorithms():
            raise Unauthorized("the token's algorithm is not accepted")
        if not self._rules.header_is_understood(parsed.header):
            raise Unauthorized("the token's header can't be understood")
        return parsed

    def _believed(self, parsed: Parsed, kind: Kind, now: float) -> Mapping[str, Any]:
        claims, rules = parsed.claims, self._rules
        check_form(claims)
        if rules.expired(kind, claims["exp"], now):
            raise Unauthorized("the token has expired")
        if rules.not_yet(max(claims["iat"], claims.get("nbf", 0)), now):
            raise Unauthorized("the token is not good yet")
        if not rules.trusts_issuer(claims["iss"]):
            raise Unauthorized("the token is of another issuer")
        if not rules.is_for_us(claims.get("aud")):
            raise Unauthorized("the token is for another audience")
        kind_fits = rules.is_bearer(claims) if kind == "access" else rules.is_refresh_token(claims)
        if not kind_fits:
            raise Unauthorized("the token is of another type")
        return claims
