"""A journal of what one run creates on a target: ids without credentials, kept until everything is removed.

A run that is killed can't remove what it created. Its journal stays, and a later run or `sweep` removes the
rest. There is one file per run, of JSON lines, mode 0600, in `$XDG_STATE_HOME/relayauth-contract` (default:
`~/.local/state`). It is locked for as long as its run lasts.
"""

import contextlib
import json
import logging
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from contract.harness.client.operations import Kind
from contract.harness.targets import REAL

SUFFIX = ".jsonl"
_log = logging.getLogger("relayauth-contract")


@dataclass(frozen=True)
class Entry:
    """One thing that a run created, or was about to create.

    `its_id` is empty if no response told it; `owner` is the name of the org's part in the run, `name` what
    the thing is called. A session has its mint endpoint, the identity or agent that its request named (empty:
    nobody), and the end of its refresh token in Unix seconds.
    """

    kind: Kind
    its_id: str
    owner: str
    name: str = ""
    endpoint: str = ""
    subject: str = ""
    expires: float = 0.0

    @property
    def label(self) -> str:
        """How a person is told of an identity or a key."""
        return f"{self.kind} {self.its_id} (name {self.name})"

    @property
    def key(self) -> str:
        """What tells it from the other entries of its journal."""
        return f"{self.kind} {self.its_id or f'of {self.owner} named {self.name} {self.endpoint}'}"


@dataclass(frozen=True)
class Owner:
    """One org of a run: the fingerprint of the API key that the run used, and the org's id if known."""

    name: str
    key: str
    org: str | None


@dataclass
class Content:
    """What a journal says: its target and run, and what was created and not removed.

    `kept` is true if the run was told to leave everything.
    """

    target: str = ""
    run: str = ""
    kept: bool = False
    owners: dict[str, Owner] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)

    def apply(self, line: dict[str, Any]) -> None:
        """Take one line of a journal into account."""
        match line.pop("line"):
            case "run":
                self.target, self.run = line["target"], line["run"]
            case "org":
                self.owners[line["name"]] = Owner(**line)
            case "entry":
                entry = Entry(**line)
                self.entries[entry.key] = entry
            case "gone":
                self.entries.pop(line["key"], None)
            case "kept":
                self.kept = True

    def lines(self) -> Iterable[dict[str, Any]]:
        """Return the lines of a journal that says just this."""
        yield {"line": "run", "target": self.target, "run": self.run}
        for owner in self.owners.values():
            yield {"line": "org", **asdict(owner)}
        if self.kept:
            yield {"line": "kept"}
        for entry in self.entries.values():
            yield {"line": "entry", **asdict(entry)}


def folder() -> Path:
    """Return where journals are kept; `OSError` if there is no such place."""
    # XDG Base Directory Specification: a relative path is invalid and ignored.
    state = os.environ.get("XDG_STATE_HOME", "")
    try:
        base = Path(state) if Path(state).is_absolute() else Path.home() / ".local" / "state"
    except RuntimeError as error:
        raise OSError(str(error)) from None
    return base / "relayauth-contract"


class Journal:
    """The journal of a run in progress; one that can't be written says so once, and the run goes on."""

    def __init__(self, target: str, run: str) -> None:
        self._file: TextIO | None = None
        self._path: Path | None = None
        self._content = Content()
        try:
            place = folder()
            self._path = place / f"{run}{SUFFIX}"
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND, 0o600)
            self._file = os.fdopen(descriptor, "a", encoding="utf-8")
            lock(self._file)
        except OSError as error:
            self._give_up(error)
        started = datetime.fromtimestamp(REAL["time"](), UTC).isoformat(timespec="seconds")
        self._write({"line": "run", "target": target, "run": run, "pid": os.getpid(), "started": started})

    def own(self, owner: Owner) -> None:
        """Record an org that the run acts for; a second record of the same name replaces the first."""
        self._write({"line": "org", **asdict(owner)})

    def add(self, entry: Entry) -> None:
        """Record something that was created, or is about to be."""
        self._write({"line": "entry", **asdict(entry)})

    def remove(self, entry: Entry) -> None:
        """Record that something is gone, or was not created after all."""
        if entry.key in self._content.entries:
            self._write({"line": "gone", "key": entry.key})

    def keep(self) -> None:
        """Record that the run leaves everything on purpose."""
        self._write({"line": "kept"})

    def close(self) -> None:
        """Delete the file if nothing is left, else leave it for a later run."""
        if self._file is None or self._path is None:
            return
        with contextlib.suppress(OSError):
            if not self._content.entries:
                self._path.unlink()
            self._file.close()
        self._file = None

    def _write(self, line: dict[str, Any]) -> None:
        if self._file is not None:
            try:
                self._file.write(json.dumps(line) + "\n")
                self._file.flush()
            except OSError as error:
                self._give_up(error)
        self._content.apply(line)

    def _give_up(self, error: OSError) -> None:
        _log.warning(
            "no journal of this run: %s: %s. If the run is killed, what it created stays on the target: set "
            "XDG_STATE_HOME to a folder that can be written",
            self._path or "there is no home folder",
            error.strerror or error,
        )
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
        self._file = None


def lock(file: TextIO) -> bool:
    """Lock an open file until it is closed or its process ends; False if another process has the lock."""
    try:
        import fcntl
    except ImportError:
        return _lock_on_windows(file)
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_on_windows(file: TextIO) -> bool:
    import importlib

    msvcrt: Any = importlib.import_module("msvcrt")
    # A byte far behind the end: others can still read the lines.
    position = os.lseek(file.fileno(), 0, os.SEEK_CUR)
    try:
        os.lseek(file.fileno(), 1 << 30, os.SEEK_SET)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    finally:
        os.lseek(file.fileno(), position, os.SEEK_SET)
    return True
