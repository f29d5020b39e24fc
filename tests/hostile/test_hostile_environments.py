"""The verdict on a service that conforms, and on one that does not, is the same in every environment."""

import functools
import tempfile
from pathlib import Path

import pytest

from tests.hostile.environment import CLEAN, WITH_PLUGINS, Ends, Environment, Place, Results
from tests.hostile.folder_rows import FOLDERS
from tests.hostile.process_rows import PROCESSES
from tests.hostile.pytest_rows import PYTESTS
from tests.hostile.terminal_rows import TERMINALS
from tests.support.room import REFERENCE

pytestmark = pytest.mark.hostile

ENVIRONMENTS = [*PYTESTS, *PROCESSES, *TERMINALS, *FOLDERS]
BROKEN, CONFORMING = "mutant:NoCap", "reference"
BROKEN_CLAUSE = "TTL-02"
# A launched server reads its own keys, makes requests of its own, and has a clock that is set.
LAUNCHED = ("TTL-02,JWKS-02,CLK-02", "--endpoint", "path")
SAMPLE = "def test_that_passes(): pass\ndef test_that_fails(): assert 0\n"
UNDISTURBED = "1 failed, 1 passed"
FEWEST = 30  # environments in which a run ends as elsewhere


@functools.cache
def clean(target: str, *words: str) -> tuple[int, Results]:
    """Return exit code and results of a run with nothing hostile around it: one for each set of words."""
    with tempfile.TemporaryDirectory() as root:
        place = Place(Path(root), CLEAN)
        place.prepare()
        ended, found = place.check(target, "--clause", *words)
    assert found, ended
    return ended.code, found


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A folder in the environment of the row; skipped with a reason where this machine can't offer it."""
    environment: Environment = request.param
    if reason := environment.lacking():
        pytest.skip(reason)
    if environment.plugins and not WITH_PLUGINS.exists():
        pytest.fail(f"there is no {WITH_PLUGINS}: `make hostile` makes it")
    made = Place(tmp_path, environment)
    made.prepare()
    return made


every_environment = pytest.mark.parametrize("place", ENVIRONMENTS, ids=str, indirect=True)


@every_environment
def test_the_environment_is_what_its_row_says(place: Place) -> None:
    """A Python in it sees the variables and what the row is about."""
    row = place.environment
    given = {name: text.replace("{folder}", str(place.folder)) for name, text in row.variables.items()}
    expression = f"{given!r}.items() <= os.environ.items() and ({row.shown_by})"
    ended = place.run(place.python("-c", f"import os, sys; sys.exit(not ({expression}))"))
    assert ended.code == 0, ended


@every_environment
def test_a_service_that_does_not_conform_is_found_to(place: Place) -> None:
    """The same cases fail, no other fails, none is lost, and the exit code is 1."""
    agrees(place, BROKEN, place.environment.ends.broken)


@every_environment
def test_a_service_that_conforms_is_found_to(place: Place) -> None:
    """The same cases pass, none is lost, and the exit code is 0."""
    agrees(place, CONFORMING, place.environment.ends.conforms)


@pytest.mark.parametrize("place", [row for row in ENVIRONMENTS if row.launched], ids=str, indirect=True)
def test_a_launched_server_that_conforms_is_found_to(place: Place) -> None:
    """The same of a server that the suite starts, which inherits most of the environment."""
    agrees(place, REFERENCE, place.environment.ends.conforms, *LAUNCHED)


@pytest.mark.parametrize("place", [row for row in ENVIRONMENTS if row.plain_pytest], ids=str, indirect=True)
def test_a_plain_run_of_pytest_is_disturbed(place: Place) -> None:
    """The positive control: what surrounds the command is found by a pytest that looks for it."""
    (place.folder / "test_sample.py").write_text(SAMPLE)
    ended = place.run(place.python("-m", "pytest", "--color=no"))
    assert place.environment.plain_pytest in ended.out + ended.err


def test_a_plain_run_of_pytest_elsewhere_is_not(tmp_path: Path) -> None:
    """With nothing hostile around it one test of the sample passes, and one fails."""
    place = Place(tmp_path, CLEAN)
    place.prepare()
    (place.folder / "test_sample.py").write_text(SAMPLE)
    ended = place.run(place.python("-m", "pytest", "--color=no"))
    assert (ended.code, UNDISTURBED in ended.out) == (1, True), ended


def test_each_row_has_a_name_and_another_end_its_reason() -> None:
    """Where a run does not end as elsewhere, the row says why that is right."""
    names = [row.name for row in ENVIRONMENTS]
    assert len(names) == len(set(names))
    assert {row.name for row in ENVIRONMENTS if row.ends != Ends() and not row.ends.why} == set()
    assert sum(row.ends == Ends() for row in ENVIRONMENTS) >= FEWEST


def agrees(place: Place, target: str, code: int, *words: str) -> None:
    """Assert that a run in the environment ends with `code`, and has the results of a clean run."""
    row = place.environment
    words = words or row.clauses
    clean_code, expected = clean(target, *words)
    assert clean_code == (1 if target == BROKEN else 0)
    assert (BROKEN_CLAUSE in {each[0] for each in expected if each[3] == "fail"}) == (target == BROKEN)
    ended, found = place.check(target, "--clause", *words)
    assert (ended.code, found) == (code, expected if row.ends.judged else frozenset()), ended
    assert row.ends.says in ended.out + ended.err
    assert "Traceback" not in ended.out + ended.err
