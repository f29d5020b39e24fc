"""Slips in what a rotated access token may do, where, and for how long."""

from collections.abc import Collection

from reference_impl.facts import Rotation
from reference_impl.mutants import Mutant
from reference_impl.rules import CAP, MARK
from reference_impl.scopes import planes


class RefreshMayAskForScopes(Mutant):
    """A refresh request may name the scopes of the new access token."""

    breaks = frozenset({"ROT-04"})

    def rotated_scopes(self, rotation: Rotation) -> Collection[str]:
        asked = rotation.body.get("scopes")
        return asked if isinstance(asked, list) else super().rotated_scopes(rotation)


class RefreshMayAskForAnAudience(Mutant):
    """A refresh request may name the audience of the new access token."""

    breaks = frozenset({"ROT-04"})

    def rotated_audience(self, rotation: Rotation) -> Collection[str]:
        asked = rotation.body.get("audience")
        return asked if isinstance(asked, list) else super().rotated_audience(rotation)


class ScopesGrowInTheLongestSessions(Mutant):
    """A session of 90 days is handed everything at its second rotation."""

    breaks = frozenset({"ROT-10"})

    def rotated_scopes(self, rotation: Rotation) -> Collection[str]:
        longest = rotation.number == 2 and rotation.meta.get(MARK) == str(CAP)
        return ["*:*:*:*"] if longest else super().rotated_scopes(rotation)


class AudienceIsTheScopesAgain(Mutant):
    """A rotation takes the planes of the scopes for the audience, whatever was granted."""

    breaks = frozenset({"ROT-10"})

    def rotated_audience(self, rotation: Rotation) -> Collection[str]:
        return planes(rotation.grant.scopes)


class RotatedAccessLivesADay(Mutant):
    """A rotated access token lives for a day."""

    breaks = frozenset({"TTL-08"})

    def rotated_access_ttl(self, rotation: Rotation) -> int:
        return 86400


class AudienceGrowsAtRotation(Mutant):
    """A rotated access token is good for the API itself as well."""

    breaks = frozenset({"ROT-04", "ROT-10"})

    def rotated_audience(self, rotation: Rotation) -> Collection[str]:
        return list(dict.fromkeys([*super().rotated_audience(rotation), "cloud"]))
