"""The one description of the HTTP surface, read from the installed package or the checkout."""

import functools
import re
from pathlib import Path
from typing import Any

NAME = "openapi.yaml"


def text() -> str:
    """Return `openapi.yaml`; `FileNotFoundError` if neither the package nor the checkout holds it."""
    from importlib import resources  # Here, since it is slow to import and `--help` reads no document.

    packaged = resources.files("contract") / NAME
    if packaged.is_file():
        return packaged.read_text("utf-8")
    return (Path(__file__).parents[3] / NAME).read_text("utf-8")


@functools.cache
def document() -> dict[str, Any]:
    """Return the parsed document."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    parsed: dict[str, Any] = yaml.load(text(), Loader=loader)  # noqa: S506 - both are safe loaders
    return parsed


def scopes_for(method: str, path: str) -> tuple[str, ...]:
    """Return the scopes that an operation's security names; `KeyError` for an unknown operation."""
    for template, item in document()["paths"].items():
        if _pattern(template).fullmatch(path) and method.lower() in item:
            requirements = item[method.lower()].get("security", [])
            scopes = (scope for row in requirements for granted in row.values() for scope in granted)
            return tuple(dict.fromkeys(scopes))
    raise KeyError(f"{method} {path}")


def _pattern(template: str) -> re.Pattern[str]:
    literal = re.split(r"\{[^/]+\}", template)
    return re.compile("[^/]+".join(map(re.escape, literal)))
