"""Standard streams that never end a run: no encoding, closed pipe or full disk raises."""

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any, TextIO


class GuardedStream:
    """Passes text on to a stream until that fails; from then on it drops the text, and `failure` says why."""

    def __init__(self, stream: TextIO | None) -> None:
        self.failure = "" if stream is not None else "it is closed"
        self._stream: TextIO = stream if stream is not None else io.StringIO()
        if isinstance(self._stream, io.TextIOWrapper):
            # A character that the encoding lacks is escaped: cp949 and ASCII can't spell every target's name.
            self._stream.reconfigure(errors="backslashreplace")

    def write(self, text: str) -> int:
        """Write `text`, or drop it if the stream has failed before."""
        self._attempt(self._stream.write, text)
        return len(text)

    def flush(self) -> None:
        """Pass on what is buffered: a pipe or a disk may fail only now."""
        self._attempt(self._stream.flush)

    @property
    def buffer(self) -> Any:
        """Not offered: click would write its bytes there, past the scrubber and past this guard."""
        raise AttributeError("buffer")

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":
            raise AttributeError(name)
        return getattr(self._stream, name)

    def _attempt(self, action: Callable[..., object], *args: str) -> None:
        if self.failure:
            return
        try:
            action(*args)
        except BrokenPipeError:
            self._fail("it was closed")
        except OSError as error:
            self._fail(error.strerror or type(error).__name__)

    def _fail(self, why: str) -> None:
        """Point the descriptor elsewhere: a failure of the flush at exit would set the exit code."""
        self.failure = why
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


@contextlib.contextmanager
def guarded() -> Iterator[GuardedStream]:
    """Guard both standard streams, and yield the guard of standard output."""
    _fill_closed_descriptors()
    out, err = GuardedStream(sys.stdout), GuardedStream(sys.stderr)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            yield out
        finally:
            out.flush()
            err.flush()


def _fill_closed_descriptors() -> None:
    """Open the null device where a standard stream is closed: else a socket or a file gets its number."""
    if sys.stdout is not None and sys.stderr is not None:
        return
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
