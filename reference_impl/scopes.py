"""Scopes: `plane:resource:action[:path]`, and what a grant covers (wire.md, Scopes)."""

from collections.abc import Iterable

from reference_impl.errors import BadRequest

PLANES = frozenset({"relaycast", "relayfile", "cloud", "relayauth", "*"})
MANAGED = frozenset({"read", "write", "create", "delete"})


def parse(scope: str) -> tuple[str, str, str, str]:
    """Return the four segments of a scope; a missing path means `*`. Raises `ValueError`."""
    segments = scope.split(":", 3)
    if len(segments) < 3 or not all(segments) or segments[0] not in PLANES:
        raise ValueError(f"{scope!r} is no scope")
    plane, resource, action, *path = segments
    return plane, resource, action, path[0] if path else "*"


def read_list(value: object) -> list[str] | None:
    """Read a request's `scopes`: a list of well-formed scopes, None if absent; else `BadRequest`."""
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(scope, str) for scope in value):
        raise BadRequest("scopes must be a list of strings", code="invalid_scope")
    try:
        for scope in value:
            parse(scope)
    except ValueError:
        raise BadRequest(
            "a scope has the form plane:resource:action or plane:resource:action:path", code="invalid_scope"
        ) from None
    return list(dict.fromkeys(value))


def covers(grant: str, wanted: str) -> bool:
    """Say whether holding `grant` allows `wanted`, segment by segment."""
    try:
        held, asked = parse(grant), parse(wanted)
    except ValueError:
        return False
    files = asked[:2] == ("relayfile", "fs")
    return (
        held[0] in ("*", asked[0])
        and held[1] in ("*", asked[1])
        and (held[2] in ("*", asked[2]) or (held[2] == "manage" and asked[2] in MANAGED))
        and (held[3] in ("*", asked[3]) or (files and below(asked[3], held[3])))
    )


def below(path: str, granted: str) -> bool:
    """Say whether a relayfile `path`, itself perhaps with a last `/*`, lies within `granted`.

    A path that climbs lies nowhere: who resolves it would leave what was granted.
    """
    if "\\" in path or not {".", ".."}.isdisjoint(path.split("/")):
        return False
    return granted.endswith("/*") and path.startswith(granted[:-1]) and len(path) > len(granted) - 1


def permitted(grants: Iterable[str], wanted: str) -> bool:
    """Say whether any of `grants` covers `wanted`."""
    held = list(grants)
    return any(covers(grant, wanted) for grant in held)


def planes(scopes: Iterable[str]) -> list[str]:
    """Return the planes of `scopes` in order: the default audience of a token."""
    return list(dict.fromkeys(scope.split(":", 1)[0] for scope in scopes)) or ["relayauth"]
