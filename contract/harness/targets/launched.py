"""A server that the suite starts itself: `exec:COMMAND`, configured, observed, and ended."""

import contextlib
import shlex
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import httpx

from contract.harness.errors import UsageError
from contract.harness.jose import other_key, run_key
from contract.harness.targets.clocks import Clock, ObservedClock, frozen
from contract.harness.targets.connections import (
    Access,
    Connection,
    Deployment,
    Launching,
    Target,
    environment,
)
from contract.harness.targets.processes import CONFIGURATION, Process
from contract.harness.targets.socket_stubs import SocketStubs
from contract.harness.targets.steering import SteeredClock, Steering
from contract.harness.targets.transport import client

# The smallest CI machines have two cores, and a server that starts keeps one of them busy.
SIDE_BY_SIDE = 4


@contextlib.contextmanager
def launched(target: Target) -> Iterator[Connection]:
    """Start the command with a key of this run and a database of its own; end it in any case."""
    command, launching = _words(target.spec), _launching(target)
    key, other = run_key(), other_key()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="relayauth-contract-")))
        steering = Steering.found(folder, launching.env)
        clock: Clock = ObservedClock()
        if steering.works:
            clock = SteeredClock(stack.enter_context(frozen()), steering.stamp)
        numbers = iter(range(10**6))

        @contextlib.contextmanager
        def launch(env: Mapping[str, str]) -> Iterator[httpx.Client]:
            number = next(numbers)
            database = {"RELAYAUTH_DB_PATH": str(folder / f"relayauth-{number}.db")}
            settings = {**env, **database, **launching.env, **steering.environment}
            log = folder / f"output-{number}.log"
            with (
                Process(command, settings, launching, log) as process,
                client(process.url, _ProcessTransport(process)) as http,
            ):
                yield http

        http = stack.enter_context(launch(environment(key, public=key.public_pem)))
        yield Connection(
            name=target.name,
            kind="exec",
            http=http,
            clock=clock,
            # The caller's credentials belong to another deployment: this one gets its key from the suite.
            access=Access(),
            key=key,
            deployment=Deployment(launch, SocketStubs(key, other), key, other, SIDE_BY_SIDE),
            missing={"clock": steering.remedy} if steering.remedy else {},
            disposable=True,
        )


class _ProcessTransport(httpx.HTTPTransport):
    """HTTP to a process of ours; an error says so where the process has ended."""

    def __init__(self, process: Process) -> None:
        # Plain http: the default TLS context, with all its authorities, costs tens of milliseconds a launch.
        super().__init__(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False)
        self._process = process

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return super().handle_request(request)
        except httpx.TimeoutException:
            raise
        except httpx.TransportError:
            if ended := self._process.exit_description():
                raise httpx.NetworkError(ended, request=request) from None
            raise


def _launching(target: Target) -> Launching:
    """Return how to start the command; `UsageError` for a variable that the suite sets."""
    for name in target.launching.env:
        if name in CONFIGURATION:
            raise UsageError(f"exec: the variable {name} is set by the suite, case by case: leave it out")
    access = target.access
    held = {name for name in (access.api_key_env, access.second_api_key_env) if name}
    return replace(target.launching, withheld=target.launching.withheld | held)


def _words(spec: str) -> list[str]:
    """Split the command into words as a shell does; `UsageError` says what is wrong with it."""
    try:
        words = shlex.split(spec.removeprefix("exec:"))
    except ValueError as error:
        raise UsageError(f"{spec!r}: the command can't be split into words: {error}") from None
    if not words:
        raise UsageError("exec: names no command: write exec:COMMAND, such as 'exec:npm start'")
    return words
