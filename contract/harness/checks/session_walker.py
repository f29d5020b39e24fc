"""A walker: takes walks one after the other, on a server of its own if one can be started."""

import contextlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from contract.harness.checks.session_walks import Step, Walk
from contract.harness.client import OwnOrg, Service
from contract.harness.spec import ENDPOINTS, SHAPED
from contract.harness.targets import Connection


def rows_from(endpoint: str, closed: Collection[str]) -> list[str]:
    """Return the rows that walks from a mint endpoint mint at, its own first; none of those `closed`."""
    return [
        str(row)
        for name in (endpoint, *(name for name in SHAPED if name != endpoint))
        for row in SHAPED[name]
        if name not in closed
    ]


def seed_of(endpoint: str, seed: int) -> int:
    """Return the seed of the walks from an endpoint: all of them would be tried with the same ones."""
    return seed * len(ENDPOINTS) + [*ENDPOINTS].index(endpoint)


@dataclass
class Walker:
    """Takes walks in one org; `restart` restarts the server, where that can be done.

    `steps` counts those of the walks, `looks` the requests besides that look at what became of a session.
    """

    own_org: OwnOrg
    restart: Callable[[], object] | None
    steps: int = 0
    looks: int = 0

    def take(self, steps: Sequence[Step]) -> None:
        """Take one walk."""
        self.own_org.service.transcript.begin_case()
        walk = Walk(self.own_org, self.restart)
        try:
            walk.take(steps)
        finally:
            self.steps += walk.taken
            self.looks += walk.looks


@contextlib.contextmanager
def walking(connection: Connection, like: Service | None = None) -> Iterator[Walker]:
    """Start a server on a database of its own, and yield a walker there; it records what `like` records."""
    with connection.restartable() as server:
        service = Service(server.connection)
        if like is not None:
            service.transcript, service.exchanges = like.transcript, like.exchanges
        own_org = OwnOrg(service, None)
        own_org.open()
        try:
            yield Walker(own_org, server.restart)
        finally:
            if like is not None:
                like.budget.take(service.requests)
