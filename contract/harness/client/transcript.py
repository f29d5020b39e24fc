"""The exchanges of the case that runs, in their order: what a failure shows and its commands repeat."""

import contextlib
from collections.abc import Iterable, Iterator

from contract.harness.client.messages import Response


class Transcript:
    """A record that starts empty with each case; a case may show other exchanges instead of its own."""

    def __init__(self) -> None:
        self._responses: list[Response] = []

    def __iter__(self) -> Iterator[Response]:
        return iter(tuple(self._responses))

    def __len__(self) -> int:
        return len(self._responses)

    def begin_case(self) -> None:
        """Forget the exchanges of the case before."""
        self._responses.clear()

    def record(self, response: Response) -> None:
        """Add an exchange that just took place, or one that the case relies on."""
        self._responses.append(response)

    def show(self, responses: Iterable[Response]) -> None:
        """Show exactly `responses`: those of an earlier exchange that the case judges, or the telling few."""
        self._responses[:] = responses

    @contextlib.contextmanager
    def set_aside(self) -> Iterator[None]:
        """Leave out what is exchanged inside the block, unless it raises: then it is what went wrong."""
        before = tuple(self._responses)
        yield
        self.show(before)
