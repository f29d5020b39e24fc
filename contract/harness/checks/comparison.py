"""Whether two kinds of responses differ in anything but what varies from response to response."""

import json
import re
import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contract.harness.checks.assertions import require, require_status
from contract.harness.client import Response, Service

# Responses of each kind that are compared before they count as different: what differs by chance, such as
# milliseconds, would have to be the same in all of one kind and different in all of the other.
ROUNDS = 6
# Characters at the end of an id that are replaced by random ones; and the fewest that can't be guessed.
_REPLACED, _FEWEST = 12, 9
# Of each kind of character those in every usual alphabet: base32, base58 and ULIDs leave some out.
_CHARACTERS = {
    string.digits: "234567",
    "abcdef": "abcdef",
    string.ascii_lowercase[6:]: "ghjkmnpqrstvwxyz",
    "ABCDEF": "ABCDEF",
    string.ascii_uppercase[6:]: "GHJKMNPQRSTVWXYZ",
}
_PREFIX = re.compile("(?:[a-z]+_)*")
_REQUESTED = "<the requested id>"


def never_was(like: str) -> str:
    """Return an id that nothing has, in the form of `like` unless too few characters can be replaced."""
    start = _PREFIX.match(like)
    places = range(start.end() if start else 0, len(like))
    replaced = [at for at in places if like[at].isascii() and like[at].isalnum()][-_REPLACED:]
    if len(replaced) < _FEWEST:
        return like[: places.start] + secrets.token_hex(12)
    return "".join(_another(each) if at in replaced else each for at, each in enumerate(like))


def _another(character: str) -> str:
    return secrets.choice(next(usual for kind, usual in _CHARACTERS.items() if character in kind))


class UnknownIdResponses:
    """The responses to `request` for ids that never existed, which are 404, as far as they do not vary."""

    def __init__(self, service: Service, request: Callable[[str], Response], *, sent: str) -> None:
        self._service, self._request, self._sent = service, request, sent
        self._last: Response | None = None
        self._common: Any = None

    def alike(self, first: Response, identifier: str) -> None:
        """Check that `first`, the response for `identifier`, could be one for an id that never existed.

        What varies among the latter, a member or a word, does not count, nor does the requested id, nor white
        space. Where they differ, both are requested again, in turns, so that a clock that ticks between two
        responses is recognised: `request` must do no harm to `identifier`. A failure shows one turn.
        """
        transcript = list(self._service.transcript)
        unknown = self._last or self._next_unknown(identifier)
        responses = [first]
        while not any(self._fits(_form(response, identifier)) for response in responses):
            tried_enough = len(responses) == ROUNDS
            if tried_enough:
                self._service.transcript.show([*transcript, unknown])
            require(
                not tried_enough,
                sent=self._sent,
                requires="another org can't tell it from one that never existed",
                got=f"it answered {first.summary}, and {unknown.summary} for one that never existed"
                + ("" if first.summary != unknown.summary else ", in other words"),
            )
            unknown = self._next_unknown(identifier)
            responses.append(self._request(identifier))

    def _next_unknown(self, like: str) -> Response:
        never = never_was(like)
        response = self._request(never)
        require_status(
            response,
            404,
            sent=f"{self._sent}, with an id that never existed",
            requires="it is not found",
        )
        form = _form(response, never)
        self._common = form if self._last is None else _common(self._common, form)
        self._last = response
        return response

    def _fits(self, form: Any) -> bool:
        return bool(_common(self._common, form) == self._common)


def _form(response: Response, identifier: str) -> Any:
    """Return status and body, with every text in it as its words."""
    text = response.content.decode("utf-8", "replace").replace(identifier, _REQUESTED)
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
    """What varies, all of one `kind`; of `object` where even the kind varies."""

    kind: type


class _Missing:
    """Stands for a missing member."""


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
        shared = []
        # No map: each level would be a call through C, of which Python 3.12 allows fewer.
        for each, its in zip(one, other, strict=True):
            shared.append(_common(each, its))
        return type(one)(shared)
    return one if one == other else _Some(kinds[0])
