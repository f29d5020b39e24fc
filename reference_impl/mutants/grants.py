"""Slips in what a rotated access token may do, where, and for how long."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from reference_impl.facts import Endpoint, Kind, Principal, Rotation
from reference_impl.mutants import Mutant
from reference_impl.rules import CAP, MARK
from reference_impl.scopes import covers, planes


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

    breaks = frozenset({"ROT-04", "TTL-08"})

    def rotated_access_ttl(self, rotation: Rotation) -> int:
        return 86400


class RotatedAccessLivesAsMinted(Mutant):
    """A rotated access token lives as long as the mint requested for the first one."""

    breaks = frozenset({"TTL-08"})

    def rotated_access_ttl(self, rotation: Rotation) -> int:
        return rotation.grant.access_ttl


class AudienceGrowsAtRotation(Mutant):
    """A rotated access token is good for the API itself as well."""

    breaks = frozenset({"ROT-04", "ROT-10"})

    def rotated_audience(self, rotation: Rotation) -> Collection[str]:
        return list(dict.fromkeys([*super().rotated_audience(rotation), "cloud"]))


class MintsGiveAllThatIsHeld(Mutant):
    """A mint that requests fewer scopes gets all that the identity holds, or all for its paths."""

    breaks = frozenset({"ROT-10", "SEC-05"})

    def granted(
        self, endpoint: Endpoint, asked: Sequence[str] | None, default: Sequence[str]
    ) -> Sequence[str]:
        return default


class OnlyTheFirstScopeIsGranted(Mutant):
    """Of the scopes that a mint requests the first is granted."""

    breaks = frozenset({"ROT-10", "SEC-05"})

    def granted(
        self, endpoint: Endpoint, asked: Sequence[str] | None, default: Sequence[str]
    ) -> Sequence[str]:
        return default if asked is None else asked[:1]


class ManageCoversNoDeletion(Mutant):
    """Who holds `manage` can't hand out `delete`."""

    breaks = frozenset({"SEC-05"})

    def may_hand_out(self, principal: Principal, scope: str) -> bool:
        deletes = scope.split(":")[2:3] == ["delete"] and "*:*:*:*" not in principal.scopes
        return super().may_hand_out(principal, scope) and not deletes


class TextIsAnAccessTtl(Mutant):
    """An `expiresIn` that is a text of digits counts as that number of seconds."""

    breaks = frozenset({"TTL-08"})

    def access_ttl(self, endpoint: Endpoint, body: Mapping[str, Any]) -> int:
        asked = body.get("expiresIn")
        if isinstance(asked, str) and asked.isdecimal():
            return int(asked)
        return super().access_ttl(endpoint, body)


class NegativeAccessTtlsAreTaken(Mutant):
    """A negative `expiresIn` makes an access token that has expired already."""

    breaks = frozenset({"TTL-08"})

    def access_ttl(self, endpoint: Endpoint, body: Mapping[str, Any]) -> int:
        asked = body.get("expiresIn")
        if isinstance(asked, int) and asked < 0:
            return asked
        return super().access_ttl(endpoint, body)


class AnIdentityIsGivenWhatItLacks(Mutant):
    """A mint grants scopes that the caller holds, whatever the identity holds."""

    breaks = frozenset({"SEC-05"})

    def identity_hands_out(self, endpoint: Endpoint, held: Collection[str], scope: str) -> bool:
        return True


class OnlyTwoScopesAreGranted(Mutant):
    """Of the scopes that a mint requests the first two are granted."""

    breaks = frozenset({"ROT-10"})

    def granted(
        self, endpoint: Endpoint, asked: Sequence[str] | None, default: Sequence[str]
    ) -> Sequence[str]:
        return default if asked is None else asked[:2]


class ScopesGrowToTheIdentitys(Mutant):
    """A rotated access token has all scopes that the identity holds."""

    breaks = frozenset({"ROT-04", "ROT-10"})

    def rotated_scopes(self, rotation: Rotation) -> Collection[str]:
        named = rotation.named if rotation.grant.identity else None
        return super().rotated_scopes(rotation) if named is None else named["scopes"]


class ScopesGrowAtTheThirdRotation(Mutant):
    """From the third rotation on an access token has all scopes that the identity holds."""

    breaks = frozenset({"ROT-04", "ROT-10"})

    def rotated_scopes(self, rotation: Rotation) -> Collection[str]:
        named = rotation.named if rotation.grant.identity and rotation.number >= 3 else None
        return super().rotated_scopes(rotation) if named is None else named["scopes"]


class PathScopesAreReadAndWriteAgain(Mutant):
    """A rotated path token may write whatever it may read."""

    breaks = frozenset({"ROT-10"})

    def rotated_scopes(self, rotation: Rotation) -> Collection[str]:
        scopes = super().rotated_scopes(rotation)
        more = [] if rotation.grant.identity else [each.replace(":read:", ":write:") for each in scopes]
        return list(dict.fromkeys([*scopes, *more]))


class SecondScopeIsLostAtRotation(Mutant):
    """A rotated access token has the first of its scopes, where more than one were requested."""

    breaks = frozenset({"ROT-04", "ROT-10"})

    def rotated_scopes(self, rotation: Rotation) -> Collection[str]:
        return list(super().rotated_scopes(rotation))[:1]


class SecondAudienceIsLostAtRotation(Mutant):
    """A rotated access token is for the first of its audiences."""

    breaks = frozenset({"ROT-10"})

    def rotated_audience(self, rotation: Rotation) -> Collection[str]:
        return list(super().rotated_audience(rotation))[:1]


class AccessScopesStateEverything(Mutant):
    """`meta.accessScopes` of a mint states every scope there is."""

    breaks = frozenset({"META-02", "ROT-10"})

    def own_meta(self, endpoint: Endpoint, entries: Mapping[str, str]) -> Mapping[str, Any]:
        return {name: '["*:*:*:*"]' if name == "accessScopes" else value for name, value in entries.items()}


class AccessScopesGrowAtTheSecondRotation(Mutant):
    """`meta.accessScopes` gets a scope more at the second rotation."""

    breaks = frozenset({"ROT-07", "ROT-10"})

    def rotated_meta(self, rotation: Rotation, kind: Kind) -> Mapping[str, Any]:
        meta = dict(super().rotated_meta(rotation, kind))
        if rotation.number == 2 and "accessScopes" in meta:
            meta["accessScopes"] = json.dumps([*json.loads(meta["accessScopes"]), "*:*:*:*"])
        return meta


class NarrowScopesWiden(Mutant):
    """A scope that is narrower than one of the identity's comes back as that one."""

    breaks = frozenset({"ROT-10"})

    def granted(
        self, endpoint: Endpoint, asked: Sequence[str] | None, default: Sequence[str]
    ) -> Sequence[str]:
        wide = {
            scope: next((held for held in default if covers(held, scope)), scope) for scope in asked or ()
        }
        return default if asked is None else list(dict.fromkeys(wide.values()))


class CoveredScopesAreLeftOutAtRotation(Mutant):
    """A rotated access token has no scope that another one of it covers."""

    breaks = frozenset({"ROT-10"})

    def rotated_scopes(self, rotation: Rotation) -> Collection[str]:
        scopes = super().rotated_scopes(rotation)
        return [one for one in scopes if not any(covers(other, one) for other in scopes if other != one)]
