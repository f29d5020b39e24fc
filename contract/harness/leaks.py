"""What an error body must not tell: credentials, stack traces, and the paths of the server's machine."""

import re
from collections.abc import Iterator

from contract.harness.redaction import scrub

_TRACES = re.compile(
    r"Traceback \(most recent call last\)"
    r"|\bFile \"[^\"]+\", line \d+"
    r"|^\s*at .+[(: ][^()\s]+:\d+:\d+\)?"
    r"|\bat [\w.<>$ ]+ \([^()\s]+:\d+(?::\d+)?\)"
    r"|\bgoroutine \d+ \[|\bthread '[^']*' panicked at",
    re.MULTILINE,
)
_MACHINE = (
    "usr", "home", "root", "var", "opt", "srv", "app", "tmp", "etc", "proc", "Users", "private", "workspace",
    "build", "node_modules", "site-packages",
)  # fmt: skip
_PATHS = re.compile(
    rf"(?<![\w*:])(?:file://)?/(?:{'|'.join(_MACHINE)})/[\w.@-]+|\bfile://|\b[A-Za-z]:\\[\w.]"
)


def found(text: str) -> Iterator[str]:
    """Yield what `text` tells that it must not, each in words that tell nothing themselves."""
    if scrub(text) != text:
        yield "a token or a key"
    if _TRACES.search(text):
        yield "a stack trace"
    if _PATHS.search(text):
        yield "a path of the server's machine"
