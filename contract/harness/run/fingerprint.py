"""What a target says of itself, so that a result can be told from that of another deployment."""

import contextlib
from collections.abc import Mapping
from typing import Any

from contract.harness.client import Service
from contract.harness.errors import ContractError, Violation
from contract.harness.redaction import plain
from contract.harness.spec import routes

_HEADERS = ("server", "x-powered-by", "x-version", "x-relayauth-version", "x-commit", "x-release")
_LONGEST = 200


def fingerprint(service: Service) -> Mapping[str, Any]:
    """Return the ids of the published keys, the body of /health and the headers that name a version."""
    found: dict[str, Any] = {"keys": [], "health": None, "headers": {}}
    with contextlib.suppress(ContractError, Violation), service.transcript.set_aside():
        health = service.call("GET", routes.HEALTH)
        found["health"] = {_short(name): _short(value) for name, value in health.object.items()}
        found["headers"] = {name: _short(health.headers[name]) for name in _HEADERS if name in health.headers}
        keys = service.call("GET", routes.JWKS).object.get("keys")
        if isinstance(keys, list):
            kids = (key.get("kid") for key in keys[:20] if isinstance(key, dict))
            found["keys"] = [_short(kid) for kid in kids if isinstance(kid, str)]
    return found


def _short(value: object) -> str:
    return plain(str(value))[:_LONGEST]
