"""Slips in which one field of a request gets in the way of another."""

from collections.abc import Mapping
from typing import Any

from reference_impl.facts import Endpoint, Rotation
from reference_impl.mutants import Mutant

TTL_FIELD = "refreshTokenTtlSeconds"


class TtlIsLostBesideTtlSeconds(Mutant):
    """A mint that names `ttlSeconds` as well gets the default refresh TTL."""

    breaks = frozenset({"TTL-01"})

    def asked_ttl(self, endpoint: Endpoint, body: Mapping[str, Any]) -> Any:
        return None if "ttlSeconds" in body else super().asked_ttl(endpoint, body)


class TtlIsLostBesideAnAudience(Mutant):
    """A mint that names an audience as well gets the default refresh TTL."""

    breaks = frozenset({"ROT-01", "TTL-01"})

    def asked_ttl(self, endpoint: Endpoint, body: Mapping[str, Any]) -> Any:
        return None if body.get("audience") else super().asked_ttl(endpoint, body)


class RefreshTtlIsRaisedToExpiresIn(Mutant):
    """A refresh token lives no shorter than the access token was requested to."""

    breaks = frozenset({"TTL-01"})

    def asked_ttl(self, endpoint: Endpoint, body: Mapping[str, Any]) -> Any:
        asked, other = super().asked_ttl(endpoint, body), body.get("expiresIn")
        numbers = all(type(each) in (int, float) for each in (asked, other))
        return max(asked, other) if numbers else asked


class RefreshMayAskForAnExpiry(Mutant):
    """A refresh request may say how long the new access token lives."""

    breaks = frozenset({"ROT-04"})

    def rotated_access_ttl(self, rotation: Rotation) -> int:
        asked = rotation.body.get("expiresIn")
        return asked if type(asked) is int else super().rotated_access_ttl(rotation)
