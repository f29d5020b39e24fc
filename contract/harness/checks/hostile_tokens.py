"""Hostile tokens, presented at the two places where a token is accepted: as a bearer, and for a refresh."""

import functools

from contract.harness.checks.assertions import positive_control, require_status
from contract.harness.client import Response, TokenPairs, pair_of
from contract.harness.errors import Blocked, CouldNotTry, NotTried
from contract.harness.jose import Forger, Place, SigningKey, Token, Vector, other_key, vectors
from contract.harness.spec import SHAPED, MintEndpoint, routes
from contract.harness.targets import Clock

SIGNED_AGAIN = "signed-again"
"""The vector that is the live token itself, signed once more with the deployment's key."""


class Presenter:
    """Forges tokens from live ones of the first open mint endpoint, presents them, and judges the response.

    `key` is the deployment's private key if the suite has it. An unchanged token of each kind is presented
    once: without this positive control a refusal proves nothing.
    """

    def __init__(self, token_pairs: TokenPairs, clock: Clock, key: SigningKey | None) -> None:
        self._token_pairs, self._clock, self._key = token_pairs, clock, key
        self._service = token_pairs.service
        self._controlled: set[Place] = set()

    @functools.cached_property
    def endpoint(self) -> MintEndpoint:
        """The mint endpoint whose tokens are forged."""
        closed = self._token_pairs.own_org.closed
        for name, rows in SHAPED.items():
            if name not in closed:
                # Not the shape whose sessions share their subject with those of others in the org.
                return next((row for row in rows if row.shape != "bare"), rows[0])
        raise NotTried(next(iter(closed.values())))

    @functools.cached_property
    def _forger(self) -> Forger:
        if self._key is not None:
            return Forger(self._key.jwk, self._key, other_key())
        # Other keys, also of other types, may stand beside the one that signs.
        kid = self._token_pairs.pair(self.endpoint).access.header.get("kid")
        keys = self._service.call("GET", routes.JWKS).object.get("keys")
        for key in keys if isinstance(keys, list) else ():
            if isinstance(key, dict) and key.get("kty") == "RSA" and key.get("kid") == kid:
                return Forger(key, None, other_key())
        why = "the deployment does not publish the key that signs, so no forgery can be made of it"
        raise Blocked("JWKS-09", why)

    @functools.cached_property
    def _bearer(self) -> Token:
        access = self._token_pairs.fresh(self.endpoint).access
        positive_control(self._service.present_bearer(access), what="an unchanged bearer", unless="JWKS-08")
        return access

    @functools.cached_property
    def _redeemable(self) -> MintEndpoint:
        """The endpoint of refresh tokens, once an unchanged one of them was redeemed."""
        response = self._service.refresh(self._token_pairs.fresh(self.endpoint).refresh)
        if response.status != 200:
            why = f"positive control failed: an unchanged refresh token got {response.summary}"
            raise Blocked(("SES-01", "SES-04", "ROT-01"), why)
        self._token_pairs.keep(self.endpoint, pair_of(response))
        return self.endpoint

    def live(self, place: Place) -> Token:
        """Return a live token of the kind that belongs to `place`."""
        if place == "bearer":
            return self._bearer
        pair = self._token_pairs.spend(self._redeemable)
        self._token_pairs.keep(self.endpoint, pair)
        return pair.refresh

    def present(self, place: Place, text: str) -> Response:
        """Present a token as a bearer, or for a refresh."""
        if place == "bearer":
            return self._service.present_bearer(text)
        response = self._service.refresh(text)
        if response.status == 200:
            # The token behind the forgery is used now: a second forgery of it would be refused for that.
            self._token_pairs.forget(self.endpoint)
        return response

    def require_refused(self, place: Place, text: str, what: str, reason: str) -> None:
        """Check that a forged token is refused: a bearer with 401, a refresh token with 400 or 401."""
        statuses = (401,) if place == "bearer" else (400, 401)
        sent = f"presented a token forged by {what}, as a {place}"
        require_status(self.present(place, text), *statuses, sent=sent, requires=f"it is refused ({reason})")

    def judge(self, vector: Vector, place: Place) -> None:
        """Present one vector and judge it; one that has to be accepted is a control of the others."""
        if vector.verdict == "accepted":
            self._signed_again(vector, place)
            return
        if vector.recipe.sign == "key" and self._key is not None and place not in self._controlled:
            self._signed_again(vectors()[SIGNED_AGAIN], place)
        text = self._forger.forge(self.live(place), vector.recipe, self._clock.now())
        self.require_refused(place, text, vector.id, vector.reason)

    def _signed_again(self, vector: Vector, place: Place) -> None:
        """Check that a token which the suite signed again with the deployment's key is accepted."""
        response = self.present(place, self._forger.forge(self.live(place), vector.recipe, self._clock.now()))
        accepted = response.status == 200 if place == "refresh" else response.status not in (400, 401)
        if not accepted or response.status >= 500:
            raise CouldNotTry(
                f"positive control failed: a token signed again with the deployment's key got "
                f"{response.summary} as a {place}, so a refusal of a forged one would prove nothing"
            )
        self._controlled.add(place)
        if place == "refresh":
            self._token_pairs.keep(self.endpoint, pair_of(response))
