"""Faults that a restart on the same database shows."""

from collections.abc import Collection, Mapping
from typing import Any

from reference_impl.facts import Kind, Rotation
from reference_impl.mutants import Mutant
from reference_impl.scopes import planes


class AStartForgetsWhatWasUsed(Mutant):
    """Which refresh tokens were used is kept in memory."""

    breaks = frozenset({"REV-07"})

    def forgotten_at_start(self) -> Collection[str]:
        return ("used",)


class AStartForgetsRevocations(Mutant):
    """Which sessions were revoked is kept in memory."""

    breaks = frozenset({"REV-07"})

    def forgotten_at_start(self) -> Collection[str]:
        return ("revoked",)


class AStartForgetsReplays(Mutant):
    """Which sessions a replay has ended is kept in memory."""

    breaks = frozenset({"REV-07"})

    def forgotten_at_start(self) -> Collection[str]:
        return ("replays",)


class AStartForgetsRevokedIdentities(Mutant):
    """Which sessions were revoked by their identity is kept in memory."""

    breaks = frozenset({"REV-07"})

    def forgotten_at_start(self) -> Collection[str]:
        return ("revoked identities",)


class AStartForgetsWhatWasNeverRefreshed(Mutant):
    """A session is kept in memory until its first refresh."""

    breaks = frozenset({"REV-07"})

    def forgotten_at_start(self) -> Collection[str]:
        return ("never refreshed",)


class AStartRevivesChildren(Mutant):
    """That a session has ended with the identity that sponsors its own is kept in memory."""

    breaks = frozenset({"REV-07"})

    def forgotten_at_start(self) -> Collection[str]:
        return ("children",)


class AStartMovesWorkspaceTokens(Mutant):
    """The workspace that a workspace token is bound to is kept in memory."""

    breaks = frozenset({"REV-07"})

    def forgotten_at_start(self) -> Collection[str]:
        return ("bindings",)


class AStartForgetsSessions(Mutant):
    """Sessions are kept in memory."""

    breaks = frozenset({"REV-07"})

    def forgotten_at_start(self) -> Collection[str]:
        return ("sessions",)


class AStartRevivesTheRetired(Mutant):
    """Which identities were retired is kept in memory."""

    breaks = frozenset({"REV-07"})

    def forgotten_at_start(self) -> Collection[str]:
        return ("retired",)


class AStartForgetsChanges(Mutant):
    """Roles and metadata of an identity are kept in memory."""

    breaks = frozenset({"REV-07"})

    def forgotten_at_start(self) -> Collection[str]:
        return ("changes",)


class AStartForgetsAudiences(Mutant):
    """The audience that a mint requested is kept in memory: after a restart it is the default."""

    breaks = frozenset({"REV-07"})

    def rotated_audience(self, rotation: Rotation) -> Collection[str]:
        return (
            planes(rotation.grant.scopes) if rotation.history.starts else super().rotated_audience(rotation)
        )


class AStartForgetsMeta(Mutant):
    """The meta of a mint is kept in memory: after a restart a rotation leaves it out, but for the TTL."""

    breaks = frozenset({"REV-07"})

    def rotated_meta(self, rotation: Rotation, kind: Kind) -> Mapping[str, Any]:
        return {} if rotation.history.starts else super().rotated_meta(rotation, kind)
