"""Faults at a mint: the lifetime of a pair, and what the pair states about it."""

from typing import Any

from contract.harness.spec import DAY, ENDPOINTS
from contract.harness.spec import REFRESH_TTL_CAP as CAP
from contract.harness.spec import REFRESH_TTL_FIELD as TTL
from contract.harness.spec import REFRESH_TTL_MARK as MARK
from contract.harness.targets.faults.base import Fault, Resigning
from contract.harness.targets.faults.exchanges import PAIR, Call, Reply, iso, token_of

YEAR = 365 * DAY


class RequestedTtlIsDropped(Fault):
    """The TTL that a mint requests never reaches the server: 24 h, and no meta.refreshTokenTtl."""

    breaks = frozenset({"CLK-03", "META-01", "ROT-01", "ROT-02", "ROT-09", "TTL-01", "TTL-02"})

    def on_request(self, call: Call) -> Call:
        """Drop the field."""
        return call.with_body(_without(call.body, TTL)) if call.mints and TTL in call.body else call


class PathDropsTheTtl(Fault):
    """The TTL that a mint at /v1/tokens/path requests never reaches the server."""

    breaks = frozenset({"CLK-03", "META-01", "ROT-01", "ROT-02", "ROT-09", "TTL-01", "TTL-02"})

    def on_request(self, call: Call) -> Call:
        """Drop the field at this endpoint."""
        requested = call.path == ENDPOINTS["path"].path and TTL in call.body
        return call.with_body(_without(call.body, TTL)) if requested else call


class RequestedTtlIsReadAsMilliseconds(Fault):
    """A requested whole number of seconds is divided by 1000."""

    breaks = frozenset({"CLK-03", "ROT-01", "ROT-02", "ROT-09", "TTL-01", "TTL-02"})

    def on_request(self, call: Call) -> Call:
        """Divide the field."""
        sent = call.body.get(TTL)
        if not call.mints or type(sent) is not int or sent < 1000:
            return call
        return call.with_body({**call.body, TTL: sent // 1000})


class DefaultIsThirtyDays(Fault):
    """A mint that requests no TTL gets 30 days, and meta.refreshTokenTtl says so."""

    breaks = frozenset({"CLK-03", "META-03", "ROT-03", "TTL-03", "TTL-09"})

    def on_request(self, call: Call) -> Call:
        """Add the field."""
        if not call.mints or not call.body or call.body.get(TTL) is not None:
            return call
        return call.with_body({**call.body, TTL: 30 * DAY})


class CapIsAYear(Resigning):
    """A requested TTL of more than 90 days is granted, up to a year, and meta.refreshTokenTtl says so."""

    breaks = frozenset({"TTL-02", "TTL-05"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Restore a lifetime that the server capped."""
        sent = call.body.get(TTL)
        if not call.mints or isinstance(sent, bool) or not isinstance(sent, int | float) or sent <= CAP:
            return claims
        granted = int(min(sent, YEAR))
        claims["meta"][MARK] = str(granted)
        return _with_lifetime(claims, granted) if name == "refreshToken" else claims


class LivesADayAtMost(Resigning):
    """A refresh token states the requested TTL in its meta, and expires after a day."""

    breaks = frozenset({"CLK-01", "CLK-02", "CLK-03", "CLK-04", "META-01", "TTL-01", "TTL-02", "TTL-05"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Shorten the lifetime at a mint."""
        long = claims["exp"] - claims["iat"] > DAY
        return _with_lifetime(claims, DAY) if call.mints and name == "refreshToken" and long else claims


class AccessLivesADay(Resigning):
    """An access token lives for a day, whatever was requested."""

    breaks = frozenset({"CLK-06", "CLK-07", "REV-06", "ROT-09", "TTL-08"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Extend the lifetime of an access token."""
        return _with_lifetime(claims, DAY) if call.mints and name == "accessToken" else claims


class MarkIsDropped(Resigning):
    """Neither token of a minted pair has meta.refreshTokenTtl."""

    breaks = frozenset({"META-01", "REV-06", "ROT-04", "ROT-09", "TTL-05"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Remove the entry."""
        return _without_mark(claims) if call.mints else claims


class OnlyRefreshIsMarked(Resigning):
    """The access token of a mint bears no mark, the refresh token does."""

    breaks = frozenset({"META-01", "REV-06", "ROT-09", "TTL-05"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Take the mark of one token away."""
        return _without_mark(claims) if call.mints and name == "accessToken" else claims


class MarkIsANumber(Resigning):
    """meta.refreshTokenTtl of a minted pair is a JSON number."""

    breaks = frozenset({"META-01", "META-02", "REV-06", "ROT-04", "ROT-09", "TTL-05"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Turn the entry into a number."""
        if call.mints and MARK in claims.get("meta", {}):
            claims["meta"][MARK] = int(claims["meta"][MARK])
        return claims


class MetaHasNoOtherEntry(Resigning):
    """A pair with meta.refreshTokenTtl has no other entry in meta."""

    breaks = frozenset({"META-02", "REV-06", "ROT-07"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Keep that entry only."""
        if call.mints and MARK in claims.get("meta", {}):
            claims["meta"] = {MARK: claims["meta"][MARK]}
        return claims


class IssuedAnHourAgo(Resigning):
    """A new refresh token states that it was issued an hour ago, and expires an hour early."""

    breaks = frozenset({"CLK-01", "CLK-04", "CLK-05", "CLK-07", "REV-06", "ROT-09"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Move both times back."""
        if not call.mints or name == "accessToken":
            return claims
        return {**claims, "iat": claims["iat"] - 3600, "exp": claims["exp"] - 3600}


class AnnouncesAnHourMore(Fault):
    """A mint announces a refresh expiry that is an hour after the token's own."""

    breaks = frozenset({"CLK-04", "ROT-09", "TTL-04"})

    def on_response(self, call: Call, reply: Reply) -> Reply:
        """Change the announcement, and nothing in the token."""
        body = reply.body
        token = token_of(body.get("refreshToken")) if call.mints and set(PAIR) <= set(body) else None
        return reply.with_body({**body, "refreshTokenExpiresAt": iso(token.exp + 3600)}) if token else reply


class DelegationNotAfterIsDropped(Fault):
    """The delegationNotAfter of a mint never reaches the server."""

    breaks = frozenset({"CLK-04", "ROT-09"})

    def on_request(self, call: Call) -> Call:
        """Drop the field."""
        name = "delegationNotAfter"
        return call.with_body(_without(call.body, name)) if call.mints and name in call.body else call


def _without(body: dict[str, Any], name: str) -> dict[str, Any]:
    return {each: value for each, value in body.items() if each != name}


def _with_lifetime(claims: dict[str, Any], seconds: int) -> dict[str, Any]:
    return {**claims, "exp": claims["iat"] + seconds}


def _without_mark(claims: dict[str, Any]) -> dict[str, Any]:
    meta = _without(claims.get("meta", {}), MARK)
    return {**claims, "meta": meta} if meta else _without(claims, "meta")
