"""What an error body must not reveal: credentials, stack traces, and paths of the server's machine."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from contract.harness.client import Raw
from contract.harness.redaction import tells
from contract.harness.spec import ENDPOINTS, routes

# Repeats are bounded: a response may be long, and made to keep a pattern busy.
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

# How an operating system names an error of a file, as a constant and in words (POSIX, errno.h).
_FILE_ERRORS = re.compile(
    r"\bE(?:NOENT|ACCES|PERM|ISDIR|NOTDIR|LOOP|NAMETOOLONG)\b|\[Errno \d+\]|(?i:no such file or directory)"
)

# Requests that no client sends, each a method, a path and a body; each must be refused without details.
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
    """Yield what `text` reveals, each in words that reveal nothing themselves.

    A path that is in `sent`, the text of the request, is only echoed, unless `text` has an error of a file
    system as well: then the server looked for it. A credential counts even if it is echoed.
    """
    if tells(text):
        yield "a token or a key"
    if _TRACES.search(text):
        yield "a stack trace"
    echoed = "" if _FILE_ERRORS.search(text) else sent
    if any(path[0].rstrip(".") not in echoed for path in _PATHS.finditer(text)):
        yield "a path of the server's machine"
