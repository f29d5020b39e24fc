"""Output of a run: report files, checked for secrets and written whole, and scrubbed streams."""

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from contract.harness.errors import ContractError, UsageError
from contract.harness.redaction import scrub

# What GitHub's runner takes for a command: `::error::` where a line begins, and the older form anywhere.
_COMMAND = re.compile(r"(?m)#(?=#\[)|^\s*:(?=:)")


def writable(file: str) -> None:
    """Check before the run that a report can be written after it; raises `UsageError`."""
    path = Path(file)
    place = path if path.exists() else path.parent
    if path.is_dir() or not path.parent.is_dir() or not os.access(place, os.W_OK):
        raise UsageError(f"{file}: can't be written: name a file in a folder that exists and is yours")


def write(file: Path, text: str) -> None:
    """Write `text` to `file` whole or not at all; never if it contains a secret.

    Half of a surrogate pair, as in a name that is not in the machine's encoding, is escaped.
    """
    refuse_secrets(text, f"{file}")
    fresh = file.with_name(f".{file.name}.new")
    try:
        if file.exists() and not file.is_file():
            # A pipe or a device, such as /dev/stdout, is written to, not replaced.
            file.write_text(text, "utf-8", "backslashreplace")
            return
        try:
            fresh.write_text(text, "utf-8", "backslashreplace")
            fresh.replace(file)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{file}: can't be written: {error.strerror}") from None


def refuse_secrets(text: str, where: str) -> None:
    """Raise `ContractError` if `text`, which is about to be written to `where`, contains a secret.

    The parts of `text` were scrubbed when they were put together: a secret that is still there is a fault of
    the suite.
    """
    if scrub(text) != text:
        raise ContractError(f"{where} is not written: it would contain a secret (a fault of the suite)")


class CleanStream:
    """A stream that scrubs what is written, and lets no text of a service be a command to GitHub's runner."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write `text` scrubbed, without commands; return its length."""
        return self.write_as_it_is(_COMMAND.sub(r"\g<0> ", text))

    def write_as_it_is(self, text: str) -> int:
        """Write a report or a command of our own, scrubbed; return its length."""
        self._stream.write(scrub(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def as_it_is(stream: TextIO, text: str) -> None:
    """Write a report, or commands of our own, to a stream that may be a clean one."""
    write = stream.write_as_it_is if isinstance(stream, CleanStream) else stream.write
    write(text)


@contextlib.contextmanager
def clean_output() -> Iterator[None]:
    """Scrub all output on standard output and standard error, tracebacks included."""
    out, err = CleanStream(sys.stdout), CleanStream(sys.stderr)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        yield
