"""Faults in how the claims of a token with a valid signature are checked."""

from collections.abc import Mapping
from typing import Any

from reference_impl.facts import Grant, TokenState
from reference_impl.mutants import Mutant
from reference_impl.rules import ISSUER


class AnyIssuerWillDo(Mutant):
    """The issuer is not checked."""

    breaks = frozenset({"SEC-04"})

    def trusts_issuer(self, issuer: Any) -> bool:
        return True


class IssuerByItsBeginning(Mutant):
    """An issuer is accepted if it begins with the right one."""

    breaks = frozenset({"SEC-04"})

    def trusts_issuer(self, issuer: Any) -> bool:
        return str(issuer).startswith(ISSUER)


class AnyAudienceWillDo(Mutant):
    """A bearer is accepted whatever its audience."""

    breaks = frozenset({"SEC-04", "SEC-10"})

    def is_for_us(self, audience: Any) -> bool:
        return True


class RefreshForAnyAudience(Mutant):
    """A refresh token is accepted whatever its audience."""

    breaks = frozenset({"SEC-04"})

    def refresh_is_for_us(self, audience: Any) -> bool:
        return True


class CritIsIgnored(Mutant):
    """The crit of a header is ignored."""

    breaks = frozenset({"SEC-04"})

    def header_is_understood(self, header: Mapping[str, Any]) -> bool:
        return super().header_is_understood({name: header[name] for name in header if name != "crit"})


class TypIsIgnored(Mutant):
    """The typ of a header is ignored."""

    breaks = frozenset({"SEC-04"})

    def header_is_understood(self, header: Mapping[str, Any]) -> bool:
        return "crit" not in header


class AnyKidWillDo(Mutant):
    """Every key is tried, whatever kid a token has."""

    breaks = frozenset({"SEC-04", "SEC-11"})

    def kid_names(self, kid: Any, known: str, *, alone: bool) -> bool:
        return True


class TimesAreTakenAsTheyCome(Mutant):
    """A bearer whose times are text or missing never expires."""

    breaks = frozenset({"SEC-04", "SEC-11"})

    def claims_fit(self, claims: Mapping[str, Any]) -> bool:
        for name, usual in (("iat", 0), ("exp", 1 << 40)):
            if not isinstance(claims.get(name), int) and isinstance(claims, dict):
                claims[name] = usual
        return super().claims_fit(claims)


class TimesMayBeAnyNumber(Mutant):
    """A time may be as large as a floating-point number can be."""

    breaks = frozenset({"SEC-11"})

    def claims_fit(self, claims: Mapping[str, Any]) -> bool:
        times = {name: claims.get(name) for name in ("iat", "exp")}
        return super().claims_fit({**claims, **{name: 1 for name in times if isinstance(times[name], float)}})


class TokensOfTomorrowWillDo(Mutant):
    """A token is accepted before its iat."""

    breaks = frozenset({"SEC-04", "SEC-11"})

    def not_yet(self, iat: int, now: float) -> bool:
        return False


class TokensOfTheNextDaysWillDo(Mutant):
    """A token is accepted up to two days before its iat."""

    breaks = frozenset({"SEC-04", "SEC-11"})

    def not_yet(self, iat: int, now: float) -> bool:
        return iat > now + 2 * 86400


class NoTypeIsAccess(Mutant):
    """A token without token_type is accepted as a bearer."""

    breaks = frozenset({"SEC-04"})

    def is_bearer(self, claims: Mapping[str, Any]) -> bool:
        return bool(claims.get("token_type", "access") == "access")


class NoTypeIsRefresh(Mutant):
    """A token without token_type can be refreshed."""

    breaks = frozenset({"SEC-04"})

    def is_refresh_token(self, claims: Mapping[str, Any]) -> bool:
        return bool(claims.get("token_type", "refresh") == "refresh")


class UnknownTokensAreNew(Mutant):
    """A signed refresh token with an unknown jti is accepted as one of another replica."""

    breaks = frozenset({"SEC-04"})

    def unknown_state(self, claims: Mapping[str, Any]) -> TokenState | None:
        grant = Grant(
            endpoint="identity",
            org=claims["org"],
            workspace=str(claims.get("wks")),
            subject=claims["sub"],
            sponsor=str(claims.get("sponsorId")),
            chain=(),
            scopes=(),
            audience=("relayauth",),
            access_ttl=3600,
            minted_at=claims["iat"],
        )
        return TokenState(
            id=claims["jti"],
            session=claims["sid"],
            kind="refresh",
            number=0,
            status="live",
            session_revoked=False,
            grant=grant,
        )
