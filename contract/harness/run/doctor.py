"""What this machine and a target can offer, and the remedy where something is missing."""

import contextlib
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from contract.harness.run.session import FailedOpening
from contract.harness.run.settings import Settings
from contract.harness.run.signals import interruptible
from contract.harness.run.state import TargetRun
from contract.harness.spec import CAPABILITIES, ENDPOINTS
from contract.harness.targets import Steering, Target
from contract.harness.targets.socket_stubs import DEFAULT_PORT


@dataclass(frozen=True)
class Finding:
    """One thing that was checked; `remedy` is empty if nothing is missing."""

    what: str
    remedy: str = ""


def machine() -> Iterator[Finding]:
    """Check what launched servers need of this machine."""
    with tempfile.TemporaryDirectory(prefix="relayauth-contract-") as folder:
        remedy = Steering.found(Path(folder)).remedy
    yield Finding("libfaketime, to set the clock of launched servers", remedy)
    remedy = ""
    try:
        socket.create_server(("127.0.0.1", DEFAULT_PORT)).close()
    except OSError:
        remedy = (
            f"it is in use: stop what listens on 127.0.0.1:{DEFAULT_PORT}, or on exec: targets "
            "JWKS-02, JWKS-04, JWKS-05, JWKS-06 and JWKS-07 can't be tried in full"
        )
    yield Finding(f"port {DEFAULT_PORT}, the loopback default of the key order", remedy)


def capabilities(target: Target) -> Iterator[Finding]:
    """Open `target`, and report each capability and each endpoint.

    Raises `ContractError` if the target can't be opened.
    """
    with interruptible(), contextlib.closing(TargetRun(target, Settings(targets=(target,)))) as run:
        opened = run.open()
        if isinstance(opened, FailedOpening):
            raise opened.error
        for capability in CAPABILITIES:
            yield Finding(capability, opened.connection.missing.get(capability, ""))
        for endpoint in ENDPOINTS:
            yield Finding(f"endpoint {endpoint}", opened.own_org.closed.get(endpoint, ""))
