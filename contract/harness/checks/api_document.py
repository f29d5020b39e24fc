"""Holds exchanges against `openapi.yaml`: status, media type, headers and body, with Schemathesis."""

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from contract.harness.client import Response, operation_path
from contract.harness.redaction import plain, scrub
from contract.harness.spec.openapi import document
from contract.harness.spec.statuses import NO_ROUTE

LONGEST = 240
"""Characters of one difference that are shown."""
# RFC 9110, sections 15.5.14 and 15.5.15, and RFC 6585, section 5: the request was too long for some part.
TOO_LONG = frozenset({413, 414, 431})
# Operations whose routes an older deployment may lack (docs/contract.md, Other routes).
NEWER = frozenset(
    {
        "createRelayhistoryAssertion",
        "listIdentities",
        "updateIdentity",
        "suspendIdentity",
        "reactivateIdentity",
        "retireIdentity",
    }
)
_CHECKS = (
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
_SENT_TO = "http://relayauth.invalid"


@dataclass(frozen=True)
class Operation:
    """One operation of the document: its id, method and path."""

    name: str
    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@functools.cache
def operations() -> Mapping[str, Operation]:
    """Return the operations of the document by their ids."""
    return {
        each["operationId"]: Operation(each["operationId"], method.upper(), path)
        for path, item in document()["paths"].items()
        for method, each in item.items()
    }


@functools.cache
def _by_place() -> Mapping[tuple[str, str], Operation]:
    return {(each.method, each.path): each for each in operations().values()}


def operation_of(response: Response) -> Operation | None:
    """Return the operation that a request was sent to; None if the document has none there."""
    return _by_place().get((response.request.method, operation_path(response.request.path)))


@functools.cache
def schema() -> Any:
    """Return the document as Schemathesis reads it; importing that takes 0.6 s."""
    import schemathesis

    loaded = schemathesis.openapi.from_dict(document())
    loaded.config.output.truncation.update(enabled=False)
    return loaded


@functools.cache
def _checks() -> tuple[Any, ...]:
    from schemathesis.specs.openapi import checks

    return tuple(getattr(checks, name) for name in _CHECKS)


def is_exempt(response: Response, operation: Operation) -> bool:
    """Say whether the document does not bind `response`.

    What is too long may be refused before the service reads it; a rate limit of a gateway is no JSON; and an
    operation that only newer deployments have may be absent.
    """
    if response.status in TOO_LONG:
        return True
    # Some HTTP servers refuse a header field that is too long with 400, before the service sees it.
    if response.status == 400 and response.request.has_long_bearer:
        return True
    if response.status in (429, 502, 503, 504) and not response.parsed:
        return True
    absent = operation.name in NEWER and response.status in NO_ROUTE
    return absent and response.code != "identity_not_found"


def differences(response: Response, operation: Operation) -> list[str]:
    """Return how `response` differs from the document, a phrase for each difference, without secrets."""
    if is_exempt(response, operation):
        return []
    answer = _as_httpx(response, operation)
    return [f"{response.status}: {_phrase(each)}" for each in _failures(_case(operation), answer)]


def once_each(responses: Iterable[Response]) -> Iterator[tuple[str, Response]]:
    """Yield each difference of the exchanges once, with the first response that shows it."""
    seen = set()
    for response in responses:
        operation = operation_of(response)
        if operation is None:
            continue
        for difference in differences(response, operation):
            alike = re.sub(r"\d+", "0", re.sub(r"'[^']*'|\"[^\"]*\"", "''", difference[4:]))
            if (key := (operation, response.status, alike)) not in seen:
                seen.add(key)
                yield f"{operation}: {difference}", response


@functools.cache
def _case(operation: Operation) -> Any:
    parameters = {"id": "any"} if "{id}" in operation.path else {}
    return schema()[operation.path][operation.method].Case(path_parameters=parameters)


def _as_httpx(response: Response, operation: Operation) -> httpx.Response:
    kept = [
        (name, value)
        for name, value in response.headers.items()
        if name.lower() not in ("content-encoding", "transfer-encoding")
    ]
    request = httpx.Request(operation.method, _SENT_TO + operation.path)
    answer = httpx.Response(response.status, headers=kept, content=response.content, request=request)
    answer.elapsed = timedelta(seconds=response.seconds)
    return answer


def _failures(case: Any, answer: httpx.Response) -> list[Any]:
    from schemathesis.core.failures import Failure, FailureGroup

    try:
        case.validate_response(answer, checks=[*_checks()])
    except FailureGroup as group:
        return sorted(
            (each for each in group.exceptions if isinstance(each, Failure)), key=lambda each: each.title
        )
    except (ValueError, RecursionError, TypeError) as error:
        return [error]
    return []


def _phrase(failure: Any) -> str:
    """Return what a failure of the validation says, on one line and without secrets."""
    title = getattr(failure, "title", "it can't be read")
    message = getattr(failure, "message", "") or str(failure)
    lines = [line.strip("- ").strip() for line in message.partition("Validated against")[0].splitlines()]
    said = " ".join(line for line in lines if line)
    path = getattr(failure, "instance_path", None)
    where = f" at /{'/'.join(map(str, path))}" if path else ""
    text = plain(scrub(f"{title}{where}: {said}"))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
