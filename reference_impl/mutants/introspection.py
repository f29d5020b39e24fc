"""Faults in what introspection says of a token."""

from collections.abc import Mapping
from typing import Any

from reference_impl.facts import TokenState
from reference_impl.mutants import Mutant
from reference_impl.rules import ACCESS_TTL

DAY = 86400


class TheRevokedIsStillShown(Mutant):
    """Introspection looks at a token's signature and its exp alone."""

    breaks = frozenset({"REV-01", "REV-06"})

    def is_shown(self, state: TokenState | None, now: float) -> bool:
        return state is not None


class TheUsedIsStillShown(Mutant):
    """Introspection shows a used refresh token."""

    breaks = frozenset({"REV-06"})

    def is_shown(self, state: TokenState | None, now: float) -> bool:
        return state is not None and state.status != "revoked" and not state.session_revoked


class TheUsedIsShownForAMinute(Mutant):
    """Introspection shows a refresh token for a minute after its use."""

    breaks = frozenset({"REV-06"})

    def is_shown(self, state: TokenState | None, now: float) -> bool:
        just_used = state is not None and not state.session_revoked and now < (state.used_at or 0) + 60
        return super().is_shown(state, now) or just_used


class TheUsedIsShownLater(Mutant):
    """Introspection shows a used refresh token again, 24 h after its use."""

    breaks = frozenset({"REV-06"})

    def is_shown(self, state: TokenState | None, now: float) -> bool:
        if state is None or state.used_at is None or state.session_revoked:
            return super().is_shown(state, now)
        return now >= state.used_at + DAY


class RefreshTokensAreShownForAnHour(Mutant):
    """Introspection shows a refresh token as long as the access token of its mint lives."""

    breaks = frozenset({"CLK-07", "REV-06"})

    def is_shown(self, state: TokenState | None, now: float) -> bool:
        return super().is_shown(state, now) and (
            state is None or state.kind == "access" or now < state.grant.minted_at + ACCESS_TTL
        )


class TokensAreNotShownAfterTwoRefreshes(Mutant):
    """Introspection shows the tokens of a mint and of the first refresh, and none after that."""

    breaks = frozenset({"API-03"})

    def is_shown(self, state: TokenState | None, now: float) -> bool:
        return super().is_shown(state, now) and (state is None or state.number < 2)


class TheGrantIsShown(Mutant):
    """Introspection of a refresh token shows the scopes of its access token."""

    breaks = frozenset({"REV-06"})

    def shown_claims(self, claims: Mapping[str, Any], state: TokenState) -> Mapping[str, Any]:
        return {**claims, "scopes": list(state.grant.scopes)}


class TheMintIsShown(Mutant):
    """Introspection shows the time of the mint as the iat of every token of the session."""

    breaks = frozenset({"REV-06"})

    def shown_claims(self, claims: Mapping[str, Any], state: TokenState) -> Mapping[str, Any]:
        return {**claims, "iat": state.grant.minted_at - 1}


class MetaIsNotShown(Mutant):
    """Introspection leaves `meta` out."""

    breaks = frozenset({"REV-06"})

    def shown_claims(self, claims: Mapping[str, Any], state: TokenState) -> Mapping[str, Any]:
        return {name: value for name, value in claims.items() if name != "meta"}
