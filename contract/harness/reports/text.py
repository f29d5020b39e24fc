"""Text of unknown origin, made safe to show: control and direction characters become visible."""

import re

# What is not seen, or moves what is: controls, format characters such as bidi overrides and zero-width signs,
# surrogates, private use, line and paragraph separators, non-characters. Tab and line feed stay.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u08e2\u115f\u1160\u180e\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ud800-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U000110bd\U0001d173-\U0001d17a\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)


def visible(text: str) -> str:
    """Return `text` with each character that can't be seen, or that moves others, written as an escape."""
    return _UNSEEN.sub(_escape, text)


def one_line(text: str) -> str:
    """Return `text` visible and on one line: white space in a row is one space."""
    return visible(" ".join(text.split()))


def clip(text: str, most: int) -> str:
    """Return `text`, cut at `most` characters; what is cut off is counted."""
    return text if len(text) <= most else f"{text[:most]} … ({len(text) - most} more characters)"


def _escape(sign: re.Match[str]) -> str:
    return ascii(sign[0])[1:-1]
