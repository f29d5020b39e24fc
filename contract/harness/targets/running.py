"""A running server of ours, and one that can be started again on its database."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from contract.harness.targets.connections import Connection

AtOnce = Callable[[Sequence[httpx.Request]], list[httpx.Response]]
OpenHttp = Callable[[], contextlib.AbstractContextManager[httpx.Client]]


@dataclass(frozen=True)
class Server:
    """A server that runs: `http` is its client, `open_http` opens another one over connections of its own.

    `at_once` sends several requests at the same time where threads can't. `kill` ends its processes without
    a chance to save anything; an application in this process can't be killed.
    """

    http: httpx.Client
    open_http: OpenHttp
    at_once: AtOnce | None = None
    kill: Callable[[], None] | None = None


Start = Callable[[], contextlib.AbstractContextManager[Server]]
"""Starts a server; each call is a start on the same database, with the same environment and address."""


class Restartable:
    """A server on a database of its own, as a context: `connection` leads to it, also after a restart."""

    def __init__(self, template: "Connection", start: Start) -> None:
        self._template, self._start = template, start
        self._stack = contextlib.ExitStack()
        self._kill: Callable[[], None] | None = None
        self.connection: Connection

    def __enter__(self) -> "Restartable":
        server = self._begin()
        self.connection = replace(
            self._template,
            http=server.http,
            open_http=server.open_http,
            at_once=server.at_once,
            deployment=None,
            missing=dict(self._template.missing),
            disposable=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def can_be_killed(self) -> bool:
        """Whether the server can be ended without a chance to save anything."""
        return self._kill is not None

    def restart(self, *, killed: bool = False) -> httpx.Client:
        """Stop the server, or kill it, and start it again; return the new client.

        `connection` has it from now on. The address stays the same, so what holds the connection (a
        `Service`, an `OwnOrg`) goes on with it.
        """
        if killed and self._kill is not None:
            self._kill()
        self._stack.close()
        server = self._begin()
        self.connection.http = server.http
        self.connection.open_http = server.open_http
        self.connection.at_once = server.at_once
        return server.http

    def _begin(self) -> Server:
        server = self._stack.enter_context(self._start())
        self._kill = server.kill
        return server
