"""What the service's credentials look like (docs/contract.md, Credentials)."""

ISSUER = "https://relayauth.dev"
"""The `iss` of every token."""
API_KEY_PREFIX = "rak_"
WORKSPACE_TOKEN_PREFIX = "relay_ws_"  # noqa: S105 - the form of a credential, not one
KEY_PREFIXES = (API_KEY_PREFIX, WORKSPACE_TOKEN_PREFIX)
"""What the two kinds of API key begin with."""
