"""The grammar of targets: a string names what is tested, and one context manager opens it."""

import contextlib
import functools

from contract.harness.errors import UsageError
from contract.harness.targets.connections import Connection, Kind, Opener, Target
from contract.harness.targets.proxy import PROXY, behind, proxied

GRAMMAR = (
    "reference, mutant:NAME, exec:COMMAND, asgi:PACKAGE.MODULE:ATTR, https://HOST[/BASE], "
    "http://127.0.0.1:PORT, proxy:FAULT->TARGET"
)
_STARTS: dict[str, Kind] = {
    "reference": "reference",
    "mutant:": "mutant",
    "asgi:": "asgi",
    "exec:": "exec",
    "https://": "url",
    "http://": "url",
}


def kind_of(name: str) -> Kind:
    """Return the kind of target that `name` is; `UsageError` if no rule of the grammar matches.

    The scheme of a URL may be written in any case. A proxy has the kind of the target behind it.
    """
    if name.startswith(PROXY):
        return kind_of(behind(name))
    scheme = name[: len("https://")].lower()
    for start, kind in _STARTS.items():
        if (scheme if kind == "url" else name).startswith(start) and (name == start or not start.isalpha()):
            return kind
    raise UsageError(f"{name!r} is no target: write one of {GRAMMAR}")


def opener(name: str) -> Opener:
    """Return the opener of `name`; imports only the module of its kind."""
    if name.startswith(PROXY):
        return functools.partial(proxied, inner=opener(behind(name)))
    match kind_of(name):
        case "reference":
            from contract.harness.targets.in_process import reference

            return reference
        case "mutant":
            from contract.harness.targets.in_process import mutant

            return mutant
        case "asgi":
            from contract.harness.targets.in_process import asgi

            return asgi
        case "exec":
            from contract.harness.targets.launched import launched

            return launched
        case _:
            from contract.harness.targets.url import url

            return url


def connect(target: Target) -> contextlib.AbstractContextManager[Connection]:
    """Open a target: `with connect(Target("reference", "reference")) as connection`."""
    return (target.opened_by or opener(target.spec))(target)
