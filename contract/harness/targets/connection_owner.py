"""Which program is behind a connection to a port of ours, where the machine says so."""

import contextlib
import os

import psutil

LAUNCH_MARK = "RELAYAUTH_CONTRACT_LAUNCH"
"""The variable by which a server that this suite starts is found, whatever process group it moves to."""


def launch_mark(token: str) -> str:
    """Return the value of `LAUNCH_MARK` for one launch of this process; `token` tells it from the others."""
    return f"{os.getpid()}-{token}"


def other_program(client_port: int, port: int) -> str | None:
    """Return the program that is connected from `client_port` to our loopback `port`, as a sentence names it.

    None if it is this process or was started by it, and where that can't be told: macOS shows the connections
    of other processes to root alone.
    """
    with contextlib.suppress(psutil.Error, OSError):
        for each in psutil.net_connections("tcp"):
            if each.pid and (each.laddr[1:], each.raddr[1:]) == ((client_port,), (port,)):
                process = psutil.Process(each.pid)
                return None if _is_ours(process) else f"{process.name()}, process {process.pid}"
    return None


def _is_ours(process: psutil.Process) -> bool:
    own = os.getpid()
    if own in (process.pid, *(parent.pid for parent in process.parents())):
        return True
    return process.environ().get(LAUNCH_MARK, "").startswith(launch_mark(""))
