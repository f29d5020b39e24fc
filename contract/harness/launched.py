"""A server that the harness starts itself: `exec:COMMAND`, configured, steered, watched, and ended."""

import contextlib
import shlex
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx

from contract.harness.clocks import frozen
from contract.harness.connections import Connection, Deployment, Target, environment
from contract.harness.errors import UsageError
from contract.harness.processes import Process
from contract.harness.steering import SteeredClock, Steering
from contract.harness.tokens import other_key, run_key
from contract.harness.transport import client
from contract.harness.wiretraps import WiredNet

# Two cores are what the smallest CI machine has; a server that starts keeps one of them busy.
SIDE_BY_SIDE = 4


@contextlib.contextmanager
def launched(target: Target) -> Iterator[Connection]:
    """Start the command with a key of this run and a database of its own; end it whatever happens."""
    command = _words(target.spec)
    key, other = run_key(), other_key()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="relayauth-contract-")))
        frozen_clock = stack.enter_context(frozen())
        steering = Steering.found(folder)
        clock = SteeredClock(frozen_clock, steering.stamp) if steering.works else frozen_clock
        numbers = iter(range(10**6))

        @contextlib.contextmanager
        def launch(env: Mapping[str, str]) -> Iterator[httpx.Client]:
            number = next(numbers)
            database = {"RELAYAUTH_DB_PATH": str(folder / f"relayauth-{number}.db")}
            settings = {**env, **database, **steering.environment, **target.launching.env}
            log = folder / f"output-{number}.log"
            with Process(command, settings, target.launching, log) as url, client(url) as http:
                yield http

        http = stack.enter_context(launch(environment(key, public=key.public_pem)))
        yield Connection(
            name=target.name,
            kind="exec",
            http=http,
            clock=clock,
            access=target.access,
            key=key,
            deployment=Deployment(launch, WiredNet(key, other), key, other, SIDE_BY_SIDE),
            lacking={"clock": steering.remedy} if steering.remedy else {},
            throwaway=True,
        )


def _words(spec: str) -> list[str]:
    """Split the command as a shell would; `UsageError` says what is wrong with it."""
    try:
        words = shlex.split(spec.removeprefix("exec:"))
    except ValueError as error:
        raise UsageError(f"{spec!r}: the command can't be split into words: {error}") from None
    if not words:
        raise UsageError("exec: names no command: write exec:COMMAND, such as 'exec:npm start'")
    return words
