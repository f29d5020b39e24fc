"""A server that the suite starts itself: `exec:COMMAND`, configured, observed, and ended."""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from contract.harness.jose import other_key, run_key
from contract.harness.targets.clocks import REAL, Clock, ObservedClock, frozen
from contract.harness.targets.connections import Access, Connection, Deployment, Target, environment
from contract.harness.targets.environment_proxies import named_proxies
from contract.harness.targets.launcher import Launcher
from contract.harness.targets.socket_stubs import SocketStubs, proxy_stub
from contract.harness.targets.steering import SteeredClock

# The smallest CI machines have two cores, and a server that starts keeps one of them busy.
SIDE_BY_SIDE = 4


@contextlib.contextmanager
def launched(target: Target) -> Iterator[Connection]:
    """Start the command with a key of this run and a database of its own; end it in any case."""
    key, other = run_key(), other_key()
    with contextlib.ExitStack() as stack:
        launcher = stack.enter_context(_launcher(target))
        steering = launcher.steering
        clock: Clock = ObservedClock()
        if steering.works:
            clock = SteeredClock(stack.enter_context(frozen()), steering.stamp)
        launcher.clock = clock
        start = launcher.on_one_database(environment(key, public=key.public_pem))
        server = stack.enter_context(start())
        yield Connection(
            name=target.name,
            kind="exec",
            http=server.http,
            open_http=server.open_http,
            clock=clock,
            # The caller's credentials belong to another deployment: this one gets its key from the suite.
            access=Access(),
            key=key,
            deployment=Deployment(
                launch=launcher.launch,
                on_one_database=launcher.on_one_database,
                stubs=SocketStubs(key, other, launcher.past),
                key=key,
                other=other,
                side_by_side=SIDE_BY_SIDE,
            ),
            missing={"clock": steering.remedy} if steering.remedy else {},
            disposable=True,
        )


@dataclass(frozen=True)
class StartedServer:
    """A server that was started as `check` starts it, for requests by hand.

    `environment` is what it was given besides what it inherited; `key_file` holds its private key;
    `clock_stamp` is the file that sets its clock (Unix seconds; the clock stands still), None where its clock
    can't be set; `log` is the file with its output; `pid` is the id of its process.
    """

    url: str
    environment: Mapping[str, str]
    key_file: Path
    clock_stamp: Path | None
    log: Path
    pid: int


@contextlib.contextmanager
def started(target: Target) -> Iterator[StartedServer]:
    """Start the command of `target` exactly as `check` does, and end it on exit."""
    key = run_key()
    with _launcher(target) as launcher:
        stamp = launcher.steering.stamp
        if launcher.steering.works:
            stamp.write_text(str(int(REAL["time"]())))
        with launcher.started(environment(key, public=key.public_pem)) as server:
            key_file = server.log.with_name("signing-key.pem")
            with os.fdopen(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(key.private_pem)
            yield StartedServer(
                url=server.process.url,
                environment=server.environment,
                key_file=key_file,
                clock_stamp=stamp if launcher.steering.works else None,
                log=server.log,
                pid=server.process.pid,
            )


@contextlib.contextmanager
def _launcher(target: Target) -> Iterator[Launcher]:
    """Yield what starts servers of `target`, with a folder for their files and perhaps a proxy stub."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="relayauth-contract-")))
        proxy = stack.enter_context(proxy_stub()) if _proxied(target) else None
        yield Launcher(target, folder, proxy)


def _proxied(target: Target) -> bool:
    """Whether the environment names a proxy that the caller did not choose for the command."""
    return any(name not in target.launching.env for name in named_proxies(os.environ))
