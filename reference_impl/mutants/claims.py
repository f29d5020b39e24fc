"""Slips in what is believed of a token whose signature is good."""

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
    """An issuer that begins as ours does is ours."""

    breaks = frozenset({"SEC-04"})

    def trusts_issuer(self, issuer: Any) -> bool:
        return str(issuer).startswith(ISSUER)


class AnyAudienceWillDo(Mutant):
    """A bearer for anybody is good here."""

    breaks = frozenset({"SEC-04", "SEC-10"})

    def is_for_us(self, audience: Any) -> bool:
        return True


class RefreshForAnyAudience(Mutant):
    """A refresh token for anybody may be redeemed here."""

    breaks = frozenset({"SEC-04"})

    def refresh_is_for_us(self, audience: Any) -> bool:
        return True


class CritIsIgnored(Mutant):
    """What a header says must be understood is read over."""

    breaks = frozenset({"SEC-04"})

    def header_is_understood(self, header: Mapping[str, Any]) -> bool:
        return super().header_is_understood({name: header[name] for name in header if name != "crit"})


class TypIsIgnored(Mutant):
    """A JWT of any other kind is a token as well."""

    breaks = frozenset({"SEC-04"})

    def header_is_understood(self, header: Mapping[str, Any]) -> bool:
        return "crit" not in header


class AnyKidWillDo(Mutant):
    """Every key is tried, whatever kid a token names."""

    breaks = frozenset({"SEC-04", "SEC-11"})

    def kid_names(self, kid: Any, known: str, *, alone: bool) -> bool:
        return True


class TimesAreTakenAsTheyCome(Mutant):
    """A bearer's times may be text or missing: then they are those of a token that never ends."""

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
    """A token is good before it was issued."""

    breaks = frozenset({"SEC-04", "SEC-11"})

    def not_yet(self, iat: int, now: float) -> bool:
        return False


class TokensOfTheNextDaysWillDo(Mutant):
    """A token may have been issued up to two days in the future: some clock is always wrong."""

    breaks = frozenset({"SEC-04", "SEC-11"})

    def not_yet(self, iat: int, now: float) -> bool:
        return iat > now + 2 * 86400


class NoTypeIsAccess(Mutant):
    """A token that does not say what it is serves as a bearer."""

    breaks = frozenset({"SEC-04"})

    def is_bearer(self, claims: Mapping[str, Any]) -> bool:
        return bool(claims.get("token_type", "access") == "access")


class NoTypeIsRefresh(Mutant):
    """A token that does not say what it is can be refreshed."""

    breaks = frozenset({"SEC-04"})

    def is_refresh_token(self, claims: Mapping[str, Any]) -> bool:
        return bool(claims.get("token_type", "refresh") == "refresh")


class UnknownTokensAreNew(Mutant):
    """A signed refresh token that nobody has heard of is taken for one of another machine's."""

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
