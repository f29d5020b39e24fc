"""Faults in the assertions for relayhistory: what they are for, and how long they live."""

from collections.abc import Sequence
from typing import Any

from reference_impl.facts import Kind
from reference_impl.mutants import Mutant


class AssertionsComeWithARefreshToken(Mutant):
    """An assertion is minted like any other pair."""

    breaks = frozenset({"SEC-10"})

    def assertion_kinds(self) -> Sequence[Kind]:
        return ("access", "refresh")


class AssertionsLiveAnHour(Mutant):
    """An assertion lives as long as an access token."""

    breaks = frozenset({"SEC-10"})

    def assertion_exp(self, iat: int, ttl: int) -> int:
        return iat + 3600


class AssertionsLiveAsLongAsRequested(Mutant):
    """An assertion lives as many seconds as the request says."""

    breaks = frozenset({"SEC-10"})

    def assertion_ttl(self, asked: Any) -> int | None:
        return super().assertion_ttl(asked) if asked is None else int(asked)


class FractionsOfAnAssertionAreCut(Mutant):
    """The fraction of a requested expiresIn is cut off."""

    breaks = frozenset({"SEC-10"})

    def assertion_ttl(self, asked: Any) -> int | None:
        return super().assertion_ttl(int(asked) if isinstance(asked, float) else asked)


class OneScopeOfAnAssertionFits(Mutant):
    """An assertion is made for any scopes if one of them is of relayhistory."""

    breaks = frozenset({"SEC-10"})

    def assertion_scopes_fit(self, asked: Sequence[str]) -> bool:
        return any(super(OneScopeOfAnAssertionFits, self).assertion_scopes_fit([scope]) for scope in asked)


class AssertionsAreForTheApiToo(Mutant):
    """The audience of an assertion holds relayauth beside relayhistory."""

    breaks = frozenset({"SEC-10"})

    def assertion_audience(self) -> Sequence[str]:
        return ("relayhistory", "relayauth")


class AssertionsAreBearers(Mutant):
    """A bearer for relayhistory is accepted by the API's own routes."""

    breaks = frozenset({"SEC-10"})

    def is_for_us(self, audience: Any) -> bool:
        return super().is_for_us(audience) or "relayhistory" in audience
