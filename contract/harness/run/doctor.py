"""What this machine and a target can offer, ability by ability, and the remedy where something is missing."""

import contextlib
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from contract.harness.run.runner import interruptible
from contract.harness.run.session import TargetSession
from contract.harness.run.settings import Settings
from contract.harness.spec import CAPABILITIES, ENDPOINTS
from contract.harness.targets import Steering, Target
from contract.harness.targets.socket_stubs import DEFAULT_PORT


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `remedy` is empty where all is well."""

    what: str
    remedy: str = ""


def machine() -> Iterator[Finding]:
    """Look at what launched servers need of this machine."""
    with tempfile.TemporaryDirectory(prefix="relayauth-contract-") as folder:
        remedy = Steering.found(Path(folder)).remedy
    yield Finding("libfaketime, to set the clock of launched servers", remedy)
    remedy = ""
    try:
        socket.create_server(("127.0.0.1", DEFAULT_PORT)).close()
    except OSError:
        remedy = (
            f"it is taken: end what listens on 127.0.0.1:{DEFAULT_PORT}, "
            "or JWKS-05 and a part of JWKS-06 are not tried on exec:"
        )
    yield Finding(f"port {DEFAULT_PORT}, the loopback default of the key order", remedy)


def capabilities(target: Target) -> Iterator[Finding]:
    """Open `target`, and say of each ability and each endpoint whether it is there.

    Raises `ContractError` for a target that can't be opened: of that one there is nothing to tell.
    """
    session = TargetSession(target, Settings(targets=(target,)))
    with interruptible(), contextlib.closing(session):
        session.open()
        for ability in CAPABILITIES:
            yield Finding(ability, session.connection.missing.get(ability, ""))
        for endpoint in ENDPOINTS:
            yield Finding(f"endpoint {endpoint}", session.own_org.closed.get(endpoint, ""))
