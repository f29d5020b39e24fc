"""Mutants in whose a session is, and in the text that it carries along."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from reference_impl.facts import Endpoint, Kind, Owner, Principal, Rotation
from reference_impl.mutants import Mutant


class NamedIdentitySponsors(Mutant):
    """A path token whose agentId names an identity is sponsored by that one's sponsor."""

    breaks = frozenset({"ROT-07"})

    def delegated_owner(
        self, principal: Principal, workspace: str, subject: str, named: Mapping[str, Any] | None
    ) -> Owner:
        owner = super().delegated_owner(principal, workspace, subject, named)
        sponsor = owner.sponsor if named is None else named["sponsor"]
        return replace(owner, sponsor=sponsor, chain=(sponsor, subject))


class NamedIdentitySponsorsAtRotation(Mutant):
    """A rotated path token is sponsored by the sponsor of the identity that its subject names."""

    breaks = frozenset({"ROT-07"})

    def rotated_owner(self, rotation: Rotation) -> Owner:
        owner, named = super().rotated_owner(rotation), rotation.named
        return owner if named is None else replace(owner, sponsor=named["sponsor"])


class NamedIdentityGivesItsWorkspace(Mutant):
    """A path token whose agentId names an identity is of that one's workspace."""

    breaks = frozenset({"ROT-07"})

    def delegated_owner(
        self, principal: Principal, workspace: str, subject: str, named: Mapping[str, Any] | None
    ) -> Owner:
        place = workspace if named is None else named["workspace"]
        return super().delegated_owner(principal, place, subject, named)


class NamedIdentityGivesItsWorkspaceAtRotation(Mutant):
    """A rotated path token is of the workspace of the identity that its subject names."""

    breaks = frozenset({"ROT-07"})

    def rotated_owner(self, rotation: Rotation) -> Owner:
        owner, named = super().rotated_owner(rotation), rotation.named
        return owner if named is None else replace(owner, workspace=named["workspace"])


class NamedIdentityGivesItsChain(Mutant):
    """A rotated path token has the sponsor chain of the identity that its subject names."""

    breaks = frozenset({"ROT-07"})

    def rotated_owner(self, rotation: Rotation) -> Owner:
        owner, named = super().rotated_owner(rotation), rotation.named
        return owner if named is None else replace(owner, chain=tuple(named["chain"]))


class ChainGrowsAtRotation(Mutant):
    """Each rotation adds the subject to the sponsor chain."""

    breaks = frozenset({"ROT-07"})

    def rotated_owner(self, rotation: Rotation) -> Owner:
        owner = super().rotated_owner(rotation)
        return replace(owner, chain=(*owner.chain, rotation.grant.subject))


class ChainEndsAtTheSponsor(Mutant):
    """The sponsor chain of a path token lacks its subject."""

    breaks = frozenset({"ROT-07"})

    def delegated_owner(
        self, principal: Principal, workspace: str, subject: str, named: Mapping[str, Any] | None
    ) -> Owner:
        owner = super().delegated_owner(principal, workspace, subject, named)
        return replace(owner, chain=owner.chain[:1])


class WorkspaceIsLostAtRotation(Mutant):
    """A rotated pair is of no workspace."""

    breaks = frozenset({"ROT-07"})

    def rotated_owner(self, rotation: Rotation) -> Owner:
        return replace(super().rotated_owner(rotation), workspace="")


class ParentTokenIsLost(Mutant):
    """A rotated pair does not say which workspace token it comes from."""

    breaks = frozenset({"ROT-07"})

    def rotated_parent(self, rotation: Rotation) -> str | None:
        return None


class ParentTokenIsTheTokenBefore(Mutant):
    """A rotated pair names the token before as its parent."""

    breaks = frozenset({"ROT-07"})

    def rotated_parent(self, rotation: Rotation) -> str | None:
        return str(rotation.claims["jti"])


class NobodyIsTheParent(Mutant):
    """No token says which workspace token minted it."""

    breaks = frozenset({"ROT-07"})

    def parent(self, principal: Principal, endpoint: Endpoint) -> str | None:
        return None


class IdentitiesHaveNoParent(Mutant):
    """A token that a workspace token minted at /v1/tokens does not say so."""

    breaks = frozenset({"ROT-07"})

    def parent(self, principal: Principal, endpoint: Endpoint) -> str | None:
        return None if endpoint == "identity" else super().parent(principal, endpoint)


class TextLosesItsAccents(Mutant):
    """A rotation writes every character beyond ASCII as a question mark."""

    breaks = frozenset({"ROT-07"})

    def rotated_meta(self, rotation: Rotation, kind: Kind) -> Mapping[str, Any]:
        meta = super().rotated_meta(rotation, kind)
        return {name: str(value).encode("ascii", "replace").decode() for name, value in meta.items()}


class TextIsReadAsLatin(Mutant):
    """The agent's name is read in another encoding than it was sent in."""

    breaks = frozenset({"ROT-07"})

    def own_meta(self, endpoint: Endpoint, entries: Mapping[str, str]) -> Mapping[str, Any]:
        name = entries.get("agentName")
        return entries if name is None else {**entries, "agentName": name.encode().decode("latin-1")}


class PathsLoseTheirAccents(Mutant):
    """The paths of a token are kept in ASCII, without what does not fit."""

    breaks = frozenset({"ROT-07"})

    def own_meta(self, endpoint: Endpoint, entries: Mapping[str, str]) -> Mapping[str, Any]:
        return {
            name: value.replace("\\u", "") if name == "paths" else value for name, value in entries.items()
        }


class LongNamesAreCutByTheByte(Mutant):
    """A rotation keeps 60 bytes of the agent's name, and what is cut in two is lost."""

    breaks = frozenset({"ROT-07"})

    def rotated_meta(self, rotation: Rotation, kind: Kind) -> Mapping[str, Any]:
        meta = dict(super().rotated_meta(rotation, kind))
        if "agentName" in meta:
            meta["agentName"] = str(meta["agentName"]).encode()[:60].decode(errors="ignore")
        return meta


class SponsorChainsOfAnyLength(Mutant):
    """A sponsor chain may have any number of members."""

    breaks = frozenset({"SEC-05"})

    def chain_fits(self, chain: Sequence[str]) -> bool:
        return True


class ChainsOfTenAreRefused(Mutant):
    """A sponsor chain of ten is taken for one that is too long."""

    breaks = frozenset({"SEC-05"})

    def chain_fits(self, chain: Sequence[str]) -> bool:
        return len(chain) < 10
