"""What an error body tells that it must not, and what it may."""

import time

import pytest

from contract.harness.checks import require_no_leak
from contract.harness.checks.leaks import found
from contract.harness.client import Raw
from contract.harness.errors import Violation
from contract.harness.redaction import remember_tokens_in, scrub
from tests.support.fakes import errors, unsigned

JWT = unsigned({"sub": "agent_a"})
TELLING = {
    "a token": (f'{{"error": "{JWT} is no good"}}', "a token or a key"),
    "a key": ('{"error": "no such key: ' + "rak" + '_0123456789"}', "a token or a key"),
    "Python": ("Traceback (most recent call last):\n", "a stack trace"),
    "Python, a frame": ('  File "app.py", line 3, in main', "a stack trace"),
    "Node": ("TypeError: x\n    at handler (server.mjs:10:5)", "a stack trace"),
    "Node, on one line": ("TypeError: x at Object.handler (server.mjs:10:5)", "a stack trace"),
    "Java": ("at com.example.Tokens.refresh (Tokens.java:17)", "a stack trace"),
    "Go": ("goroutine 1 [running]:", "a stack trace"),
    "Rust": ("thread 'main' panicked at src", "a stack trace"),
    "a path": ("ENOENT: /usr/src/app.js", "a path of the server's machine"),
    "a home": ("can't read /home/ops/key", "a path of the server's machine"),
    "a module": ("in /app/node_modules", "a path of the server's machine"),
    "Windows": (r"can't read C:\service\key", "a path of the server's machine"),
    "a file URL": ("file://srv/x", "a path of the server's machine"),
}


@pytest.mark.parametrize(("text", "what"), TELLING.values(), ids=TELLING)
def test_what_tells_too_much_is_found(text: str, what: str) -> None:
    """Each is named by its kind, in words that do not repeat it."""
    assert list(found(text)) == [what]


@pytest.mark.parametrize(
    "text",
    [
        '{"error": "the refresh token is revoked", "code": "invalid_token"}',
        '{"error": "no such route: POST /v1/tokens/refresh", "code": "not_found"}',
        '{"error": "paths must lie below /relayauth-contract/*"}',
        '{"error": "missing scope relayfile:fs:read:/workspace/*"}',
        '{"error": "try again at 10:30"}',
        '{"error": "see https://relayauth.dev/docs/app/errors"}',
        "",
    ],
)
def test_a_plain_sentence_tells_nothing(text: str) -> None:
    """Routes, scopes, globs and links are the service's own words."""
    assert list(found(text)) == []


ECHOES = {
    "what a way up names": ("/v1/identities/%2e%2e%2fetc%2fpasswd", None, "no identity ../etc/passwd."),
    "a route": ("/v1/app/none", None, "no such route: /app/none"),
    "a path in a body": ("/v1/tokens/path", {"paths": ["/home/x"]}, "/home/x is no path of relayfile"),
    "a path in no JSON": ("/v1/tokens/refresh", Raw(("/tmp/x",)), "can't read /tmp/x as JSON"),
}  # fmt: skip


@pytest.mark.parametrize(("path", "body", "error"), ECHOES.values(), ids=ECHOES)
def test_what_the_request_held_is_only_repeated(path: str, body: object, error: str) -> None:
    """The same words, not asked for, would tell of the machine."""
    require_no_leak(errors(path, body, error))
    with pytest.raises(Violation, match="holds a path of the server's machine"):
        require_no_leak(errors("/v1/tokens/refresh", {}, error))


@pytest.mark.parametrize(
    "error",
    ["no identity at /srv/data/../etc/passwd", "no identity at /etc/passwd.json",
     "EACCES: permission denied, open '/etc/passwd'", "[Errno 2] No such file or directory: '/etc/passwd'",
     "open /etc/passwd: no such file or directory"],
)  # fmt: skip
def test_what_is_made_of_the_request_is_told(error: str) -> None:
    """A longer path than the one asked for, or the system's words for a file, show where it looked."""
    with pytest.raises(Violation, match="holds a path of the server's machine"):
        require_no_leak(errors("/v1/identities/%2e%2e%2fetc%2fpasswd", None, error))


def test_a_credential_that_is_repeated_is_told_all_the_same() -> None:
    """It was sent to be read, not to be written into somebody's log."""
    with pytest.raises(Violation, match="holds a token or a key"):
        require_no_leak(errors("/v1/tokens/refresh", {"refreshToken": JWT}, f"{JWT} is no good"))


LENGTH = 400_000
ENDLESS = {
    "heads of tokens": "eyJh" * (LENGTH // 4) + ".a",
    "heads and dots": "eyJhbGci." * (LENGTH // 9),
    "empty lines": "\n" * LENGTH,
    "frames that never end": "at a " * (LENGTH // 5),
    "colons": "at " + ":" * LENGTH,
    "brackets": "at a (x:1" * (LENGTH // 9),
    "beginnings of keys": "-----BEGIN " * (LENGTH // 11),
    "one word": "a" * LENGTH,
}


@pytest.mark.parametrize("text", ENDLESS.values(), ids=ENDLESS)
def test_a_long_answer_does_not_keep_a_pattern_busy(text: str) -> None:
    """What is looked for in an answer takes the time of its length, not of the square of it."""
    started = time.perf_counter()
    remember_tokens_in(text)
    _ = list(found(text)), scrub(text)
    assert time.perf_counter() - started < 5
