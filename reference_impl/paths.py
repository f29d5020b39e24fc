"""Relayfile paths that may be delegated (wire.md, Mint endpoints)."""

import re
from collections.abc import Callable, Collection

from reference_impl import scopes as scope_words
from reference_impl.errors import BadRequest

ROOTS = frozenset({"", "/", "*", "/*", "/**"})


def read_list(value: object, fits: Callable[[object], bool]) -> list[str]:
    """Read a request's `paths`; `BadRequest` (invalid_paths) unless each of them `fits`."""
    if not isinstance(value, list) or not value or not all(fits(path) for path in value):
        raise BadRequest(
            "paths must be a non-empty list of relayfile paths such as /github/repos/*", code="invalid_paths"
        )
    return list(dict.fromkeys(value))


def delegable(path: object) -> bool:
    """Say whether `path` is a relayfile path below the root, perhaps with a last `/*`, and no more."""
    if not isinstance(path, str) or path in ROOTS or not path.startswith("/") or "\\" in path:
        return False
    segments = path[1:].split("/")
    inner = segments[:-1] if segments[-1] == "*" else segments
    return all(segment not in ("", ".", "..") and "*" not in segment for segment in inner) and not re.search(
        r"[\x00-\x1f\x7f]", path
    )


def default_scopes(paths: list[str]) -> list[str]:
    """Return the scopes of a path token that asked for none: read and write for each path."""
    return [f"relayfile:fs:{action}:{path}" for path in paths for action in ("read", "write")]


def within(scope: str, paths: Collection[str]) -> bool:
    """Say whether `scope` is a file scope inside one of `paths`, or one that covers all of them.

    The whole tree is neither.
    """
    plane, resource, _, path = scope_words.parse(scope)
    inside = any(path == granted or scope_words.below(path, granted) for granted in paths)
    around = path not in ROOTS and all(path == each or scope_words.below(each, path) for each in paths)
    return (plane, resource) == ("relayfile", "fs") and (inside or around)
