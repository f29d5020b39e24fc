"""The loopback default of the key order: one port for the whole machine, used by one test at a time."""

import contextlib
import errno
import fcntl
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from contract.harness.targets import DEFAULT_ORIGIN
from tests.support.command import patience

PORT = int(DEFAULT_ORIGIN.rpartition(":")[2])
TAKEN = f"port {PORT}, the loopback default, is taken by another program"
NEEDED_BY = ("JWKS-02", "JWKS-04", "JWKS-05", "JWKS-06", "JWKS-07")
"""The clauses that say what is requested there, or that nothing is."""


@contextlib.contextmanager
def reserved() -> Iterator[None]:
    """Keep the tests of other processes from the port, and from starting servers that want it."""
    # In the machine's folder, not the test's: the tests of another checkout want the same port.
    with (Path(tempfile.gettempdir()) / f"relayauth-contract-tests-{PORT}-{os.getuid()}.lock").open(
        "a"
    ) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def is_free() -> bool:
    """Say whether nobody has the port; a run that lets go of it is waited for a moment."""
    until = time.monotonic() + patience(0.2)
    while True:
        try:
            with socket.create_server(("127.0.0.1", PORT)):
                return True
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
