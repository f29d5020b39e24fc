"""Whether two kinds of answers can be told apart, by anything but what varies from answer to answer."""

import functools
import json
import secrets
import string
from collections.abc import Callable
from typing import Any

from contract.harness.exchanges import Answer
from contract.harness.judging import hold, refused
from contract.harness.service import Service

# Answers of each kind that are compared before they count as different: what tells two of a kind apart by
# chance, such as milliseconds, would have to do so in none of one kind and in all of the other.
ROUNDS = 6
# Signs at the end of an id that are chosen anew: beyond guessing, and what stands before them keeps its form.
_CHOSEN = 12
_ALPHABETS = (
    string.digits, "abcdef", string.ascii_lowercase[6:], "ABCDEF", string.ascii_uppercase[6:]
)  # fmt: skip
_VARIES = object()
_ASKED = "<the id that was asked for>"


def never_was(like: str) -> str:
    """Return an id that nothing has, in the form of `like`."""
    prefix, mark, signs = like.rpartition("_")
    chosen = [at for at, sign in enumerate(signs) if sign.isalnum()][-_CHOSEN:]
    return prefix + mark + "".join(_like(sign) if at in chosen else sign for at, sign in enumerate(signs))


def _like(sign: str) -> str:
    return secrets.choice(next((alphabet for alphabet in _ALPHABETS if sign in alphabet), sign))


class Nobodys:
    """What `ask` is answered about ids that never were, which is 404, as far as it does not vary."""

    def __init__(self, service: Service, ask: Callable[[str], Answer], *, asked: str) -> None:
        self._service, self._ask, self._asked = service, ask, asked
        self._heard: list[Answer] = []
        self._forms: list[Any] = []

    def alike(self, first: Answer, identifier: str) -> None:
        """Hold that `first`, the answer about `identifier`, could be one about an id that never was.

        A member or a word that varies among answers of one kind tells nothing, nor does the id that was
        asked for. Where they differ, both are asked again, by turns, so that a clock that ticked between two
        answers is seen to tick: `ask` must do no harm to `identifier`. Of a failure's turns one is shown.
        """
        trail = list(self._service.trail)
        if not self._heard:
            self._hear(identifier)
        answers = [first]
        while not any(self._fits(_form(answer, identifier)) for answer in answers):
            tried_enough, nobodys = len(answers) == ROUNDS, self._heard[-1]
            if tried_enough:
                self._service.trail[:] = [*trail, nobodys]
            hold(
                not tried_enough,
                asked=self._asked,
                contract="another org can't tell it from one that never was",
                came=f"it answered {first.told}, and {nobodys.told} of one that never was"
                + ("" if first.told != nobodys.told else ", in other words"),
            )
            self._hear(identifier)
            answers.append(self._ask(identifier))

    def _hear(self, like: str) -> None:
        never = never_was(like)
        answer = self._ask(never)
        refused(answer, 404, asked=f"{self._asked}, of one that never was",
                contract="it is told that there is none")  # fmt: skip
        self._heard.append(answer)
        self._forms.append(_form(answer, never))

    def _fits(self, form: Any) -> bool:
        common = functools.reduce(_common, self._forms)
        return bool(_common(common, form) == common)


def _form(answer: Answer, identifier: str) -> Any:
    """Return status and body, every text in it as its words."""
    text = answer.content.decode("utf-8", "replace").replace(identifier, _ASKED)
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = text
    return {"status": answer.status, "body": _in_words(body)}


def _in_words(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(value.split())
    if isinstance(value, list):
        return [_in_words(each) for each in value]
    if isinstance(value, dict):
        return {name: _in_words(each) for name, each in value.items()}
    return value


def _common(one: Any, other: Any) -> Any:
    """Return what two forms have in common, with `_VARIES` where they differ."""
    if type(one) is not type(other):
        return _VARIES
    if isinstance(one, dict):
        return {name: _common(one.get(name, _VARIES), other.get(name, _VARIES)) for name in {*one, *other}}
    if isinstance(one, list | tuple):
        same = len(one) == len(other)
        return type(one)(map(_common, one, other)) if same else _VARIES
    return one if one == other else _VARIES
