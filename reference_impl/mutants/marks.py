"""Slips in the mark, in `meta`, and in what is announced."""

from collections.abc import Mapping
from typing import Any

from reference_impl.facts import Endpoint, Issue, Kind
from reference_impl.mutants import Mutant
from reference_impl.rules import DEFAULT_TTL, MARK


class MarkIsANumber(Mutant):
    """The mark is a JSON number, not a string."""

    breaks = frozenset(
        {"CLK-02", "CLK-03", "META-01", "META-02", "ROT-01", "ROT-02", "ROT-04", "ROT-09", "TTL-05"}
    )

    def mark(self, endpoint: Endpoint, asked: int | None, effective: int) -> Any:
        return None if asked is None else effective


class MarkIsWhatWasAsked(Mutant):
    """The mark says what was asked, not what was given."""

    breaks = frozenset({"META-01", "TTL-05"})

    def mark(self, endpoint: Endpoint, asked: int | None, effective: int) -> Any:
        return None if asked is None else str(asked)


class MarkInWholeMinutes(Mutant):
    """The mark is cut to whole minutes, and so is the life after the first rotation."""

    breaks = frozenset({"META-01", "ROT-01", "TTL-05"})

    def mark(self, endpoint: Endpoint, asked: int | None, effective: int) -> Any:
        return None if asked is None else str(max(effective // 60, 1) * 60)


class MarkHasAFraction(Mutant):
    """The mark is written as 7776000.0."""

    breaks = frozenset({"CLK-02", "CLK-03", "META-01", "ROT-01", "ROT-02", "ROT-04", "ROT-09", "TTL-05"})

    def mark(self, endpoint: Endpoint, asked: int | None, effective: int) -> Any:
        return None if asked is None else str(float(effective))


class TheDefaultAskedForIsUnmarked(Mutant):
    """Who asks for exactly 24 h is taken for somebody who asked for nothing."""

    breaks = frozenset({"META-01"})

    def mark(self, endpoint: Endpoint, asked: int | None, effective: int) -> Any:
        return None if effective == DEFAULT_TTL else super().mark(endpoint, asked, effective)


class DefaultIsMarked(Mutant):
    """A session that asked for nothing is marked 86400."""

    breaks = frozenset({"META-03", "ROT-03", "TTL-06", "TTL-07", "TTL-09"})

    def mark(self, endpoint: Endpoint, asked: int | None, effective: int) -> Any:
        return str(effective)


class MarkOnRefreshOnly(Mutant):
    """The access token bears no mark."""

    breaks = frozenset({"META-01", "ROT-01", "ROT-02", "ROT-04", "ROT-09", "TTL-05"})

    def marked_meta(self, kind: Kind, meta: Mapping[str, Any], mark: Any) -> Mapping[str, Any]:
        return super().marked_meta(kind, meta, mark if kind == "refresh" else None)


class MarkOnAccessOnly(Mutant):
    """The refresh token bears no mark."""

    breaks = frozenset({"CLK-02", "CLK-03", "META-01", "ROT-01", "ROT-02", "ROT-04", "ROT-09", "TTL-05"})

    def marked_meta(self, kind: Kind, meta: Mapping[str, Any], mark: Any) -> Mapping[str, Any]:
        return super().marked_meta(kind, meta, mark if kind == "access" else None)


class MarkReplacesTheRest(Mutant):
    """A marked token loses the endpoint's own entries of meta."""

    breaks = frozenset({"META-02"})

    def marked_meta(self, kind: Kind, meta: Mapping[str, Any], mark: Any) -> Mapping[str, Any]:
        return {MARK: mark} if mark is not None else dict(meta)


class PathsAreAList(Mutant):
    """An entry of meta is a list, not JSON text."""

    breaks = frozenset({"META-02"})

    def own_meta(self, endpoint: Endpoint, entries: Mapping[str, str]) -> Mapping[str, Any]:
        return {name: [value] if name == "paths" else value for name, value in entries.items()}


class AgentNameIsForgotten(Mutant):
    """A path token's meta lacks the agent's name."""

    breaks = frozenset({"META-02"})

    def own_meta(self, endpoint: Endpoint, entries: Mapping[str, str]) -> Mapping[str, Any]:
        return {name: value for name, value in entries.items() if name != "agentName"}


class AgentsAreNamedByDefault(Mutant):
    """The agent of a path token that has an id and no name gets the default name."""

    breaks = frozenset({"META-02"})

    def own_meta(self, endpoint: Endpoint, entries: Mapping[str, str]) -> Mapping[str, Any]:
        name = entries.get("agentName", "")
        unnamed = name.isascii() and name.startswith("agent_")
        return {**entries, "agentName": "cloud-orchestrator"} if unnamed else entries


class RefreshExpiryIsAnnouncedFromTheDefault(Mutant):
    """The answer announces now + 24 h for the refresh token, whatever its exp."""

    breaks = frozenset({"CLK-04", "ROT-09", "TTL-04"})

    def announced(self, kind: Kind, issue: Issue, now: float) -> float:
        return int(now) + 86400 if kind == "refresh" else issue.exp(kind)


class RefreshExpiryIsAnnouncedPastTheDelegation(Mutant):
    """The answer announces the end of the TTL for a refresh token that ends with its delegation."""

    breaks = frozenset({"ROT-09"})

    def announced(self, kind: Kind, issue: Issue, now: float) -> float:
        if kind == "access" or "delegationNotAfter" not in issue.refresh_meta:
            return super().announced(kind, issue, now)
        return issue.iat + int(issue.refresh_meta.get("refreshTokenTtl", 86400))


class ExpiryIsAnnouncedFromAnotherClock(Mutant):
    """The announced expiries carry the milliseconds of now."""

    breaks = frozenset({"TTL-04"})

    def announced(self, kind: Kind, issue: Issue, now: float) -> float:
        return issue.exp(kind) + now % 1


class AccessExpiryIsAnnouncedWithTheSkew(Mutant):
    """The access token's announced expiry includes the verifier's skew."""

    breaks = frozenset({"ROT-09", "TTL-04"})

    def announced(self, kind: Kind, issue: Issue, now: float) -> float:
        return issue.exp(kind) + (30 if kind == "access" else 0)
