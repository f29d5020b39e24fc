"""Words that rows put before a command, and what a machine may lack for them."""

import functools
import os
import shutil
import subprocess
from pathlib import Path

from contract.harness.targets.steering import library

FAKETIME = str(library() or "")
# The capabilities by which root may read and write whatever a file's mode says.
OVERRIDES = "-dac_override,-dac_read_search"


def sh(lines: str) -> tuple[str, ...]:
    """Run the command after some lines of sh."""
    return ("sh", "-c", f'{lines}\nexec "$@"', "-")


def obedient() -> tuple[str, ...]:
    """Run the command with no more rights to files than their modes grant, as any user but root has."""
    return ("setpriv", f"--bounding-set={OVERRIDES}") if os.geteuid() == 0 else ()


def anybody() -> tuple[str, ...]:
    """Run the command as a user that has neither a name nor a home."""
    return ("unshare", "--map-user=54321", "--map-group=54321")


def mounted(lines: str) -> tuple[str, ...]:
    """Run the command after some lines of sh, which may mount: nobody else sees it, and it ends by itself."""
    own = () if os.geteuid() == 0 else ("--map-root-user",)
    return ("unshare", *own, "--mount", *sh(lines))


@functools.cache
def mounts_lacking() -> str:
    """Return why nothing can be mounted for one process here, or nothing."""
    why = _fails(*mounted("mount -t tmpfs none /mnt"), "true")
    return why and f"nothing can be mounted here: {why}"


@functools.cache
def modes_lacking() -> str:
    """Return why the modes of files bind nobody here, or nothing."""
    return _fails(*obedient(), "true") and "root can't be kept to the modes of files here"


@functools.cache
def users_lacking() -> str:
    """Return why no process can be given another user id here, or nothing."""
    return _fails(*anybody(), "true") and "no process can be given another user id here"


@functools.cache
def signals_lacking() -> str:
    """Return why no process can be started with signals ignored here, or nothing."""
    return _fails("env", "--ignore-signal=HUP", "true") and "this machine's env can't ignore signals"


def full_lacking() -> str:
    """Return why no device is full here, or nothing."""
    return "" if Path("/dev/full").exists() else "this machine has no /dev/full"


def faketime_lacking() -> str:
    """Return why no clock can be faked here, or nothing."""
    return "" if FAKETIME else "libfaketime is not installed: no clock can be faked"


def _fails(*words: str) -> str:
    """Return why a command fails, or nothing if it does not."""
    if shutil.which(words[0]) is None:
        return f"there is no {words[0]}"
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    return ended.stderr.strip() or f"exit code {ended.returncode}" if ended.returncode else ""
