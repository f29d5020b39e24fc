"""Tests what the suite says of servers that it kills and starts again on their database."""

from contextlib import suppress
from pathlib import Path

from tests.support.room import NOTHING, REFERENCE, Room, needs_faketime

KILL = "test_what_was_answered_survives_a_kill"
# The reference on a copy of its database, which is copied back when it is asked to end.
SAVES_AT_ITS_END = """
import glob, os, shutil
kept = os.environ["RELAYAUTH_DB_PATH"]
used = os.environ["RELAYAUTH_DB_PATH"] = kept + ".used"
for file in glob.glob(used + "*"):
    os.remove(file)
if os.path.exists(kept):
    shutil.copy(kept, used)
from reference_impl.serve import serve
try:
    serve(["--port", os.environ["PORT"]], standalone_mode=False)
finally:
    shutil.copy(used, kept)
"""


def test_a_server_that_saves_only_when_it_is_asked_to_end_is_seen(room: Room) -> None:
    """Its restarts lose nothing, and a kill loses what it had answered."""
    target = room.script(SAVES_AT_ITS_END)
    run = room.check(target, "--clause", "REV-07", "--endpoint", "identity", "--processes", "1")
    assert run.code == 1, run.said
    (result,) = run.target["results"]
    failed = {case["id"].partition("[")[0] for case in result["cases"] if case["outcome"] == "fail"}
    assert failed == {KILL}
    assert "the server was killed right after it had answered" in result["why"]


@needs_faketime
def test_nothing_is_left_of_a_server_that_was_killed(room: Room) -> None:
    """Nor of what libfaketime keeps in shared memory for a process, and removes when that ends."""
    before = shared_memory()
    run = room.check(REFERENCE, "--clause", "REV-07", "--case", KILL, "--processes", "1")
    assert run.code == 0, run.said
    assert room.left() == NOTHING
    assert left_by_ended(shared_memory() - before) == set()


def shared_memory() -> set[str]:
    """The names of what libfaketime has in shared memory."""
    return {path.name for path in Path("/dev/shm").glob("*faketime*")}


def left_by_ended(names: set[str]) -> set[str]:
    """Those of processes that run no more: other tests have servers of their own."""
    left = set()
    for name in names:
        with suppress(ValueError):
            if not Path("/proc", str(int(name.rpartition("_")[2]))).exists():
                left.add(name)
    return left
