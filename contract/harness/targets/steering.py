"""Sets the clock of an unchanged process: libfaketime, and a stamp file that it reads."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from contract.harness.targets.clocks import FrozenClock

_PLACES = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib*/faketime/libfaketime.so.1",
           "/usr/local/lib/faketime/libfaketime.so.1")  # fmt: skip
LIBRARY_VARIABLE = "RELAYAUTH_CONTRACT_LIBFAKETIME"
# Python 3.11 and later sleep with clock_nanosleep, which libfaketime answers with EINVAL (its issue 426).
_SLEEP_FIX = """\
import threading, time
def _sleep(seconds, _wait=threading.Lock):
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    lock = _wait()
    lock.acquire()
    lock.acquire(timeout=min(seconds, threading.TIMEOUT_MAX))
time.sleep = _sleep
"""


def library() -> Path | None:
    """Return the path of libfaketime, if it is installed."""
    named = os.environ.get(LIBRARY_VARIABLE)
    if named:
        return Path(named).absolute() if Path(named).is_file() else None
    return next((path for place in _PLACES for path in sorted(Path("/").glob(place[1:]))), None)


@dataclass(frozen=True)
class Steering:
    """The variables that make a child's clock follow the stamp file; `remedy` says why there are none."""

    stamp: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    remedy: str = ""

    @property
    def works(self) -> bool:
        """Whether the library is there."""
        return not self.remedy

    @classmethod
    def found(cls, folder: Path, env: Mapping[str, str] | None = None) -> "Steering":
        """Look for libfaketime; the stamp file and a fix for Python children go into `folder`.

        `env` is what the child gets besides what it inherits.
        """
        stamp = folder / "now"
        if not sys.platform.startswith("linux"):
            return cls(stamp, remedy=f"a server's clock can't be set on {sys.platform}: use Linux")
        found = library()
        if found is None:
            named = os.environ.get(LIBRARY_VARIABLE)
            missing = f"{LIBRARY_VARIABLE} names {named}, which is not there" if named else "it is missing"
            return cls(
                stamp,
                remedy=f"no clock can be set without libfaketime, and {missing}: apt-get install faketime",
            )
        (folder / "sitecustomize.py").write_text(_SLEEP_FIX)
        before = {**os.environ, **(env or {})}
        return cls(
            stamp,
            {
                "LD_PRELOAD": " ".join(filter(None, (str(found), before.get("LD_PRELOAD")))),
                "FAKETIME_TIMESTAMP_FILE": str(stamp),
                "FAKETIME_FMT": "%s",
                "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "PYTHONPATH": os.pathsep.join(filter(None, (str(folder), before.get("PYTHONPATH")))),
            },
        )


class SteeredClock:
    """The clock of launched processes, in step with the frozen clock of this process."""

    settable = True

    def __init__(self, frozen: FrozenClock, stamp: Path) -> None:
        self._frozen, self._stamp = frozen, stamp
        self._write()

    def now(self) -> float:
        """Return the time that both have."""
        return self._frozen.now()

    def set(self, moment: float) -> None:
        """Set both to `moment`; the processes get whole milliseconds."""
        self._frozen.set(moment)
        self._write()

    def let_go(self) -> None:
        """Return the processes to the real time: without a stamp file libfaketime changes nothing."""
        self._stamp.unlink(missing_ok=True)

    def _write(self) -> None:
        # Replaced, never rewritten: a process that reads a half-written stamp exits.
        fresh = self._stamp.with_suffix(".new")
        fresh.write_text(f"{self._frozen.now():.3f}")
        fresh.replace(self._stamp)
