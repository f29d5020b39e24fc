"""The journals that earlier runs left: which runs have ended, and what they did not remove."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from contract.harness.client.journal import SUFFIX, Content, Entry, folder, lock


class PastJournal:
    """The journal of a run that has ended, locked for the one caller who removes what it holds."""

    def __init__(self, path: Path, content: Content) -> None:
        self._path = path
        self.content = content

    def drop(self, entry: Entry) -> None:
        """Forget `entry`: it is gone, or nothing more can be done about it."""
        self.content.entries.pop(entry.key, None)

    def save(self) -> None:
        """Write what is left, or delete the file if nothing is left; `OSError` if that can't be done."""
        if not self.content.entries:
            self._path.unlink(missing_ok=True)
            return
        # In place: another file of that name would not be the one that is locked.
        with self._path.open("r+", encoding="utf-8") as file:
            file.write("".join(json.dumps(line) + "\n" for line in self.content.lines()))
            file.truncate()


@contextlib.contextmanager
def ended(target: str) -> Iterator[list[PastJournal]]:
    """Yield the journals of the runs on `target` that have ended, each locked until the end of the block."""
    with contextlib.ExitStack() as stack:
        found = []
        for path in _files():
            with contextlib.suppress(OSError):
                file = stack.enter_context(path.open("r+", encoding="utf-8"))
                if lock(file) and path.exists() and (content := read(path)).target == target:
                    found.append(PastJournal(path, content))
        yield found


def recorded_runs(target: str) -> set[str]:
    """Return the names of all runs on `target` that have a journal here, those in progress among them."""
    contents = map(read, _files())
    return {content.run for content in contents if content.target == target}


def read(path: Path) -> Content:
    """Read a journal; a line that was cut off when its run was killed is left out."""
    content = Content()
    with contextlib.suppress(OSError):
        for text in path.read_text("utf-8", "replace").splitlines():
            with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
                line = json.loads(text)
                content.apply({name: value for name, value in line.items() if name not in ("pid", "started")})
    return content


def _files() -> list[Path]:
    try:
        return sorted(folder().glob(f"*{SUFFIX}"))
    except OSError:
        return []
