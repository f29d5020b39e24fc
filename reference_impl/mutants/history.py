"""The three ways in which it once went wrong, and their neighbours (wire.md, How it once went wrong)."""

from collections.abc import Mapping
from typing import Any

from reference_impl.facts import Endpoint, Rotation
from reference_impl.mutants import Mutant


class DelegatedEndpointsForgetTheTtl(Mutant):
    """Only /v1/tokens reads refreshTokenTtlSeconds; the three delegated endpoints quietly give 24 h."""

    breaks = frozenset({"CLK-03", "META-01", "ROT-01", "ROT-02", "ROT-09", "TTL-01", "TTL-02"})

    def asked_ttl(self, endpoint: Endpoint, body: Mapping[str, Any]) -> Any:
        return super().asked_ttl(endpoint, body) if endpoint == "identity" else None


class IdentityForgetsTheTtl(Mutant):
    """/v1/tokens does not read refreshTokenTtlSeconds."""

    breaks = frozenset({"CLK-03", "META-01", "ROT-01", "ROT-02", "TTL-01", "TTL-02"})

    def asked_ttl(self, endpoint: Endpoint, body: Mapping[str, Any]) -> Any:
        return None if endpoint == "identity" else super().asked_ttl(endpoint, body)


class AgentForgetsTheTtl(Mutant):
    """/v1/tokens/agent does not read refreshTokenTtlSeconds."""

    breaks = frozenset({"CLK-03", "META-01", "ROT-01", "ROT-02", "TTL-01", "TTL-02"})

    def asked_ttl(self, endpoint: Endpoint, body: Mapping[str, Any]) -> Any:
        return None if endpoint == "agent" else super().asked_ttl(endpoint, body)


class PathForgetsTheTtl(Mutant):
    """/v1/tokens/path does not read refreshTokenTtlSeconds."""

    breaks = frozenset({"CLK-03", "META-01", "ROT-01", "ROT-02", "ROT-09", "TTL-01", "TTL-02"})

    def asked_ttl(self, endpoint: Endpoint, body: Mapping[str, Any]) -> Any:
        return None if endpoint == "path" else super().asked_ttl(endpoint, body)


class WorkspacePathForgetsTheTtl(Mutant):
    """/v1/tokens/workspace-path does not read refreshTokenTtlSeconds."""

    breaks = frozenset({"CLK-03", "META-01", "ROT-01", "ROT-02", "ROT-09", "TTL-01", "TTL-02"})

    def asked_ttl(self, endpoint: Endpoint, body: Mapping[str, Any]) -> Any:
        return None if endpoint == "workspace-path" else super().asked_ttl(endpoint, body)


class RotationLosesTheTtl(Mutant):
    """A refresh reads no mark: a 90-day session shrinks to 24 h at its first renewal."""

    breaks = frozenset({"CLK-02", "CLK-03", "ROT-01", "ROT-02", "ROT-04", "ROT-05", "ROT-09"})

    def rotated_ttl(self, rotation: Rotation) -> int | None:
        return None


class VerifierFetchesItsOwnUrl(Mutant):
    """The verifier fetches its JWKS from BASE_URL although it holds the public key."""

    breaks = frozenset({"JWKS-01", "JWKS-02"})

    def bound_key_counts(self, public: str | None, base_url: str | None) -> bool:
        return self.is_set(public) and not self.is_set(base_url)


class RotationDropsTheMarkAtTheThird(Mutant):
    """The third rotation gives a pair without a mark, and so the fourth one lives 24 h."""

    breaks = frozenset({"CLK-03", "ROT-02", "ROT-04", "ROT-09"})

    def rotated_mark(self, rotation: Rotation, ttl: int | None) -> Any:
        return None if rotation.number == 3 else super().rotated_mark(rotation, ttl)


class RotationKeepsTheMarkAndShrinksTheLife(Mutant):
    """A rotated token says 90 days and lives 24 h."""

    breaks = frozenset({"CLK-02", "CLK-03", "ROT-01", "ROT-02", "ROT-04", "ROT-05"})

    def rotated_refresh_exp(self, rotation: Rotation, iat: int, ttl: int) -> int:
        return iat + self.rotated_default_ttl(rotation)
