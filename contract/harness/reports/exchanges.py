"""Requests and responses as lines of text, with every credential replaced."""

import json
from collections.abc import Iterator, Sequence

from contract.harness.client import Raw, Response, displayable
from contract.harness.jose import Malformed, read_token
from contract.harness.redaction import plain

LONGEST_BODY = 2000  # characters of a body that are shown
_HEADERS = ("content-type", "cache-control", "www-authenticate", "retry-after", "location")


def lines(transcript: Sequence[Response]) -> Iterator[str]:
    """Yield each request with `>` and each response with `<`; a token is followed by its claims."""
    for response in transcript:
        yield from _request(response)
        yield from _response(response)


def _request(response: Response) -> Iterator[str]:
    request = response.request
    query = "&".join(f"{name}={displayable(value, request.names)}" for name, value in request.query.items())
    yield plain(f"> {request.where}{'?' if query else ''}{query}")
    if request.key is not None:
        yield f"> x-api-key: {displayable(request.key, request.names)}"
    if request.bearer is not None:
        bearer = request.bearer
        shown = "$ACCESS_TOKEN" if isinstance(bearer, str) else displayable(bearer, request.names)
        yield f"> authorization: Bearer {shown}"
    for name, value in request.headers.items():
        yield plain(f"> {name}: {value}")
    if isinstance(request.body, Raw):
        yield _clipped(f"> {request.body.text(request.names)}")
    elif request.body is not None:
        yield _clipped(f"> {json.dumps(displayable(request.body, request.names), ensure_ascii=False)}")


def _response(response: Response) -> Iterator[str]:
    yield f"< {response.status}, after {response.seconds * 1000:.0f} ms"
    for name in _HEADERS:
        if name in response.headers:
            yield plain(f"< {name}: {response.headers[name]}")
    if response.content:
        yield _clipped(f"< {response.content.decode('utf-8', 'backslashreplace')}")
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return
    for member in ("accessToken", "refreshToken"):
        text = body.get(member) if isinstance(body, dict) else None
        if isinstance(text, str):
            try:
                claims = read_token(text).claims
            except Malformed:
                continue
            yield _clipped(f"< claims of {member}: {json.dumps(claims, ensure_ascii=False)}")


def _clipped(text: str) -> str:
    """Return `text` scrubbed, on one line, and cut after that: half a token has no shape."""
    line = plain(text)
    more = len(line) - LONGEST_BODY
    return line if more <= 0 else f"{line[:LONGEST_BODY]}... ({more} more characters)"
