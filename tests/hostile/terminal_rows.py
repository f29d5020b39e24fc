"""Where a run prints: terminals of every width, pipes, closed streams, and devices that are full."""

from tests.hostile.environment import Ends, Environment
from tests.hostile.words import full_lacking, sh

NOT_ALL = "not all of the output could be written"
NO_OUTPUT = Ends(
    conforms=2,
    says=NOT_ALL,
    why="not all was printed, which is no verdict; a failure that was found stays one",
)
# A pipe with nobody at its other end.
GONE = "mkfifo ../pipe && exec 3<>../pipe >../pipe 3<&-"
TERMINAL = "sys.stdout.isatty()"


def terminal(columns: int, name: str = "", shown_by: str = TERMINAL, **variables: str) -> Environment:
    """A row about a terminal."""
    shown = f"{shown_by} and os.get_terminal_size().columns == {columns}"
    return Environment(name or f"a terminal of {columns} columns", variables, columns=columns, shown_by=shown)


TERMINALS = [
    terminal(20),
    terminal(80),
    terminal(0, "a terminal of no size"),
    terminal(80, "a dumb terminal", TERM="dumb"),
    terminal(80, "a terminal without colour", NO_COLOR="1"),
    Environment("no TERM", unset=("TERM",), columns=80, shown_by="'TERM' not in os.environ"),
    Environment("FORCE_COLOR on a pipe", {"FORCE_COLOR": "1", "CLICOLOR_FORCE": "1", "PY_COLORS": "1"}),
    Environment("COLUMNS=1", {"COLUMNS": "1", "LINES": "1"}),
    Environment("COLUMNS=wide", {"COLUMNS": "wide"}),
    Environment("standard input closed", within=sh("exec <&-"), shown_by="sys.stdin is None", launched=True),
    Environment("standard error closed", within=sh("exec 2>&-"), shown_by="sys.stderr is None"),
    Environment(
        "standard output closed",
        within=sh("exec >&-"),
        shown_by="sys.stdout is None",
        ends=Ends(conforms=2, says=f"{NOT_ALL}: it is closed", why=NO_OUTPUT.why),
    ),
    Environment(
        "all standard streams closed",
        within=sh("exec <&- >&- 2>&-"),
        shown_by="sys.stdin is sys.stdout is sys.stderr is None",
        ends=Ends(conforms=2, why=NO_OUTPUT.why),
    ),
    Environment("a reader that is gone", within=sh(GONE), ends=NO_OUTPUT),
    Environment(
        "a full disk behind standard output",
        within=sh("exec >/dev/full"),
        lacking=full_lacking,
        ends=Ends(conforms=2, says=f"{NOT_ALL}: No space left on device", why=NO_OUTPUT.why),
    ),
    Environment("a full disk behind standard error", within=sh("exec 2>/dev/full"), lacking=full_lacking),
]
