"""Faults at a rotation: what a refresh changes in the new pair."""

from collections.abc import Callable
from typing import Any

from contract.harness.jose import SigningKey
from contract.harness.spec import DAY, REFRESH_TTL_MARK
from contract.harness.spec import REFRESH_TTL_FIELD as TTL
from contract.harness.targets.faults.base import Resigning
from contract.harness.targets.faults.exchanges import Call

CLOCK_SLACK = 5  # seconds that may pass between two rotations on a real clock


class RotationGivesADay(Resigning):
    """A rotated refresh token states the TTL of its session in its meta, and expires after a day."""

    breaks = frozenset({"CLK-02", "CLK-03", "ROT-01", "ROT-02", "ROT-05"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Shorten the lifetime at a rotation."""
        if call.refreshes and name == "refreshToken":
            claims["exp"] = min(claims["exp"], claims["iat"] + DAY)
        return claims


class RotationTakesASecond(Resigning):
    """Each rotation shortens the lifetime of the refresh token by a second."""

    breaks = frozenset(
        {"CLK-02", "CLK-03", "ROT-01", "ROT-02", "ROT-03", "ROT-04", "ROT-05", "ROT-06", "ROT-09"}
    )

    def __init__(self, key: SigningKey, now: Callable[[], float]) -> None:
        super().__init__(key, now)
        self._rotations: dict[str, int] = {}

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Shorten the lifetime by as many seconds as there were rotations."""
        if call.refreshes and name == "refreshToken":
            self._rotations[claims["sid"]] = self._rotations.get(claims["sid"], 0) + 1
            claims["exp"] -= self._rotations[claims["sid"]]
        return claims


class RotationDropsTheMark(Resigning):
    """A rotated pair has the right lifetime, and no meta.refreshTokenTtl."""

    breaks = frozenset({"REV-06", "ROT-01", "ROT-02", "ROT-04", "ROT-09"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Remove the entry at a rotation."""
        if call.refreshes:
            claims.get("meta", {}).pop(REFRESH_TTL_MARK, None)
        return claims


class RotationMarksADay(Resigning):
    """A session that requested no TTL gets meta.refreshTokenTtl (24 h) at its first rotation."""

    breaks = frozenset({"META-03", "ROT-03"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Add the entry at a rotation."""
        if call.refreshes and REFRESH_TTL_MARK not in claims.get("meta", {}):
            claims["meta"] = {**claims.get("meta", {}), REFRESH_TTL_MARK: str(DAY)}
        return claims


class RefreshReadsTheRequest(Resigning):
    """A TTL in the body of a refresh request is granted, and meta.refreshTokenTtl says so."""

    breaks = frozenset({"ROT-04"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Grant the TTL of the request."""
        sent = call.body.get(TTL)
        if not call.refreshes or type(sent) is not int:
            return claims
        claims["meta"] = {**claims.get("meta", {}), REFRESH_TTL_MARK: str(sent)}
        if name == "refreshToken":
            claims["exp"] = claims["iat"] + sent
        return claims


class SessionIsRenamed(Resigning):
    """A rotated pair has another session id."""

    breaks = frozenset({"REV-06", "ROT-07"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Change the session id at a rotation."""
        return {**claims, "sid": f"{claims['sid']}_renewed"} if call.refreshes else claims


class RotationLosesThePrefix(Resigning):
    """A rotated token of a delegated class lacks the prefix of its class."""

    breaks = frozenset({"ROT-08"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Change no claim."""
        return claims

    def prefix(self, call: Call, prefix: str) -> str:
        """Drop the prefix at a rotation."""
        return "" if call.refreshes else prefix


class ScopesGrow(Resigning):
    """A rotated access token has every scope."""

    breaks = frozenset({"REV-06", "ROT-04", "ROT-10"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Widen the scopes at a rotation."""
        return {**claims, "scopes": ["*:*:*:*"]} if call.refreshes and name == "accessToken" else claims


class RotationKeepsTheIssueTime(Resigning):
    """A rotated refresh token has the issue time of the one that it replaces; its TTL counts from then."""

    breaks = frozenset({"CLK-02", "CLK-03"})
    may_also = frozenset({"ROT-09"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Copy the issue time of the presented token."""
        before = call.presented
        if not call.refreshes or name == "accessToken" or before is None:
            return claims
        return {**claims, "iat": before.iat, "exp": before.iat + claims["exp"] - claims["iat"]}


class RotationKeepsTheExpiry(Resigning):
    """A rotated refresh token expires when the one that it replaces would have expired."""

    breaks = frozenset({"CLK-02", "CLK-03", "ROT-05", "ROT-06"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Copy the expiry of the presented token."""
        before = call.presented
        if not call.refreshes or name == "accessToken" or before is None:
            return claims
        # On a real clock a few seconds pass between two rotations: they must not count as a fault.
        shortened_by = claims["exp"] - before.exp
        return {**claims, "exp": before.exp} if shortened_by > CLOCK_SLACK else claims
