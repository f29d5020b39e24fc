"""The first requests of a run: whether a relayauth answers, and how the things that it makes are read."""

from typing import Any

from contract.harness.client.messages import Response
from contract.harness.client.service import Service
from contract.harness.errors import CouldNotTry, TargetError, Violation
from contract.harness.redaction import scrub
from contract.harness.spec import routes, scopes_for


def health(service: Service) -> None:
    """Send `GET /health`; `TargetError` unless a relayauth answers it."""
    name = service.connection.name
    try:
        response = service.call("GET", routes.HEALTH)
    except CouldNotTry as error:
        raise TargetError(f"{name}: {error}") from None
    service.synchronise(response)
    try:
        healthy = response.status == 200 and response.object.get("status") == "ok"
    except Violation:
        kind = scrub(response.headers.get("content-type", "no content type"))
        raise TargetError(
            f"{name}: GET {routes.HEALTH} answered {response.status} with {kind}, not with JSON: "
            "is this a relayauth?"
        ) from None
    if not healthy:
        raise TargetError(
            f'{name}: expected 200 and status "ok" from GET {routes.HEALTH}, got {response.summary}: '
            "is it up?"
        )


def what_was_made(response: Response, what: str, member: str | None = None) -> tuple[dict[str, Any], str]:
    """Return the thing in a 201 and the key that came with it; `TargetError` if it was not made.

    The thing is the body itself, or its `member`, which has the `key` beside it.
    """
    where = response.request.where
    if response.status != 201:
        raise TargetError(
            f"{where} answered {response.summary}: {what} could not be made, and a run needs one"
        )
    try:
        body = response.object
        thing, key = (body[member], body["key"]) if member else (body, "")
        if isinstance(thing["id"], str) and isinstance(key, str):
            return thing, key
    except (Violation, KeyError, TypeError):
        pass
    raise TargetError(f"{where} answered 201, but not with {what} as JSON: is this a relayauth?")


def missing_scope(response: Response) -> str:
    """Say which scope of the API key a 403 is about; openapi.yaml names those of each route."""
    scopes = ", ".join(scopes_for(response.request.method, response.request.path))
    return f"the API key lacks {scopes} ({response.request.where} answered {response.summary})"
