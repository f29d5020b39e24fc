"""What an error body must not tell: credentials, stack traces, and the paths of the server's machine."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from contract.harness.client import Raw
from contract.harness.redaction import tells
from contract.harness.spec import ENDPOINTS, routes

# Repeats are bounded: an answer may be as long as it likes, and made to keep a pattern busy.
_TRACES = re.compile(
    r"Traceback \(most recent call last\)"
    r"|\bFile \"[^\"]+\", line \d+"
    r"|^[ \t]*+at .{1,300}?[(: ][^()\s]{1,300}?:\d+:\d+"
    r"|\bat [\w.<>$ ]{1,300}? \([^()\s]{1,300}?:\d+(?::\d+)?\)"
    r"|\bgoroutine \d+ \[|\bthread '[^']*' panicked at",
    re.MULTILINE,
)
_MACHINE = (
    "usr",
    "home",
    "root",
    "var",
    "opt",
    "srv",
    "app",
    "tmp",
    "etc",
    "proc",
    "Users",
    "private",
    "workspace",
    "build",
    "node_modules",
    "site-packages",
)
_PATHS = re.compile(
    rf"(?<![\w*:])(?:file://)?/(?:{'|'.join(_MACHINE)})(?:/[\w.@-]+)+|\bfile://|\b[A-Za-z]:\\[\w.]"
)

# What an operating system says of a file, in C's names and in words (POSIX, errno.h).
_LOOKED = re.compile(
    r"\bE(?:NOENT|ACCES|PERM|ISDIR|NOTDIR|LOOP|NAMETOOLONG)\b|\[Errno \d+\]|(?i:no such file or directory)"
)

# Requests that nobody would send, each a method, a path and a body; every one must be refused in plain words.
PROVOCATIONS: Mapping[str, tuple[str, str, Any]] = {
    "no JSON": ("POST", routes.REFRESH, Raw(('{"refreshToken": "',))),
    "no object": ("POST", routes.REFRESH, [1]),
    "a number": ("POST", routes.REFRESH, {"refreshToken": 1}),
    "deep": ("POST", routes.REFRESH, Raw(("[" * 20000,))),
    "no text": ("POST", routes.REFRESH, Raw((b"\xff\xfe\x00",))),
    "an object for a name": ("POST", routes.IDENTITIES, {"name": {"$ne": 1}, "sponsorId": []}),
    "a quote": ("GET", routes.identity("agent_'\"--"), None),
    "a way up": ("GET", routes.identity("%2e%2e%2f%2e%2e%2fetc%2fpasswd"), None),
    "an odd revocation": ("POST", routes.REVOKE, {"sessionId": {"a": 1}}),
    "odd paths": ("POST", ENDPOINTS["workspace-path"].path, {"workspaceId": 7, "paths": {"a": [None]}}),
    "no such route": ("GET", "/v1/no/such/route", None),
}


def found(text: str, sent: str = "") -> Iterator[str]:
    """Yield what `text` tells that it must not, each in words that tell nothing themselves.

    A path in `asked`, the text of the request, is only repeated, unless the words of a file system stand
    beside it: then somebody looked for it. A credential is told all the same.
    """
    if tells(text):
        yield "a token or a key"
    if _TRACES.search(text):
        yield "a stack trace"
    repeated = "" if _LOOKED.search(text) else sent
    if any(path[0].rstrip(".") not in repeated for path in _PATHS.finditer(text)):
        yield "a path of the server's machine"
