"""Slips in what a mint gives: the cap, the default, the units, and what counts as asked."""

import math
import re
from collections.abc import Mapping
from typing import Any

from reference_impl.facts import Endpoint
from reference_impl.mutants import Mutant
from reference_impl.rules import CAP, DEFAULT_TTL


class NoCap(Mutant):
    """A mint gives whatever was asked, up to the end of the calendar."""

    breaks = frozenset({"TTL-02", "TTL-05"})

    def capped(self, endpoint: Endpoint, seconds: int) -> int:
        return min(seconds, 10**11)


class CapOneSecondShort(Mutant):
    """The cap is one second less than 90 days."""

    breaks = frozenset({"CLK-03", "ROT-01", "ROT-02", "ROT-09", "TTL-01", "TTL-02"})

    def capped(self, endpoint: Endpoint, seconds: int) -> int:
        return min(seconds, CAP - 1)


class CapOneSecondLong(Mutant):
    """The cap is one second more than 90 days."""

    breaks = frozenset({"TTL-02", "TTL-05"})

    def capped(self, endpoint: Endpoint, seconds: int) -> int:
        return min(seconds, CAP + 1)


class CapOnIdentityOnly(Mutant):
    """Only /v1/tokens applies the cap."""

    breaks = frozenset({"TTL-02", "TTL-05"})

    def capped(self, endpoint: Endpoint, seconds: int) -> int:
        return super().capped(endpoint, seconds) if endpoint == "identity" else min(seconds, 10**11)


class CapOf30Days(Mutant):
    """The cap is 30 days."""

    breaks = frozenset({"CLK-03", "ROT-01", "ROT-02", "ROT-09", "TTL-01", "TTL-02"})

    def capped(self, endpoint: Endpoint, seconds: int) -> int:
        return min(seconds, 30 * 86400)


class AboveTheCapCountsAsUnasked(Mutant):
    """Who asks for more than the cap gets the default of 24 h."""

    breaks = frozenset({"META-01", "TTL-02"})

    def usable_ttl(self, asked: Any) -> int | None:
        seconds = super().usable_ttl(asked)
        return None if seconds is None or seconds > CAP else seconds


