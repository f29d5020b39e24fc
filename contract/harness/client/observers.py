"""Observers of the requests that change state on the service: each follows what one org's credentials do."""

from typing import Protocol

from contract.harness.client.messages import Request, Response
from contract.harness.client.operations import changes_state


class Observer(Protocol):
    """Follows what one org's credentials change on the service."""

    def concerns(self, request: Request) -> bool:
        """Say whether `request` acts for this org."""

    def sending(self, request: Request) -> None:
        """Hear of a request before it is sent; an exception keeps it from being sent."""

    def answered(self, response: Response) -> None:
        """Hear of the response."""

    def unanswered(self, request: Request) -> None:
        """Hear that no response came: the service may or may not have received the request."""


class Observers:
    """Shows each request that changes state to the one observer that it concerns, else to the first."""

    def __init__(self) -> None:
        self._all: list[Observer] = []

    def append(self, observer: Observer) -> None:
        """Add an observer."""
        self._all.append(observer)

    def sending(self, request: Request) -> None:
        """Tell of a request before it is sent."""
        for observer in self._of(request):
            observer.sending(request)

    def answered(self, response: Response) -> None:
        """Tell of a response."""
        for observer in self._of(response.request):
            observer.answered(response)

    def unanswered(self, request: Request) -> None:
        """Tell of a request that may have been received and got no response."""
        for observer in self._of(request):
            observer.unanswered(request)

    def _of(self, request: Request) -> list[Observer]:
        if not self._all or not changes_state(request.method):
            return []
        return [next((each for each in self._all if each.concerns(request)), self._all[0])]
