"""The grammar of targets: a string names what is tested, and one context manager opens it."""

import contextlib
import functools
import importlib
from dataclasses import dataclass

from contract.harness.errors import UsageError
from contract.harness.targets.connections import Connection, Kind, Opener, Target
from contract.harness.targets.proxy import PROXY, behind, proxied


@dataclass(frozen=True)
class TargetKind:
    """One kind of target: `start` begins its names, and is all of them if it is a word.

    `form` is how a name is written. `opener` names the function that opens a target, as MODULE:FUNCTION in
    this package; the module is imported when such a target is opened.
    """

    kind: Kind
    start: str
    form: str
    opener: str

    def names(self, name: str) -> bool:
        """Say whether `name` is the name of such a target; the scheme of a URL may be in any case."""
        if self.start.isalpha():
            return name == self.start
        scheme = self.start.endswith("://")
        return (name[: len(self.start)].lower() if scheme else name).startswith(self.start)


KINDS = (
    TargetKind("reference", "reference", "reference", "in_process:reference"),
    TargetKind("mutant", "mutant:", "mutant:NAME", "in_process:mutant"),
    TargetKind("exec", "exec:", "exec:COMMAND", "launched:launched"),
    TargetKind("asgi", "asgi:", "asgi:PACKAGE.MODULE:ATTR", "in_process:asgi"),
    TargetKind("url", "https://", "https://HOST[/BASE]", "url:url"),
    TargetKind("url", "http://", "http://127.0.0.1:PORT", "url:url"),
    # A new kind of target is one more row here.
)
GRAMMAR = ", ".join([*(row.form for row in KINDS), "proxy:FAULT->TARGET"])


def kind_of(name: str) -> Kind:
    """Return the kind of target that `name` is; `UsageError` if no rule of the grammar matches.

    A proxy has the kind of the target behind it.
    """
    return _row(behind(name) if name.startswith(PROXY) else name).kind


def _row(name: str) -> TargetKind:
    if name.startswith(PROXY):
        return _row(behind(name))
    for row in KINDS:
        if row.names(name):
            return row
    raise UsageError(f"{name!r} is no target: write one of {GRAMMAR}")


def opener(name: str) -> Opener:
    """Return the opener of `name`; imports only the module of its kind."""
    if name.startswith(PROXY):
        return functools.partial(proxied, inner=opener(behind(name)))
    module, _, function = _row(name).opener.partition(":")
    found: Opener = getattr(importlib.import_module(f"{__package__}.{module}"), function)
    return found


def connect(target: Target) -> contextlib.AbstractContextManager[Connection]:
    """Open a target: `with connect(Target("reference", "reference")) as connection`."""
    return (target.opened_by or opener(target.spec))(target)
