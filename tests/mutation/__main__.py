"""`python -m tests.mutation`: mutate the reference's decisions blindly, and let the contract alone test them.

It runs in an environment of its own, with cosmic-ray; `--python` names the one that holds the project. What
was judged is kept in the session file, so that a run that was stopped goes on where it was.
"""

import argparse
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from multiprocessing import Pool, current_process
from pathlib import Path

from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.work_db import WorkDB
from cosmic_ray.work_item import WorkerOutcome, WorkItem, WorkResult

from tests.mutation.findings import Finding, accounted, bent, fate, lines, stands

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PARTS = ("contract", "reference_impl", "tests/mutation", "openapi.yaml", "pyproject.toml")
SURVIVORS = ROOT / "docs" / "survivors.md"
TOOLS = Path(sys.executable).parent
TIMEOUT_S = 60.0


def furnish(room: Path, python: str) -> None:
    """Copy the code under test to `room`, with bytecode that is checked against the source, not a time."""
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


def digest() -> str:
    """Identify the code under test, contract and bounds included: a session continues only on the same."""
    roots = [ROOT / part for part in PARTS]
    files = sorted(file for root in roots for file in (root.rglob("*") if root.is_dir() else [root]))
    texts = (file.read_bytes() for file in files if file.is_file() and "__pycache__" not in file.parts)
    return hashlib.sha256(b"\0".join(texts)).hexdigest()[:12]


def begin(session: Path) -> None:
    """Find all mutations, and leave out those that the configuration excludes."""
    session.parent.mkdir(parents=True, exist_ok=True)
    config = HERE / "cosmic-ray.toml"
    subprocess.run([TOOLS / "cosmic-ray", "init", config, session], cwd=ROOT, check=True)
    subprocess.run([TOOLS / "cr-filter-operators", session, config], cwd=ROOT, check=True)


def findings(db: WorkDB) -> Iterator[Finding]:
    """Read what became of each mutation that was tried."""
    results = dict(db.results)
    for item in db.work_items:
        result = results.get(item.job_id)
        if result is not None and result.worker_outcome is WorkerOutcome.NORMAL:
            output = result.output or ""
            (mutation,) = item.mutations
            said = [line for line in output.splitlines() if line.strip()][-2:-1]
            yield Finding(
                bent(str(mutation.module_path), mutation.definition_name, result.diff or ""),
                fate(output),
                *(said or [""]),
            )


def main() -> int:
    """Run what is still to be run, and say what the contract did not see."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--python", required=True, help="the interpreter of the environment with the project")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    python = str(Path(asked.python).absolute())
    session = ROOT / "build" / f"mutation-{digest()}.sqlite"
    if not session.exists():
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
    found, equivalent = list(findings(db)), accounted(SURVIVORS)
    for line in lines(found, equivalent):
        print(line)
    return 0 if stands(found, equivalent) else 1


if __name__ == "__main__":
    sys.exit(main())
