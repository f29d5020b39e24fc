"""What a run writes: files, whole and searched for secrets, and streams that are scrubbed."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from contract.harness.errors import ContractError, UsageError
from contract.harness.redaction import scrub


def writable(file: str) -> None:
    """Raise `UsageError` if a report can't be written to `file`: better before the run than after it."""
    path = Path(file)
    place = path if path.exists() else path.parent
    if path.is_dir() or not path.parent.is_dir() or not os.access(place, os.W_OK):
        raise UsageError(f"{file}: can't be written: name a file in a folder that exists and is yours")


def write(file: Path, text: str) -> None:
    """Write `text` to `file` whole or not at all, and not at all if it holds a secret.

    What `text` is made of was scrubbed before: a secret that is still in it is a fault of the harness, and a
    `ContractError`. Half of a surrogate pair, as in a name that is not in the machine's encoding, is escaped.
    """
    refuse_secrets(text, f"{file}")
    fresh = file.with_name(f".{file.name}.new")
    try:
        if file.exists() and not file.is_file():
            # A pipe or a device, such as /dev/stdout, is written to and not replaced.
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
    """Raise `ContractError` if `text`, which is about to be written to `where`, holds a secret."""
    if scrub(text) != text:
        raise ContractError(
            f"{where} is not written: it would hold a secret, which is a fault of the harness"
        )


class CleanStream:
    """A stream that scrubs the text written to it; its other members are those of the stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write `text` scrubbed, and return its length."""
        self._stream.write(scrub(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def clean_output() -> Iterator[None]:
    """Scrub all that is written to standard output and standard error, tracebacks too."""
    out, err = CleanStream(sys.stdout), CleanStream(sys.stderr)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        yield
