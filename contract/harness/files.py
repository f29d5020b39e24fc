"""What a run leaves behind: files that are searched for secrets and written whole, and clean streams."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from contract.harness.errors import ContractError, UsageError
from contract.harness.redaction import scrub


def writable(file: str) -> None:
    """Find out before the run that a report can't be written after it; raises `UsageError`."""
    path = Path(file)
    place = path if path.exists() else path.parent
    if path.is_dir() or not path.parent.is_dir() or not os.access(place, os.W_OK):
        raise UsageError(f"{file}: can't be written: name a file in a folder that exists and is yours")


def write(file: Path, text: str) -> None:
    """Write `text` to `file` whole or not at all, and not at all if it holds a secret.

    Whoever made `text` has scrubbed what it is made of: a secret that is still there is a fault of the
    harness, and a `ContractError`.
    """
    if scrub(text) != text:
        raise ContractError(f"{file} is not written: it would hold a secret, which is a fault of the harness")
    if file.exists() and not file.is_file():
        # A pipe or a device, such as /dev/stdout, is written to and not replaced.
        file.write_text(text, "utf-8")
        return
    fresh = file.with_name(f".{file.name}.new")
    try:
        fresh.write_text(text, "utf-8")
        fresh.replace(file)
    except OSError as error:
        raise UsageError(f"{file}: can't be written: {error.strerror}") from None
    finally:
        fresh.unlink(missing_ok=True)


class CleanStream:
    """A stream that scrubs what goes through it; all else is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write `text` scrubbed; how much of it there was."""
        self._stream.write(scrub(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def clean_output() -> Iterator[None]:
    """Let nothing out on standard output and standard error that is not scrubbed, tracebacks among it."""
    out, err = CleanStream(sys.stdout), CleanStream(sys.stderr)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        yield
