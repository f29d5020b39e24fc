"""Starts the command of an `exec:` target with a configuration of the suite's choice."""

import contextlib
import itertools
import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from contract.harness.errors import UsageError
from contract.harness.targets.clocks import Clock
from contract.harness.targets.connections import Launching, Target
from contract.harness.targets.environment_proxies import (
    NO_PROXY,
    PROXY_VARIABLES,
    for_child,
    unusable_certificates,
)
from contract.harness.targets.processes import CONFIGURATION, Process, free_port
from contract.harness.targets.running import Server, Start
from contract.harness.targets.steering import Steering
from contract.harness.targets.transport import client, plain_http

# Not UTC, and with daylight saving: no time on the wire may depend on the zone (docs/contract.md).
TIME_ZONE = {"TZ": "America/New_York"}
_PROXY_NAMES = frozenset({*NO_PROXY, *PROXY_VARIABLES, *map(str.lower, PROXY_VARIABLES)})


@dataclass(frozen=True)
class Started:
    """A process that answers, what it was given besides what it inherited, and the file with its output."""

    process: Process
    environment: Mapping[str, str]
    log: Path


class Launcher:
    """Starts servers of one run, whose files are in `folder`; `proxy` is the address of a proxy stub.

    `clock` is the one that the servers follow, once there is one.
    """

    def __init__(self, target: Target, folder: Path, proxy: str | None) -> None:
        self._command = split_command(target.spec.removeprefix("exec:"))
        self._launching = _launching(target)
        self._folder = folder
        self._numbers = itertools.count()
        self._proxies = for_child(os.environ, proxy, self._launching.env)
        self.clock: Clock | None = None
        self.steering = Steering.found(folder, self._launching.env)

    def past(self, proxy: str) -> dict[str, str]:
        """Return the variables that make `proxy` the one for everything but loopback."""
        return for_child(os.environ, proxy, self._launching.env, also=("HTTP_PROXY", "http_proxy"))

    @contextlib.contextmanager
    def launch(self, env: Mapping[str, str]) -> Iterator[httpx.Client]:
        """Start a server with `env` on a fresh database."""
        with self.on_one_database(env)() as server:
            yield server.http

    def on_one_database(self, env: Mapping[str, str]) -> Start:
        """Return what starts a server with `env`: each time on the same database and port."""
        settings, number, port = self._settings(env), next(self._numbers), free_port()
        settings["RELAYAUTH_DB_PATH"] = str(self._folder / f"relayauth-{number}.db")
        starts = itertools.count()

        @contextlib.contextmanager
        def start() -> Iterator[Server]:
            log = self._folder / f"output-{number}-{next(starts)}.log"
            with Process(self._command, settings, self._launching, log, port) as process:

                def open_http() -> httpx.Client:
                    return client(process.url, ProcessTransport(process, self.clock))

                with open_http() as http:
                    yield Server(http, open_http, kill=process.kill)

        return start

    @contextlib.contextmanager
    def started(self, env: Mapping[str, str]) -> Iterator[Started]:
        """Start a server with `env` and yield the process itself."""
        settings, log = self._settings(env), self._folder / "output.log"
        settings["RELAYAUTH_DB_PATH"] = str(self._folder / "relayauth.db")
        with Process(self._command, settings, self._launching, log, free_port()) as process:
            yield Started(process, settings, log)

    def _settings(self, env: Mapping[str, str]) -> dict[str, str]:
        # The proxies of a case, with a log of its own, come before those of the run.
        proxies = {name: value for name, value in env.items() if name in _PROXY_NAMES} or self._proxies
        return {**TIME_ZONE, **env, **self._launching.env, **self.steering.environment, **proxies}


class ProcessTransport(httpx.BaseTransport):
    """HTTP to a process of ours; an error says so where the process has ended.

    After a move of the clock it opens new connections: a server may have closed idle ones by its own clock.
    """

    def __init__(self, process: Process, clock: Clock | None = None) -> None:
        self._process, self._clock = process, clock
        self._time = clock.now() if clock else 0.0
        self._inner = plain_http()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        if self._clock is not None and self._clock.settable and self._clock.now() != self._time:
            self._time = self._clock.now()
            self._inner.close()
            self._inner = plain_http()
        try:
            return self._inner.handle_request(request)
        except httpx.TimeoutException:
            raise
        except httpx.TransportError:
            if ended := self._process.exit_description():
                raise httpx.NetworkError(ended, request=request) from None
            raise

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


def _launching(target: Target) -> Launching:
    """Return how to start the command; `UsageError` for a variable that the suite sets."""
    for name in target.launching.env:
        if name in CONFIGURATION:
            raise UsageError(f"exec: the variable {name} is set by the suite, case by case: leave it out")
    access = target.access
    held = {name for name in (access.api_key_env, access.second_api_key_env) if name}
    unusable = unusable_certificates(os.environ)
    return replace(target.launching, withheld=target.launching.withheld | held | unusable)


def split_command(command: str, platform: str = sys.platform) -> list[str]:
    """Split a command into words as `platform` does; `UsageError` says what is wrong with it."""
    try:
        words = _split_for_windows(command) if platform == "win32" else shlex.split(command)
    except ValueError as error:
        raise UsageError(f"'exec:{command}': the command can't be split into words: {error}") from None
    if not words:
        raise UsageError("exec: names no command: write exec:COMMAND, such as 'exec:npm start'")
    return words


def _split_for_windows(command: str) -> list[str]:
    r"""Split as the C run-time of Windows does: backslashes escape only quotation marks (C:\x stays)."""
    words: list[str] = []
    word, quoted, at = None, False, 0
    while at < len(command):
        character = command[at]
        if character in " \t" and not quoted:
            if word is not None:
                words.append(word)
            word, at = None, at + 1
            continue
        word = word or ""
        slashes = len(command[at:]) - len(command[at:].lstrip("\\"))
        after = command[at + slashes : at + slashes + 1]
        if slashes and after == '"':
            word += "\\" * (slashes // 2)
            at += slashes
            if slashes % 2:
                word, at = word + '"', at + 1
        elif slashes:
            word, at = word + "\\" * slashes, at + slashes
        elif character == '"':
            if quoted and command[at + 1 : at + 2] == '"':
                word, at = word + '"', at + 2
            else:
                quoted, at = not quoted, at + 1
        else:
            word, at = word + character, at + 1
    if quoted:
        raise ValueError("No closing quotation")
    return words if word is None else [*words, word]
