"""The first words with a service: whether a relayauth answers, and what it lets us make."""

from typing import Any

from contract.harness.client.messages import Response
from contract.harness.client.service import Service
from contract.harness.errors import CouldNotTry, TargetError, Violation
from contract.harness.redaction import scrub
from contract.harness.spec import routes, scopes_for


def health(service: Service) -> None:
    """Take `GET /health` for a sign that a relayauth answers here; `TargetError` says what did."""
    name = service.connection.name
    try:
        response = service.call("GET", routes.HEALTH)
    except CouldNotTry as error:
        raise TargetError(f"{name}: {error}") from None
    service.synchronise(response)
    try:
        fine = response.status == 200 and response.object.get("status") == "ok"
    except Violation:
        kind = scrub(response.headers.get("content-type", "nothing that has a type"))
        raise TargetError(
            f"{name}: GET /health answered {response.status} with {kind}, not with JSON: is this a relayauth?"
        ) from None
    if not fine:
        raise TargetError(
            f"{name}: GET /health answered {response.summary}, not that it is ok: is the service up?"
        )


def what_was_made(response: Response, what: str, member: str | None = None) -> tuple[dict[str, Any], str]:
    """Return the thing in a 201, and the key that came with it; without what it made there is no trial.

    The thing is the body itself, or its `member`, beside which stands the `key`.
    """
    where = response.request.where
    if response.status != 201:
        raise TargetError(
            f"{where} answered {response.summary}: {what} could not be made, so nothing can be tried"
        )
    try:
        body = response.object
        thing, key = (body[member], body["key"]) if member else (body, "")
        if isinstance(thing["id"], str) and isinstance(key, str):
            return thing, key
    except (Violation, KeyError, TypeError):
        pass
    raise TargetError(
        f"{response.request.where} answered 201, but not with {what} as JSON: is this a relayauth?"
    )


def missing_scope(response: Response) -> str:
    """Say which scope a 403 asks for, from the description of the surface."""
    scopes = ", ".join(scopes_for(response.request.method, response.request.path))
    return f"the API key lacks {scopes} ({response.request.where} answered {response.summary})"
