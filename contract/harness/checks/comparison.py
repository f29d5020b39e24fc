"""Whether two kinds of answers can be told apart, by anything but what varies from answer to answer."""

import json
import re
import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contract.harness.checks.assertions import require, require_status
from contract.harness.client import Response, Service

# Answers of each kind that are compared before they count as different: what tells two of a kind apart by
# chance, such as milliseconds, would have to do so in none of one kind and in all of the other.
ROUNDS = 6
# Signs at the end of an id that are chosen anew, which is beyond guessing; and how few of them are not.
_CHOSEN, _FEW = 12, 9
# Of each kind of sign those that every usual alphabet has: base32, base58 and ULIDs leave some out.
_SIGNS = {
    string.digits: "234567",
    "abcdef": "abcdef",
    string.ascii_lowercase[6:]: "ghjkmnpqrstvwxyz",
    "ABCDEF": "ABCDEF",
    string.ascii_uppercase[6:]: "GHJKMNPQRSTVWXYZ",
}
_PREFIX = re.compile("(?:[a-z]+_)*")
_ASKED = "<the id that was asked for>"


def never_was(like: str) -> str:
    """Return an id that nothing has, in the form of `like` unless that leaves too little to choose."""
    start = _PREFIX.match(like)
    signs = range(start.end() if start else 0, len(like))
    chosen = [at for at in signs if like[at].isascii() and like[at].isalnum()][-_CHOSEN:]
    if len(chosen) < _FEW:
        return like[: signs.start] + secrets.token_hex(12)
    return "".join(_another(sign) if at in chosen else sign for at, sign in enumerate(like))


def _another(sign: str) -> str:
    return secrets.choice(next(usual for kind, usual in _SIGNS.items() if sign in kind))


class UnknownIdResponses:
    """What `ask` is answered about ids that never were, which is 404, as far as it does not vary."""

    def __init__(self, service: Service, ask: Callable[[str], Response], *, sent: str) -> None:
        self._service, self._ask, self._asked = service, ask, sent
        self._last: Response | None = None
        self._common: Any = None

    def alike(self, first: Response, identifier: str) -> None:
        """Hold that `first`, the answer about `identifier`, could be one about an id that never was.

        What varies among nobody's answers, a member or a word, tells nothing, nor does the id that was asked
        for, nor white space. Where they differ, both are asked again, by turns, so that a clock that ticked
        between two answers is seen to tick: `ask` must do no harm to `identifier`. Of a failure's turns one
        is shown.
        """
        transcript = list(self._service.transcript)
        nobodys = self._last or self._hear(identifier)
        responses = [first]
        while not any(self._fits(_form(response, identifier)) for response in responses):
            tried_enough = len(responses) == ROUNDS
            if tried_enough:
                self._service.transcript.show([*transcript, nobodys])
            require(
                not tried_enough,
                sent=self._asked,
                requires="another org can't tell it from one that never was",
                got=f"it answered {first.summary}, and {nobodys.summary} of one that never was"
                + ("" if first.summary != nobodys.summary else ", in other words"),
            )
            nobodys = self._hear(identifier)
            responses.append(self._ask(identifier))

    def _hear(self, like: str) -> Response:
        never = never_was(like)
        response = self._ask(never)
        require_status(
            response,
            404,
            sent=f"{self._asked}, of one that never was",
            requires="it is told that there is none",
        )
        form = _form(response, never)
        self._common = form if self._last is None else _common(self._common, form)
        self._last = response
        return response

    def _fits(self, form: Any) -> bool:
        return bool(_common(self._common, form) == self._common)


def _form(response: Response, identifier: str) -> Any:
    """Return status and body, every text in it as its words."""
    text = response.content.decode("utf-8", "replace").replace(identifier, _ASKED)
    try:
        body = _in_words(json.loads(text))
    except (ValueError, RecursionError):
        body = _in_words(text)
    return {"status": response.status, "body": body}


def _in_words(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(value.split())
    if isinstance(value, list):
        return [_in_words(each) for each in value]
    if isinstance(value, dict):
        return {name: _in_words(each) for name, each in value.items()}
    return value


@dataclass(frozen=True)
class _Some:
    """What varies, of one `kind`; of `object` where even that varies."""

    kind: type


class _Missing:
    """Stands for a member that is not there."""


def _common(one: Any, other: Any) -> Any:
    """Return what two forms have in common, with `_Some` where they differ."""
    kinds = [each.kind if isinstance(each, _Some) else type(each) for each in (one, other)]
    if kinds[0] is not kinds[1]:
        return _Some(object)
    if type(one) is not type(other):
        return _Some(kinds[0])
    if isinstance(one, dict):
        missing = _Missing()
        return {name: _common(one.get(name, missing), other.get(name, missing)) for name in {*one, *other}}
    if isinstance(one, list | tuple) and len(one) == len(other):
        return type(one)(map(_common, one, other))
    return one if one == other else _Some(kinds[0])
