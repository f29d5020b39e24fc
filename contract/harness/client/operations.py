"""What a request does to the service: which ones change its state, and which of those create something."""

from collections.abc import Mapping
from typing import Literal

from contract.harness.spec import ENDPOINTS, MintEndpoint, routes

Kind = Literal["identity", "workspace token", "API key", "session"]
"""What a run creates on a target."""

MINTS: Mapping[str, MintEndpoint] = {mint.path: mint for mint in ENDPOINTS.values()}
"""The mint endpoints by their paths."""
_CREATIONS: dict[str, Kind] = {
    routes.IDENTITIES: "identity",
    routes.WORKSPACE_TOKENS: "workspace token",
    routes.API_KEYS: "API key",
    **dict.fromkeys(MINTS, "session"),
}
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})  # RFC 9110, section 9.2.1


def changes_state(method: str) -> bool:
    """Say whether a request mints, refreshes, revokes, creates, changes or deletes.

    One that may have been received is never sent again, unless the service says that it did nothing. A
    request that this module does not know counts as one of these.
    """
    return method not in _SAFE


def created_by(method: str, path: str) -> Kind | None:
    """Return what a successful request creates; None if nothing."""
    return _CREATIONS.get(path) if method == "POST" else None
