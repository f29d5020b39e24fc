"""Hostile tokens at the two places where a token is presented: as a bearer, and for a refresh."""

import functools

from contract.harness.checks.assertions import positive_control, require_status
from contract.harness.client import Response, TokenPairs, pair_of
from contract.harness.errors import CouldNotTry, NotTried
from contract.harness.jose import Forger, Place, SigningKey, Token, Vector, other_key
from contract.harness.spec import ENDPOINTS, MintEndpoint, routes
from contract.harness.targets import Clock


class Presenter:
    """Bends live tokens of the first mint endpoint that is open, presents them, and holds the verdict.

    `key` is the deployment's private key where the harness holds it. Each kind of token is shown once to be
    accepted as it stands: a refusal proves nothing without its twin.
    """

    def __init__(self, token_pairs: TokenPairs, clock: Clock, key: SigningKey | None) -> None:
        self._evidence, self._clock, self._key = token_pairs, clock, key
        self._service = token_pairs.service

    @functools.cached_property
    def _door(self) -> MintEndpoint:
        closed = self._evidence.own_org.closed
        for mint in ENDPOINTS.values():
            if mint.name not in closed:
                return mint
        raise NotTried(next(iter(closed.values())))

    @functools.cached_property
    def _forger(self) -> Forger:
        if self._key is not None:
            return Forger(self._key.jwk, self._key, other_key())
        published = self._service.call("GET", routes.JWKS).object.get("keys")
        if not published:
            raise CouldNotTry("the deployment publishes no key, so no secret can be made of it (see JWKS-09)")
        return Forger(published[0], None, other_key())

    @functools.cached_property
    def _bearer(self) -> Token:
        access = self._evidence.fresh(self._door).access
        positive_control(self._service.present_bearer(access), what="the unspoiled bearer")
        return access

    @functools.cached_property
    def _redeemable(self) -> MintEndpoint:
        """The endpoint of refresh tokens, after one of them was redeemed as it stood."""
        response = self._service.refresh(self._evidence.fresh(self._door).refresh)
        if response.status != 200:
            raise CouldNotTry(f"no twin: an unspoiled refresh token was answered {response.summary}")
        self._evidence.keep(self._door, pair_of(response))
        return self._door

    def live(self, place: Place) -> Token:
        """Return a live token of the kind that belongs to `place`."""
        if place == "bearer":
            return self._bearer
        pair = self._evidence.spend(self._redeemable)
        self._evidence.keep(self._door, pair)
        return pair.refresh

    def present(self, place: Place, text: str) -> Response:
        """Present a token as a bearer, or for a refresh."""
        if place == "bearer":
            return self._service.present_bearer(text)
        response = self._service.refresh(text)
        if response.status == 200:
            # What the token was forged from is spent: a second forgery of it would be refused for that.
            self._evidence.forget(self._door)
        return response

    def turned_away(self, place: Place, text: str, what: str, reason: str) -> None:
        """Hold that a bent token is refused: a bearer with 401, a refresh token with 400 or 401."""
        statuses = (401,) if place == "bearer" else (400, 401)
        sent = f"presented a token bent by {what}, as a {place}"
        require_status(self.present(place, text), *statuses, sent=sent, requires=f"it is refused ({reason})")

    def judge(self, vector: Vector, place: Place) -> None:
        """Present one vector and hold its verdict; one that ought to be accepted is a twin of the others."""
        text = self._forger.forge(self.live(place), vector.recipe, self._clock.now())
        if vector.verdict == "refused":
            self.turned_away(place, text, vector.id, vector.reason)
            return
        response = self.present(place, text)
        if response.status == 401:
            raise CouldNotTry(f"no twin: {vector.id} as a {place} was answered {response.summary}")
        if place == "refresh":
            self._evidence.keep(self._door, pair_of(response))
