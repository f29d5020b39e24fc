"""Faults at a rotation: what a refresh does to the pair that it renews."""

from collections.abc import Callable
from typing import Any

from contract.harness.jose import SigningKey
from contract.harness.spec import DAY, REFRESH_TTL_MARK
from contract.harness.spec import REFRESH_TTL_FIELD as TTL
from contract.harness.targets.faults import Call, Retelling

TICKS = 5  # seconds that may pass between two rotations on a real clock


class RotationGivesADay(Retelling):
    """A rotated refresh token says the TTL of its session in its mark, and ends after a day."""

    breaks = frozenset({"CLK-02", "CLK-03", "ROT-01", "ROT-05"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Shorten the life at a rotation."""
        if call.refreshes and name == "refreshToken":
            claims["exp"] = min(claims["exp"], claims["iat"] + DAY)
        return claims


class RotationTakesASecond(Retelling):
    """Each rotation takes a second from the life of the refresh token."""

    breaks = frozenset(
        {"CLK-02", "CLK-03", "ROT-01", "ROT-02", "ROT-03", "ROT-04", "ROT-05", "ROT-06", "ROT-09"}
    )

    def __init__(self, key: SigningKey, now: Callable[[], float]) -> None:
        super().__init__(key, now)
        self._rotations: dict[str, int] = {}

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Shorten the life by as many seconds as there were rotations."""
        if call.refreshes and name == "refreshToken":
            self._rotations[claims["sid"]] = self._rotations.get(claims["sid"], 0) + 1
            claims["exp"] -= self._rotations[claims["sid"]]
        return claims


class RotationDropsTheMark(Retelling):
    """A rotated pair lives as long as it should, and bears no mark."""

    breaks = frozenset({"ROT-01", "ROT-04", "ROT-09"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Take the mark away at a rotation."""
        if call.refreshes:
            claims.get("meta", {}).pop(REFRESH_TTL_MARK, None)
        return claims


class RotationMarksADay(Retelling):
    """A session that asked for no TTL is marked with 24 h at its first rotation."""

    breaks = frozenset({"META-03", "ROT-03"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Add a mark at a rotation."""
        if call.refreshes and REFRESH_TTL_MARK not in claims.get("meta", {}):
            claims["meta"] = {**claims.get("meta", {}), REFRESH_TTL_MARK: str(DAY)}
        return claims


class RefreshReadsTheRequest(Retelling):
    """A TTL in the body of a refresh request is given and marked."""

    breaks = frozenset({"ROT-04"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Give what the request asks for."""
        sent = call.body.get(TTL)
        if not call.refreshes or type(sent) is not int:
            return claims
        claims["meta"] = {**claims.get("meta", {}), REFRESH_TTL_MARK: str(sent)}
        if name == "refreshToken":
            claims["exp"] = claims["iat"] + sent
        return claims


class SessionIsRenamed(Retelling):
    """A rotated pair belongs to a session of another name."""

    breaks = frozenset({"REV-01", "ROT-05", "ROT-06", "ROT-07"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Change the session id at a rotation."""
        return {**claims, "sid": f"{claims['sid']}_renewed"} if call.refreshes else claims


class RotationLosesThePrefix(Retelling):
    """A rotated token of a delegated class comes without the prefix of its class."""

    breaks = frozenset({"ROT-08"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Change no claim."""
        return claims

    def prefix(self, call: Call, prefix: str) -> str:
        """Lose the prefix at a rotation."""
        return "" if call.refreshes else prefix


class ScopesGrow(Retelling):
    """A rotated access token holds every scope there is."""

    breaks = frozenset({"ROT-04", "ROT-10"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Widen the scopes at a rotation."""
        return {**claims, "scopes": ["*:*:*:*"]} if call.refreshes and name == "accessToken" else claims


class RotationKeepsTheOldBirth(Retelling):
    """A rotated refresh token was issued when the one that it replaces was, and has its TTL from then on."""

    breaks = frozenset({"CLK-02", "CLK-03"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Carry the time of issue over from the presented token."""
        before = call.presented
        if not call.refreshes or name == "accessToken" or before is None:
            return claims
        return {**claims, "iat": before.iat, "exp": before.iat + claims["exp"] - claims["iat"]}


class RotationKeepsTheOldEnd(Retelling):
    """A rotated refresh token ends when the one that it replaces would have ended."""

    breaks = frozenset({"CLK-02", "CLK-03", "ROT-05", "ROT-06"})

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Carry the expiry over from the presented token."""
        before = call.presented
        if not call.refreshes or name == "accessToken" or before is None:
            return claims
        # On a real clock a second passes between two rotations, or none: what it takes is not to show.
        lost = claims["exp"] - before.exp
        return {**claims, "exp": before.exp} if lost > TICKS else claims
