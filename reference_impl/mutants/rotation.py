"""Slips in what a refresh keeps."""

from collections.abc import Mapping
from typing import Any

from reference_impl.facts import Endpoint, Grant, Kind, Rotation, TokenState
from reference_impl.mutants import Mutant
from reference_impl.rules import CAP, DEFAULT_TTL, MARK
from reference_impl.tokens import new_id


class SessionsEndAfterFiftyRotations(Mutant):
    """A session is refreshed fifty times, and no more."""

    breaks = frozenset({"CLK-03"})

    def redeemable(self, state: TokenState, now: float) -> bool:
        return super().redeemable(state, now) and state.number < 50


class RotationShortens(Mutant):
    """Each rotation takes a minute off the TTL."""

    breaks = frozenset({"CLK-02", "CLK-03", "ROT-01", "ROT-02", "ROT-04", "ROT-05", "ROT-09"})

    def rotated_ttl(self, rotation: Rotation) -> int | None:
        ttl = super().rotated_ttl(rotation)
        return ttl if ttl is None else max(ttl - 60, 1)


class RotationDriftsAtTheFourth(Mutant):
    """From the fourth rotation on a token lives a second less."""

    breaks = frozenset({"CLK-03", "ROT-02", "ROT-04", "ROT-06"})

    def rotated_refresh_exp(self, rotation: Rotation, iat: int, ttl: int) -> int:
        return iat + ttl - (rotation.number >= 4)


class RotationMarksTheUnmarked(Mutant):
    """An unmarked session is marked at its first rotation."""

    breaks = frozenset({"META-03", "ROT-03"})

    def rotated_mark(self, rotation: Rotation, ttl: int | None) -> Any:
        return str(DEFAULT_TTL if ttl is None else ttl)


class UnmarkedSessionsGrow(Mutant):
    """An unmarked session gets 90 days at its second rotation."""

    breaks = frozenset({"CLK-03", "ROT-03", "ROT-06"})

    def rotated_default_ttl(self, rotation: Rotation) -> int:
        return CAP if rotation.number >= 2 else DEFAULT_TTL


class RefreshReadsTheRequest(Mutant):
    """A refresh request may set the TTL anew."""

    breaks = frozenset({"ROT-04"})

    def rotated_ttl(self, rotation: Rotation) -> int | None:
        asked = self.usable_ttl(rotation.body.get("refreshTokenTtlSeconds"))
        return super().rotated_ttl(rotation) if asked is None else self.capped_again(asked)


class NoCapAtRotation(Mutant):
    """A mark above the cap is believed at rotation."""

    breaks = frozenset({"ROT-05"})

    def capped_again(self, seconds: int) -> int:
        return min(seconds, 10**10)


class BadMarkRotatesToTheCap(Mutant):
    """A mark that is no number gives 90 days."""

    breaks = frozenset({"ROT-06"})

    def rotated_ttl(self, rotation: Rotation) -> int | None:
        ttl = super().rotated_ttl(rotation)
        return CAP if ttl is None and MARK in rotation.meta else ttl


class MarkByItsPrefix(Mutant):
    """A mark is read as far as it is a number."""

    breaks = frozenset({"ROT-06"})

    def rotated_ttl(self, rotation: Rotation) -> int | None:
        digits = ""
        for sign in str(rotation.meta.get(MARK, "")):
            if not sign.isdigit():
                break
            digits += sign
        return self.capped_again(int(digits)) if digits.strip("0") else None


class MarkIsReadAsAnyNumber(Mutant):
    """A mark in scientific notation is taken for the number that it is."""

    breaks = frozenset({"ROT-06"})

    def rotated_ttl(self, rotation: Rotation) -> int | None:
        mark = str(rotation.meta.get(MARK))
        return (
            min(int(float(mark)), CAP)
            if mark[:1].isdigit() and "e" in mark
            else super().rotated_ttl(rotation)
        )


class NegativeMarkIsTakenAbsolute(Mutant):
    """A mark's sign is ignored."""

    breaks = frozenset({"ROT-06"})

    def rotated_ttl(self, rotation: Rotation) -> int | None:
        mark = str(rotation.meta.get(MARK, "")).removeprefix("-")
        return self.capped_again(int(mark)) if mark.isdigit() and int(mark) else None


class SessionIsRenewed(Mutant):
    """Each rotation begins a session of its own."""

    breaks = frozenset({"CLK-08", "REV-01", "ROT-07", "SES-02", "SES-03"})

    def rotated_session(self, rotation: Rotation) -> str:
        return new_id("sess_")


class SubjectIsLost(Mutant):
    """A rotated pair is made out to the sponsor."""

    breaks = frozenset({"ROT-07"})

    def rotated_subject(self, rotation: Rotation) -> str:
        return rotation.grant.sponsor


class MetaIsLost(Mutant):
    """A rotated token carries the mark and nothing else of meta."""

    breaks = frozenset({"META-02", "ROT-07"})

    def rotated_meta(self, rotation: Rotation, kind: Kind) -> Mapping[str, Any]:
        return {}


class PrefixIsLost(Mutant):
    """A rotated token of a delegated class is a plain one."""

    breaks = frozenset({"ROT-08"})

    def rotated_prefix(self, rotation: Rotation) -> str:
        return ""


class PathPrefixForAll(Mutant):
    """A rotated agent token becomes a path token."""

    breaks = frozenset({"ROT-08"})

    def rotated_prefix(self, rotation: Rotation) -> str:
        return "relay_pa_" if rotation.grant.endpoint == "agent" else super().rotated_prefix(rotation)


class AgentTokensHaveNoPrefix(Mutant):
    """An agent token is minted without its prefix, and gets it at its first rotation."""

    breaks = frozenset({"ROT-08"})

    def prefix(self, endpoint: Endpoint) -> str:
        return "" if endpoint == "agent" else super().prefix(endpoint)


class HorizonIsForgottenAtMint(Mutant):
    """delegationNotAfter does not bound the first pair."""

    breaks = frozenset({"ROT-09"})

    def within_horizon(self, exp: int, horizon: int | None) -> int:
        return exp


class HorizonIsForgottenAtRotation(Mutant):
    """delegationNotAfter bounds the first pair and no other."""

    breaks = frozenset({"ROT-09"})

    def rotated_within_horizon(self, rotation: Rotation, exp: int) -> int:
        return exp


class OverDelegationsAreMinted(Mutant):
    """A delegation that ended before it began is minted, stillborn."""

    breaks = frozenset({"ROT-09"})

    def horizon_is_ahead(self, horizon: float, now: float) -> bool:
        return True


class HorizonShortensTheMark(Mutant):
    """Under a horizon a rotated session is marked with the life that was left to it."""

    breaks = frozenset({"ROT-09"})

    def rotated_mark(self, rotation: Rotation, ttl: int | None) -> Any:
        horizon = rotation.grant.horizon
        left = ttl if horizon is None or ttl is None else min(ttl, horizon - int(rotation.now))
        return super().rotated_mark(rotation, left)


class HostsAreCutOffAfterAYear(Mutant):
    """A session ends a year after its mint, however often it was renewed."""

    breaks = frozenset({"CLK-03"})

    def delegation_over(self, grant: Grant, now: float) -> bool:
        return super().delegation_over(grant, now) or now > grant.minted_at + 365 * 86400
