"""Reading request bodies: JSON objects, and their fields in the types that wire.md gives them."""

import json
from typing import Any

from starlette.requests import Request

from reference_impl.errors import BadRequest, ServiceError

LARGEST = 1 << 18  # bytes


class TooLarge(ServiceError):
    """The body is larger than any request of this API (413)."""

    status = 413
    code = "body_too_large"


async def body_of(request: Request) -> dict[str, Any]:
    """Return the JSON object in the body; `BadRequest` for all else."""
    return object_in(await raw_of(request))


async def raw_of(request: Request) -> bytes:
    """Return the body; `TooLarge` as soon as it is."""
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > LARGEST:
            raise TooLarge(f"the body is larger than {LARGEST} bytes")
    return raw


def object_in(raw: bytes) -> dict[str, Any]:
    """Return the JSON object that `raw` is; `BadRequest` for all else."""
    try:
        body = json.loads(raw)
        if b"\\" in raw or not raw.isascii():
            # A lone surrogate can neither be stored nor signed.
            json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise BadRequest("the body is no JSON") from None
    if not isinstance(body, dict):
        raise BadRequest("the body is no JSON object")
    return body


def text(body: dict[str, Any], name: str, *, required: bool = False, longest: int = 512) -> str | None:
    """Return a non-blank string field; None if it is absent or null and not `required`; else `BadRequest`."""
    value = body.get(name)
    if value is None and not required:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > longest or "\x00" in value:
        raise BadRequest(f"{name} must be a non-empty string")
    return value


def required(body: dict[str, Any], name: str, *, longest: int = 512) -> str:
    """Return a non-blank string field of at most `longest` characters; `BadRequest` if there is none."""
    return str(text(body, name, required=True, longest=longest))


def text_list(body: dict[str, Any], name: str) -> list[str] | None:
    """Return a list of non-empty strings, None if absent; else `BadRequest`."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not value or not all(isinstance(each, str) and each for each in value):
        raise BadRequest(f"{name} must be a non-empty list of strings")
    return list(dict.fromkeys(value))
