"""Keeps credentials out of everything that is written: secrets without a readable repr, and a scrubber."""

import base64
import hashlib
import html
import json
import re
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import quote

from contract.harness.spec import KEY_PREFIXES, TOKEN_PREFIXES

if TYPE_CHECKING:
    from logging import LogRecord

_SHAPES = re.compile(
    # The second is the first, encoded in base64 again.
    r"eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)*"
    r"|ZXlK[A-Za-z0-9+/_-]{8,}={0,2}"
    # No word boundary: in a repr or a URL an escape may precede it, which ends in a letter or a digit.
    rf"|(?:{'|'.join(KEY_PREFIXES)})[A-Za-z0-9_-]+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
)
# A run of segments is found whole and then split: a pattern for one token would start again at each "eyJ".
_SEGMENTS = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]++(?:\.[A-Za-z0-9_-]*+){2,}+")
# A signature alone has no shape. Of each signature seen, all consecutive pieces of this length are known:
# any 39 characters in a row of a signature contain one of them whole.
_PIECE = 20
_RUN = re.compile(rf"[A-Za-z0-9_-]{{{_PIECE},}}")
# In the order in which they were learnt: another process of the run learns what is new.
_known: dict[str, None] = {}
_pieces: dict[str, None] = {}
_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy")


def fingerprint(text: str) -> str:
    """Return eight hex digits of the SHA-256 of `text`: enough to tell two secrets apart."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def without_prefix(text: str) -> str:
    """Return a token without the prefix that the service puts before the JWT."""
    return next((text.removeprefix(each) for each in TOKEN_PREFIXES if text.startswith(each)), text)


def remember(text: str) -> str:
    """Register `text` as a secret, so that `scrub` removes it, and return it.

    `scrub` knows tokens by their shape, so only their signatures are stored: a run sees thousands of tokens.
    """
    remember_tokens_in(text)
    if len(text) >= 8 and not _SHAPES.fullmatch(without_prefix(text)):
        encoded = base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()
        quoted = quote(text, safe="", errors="replace")
        _known.update(dict.fromkeys((text, json.dumps(text)[1:-1], html.escape(text), quoted, encoded)))
    return text


Secrets = tuple[tuple[str, ...], tuple[str, ...]]
"""Secrets, and pieces of signatures."""


class Learnt:
    """What `scrub` removes besides what has the shape of a secret: for another process of the run."""

    def __init__(self) -> None:
        self._told = len(_known), len(_pieces)

    def news(self) -> Secrets:
        """Return what this process has learnt since it was asked last."""
        secrets, pieces = self._told
        self._told = len(_known), len(_pieces)
        return tuple(islice(_known, secrets, None)), tuple(islice(_pieces, pieces, None))


def learn(secrets: Secrets) -> None:
    """Register the secrets that another process of the run has learnt."""
    _known.update(dict.fromkeys(secrets[0]))
    _pieces.update(dict.fromkeys(secrets[1]))


def remember_tokens_in(text: str) -> None:
    """Register the signature of every token in `text` as a secret."""
    for found in _SEGMENTS.finditer(text):
        segments = found[0].split(".")
        for header, signature in zip(segments, segments[2:], strict=False):
            if "eyJ" in header:
                whole = range(0, len(signature) - _PIECE + 1, _PIECE)
                _pieces.update(dict.fromkeys(signature[at : at + _PIECE] for at in whole))


def scrub(text: str) -> str:
    """Return `text` with each known secret, and all that has the shape of one, replaced by a fingerprint."""
    if any(secret in text for secret in _known):
        for secret in sorted(_known, key=len, reverse=True):
            text = text.replace(secret, f"<secret {fingerprint(secret)}>")
    return _RUN.sub(_unless_signature, _SHAPES.sub(lambda found: f"<secret {fingerprint(found[0])}>", text))


def _unless_signature(found: re.Match[str]) -> str:
    run = found[0]
    return f"<secret {fingerprint(run)}>" if _holds_signature(run) else run


def _holds_signature(run: str) -> bool:
    return any(run[at : at + _PIECE] in _pieces for at in range(len(run) - _PIECE + 1))


def tells(text: str) -> bool:
    """Whether `text` certainly contains a credential.

    `scrub` prefers to hide an id too many: one in some hundred thousand random ids begins like a token. Here
    such text must also continue like a token, and an unknown secret must be long.
    """
    return (
        any(secret in text for secret in _known)
        or any(_goes_on(shape[0]) for shape in _SHAPES.finditer(text))
        or any(_holds_signature(run[0]) for run in _RUN.finditer(text))
    )


def holds_token(text: str) -> bool:
    """Whether `text` certainly contains a token, whole or cut."""
    return any(shape[0].startswith("eyJ") and _goes_on(shape[0]) for shape in _SHAPES.finditer(text))


def _goes_on(shape: str) -> bool:
    if shape.startswith("eyJ"):
        begins = base64.urlsafe_b64decode(shape[:12].replace(".", "_").ljust(12, "_"))
        return begins.isascii() and begins.decode().isprintable()
    return len(shape.partition("_")[2]) >= 8 or not shape.startswith(KEY_PREFIXES)


def plain(text: str) -> str:
    """Return `text` scrubbed and on one line, with unprintable characters escaped."""
    line = scrub(" ".join(text.split()))
    return line if line.isprintable() else "".join(map(_visible, line))


def _visible(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]


def _scrubbed(record: "LogRecord") -> bool:
    """Scrub the message of a record, and let it pass."""
    record.msg, record.args = scrub(record.getMessage()), ()
    return True


def scrub_logs() -> None:
    """Scrub what the HTTP client logs, such as the URL with an introspected token."""
    import logging  # Here: `--help` logs nothing.

    for name in _LOGGERS:
        # A filter that a logger has already is not added again.
        logging.getLogger(name).addFilter(_scrubbed)


class Secret:
    """A credential whose repr and str are a fingerprint; `reveal()` returns its text."""

    __slots__ = ("_text", "kind")

    def __init__(self, kind: str, text: str) -> None:
        self.kind = kind
        self._text = remember(text)

    def reveal(self) -> str:
        """Return the credential itself, to be sent to the service only."""
        return self._text

    def __repr__(self) -> str:
        return f"<{self.kind} {fingerprint(self._text)}>"
