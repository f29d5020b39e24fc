"""What is required: the catalogue of clauses, the mint endpoints, the routes and the limits."""

from contract.harness.spec.clauses import CAPABILITIES, Catalogue, Clause, Level, Profile, catalogue
from contract.harness.spec.credentials import API_KEY_PREFIX, ISSUER, KEY_PREFIXES, WORKSPACE_TOKEN_PREFIX
from contract.harness.spec.endpoints import (
    ENDPOINTS,
    FILES,
    GROUPS,
    IDENTITY_SCOPES,
    READ_SCOPE,
    SHAPED,
    TOKEN_PREFIXES,
    MintEndpoint,
    Shape,
    takes_paths,
)
from contract.harness.spec.limits import (
    ACCESS_TTL,
    CLOCK_SKEW,
    DAY,
    DEFAULT_REFRESH_TTL,
    KEY_DEADLINE,
    REFRESH_TTL_CAP,
    REFRESH_TTL_FIELD,
    REFRESH_TTL_MARK,
    YEAR_2038,
    YEAR_2100,
)
from contract.harness.spec.openapi import scopes_for

__all__ = [
    "ACCESS_TTL",
    "API_KEY_PREFIX",
    "CAPABILITIES",
    "CLOCK_SKEW",
    "DAY",
    "DEFAULT_REFRESH_TTL",
    "ENDPOINTS",
    "FILES",
    "GROUPS",
    "IDENTITY_SCOPES",
    "ISSUER",
    "KEY_DEADLINE",
    "KEY_PREFIXES",
    "READ_SCOPE",
    "REFRESH_TTL_CAP",
    "REFRESH_TTL_FIELD",
    "REFRESH_TTL_MARK",
    "SHAPED",
    "TOKEN_PREFIXES",
    "WORKSPACE_TOKEN_PREFIX",
    "YEAR_2038",
    "YEAR_2100",
    "Catalogue",
    "Clause",
    "Level",
    "MintEndpoint",
    "Profile",
    "Shape",
    "catalogue",
    "scopes_for",
    "takes_paths",
]
