"""Reading request bodies: JSON objects, and their fields in the types that wire.md gives them."""

import contextlib
import json
import re
from collections.abc import Sequence
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


async def optional_body_of(request: Request) -> dict[str, Any]:
    """Return the JSON object in the body, an empty one if there is no body; `BadRequest` for all else."""
    raw = await raw_of(request)
    return object_in(raw) if raw else {}


async def raw_of(request: Request) -> bytes:
    """Return the body; `TooLarge` as soon as it is."""
    raw = b""
    async with contextlib.aclosing(request.stream()) as chunks:
        async for chunk in chunks:
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


def text_list(body: dict[str, Any], name: str, *, empty: bool = False) -> list[str] | None:
    """Return a list of non-empty strings, perhaps `empty`, None if absent; else `BadRequest`."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        raise BadRequest(f"{name} must be a list of non-empty strings")
    if not value and not empty:
        raise BadRequest(f"{name} must be a non-empty list")
    return list(dict.fromkeys(value))


def mapping(body: dict[str, Any], name: str) -> dict[str, Any] | None:
    """Return an object, None if absent; else `BadRequest`."""
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise BadRequest(f"{name} must be an object")
    return value


def choice(value: object, name: str, words: Sequence[str]) -> str | None:
    """Return one of `words`, None if absent; else `BadRequest`."""
    if value is None:
        return None
    if not isinstance(value, str) or value not in words:
        raise BadRequest(f"{name} must be one of {', '.join(words)}")
    return value


def whole(value: str | None, name: str) -> int | None:
    """Return the positive whole number that a query parameter holds, None if absent; else `BadRequest`."""
    if value is None:
        return None
    if not re.fullmatch(r"0*[1-9][0-9]*", value, re.ASCII):
        raise BadRequest(f"{name} must be a positive whole number")
    return int(value) if len(value) < 19 else 1 << 62  # SQLite counts no further
