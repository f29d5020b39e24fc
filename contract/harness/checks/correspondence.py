"""Where two answers differ: an id is like its counterpart if it always stands where that one stands."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contract.harness.checks.comparable import Answer, Anything, Id, Words
from contract.harness.redaction import plain
from contract.harness.spec import REFRESH_TTL_MARK

ABSENT = Words("absent")
LONGEST = 160
"""Characters of one value that are shown."""
_TOKENS = {"accessToken": "the access token", "refreshToken": "the refresh token"}


@dataclass(frozen=True)
class Difference:
    """One thing in which two answers differ, and what it was on either target, as a person reads it."""

    what: str
    a: str
    b: str


class Correspondence:
    """Which id of the second target stands for which one of the first, as the answers of one case tell."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._there = dict(known)
        self._here = {there: here for here, there in known.items()}

    def match(self, here: str, there: str) -> bool:
        """Say whether the two may stand for each other; from then on they do."""
        if here in self._there or there in self._here:
            return self._there.get(here) == there
        self._there[here], self._here[there] = there, here
        return True

    def are_counterparts(self, here: str, there: str) -> bool:
        """Say whether the two were seen to stand for each other."""
        return self._there.get(here) == there

    def is_known(self, here: str, *, first: bool) -> bool:
        """Say whether an id of the first target, or of the second, was seen before."""
        return here in (self._there if first else self._here)


def differences(a: Answer, b: Answer, ids: Correspondence) -> list[Difference]:
    """Return how two answers differ; if their statuses do, nothing else is compared."""
    if a.status != b.status:
        return [Difference("status", a.summary, b.summary)]
    found = [
        Difference(what, one or ABSENT, other or ABSENT)
        for what, one, other in (("code", a.code, b.code), ("media type", a.media, b.media))
        if one != other
    ]
    return [*found, *_values((), a.body, b.body, ids)]


def _values(path: tuple[str, ...], a: Any, b: Any, ids: Correspondence) -> Iterator[Difference]:
    if isinstance(a, Anything) or isinstance(b, Anything):
        return
    if isinstance(a, dict) and isinstance(b, dict):
        for name in sorted({*a, *b}):
            if name not in a or name not in b:
                yield Difference(
                    _called((*path, name)), _shown(a.get(name, ABSENT)), _shown(b.get(name, ABSENT))
                )
            else:
                yield from _values((*path, name), a[name], b[name], ids)
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for one, other in zip(a, b, strict=True):
            yield from _values(path, one, other, ids)
    elif isinstance(a, Id) and isinstance(b, Id):
        yield from _ids(path, a, b, ids)
    elif type(a) is not type(b) or a != b:
        yield Difference(_called(path), _shown(a), _shown(b))


def _ids(path: tuple[str, ...], a: Id, b: Id, ids: Correspondence) -> Iterator[Difference]:
    if ids.are_counterparts(a.text, b.text):
        return
    if a.form != b.form:
        yield Difference(_called(path), a.form, b.form)
    elif not ids.match(a.text, b.text):
        seen = (ids.is_known(a.text, first=True), ids.is_known(b.text, first=False))
        if seen[0] and seen[1]:
            shown = (f"{a.form}, an id seen before", f"{b.form}, an id seen before, but another one")
        else:
            one, other = (f"{each}, an id seen before" if known else f"{each}, a new id"
                          for each, known in zip((a.form, b.form), seen, strict=True))  # fmt: skip
            shown = (one, other)
        yield Difference(_called(path), *shown)


def _called(path: tuple[str, ...]) -> str:
    """Return how a person calls the place of a value."""
    match path:
        case ():
            return "the body"
        case (token, *rest) if token in _TOKENS:
            return f"{_in_token(rest)} of {_TOKENS[token]}" if rest else f"member {token}"
        case ("exp",):
            return "lifetime of the token"
        case ("meta", name) if name == REFRESH_TTL_MARK:
            return "mark of the token"
    return f"member {_safe('.'.join(path))}"


def _in_token(path: list[str]) -> str:
    match path:
        case ["claims", "exp"]:
            return "lifetime"
        case ["claims", "meta", name] if name == REFRESH_TTL_MARK:
            return "mark"
        case ["claims", *rest]:
            return f"claim {_safe('.'.join(rest))}"
        case ["header", *rest]:
            return f"header {_safe('.'.join(rest))}"
    return _safe(".".join(path))


def _safe(name: str) -> str:
    text = plain(name)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _shown(value: Any) -> str:
    """Return a value as a person reads it; ids by their form."""
    text = value if isinstance(value, Words) else json.dumps(value, default=_as_text, ensure_ascii=False)
    return _safe(text)


def _as_text(value: Any) -> str:
    return value.form if isinstance(value, Id) else "anything"
