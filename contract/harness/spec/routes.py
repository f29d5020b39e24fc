"""The paths besides those of the mint endpoints, each written once (docs/contract.md, Other routes)."""

HEALTH = "/health"
JWKS = "/.well-known/jwks.json"
REFRESH = "/v1/tokens/refresh"
REVOKE = "/v1/tokens/revoke"
INTROSPECT = "/v1/tokens/introspect"
WORKSPACE_TOKENS = "/v1/tokens/workspace"
ASSERTION = "/v1/tokens/relayhistory-assertion"
API_KEYS = "/v1/api-keys"
IDENTITIES = "/v1/identities"


def api_key_revocation(key_id: str) -> str:
    """Return where an API key or a workspace token is revoked."""
    return f"{API_KEYS}/{key_id}/revoke"


def identity(identity_id: str) -> str:
    """Return where an identity is read, changed and deleted."""
    return f"{IDENTITIES}/{identity_id}"


def suspension(identity_id: str) -> str:
    """Return where an identity is suspended."""
    return f"{identity(identity_id)}/suspend"


def reactivation(identity_id: str) -> str:
    """Return where an identity is reactivated."""
    return f"{identity(identity_id)}/reactivate"


def retirement(identity_id: str) -> str:
    """Return where an identity is retired."""
    return f"{identity(identity_id)}/retire"