class MillisecondsForSeconds(Mutant):
    """The number asked is taken for milliseconds."""

    breaks = frozenset({"CLK-03", "ROT-01", "ROT-02", "ROT-09", "TTL-01", "TTL-02"})

    def capped(self, endpoint: Endpoint, seconds: int) -> int:
        return min(max(seconds // 1000, 1), CAP)


class DaysForSeconds(Mutant):
    """The number asked is taken for days."""

    breaks = frozenset({"ROT-01", "TTL-01"})

    def capped(self, endpoint: Endpoint, seconds: int) -> int:
        return min(seconds * 86400, CAP)


class MinutesForSeconds(Mutant):
    """A TTL is cut to whole minutes."""

    breaks = frozenset({"ROT-01", "TTL-01"})

    def capped(self, endpoint: Endpoint, seconds: int) -> int:
        return min(max(seconds // 60 * 60, 1), CAP)


class RoundedUp(Mutant):
    """A fraction of a second is rounded up, not floored."""

    breaks = frozenset({"TTL-01"})

    def usable_ttl(self, asked: Any) -> int | None:
        fine = super().usable_ttl(asked)
        return math.ceil(asked) if fine and isinstance(asked, float) and math.isfinite(asked) else fine


class DefaultOf30Days(Mutant):
    """Asked nothing, a refresh token lives 30 days."""

    breaks = frozenset({"CLK-02", "CLK-03", "TTL-03", "TTL-05", "TTL-06", "TTL-07", "TTL-09"})

    def default_ttl(self, endpoint: Endpoint) -> int:
        return 30 * 86400


class DefaultOfAnHour(Mutant):
    """Asked nothing, a path token's refresh token lives an hour."""

    breaks = frozenset({"CLK-02", "CLK-03", "TTL-03", "TTL-05", "TTL-06", "TTL-07", "TTL-09"})

    def default_ttl(self, endpoint: Endpoint) -> int:
        return 3600 if endpoint == "path" else DEFAULT_TTL


class NullMeansTheCap(Mutant):
    """A null is taken for as long as possible."""

    breaks = frozenset({"META-03", "TTL-03"})

    def asked_ttl(self, endpoint: Endpoint, body: Mapping[str, Any]) -> Any:
        asked = body.get("refreshTokenTtlSeconds", 0)
        return CAP if asked is None else asked


class ZeroLivesZeroSeconds(Mutant):
    """Zero is usable: the refresh token is born dead."""

    breaks = frozenset({"TTL-05", "TTL-06"})

    def usable_ttl(self, asked: Any) -> int | None:
        return 0 if asked == 0 and not isinstance(asked, bool) else super().usable_ttl(asked)


class NegativeIsTakenAbsolute(Mutant):
    """A negative number counts without its sign."""

    breaks = frozenset({"TTL-06", "TTL-08"})

    def usable_ttl(self, asked: Any) -> int | None:
        number = isinstance(asked, int | float) and not isinstance(asked, bool)
        return super().usable_ttl(abs(asked) if number else asked)


class TrueIsOneSecond(Mutant):
    """A boolean is taken for a number."""

    breaks = frozenset({"TTL-06", "TTL-08"})

    def usable_ttl(self, asked: Any) -> int | None:
        return super().usable_ttl(int(asked) if isinstance(asked, bool) else asked)


class ListOfOneIsItsNumber(Mutant):
    """A list of one number is taken for the number, as a loose cast does."""

    breaks = frozenset({"TTL-06", "TTL-08"})

    def usable_ttl(self, asked: Any) -> int | None:
        return super().usable_ttl(asked[0] if isinstance(asked, list) and len(asked) == 1 else asked)


class UnusableMeansTheCap(Mutant):
    """What is no number at all gives 90 days."""

    breaks = frozenset({"TTL-06", "TTL-07", "TTL-08"})

    def usable_ttl(self, asked: Any) -> int | None:
        return super().usable_ttl(CAP if isinstance(asked, str | dict) else asked)


class TextByItsPrefix(Mutant):
    """Text is read as far as it is a number: 3600abc is an hour."""

    breaks = frozenset({"TTL-07"})

    def usable_ttl(self, asked: Any) -> int | None:
        prefix = re.match(r"[0-9]+", asked) if isinstance(asked, str) else None
        return super().usable_ttl(int(prefix[0]) if prefix else asked)


class AccessLivesAsLongAsRefresh(Mutant):
    """The access token gets the refresh token's life when that is short."""

    breaks = frozenset({"TTL-08"})

    def access_exp(self, endpoint: Endpoint, iat: int, ttl: int, refresh_ttl: int) -> int:
        return iat + min(ttl, refresh_ttl)


class AccessGrowsWithRefresh(Mutant):
    """Who may refresh for 90 days gets an access token of a day."""

    breaks = frozenset({"TTL-08"})

    def access_exp(self, endpoint: Endpoint, iat: int, ttl: int, refresh_ttl: int) -> int:
        return iat + (86400 if refresh_ttl == CAP else ttl)


class FieldInAnyCase(Mutant):
    """The field's name is read without regard to case."""

    breaks = frozenset({"TTL-09"})

    def asked_ttl(self, endpoint: Endpoint, body: Mapping[str, Any]) -> Any:
        return {name.lower(): value for name, value in body.items()}.get("refreshtokenttlseconds")


class MetaInTheBodySetsIt(Mutant):
    """A caller's own meta.refreshTokenTtl is taken over."""

    breaks = frozenset({"TTL-09"})

    def asked_ttl(self, endpoint: Endpoint, body: Mapping[str, Any]) -> Any:
        meta = body.get("meta")
        given = meta.get("refreshTokenTtl") if isinstance(meta, dict) else None
        asked = super().asked_ttl(endpoint, body)
        return int(given) if asked is None and isinstance(given, str) and given.isdigit() else asked


class ExpiresInSetsBoth(Mutant):
    """Without a refresh TTL, expiresIn sets the refresh token's life too."""

    breaks = frozenset({"TTL-09"})

    def asked_ttl(self, endpoint: Endpoint, body: Mapping[str, Any]) -> Any:
        return body.get("refreshTokenTtlSeconds", body.get("expiresIn"))


class LongLivesWrapAround(Mutant):
    """Milliseconds in 32 bits: what lives longer than 49 days wraps around."""

    breaks = frozenset({"CLK-02", "CLK-03", "META-01", "TTL-01", "TTL-02", "TTL-05"})

    def refresh_exp(self, endpoint: Endpoint, iat: int, ttl: int) -> int:
        return iat + ttl * 1000 % 2**32 // 1000
