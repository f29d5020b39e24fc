"""The first words with a service: whether a relayauth answers, and what it lets us make."""

from typing import Any

from contract.harness.errors import CouldNotTry, TargetError, Violation
from contract.harness.exchanges import Answer
from contract.harness.redaction import scrub
from contract.harness.service import Service
from contract.harness.surface import scopes_for


def health(service: Service) -> None:
    """Take `GET /health` for a sign that a relayauth answers here; `TargetError` says what did."""
    name = service.connection.name
    try:
        answer = service.call("GET", "/health")
    except CouldNotTry as error:
        raise TargetError(f"{name}: {error}") from None
    service.synchronise(answer)
    try:
        fine = answer.status == 200 and answer.object.get("status") == "ok"
    except Violation:
        kind = scrub(answer.headers.get("content-type", "nothing that has a type"))
        raise TargetError(
            f"{name}: GET /health answered {answer.status} with {kind}, not with JSON: is this a relayauth?"
        ) from None
    if not fine:
        raise TargetError(
            f"{name}: GET /health answered {answer.told}, not that it is ok: is the service up?"
        )


def what_was_made(answer: Answer, what: str, member: str | None = None) -> tuple[dict[str, Any], str]:
    """Return the thing in a 201, and the key that came with it; without what it made there is no trial.

    The thing is the body itself, or its `member`, beside which stands the `key`.
    """
    where = f"{answer.asked.method} {answer.asked.path}"
    if answer.status != 201:
        raise TargetError(
            f"{where} answered {answer.told}: {what} could not be made, so nothing can be tried"
        )
    try:
        body = answer.object
        thing, key = (body[member], body["key"]) if member else (body, "")
        if isinstance(thing["id"], str) and isinstance(key, str):
            return thing, key
    except (Violation, KeyError, TypeError):
        pass
    raise TargetError(f"{where} answered 201, but not with {what} as JSON: is this a relayauth?")


def lacking_scope(answer: Answer) -> str:
    """Say which scope a 403 asks for, from the description of the surface."""
    scopes = ", ".join(scopes_for(answer.asked.method, answer.asked.path))
    return f"the API key lacks {scopes} ({answer.asked.method} {answer.asked.path} answered {answer.told})"
