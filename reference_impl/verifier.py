"""The verifier: where it finds its keys, in a fixed order, and which tokens it believes."""

import asyncio
import functools
import json
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from reference_impl.config import Config
from reference_impl.errors import Expired, Unauthorized
from reference_impl.facts import Carrier, Kind
from reference_impl.keys import PublicKey
from reference_impl.rules import UNPUBLISHED_KID, Rules
from reference_impl.tokens import Parsed, parse

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
        self._base_url = config.base_url
        self._keys: tuple[PublicKey, ...] = ()
        self._fetched = self._tried = float("-inf")
        self._lock = asyncio.Lock()

    async def candidates(self, kid: Any, now: float) -> tuple[PublicKey, ...]:
        """Return the keys that may have signed a token with this `kid`: one, or none."""
        if self._bound is not None:
            found = self._named(self._bound, kid)
            if found or self._rules.bound_key_suffices():
                return found
        # Who holds a key that is known does not wait behind somebody with one that is not.
        if self._fresh(now) and (found := self._named(self._keys, kid)):
            return found
        async with self._lock:
            found = self._named(self._keys, kid)
            if (not found or not self._fresh(now)) and not 0 <= now - self._tried < self._rules.jwks_rest():
                self._tried = now
                await self._refetch(now)
                found = self._named(self._keys, kid)
            return found if self._fresh(now) else ()

    def _fresh(self, now: float) -> bool:
        # A clock that was set back tells nothing of a set's age.
        return 0 <= now - self._fetched < self._rules.jwks_fresh_for()

    def _named(self, keys: tuple[PublicKey, ...], kid: Any) -> tuple[PublicKey, ...]:
        return tuple(key for key in keys if self._rules.kid_names(kid, key.kid, alone=len(keys) == 1))

    async def lent(self, header: Mapping[str, Any]) -> tuple[PublicKey, ...]:
        """Return the keys that a token itself brings along, as far as the rules let it."""
        given = self._read_rows(list(self._rules.lent_keys(header)))
        for url in self._rules.lent_urls(header):
            given += await self._fetch(url)
        return given

    async def _refetch(self, now: float) -> None:
        first = _address(self._base_url, self._rules)
        for url in (first, *self._rules.fallback_urls(first)):
            if keys := await self._fetch(url):
                self._keys, self._fetched = keys, now
                return

    async def _fetch(self, url: str) -> tuple[PublicKey, ...]:
        """Ask `url` once; nothing that goes wrong there is more than an empty set."""
        bound = self._rules.jwks_time_out()
        tls = _tls() if url.startswith("https:") else False
        try:
            async with (
                asyncio.timeout(bound),
                httpx.AsyncClient(
                    timeout=bound,
                    trust_env=self._rules.asks_through_a_proxy(url),
                    follow_redirects=self._rules.follows_redirects(),
                    verify=tls,
                ) as http,
                http.stream("GET", url, headers={"accept": "application/json"}) as answer,
            ):
                if not self._rules.accepts_jwks(answer.status_code, answer.headers.get("location")):
                    return ()
                body = b""
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > LARGEST:
                        return ()
                return self._read_set(body)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, RecursionError):
            return ()

    def _read_set(self, body: bytes) -> tuple[PublicKey, ...]:
        """Read a JWK Set; keys that can't verify RS256 are left out (RFC 7517, section 5)."""
        document = json.loads(body)
        rows = document.get("keys") if isinstance(document, dict) else None
        return self._read_rows(self._rules.considered(rows) if isinstance(rows, list) else [])

    def _read_rows(self, rows: Sequence[Any]) -> tuple[PublicKey, ...]:
        found = []
        for row in rows:
            try:
                if self._rules.understands_key(row):
                    found.append(PublicKey.from_jwk(row))
            except (ValueError, TypeError, KeyError, AttributeError):
                continue
        return tuple(found)


def _address(base_url: str | None, rules: Rules) -> str:
    """Return where the keys are; an address that can't be read is one that can't be fetched."""
    try:
        return rules.jwks_url(base_url)
    except ValueError:
        return ""


class Verifier:
    """Believes or refuses tokens: bearers by the key order, refresh tokens by the key that signs."""

    def __init__(self, config: Config, rules: Rules) -> None:
        self._rules = rules
        self._keys = KeySet(config, rules)
        self._own, self._base_url = config.private.public, config.base_url

    async def bearer(self, text: str, now: float) -> Mapping[str, Any]:
        """Return the claims of a valid bearer, of any minter; else `Unauthorized`."""
        rules, parsed = self._rules, self._formed(text)
        named = await self._keys.candidates(parsed.header.get("kid"), now)
        keys = named + await self._keys.lent(parsed.header)
        signed = any(self._signed_by(key, parsed) for key in keys)
        if not signed and not rules.unverified_passes(no_keys=not keys):
            raise Unauthorized("the token's signature can't be verified")
        return self._believed(parsed, "access", rules.is_for_us, now)

    def redeemable(self, text: str, now: float) -> Mapping[str, Any]:
        """Return the claims of a refresh token of this deployment; else `Unauthorized`, perhaps `Expired`."""
        rules, parsed = self._rules, self._formed(text)
        if not self._own_signature(parsed, "refresh") and not rules.unverified_refresh_passes():
            raise Unauthorized("the token's signature can't be verified")
        return self._believed(parsed, "refresh", rules.refresh_is_for_us, now)

    def shown(self, text: str, kind: Kind, now: float) -> Mapping[str, Any]:
        """Return the claims of a token of this deployment, for any audience; else `Unauthorized`."""
        parsed = self._formed(text)
        if not self._own_signature(parsed, "introspection"):
            raise Unauthorized("the token's signature can't be verified")
        return self._believed(parsed, kind, bool, now, self._rules.introspection_ends)

    def _own_signature(self, parsed: Parsed, carrier: Carrier) -> bool:
        kid = parsed.header.get("kid")
        if not self._rules.own_key_verifies(carrier, self._base_url):
            return False
        return kid in (self._own.kid, UNPUBLISHED_KID) and self._signed_by(self._own, parsed)

    def _signed_by(self, key: PublicKey, parsed: Parsed) -> bool:
        return self._rules.signature_holds(parsed.header, parsed.signed, parsed.signature, key.key)

    def _formed(self, text: str) -> Parsed:
        parsed = parse(text, self._rules)
        if not self._rules.header_is_understood(parsed.header):
            raise Unauthorized("the token's header can't be understood")
        return parsed

    def _believed(
        self,
        parsed: Parsed,
        kind: Kind,
        audience_fits: Callable[[Any], bool],
        now: float,
        expired: Callable[[Kind, int, float], bool] | None = None,
    ) -> Mapping[str, Any]:
        claims, rules = parsed.claims, self._rules
        if not rules.claims_fit(claims):
            raise Unauthorized("the token's claims are not those of this service")
        if not rules.trusts_issuer(claims["iss"]):
            raise Unauthorized("the token is of another issuer")
        if not audience_fits(claims["aud"]):
            raise Unauthorized("the token is for another audience")
        kind_fits = rules.is_bearer(claims) if kind == "access" else rules.is_refresh_token(claims)
        if not kind_fits:
            raise Unauthorized("the token is of another type")
        if rules.not_yet(max(claims["iat"], claims.get("nbf", 0)), now):
            raise Unauthorized("the token is not good yet")
        if (expired or rules.expired)(kind, claims["exp"], now):
            raise Expired("the token has expired", token_id=claims["jti"])
        return claims
