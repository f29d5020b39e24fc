"""The kinds of exchange of a run: one response for each operation, status and structure of an answer."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from contract.harness.client.messages import Response

MOST_KINDS = 4000
"""Kinds that are kept; a service that answers each request in another form can't fill the memory."""
LONGEST = 1 << 20
"""Bytes of a body that is kept; a longer one is cut, and is then no JSON."""
MOST_LEVELS = 12
# The headers that openapi.yaml describes, besides those of a body.
_HEADERS = ("cache-control", "retry-after")
_COLLECTIONS = frozenset({"identities", "api-keys"})
_TOKEN = re.compile(r"(relay_[a-z]{2}_)?eyJ[^.\s]*\.[^.\s]+\.[^.\s]*")
_CODED = re.compile(r"[A-Za-z0-9-]*[0-9][A-Za-z0-9-]*")


class ExchangeKinds:
    """Keeps the first response of each kind, in the order in which they came.

    Two responses are of one kind if operation, status, media type, described headers and the structure of
    the body agree: names and types of members, and the form of texts with runs of digits taken alike. What
    answers a bearer that is too long for some HTTP servers is a kind of its own.
    """

    def __init__(self) -> None:
        self.exchanges = 0
        self._kept: dict[Any, Response] = {}
        self._known: set[Any] = set()

    def __iter__(self) -> Iterator[Response]:
        return iter(tuple(self._kept.values()))

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, response: Response) -> None:
        """Keep `response` if it is the first of its kind, and there is room."""
        self.exchanges += 1
        if len(self._kept) >= MOST_KINDS:
            return
        content = response.content
        place = (
            operation_path(response.request.path),
            response.request.method,
            response.status,
            response.request.has_long_bearer,
            *(response.headers.get(name) for name in ("content-type", *_HEADERS)),
        )
        # Most refusals are the same to the byte: those need no reading.
        same = (place, content) if len(content) < 300 else None
        if same is not None and same in self._known:
            return
        if same is not None and len(self._known) < MOST_KINDS:
            self._known.add(same)
        if len(content) > LONGEST:
            response = _cut(response)
        self._kept.setdefault((place, _structure(response.content)), response)

    def add_kinds(self, responses: Iterable[Response], number: int) -> None:
        """Add the responses of each kind that another process kept of `number` exchanges."""
        before = self.exchanges
        for response in responses:
            self.add(response)
        self.exchanges = before + number


def operation_path(path: str) -> str:
    """Return `path` with the id in it as `{id}`, as openapi.yaml names it."""
    parts = path.split("/")
    if len(parts) > 3 and parts[2] in _COLLECTIONS:
        parts[3] = "{id}"
    return "/".join(parts)


def by_operation(responses: Iterable[Response]) -> list[Response]:
    """Return `responses` by operation and status: an order that does not depend on what was tried before."""
    return sorted(
        responses, key=lambda each: (operation_path(each.request.path), each.request.method, each.status)
    )


def _cut(response: Response) -> Response:
    return Response(
        response.request, response.status, response.headers, response.content[:LONGEST], response.seconds
    )


def _structure(content: bytes) -> Any:
    if not content:
        return None
    try:
        return _form(json.loads(content), MOST_LEVELS)
    except (ValueError, RecursionError):
        return "no JSON"


def _form(value: Any, levels: int) -> Any:
    """Return what is alike in two values of one kind."""
    if isinstance(value, str):
        text = _TOKEN.sub(r"\1<token>", value[:200])
        return _CODED.sub("0", text)
    if not levels:
        return "..."
    if isinstance(value, dict):
        return tuple(sorted((name[:60], _form(each, levels - 1)) for name, each in value.items()))
    if isinstance(value, list):
        return frozenset(_form(each, levels - 1) for each in value[:50])
    if isinstance(value, bool) or value is None:
        return value
    return type(value).__name__, value > 0
