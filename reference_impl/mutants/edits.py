"""Mutants that edit answers: what is decided is right, and what goes out is not as the document says."""

import json
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any, ClassVar

from reference_impl.facts import Answer
from reference_impl.mutants import Mutant

SURFACE = frozenset({"API-01"})
"""The clause that holds every exchange against the document."""
GENERATED = frozenset({"API-02"})
"""The clause that sends generated requests."""
PATH_MINTS = ("minting.mint_path", "minting.mint_workspace_path")
MINTS = ("minting.mint_agent", *PATH_MINTS, "minting.mint_identity")
Body = dict[str, Any]
Edit = Callable[[Answer], Answer]


class EditedAnswer(Mutant):
    """Base of the mutants that edit the answer to the operations named in `at`."""

    at: ClassVar[str | Collection[str]]
    edit: ClassVar[Edit]

    def answer(self, operation: str, answer: Answer) -> Answer:
        """Return `answer` as it goes out."""
        operations = (self.at,) if isinstance(self.at, str) else self.at
        return type(self).edit(answer) if operation in operations else answer


def dropped(body: Body, name: str) -> Body:
    """Return `body` without one member."""
    return {key: value for key, value in body.items() if key != name}


def members(change: Callable[[Body], Any], *, among: Collection[int] = (200, 201)) -> Edit:
    """Change the JSON object of an answer whose status is one of `among`."""

    def edit(answer: Answer) -> Answer:
        if answer.status not in among or not answer.body.startswith(b"{"):
            return answer
        return replace(answer, body=json.dumps(change(json.loads(answer.body))).encode())

    return edit


def having(**values: Any) -> Edit:
    """Give an accepted answer other members."""
    return members(lambda body: body | values)


def without(name: str) -> Edit:
    """Leave a member out of an accepted answer."""
    return members(lambda body: dropped(body, name))


def header(name: str, value: str | None) -> Edit:
    """Give an answer another header, or take it away."""

    def edit(answer: Answer) -> Answer:
        rest = tuple(each for each in answer.headers if each[0] != name)
        return replace(answer, headers=rest if value is None else (*rest, (name, value)))

    return edit


def typed(media: str | None) -> Edit:
    """Give an answer another media type, or none."""
    return header("content-type", media)


def status(becomes: int, *, instead_of: int, where: bytes = b"") -> Edit:
    """Give an answer another status, if it has the status `instead_of` and holds `where`."""

    def edit(answer: Answer) -> Answer:
        found = answer.status == instead_of and where in answer.body
        return replace(answer, status=becomes) if found else answer

    return edit


def whole(body: bytes, media: str, *, instead_of: int, status: int | None = None) -> Edit:
    """Replace the body, its media type and perhaps the status of an answer with the status `instead_of`."""

    def edit(answer: Answer) -> Answer:
        if answer.status != instead_of:
            return answer
        return replace(typed(media)(answer), status=status or answer.status, body=body)

    return edit
