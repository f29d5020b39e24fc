"""Every decision of the service, one method each: what wire.md says, in the order in which it says it."""

from reference_impl.rules.mint import MintRules
from reference_impl.rules.revocation import RevocationRules
from reference_impl.rules.rotation import RotationRules
from reference_impl.rules.surface import SurfaceRules
from reference_impl.rules.values import (
    ACCESS_TTL,
    CAP,
    DEFAULT_JWKS_ORIGIN,
    DEFAULT_TTL,
    ISSUER,
    JWKS_PATH,
    LONGEST_CHAIN,
    MARK,
    PREFIXES,
    SKEW,
    UNPUBLISHED_KID,
)
from reference_impl.rules.verifying import VerifierRules

__all__ = [
    "ACCESS_TTL",
    "CAP",
    "DEFAULT_JWKS_ORIGIN",
    "DEFAULT_TTL",
    "ISSUER",
    "JWKS_PATH",
    "LONGEST_CHAIN",
    "MARK",
    "PREFIXES",
    "SKEW",
    "UNPUBLISHED_KID",
    "Rules",
]


class Rules(MintRules, RotationRules, RevocationRules, VerifierRules, SurfaceRules):
    """The contract as wire.md says it; it holds no state, and a mutant overrides exactly one method."""
