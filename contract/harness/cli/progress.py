"""What a run shows while it goes on: a line on a terminal, now and then a line elsewhere, or every case."""

from collections.abc import Callable
from typing import TextIO

from rich.console import Console
from rich.text import Text

from contract.harness.reports import exchanges
from contract.harness.reports.terminal_matrix import WORDS
from contract.harness.run import CaseResult
from contract.harness.targets import REAL

EVERY = 3.0  # seconds between two lines where there is no terminal
REDRAW = 0.1  # seconds between two states of the line on a terminal
SOON = 0.1  # the part of the cases after which the time that is left can be estimated
_ERASE = "\r\x1b[K"


class Progress:
    """Shows the clause, the count of cases, and the elapsed and the expected time.

    `stream` is the real one: during a run `sys.stdout` is redirected. Where it is a terminal, one line is
    drawn again and again, and erased at the end; elsewhere a line is printed every few seconds.
    """

    def __init__(self, stream: TextIO, width: int, now: Callable[[], float] = REAL["monotonic"]) -> None:
        self._stream, self._width, self._now = stream, width, now
        self._drawn = stream.isatty()
        self._cases = self._done = 0
        self._started = self._last = now()

    def begin(self, cases: int) -> None:
        """Learn how many cases there are."""
        self._cases = cases
        self._started = self._last = self._now()

    def tell(self, target: str, row: CaseResult) -> None:
        """Show that a case is done."""
        self._done += 1
        now = self._now()
        if now - self._last < (REDRAW if self._drawn else EVERY):
            return
        self._last = now
        line = self.line(row, target, now - self._started)
        self._write(f"{_ERASE}{line}" if self._drawn else f"{line}\n")

    def line(self, row: CaseResult, target: str, elapsed: float) -> str:
        """Return what is shown; what does not fit on a terminal's line is left out from its end."""
        place = f"{row.clause} at {row.endpoint}" if row.endpoint else row.clause
        parts = [place, f"{self._done} of {self._cases} cases", f"{duration(elapsed)} elapsed"]
        part_done = self._done / max(self._cases, 1)
        if SOON <= part_done <= 1:
            parts.append(f"about {duration(elapsed / part_done - elapsed)} left")
        parts.append(target)
        shown = parts[0]
        for part in parts[1:]:
            if self._drawn and len(f"{shown}, {part}") >= self._width:
                break
            shown = f"{shown}, {part}"
        return shown

    def end(self) -> None:
        """Erase the line."""
        if self._drawn:
            self._write(_ERASE)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def duration(seconds: float) -> str:
    """Return a span of time in words."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


class EveryCase:
    """Prints each case when it is done, and the requests and responses that were kept of it."""

    def __init__(self, out: Console) -> None:
        self._out = out

    def begin(self, cases: int) -> None:
        """Say how many cases there are."""
        self._out.print(Text(f"{cases} case{'' if cases == 1 else 's'}", "dim"))

    def tell(self, target: str, row: CaseResult) -> None:  # noqa: ARG002 - every progress has it
        """Print a case that is done."""
        word, style = WORDS[row.outcome]
        place = f"{row.clause} at {row.endpoint}" if row.endpoint else row.clause
        line = Text.assemble(
            (f"{word:<7}", style), f" {place}  {row.case}  ", (f"{row.seconds:.2f} s", "dim")
        )
        self._out.print(line, soft_wrap=True)
        if row.outcome != "pass" and row.why:
            self._out.print(Text(f"        {row.why}"), soft_wrap=True)
        for each in exchanges.lines(row.transcript):
            self._out.print(Text(f"        {each}", "cyan"), soft_wrap=True)

    def end(self) -> None:
        """Nothing is left to erase."""


class Quiet:
    """Shows nothing."""

    def begin(self, cases: int) -> None:
        """Ignore it."""

    def tell(self, target: str, row: CaseResult) -> None:
        """Ignore it."""

    def end(self) -> None:
        """Nothing is left to erase."""
