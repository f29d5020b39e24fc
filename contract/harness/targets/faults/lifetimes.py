"""Faults at a mint: how long a pair lives, and what it says of that."""

from typing import Any

from contract.harness.spec import DAY, ENDPOINTS
from contract.harness.spec import REFRESH_TTL_CAP as CAP
from contract.harness.spec import REFRESH_TTL_FIELD as TTL
from contract.harness.spec import REFRESH_TTL_MARK as MARK
from contract.harness.targets.faults import PAIR, Call, Fault, Reply, Retelling, iso, token_of

YEAR = 365 * DAY


class AskedIsDropped(Fault):
    """The TTL that a mint asks for never reaches the server: 24 h, and no mark."""

    breaks = frozenset({"CLK-03", "META-01", "ROT-09", "TTL-01", "TTL-02"})

    def ask(self, call: Call) -> Call:
        """Drop the field."""
        return call.saying(_without(call.body, TTL)) if call.mints and TTL in call.body else call


class PathDropsTheTtl(Fault):
    """The TTL that a mint at /v1/tokens/path asks for never reaches the server."""

    breaks = frozenset({"CLK-03", "META-01", "ROT-09", "TTL-01", "TTL-02"})

    def ask(self, call: Call) -> Call:
        """Drop the field at one endpoint."""
        here = call.path == ENDPOINTS["path"].path and TTL in call.body
        return call.saying(_without(call.body, TTL)) if here else call


class AskedIsTakenForMilliseconds(Fault):
    """A whole number of seconds that is asked for is divided by a thousand on its way."""

    breaks = frozenset({"CLK-03", "ROT-09", "TTL-01", "TTL-02"})

    def ask(self, call: Call) -> Call:
        """Divide the field."""
        sent = call.body.get(TTL)
        if not call.mints or type(sent) is not int or sent < 1000:
            return call
        return call.saying({**call.body, TTL: sent // 1000})


class DefaultIsThirtyDays(Fault):
    """A mint that asks for no TTL is given 30 days, and the mark of them."""

    breaks = frozenset({"CLK-03", "META-03", "TTL-03", "TTL-09"})

    def ask(self, call: Call) -> Call:
        """Add the field."""
        if not call.mints or not call.body or call.body.get(TTL) is not None:
            return call
        return call.saying({**call.body, TTL: 30 * DAY})


class CapIsAYear(Retelling):
    """What is asked beyond 90 days is given, up to a year, and marked as such."""

    breaks = frozenset({"TTL-02", "TTL-05"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Lengthen a life that the server cut."""
        sent = call.body.get(TTL)
        if not call.mints or isinstance(sent, bool) or not isinstance(sent, int | float) or sent <= CAP:
            return claims
        given = int(min(sent, YEAR))
        claims["meta"][MARK] = str(given)
        return _living(claims, given) if name == "refreshToken" else claims


class LivesADayAtMost(Retelling):
    """A refresh token says the TTL that was asked for in its mark, and ends after a day."""

    breaks = frozenset(
        {"CLK-01", "CLK-02", "CLK-03", "CLK-04", "META-01", "ROT-01", "TTL-01", "TTL-02", "TTL-05"}
    )

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Shorten the life at a mint."""
        long = claims["exp"] - claims["iat"] > DAY
        return _living(claims, DAY) if call.mints and name == "refreshToken" and long else claims


class AccessLivesADay(Retelling):
    """An access token lives for a day, whatever was asked for."""

    breaks = frozenset({"CLK-06", "ROT-09", "TTL-08"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Lengthen the life of an access token."""
        return _living(claims, DAY) if call.mints and name == "accessToken" else claims


class MarkIsDropped(Retelling):
    """Neither token of a mint bears a mark."""

    breaks = frozenset({"META-01", "ROT-04", "ROT-09", "TTL-05"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Take the mark away."""
        return _unmarked(claims) if call.mints else claims


class OnlyRefreshIsMarked(Retelling):
    """The access token of a mint bears no mark, the refresh token does."""

    breaks = frozenset({"META-01", "ROT-09", "TTL-05"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Take the mark of one token away."""
        return _unmarked(claims) if call.mints and name == "accessToken" else claims


class MarkIsANumber(Retelling):
    """The mark of a mint is a JSON number."""

    breaks = frozenset({"META-01", "META-02", "ROT-01", "ROT-04", "ROT-09", "TTL-05"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Turn the mark into a number."""
        if call.mints and MARK in claims.get("meta", {}):
            claims["meta"][MARK] = int(claims["meta"][MARK])
        return claims


class MetaIsTheMarkAlone(Retelling):
    """What a mint writes into meta beside the mark is lost where there is a mark."""

    breaks = frozenset({"META-02", "ROT-07"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Keep the mark alone."""
        if call.mints and MARK in claims.get("meta", {}):
            claims["meta"] = {MARK: claims["meta"][MARK]}
        return claims


class IssuedAnHourAgo(Retelling):
    """A fresh refresh token was issued an hour ago, and ends an hour early."""

    breaks = frozenset({"CLK-01", "CLK-04", "CLK-05", "ROT-09"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Set both its times back."""
        if not call.mints or name == "accessToken":
            return claims
        return {**claims, "iat": claims["iat"] - 3600, "exp": claims["exp"] - 3600}


class AnnouncesAnHourMore(Fault):
    """A mint announces a refresh expiry that is an hour after the token's own."""

    breaks = frozenset({"CLK-04", "TTL-04"})

    def answer(self, call: Call, reply: Reply) -> Reply:
        """Bend the announcement, and nothing in the token."""
        body = reply.body
        token = token_of(body.get("refreshToken")) if call.mints and set(PAIR) <= set(body) else None
        return reply.saying({**body, "refreshTokenExpiresAt": iso(token.exp + 3600)}) if token else reply


class HorizonIsDropped(Fault):
    """The horizon that a delegation asks for never reaches the server."""

    breaks = frozenset({"CLK-04", "ROT-09"})

    def ask(self, call: Call) -> Call:
        """Drop the field."""
        name = "delegationNotAfter"
        return call.saying(_without(call.body, name)) if call.mints and name in call.body else call


def _without(body: dict[str, Any], name: str) -> dict[str, Any]:
    return {each: value for each, value in body.items() if each != name}


def _living(claims: dict[str, Any], seconds: int) -> dict[str, Any]:
    return {**claims, "exp": claims["iat"] + seconds}


def _unmarked(claims: dict[str, Any]) -> dict[str, Any]:
    meta = _without(claims.get("meta", {}), MARK)
    return {**claims, "meta": meta} if meta else _without(claims, "meta")
