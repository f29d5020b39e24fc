"""Faults in the claims by which a refresh token is one."""

from collections.abc import Collection

from reference_impl.facts import Issue
from reference_impl.mutants import Mutant


class RefreshTokensHoldTheGrantedScopes(Mutant):
    """A refresh token has the scopes of its access token, beside its own."""

    breaks = frozenset({"ROT-10"})

    def refresh_scopes(self, issue: Issue) -> Collection[str]:
        return [*super().refresh_scopes(issue), *issue.scopes]


class RefreshTokensAreForTheGrantedAudience(Mutant):
    """A refresh token has the audience of its access token, and relayauth beside it."""

    breaks = frozenset({"ROT-10"})

    def refresh_audience(self, issue: Issue) -> Collection[str]:
        return sorted({*super().refresh_audience(issue), *issue.audience})


class RotatedRefreshTokensHoldTheGrantedScopes(Mutant):
    """The refresh token of a rotation has the scopes of its access token, beside its own."""

    breaks = frozenset({"ROT-04", "ROT-10"})

    def refresh_scopes(self, issue: Issue) -> Collection[str]:
        own = super().refresh_scopes(issue)
        return [*own, *issue.scopes] if issue.number else own


class SeveralAudiencesReachTheRefreshToken(Mutant):
    """Where several audiences were requested, the refresh token has them too."""

    breaks = frozenset({"ROT-10"})

    def refresh_audience(self, issue: Issue) -> Collection[str]:
        several = len(issue.audience) > 1 and "relayauth" in issue.audience
        return issue.audience if several else super().refresh_audience(issue)
