"""`python -m tests.mutation`: bend each decision of the reference blindly, with the contract alone as the judge.

It runs in an environment of its own, with cosmic-ray; `--python` names the one that holds the project. What
was judged is kept in the session file, so that a run that was stopped goes on where it was.
"""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from multiprocessing import Pool, current_process
from pathlib import Path

from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.work_db import WorkDB
from cosmic_ray.work_item import WorkItem, WorkResult

from tests.mutation.findings import report

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PARTS = ("contract", "reference_impl", "tests/mutation", "openapi.yaml", "pyproject.toml")
TOOLS = Path(sys.executable).parent
TIMEOUT_S = 60.0


def furnish(room: Path, python: str) -> None:
    """Copy what is on trial to `room`. Its bytecode is told by the source, not by a time that may not move."""
    for part in PARTS:
        source = ROOT / part
        (room / part).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, room / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, room / part)
    compiling = (
        "-m",
        "compileall",
        "-q",
        "--invalidation-mode",
        "checked-hash",
        "contract",
        "reference_impl",
    )
    subprocess.run([python, *compiling], cwd=room, check=True)


def enter(rooms: list[str]) -> None:
    """Take one of the rooms, one for each worker."""
    os.chdir(rooms[current_process()._identity[0] - 1])


def bend(work: tuple[WorkItem, str]) -> tuple[str, WorkResult]:
    """Mutate the reference of this worker's room, let the contract judge it, and mend it again."""
    item, command = work
    return item.job_id, mutate_and_test(item.mutations, command, TIMEOUT_S)


def begin(session: Path) -> None:
    """Find all mutations, and leave out those that the configuration excludes."""
    config = HERE / "cosmic-ray.toml"
    subprocess.run([TOOLS / "cosmic-ray", "init", config, session], cwd=ROOT, check=True)
    subprocess.run([TOOLS / "cr-filter-operators", session, config], cwd=ROOT, check=True)


def main() -> int:
    """Run what is still to be run, and say what the contract did not see."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--python", required=True, help="the interpreter of the environment with the project")
    parser.add_argument("--session", type=Path, default=ROOT / "build" / "mutation.sqlite")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    session, python = asked.session.resolve(), str(Path(asked.python).absolute())
    if not session.exists():
        session.parent.mkdir(parents=True, exist_ok=True)
        begin(session)
    db = WorkDB(session, WorkDB.Mode.open)
    pending = [(item, shlex.join([python, "-m", "tests.mutation.judge"])) for item in db.pending_work_items]
    with tempfile.TemporaryDirectory() as folder:
        rooms = [str(Path(folder) / str(number)) for number in range(asked.workers)]
        for room in rooms:
            furnish(Path(room), python)
        with Pool(asked.workers, initializer=enter, initargs=(rooms,)) as pool:
            for number, (job, result) in enumerate(pool.imap_unordered(bend, pending), 1):
                db.set_result(job, result)
                print(f"\r{number} of {len(pending)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return report(db, ROOT / "docs" / "survivors.md")


if __name__ == "__main__":
    sys.exit(main())
