"""The options of the commands: what the help shows, what messages name, and what opens a target."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from contract.harness.cli.commands import rows
from contract.harness.cli.main import main
from contract.harness.cli.named_targets import targets_of
from contract.harness.cli.options import ACCESS, FLAGS, LAUNCHING, Opening
from contract.harness.errors import UsageError
from contract.harness.targets.pacing import POLITE
from tests.support.command import KEY_VARIABLE, run_here, run_process
from tests.support.deployments import deployed

OPENS_TARGETS = ("check", "doctor", "mutants", "start", "sweep")
FILE = '[targets.staging]\nurl = "https://staging.example"\n'


def command(name: str) -> click.Command:
    """One command."""
    found = main.get_command(click.Context(main), name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", [None, *rows()])
def test_help_fits_a_terminal_of_80_columns(tmp_path: Path, name: str | None) -> None:
    """No line is wrapped by the terminal, examples among them."""
    words = [] if name is None else [name]
    run = run_here([*words, "--help"], tmp_path, {"COLUMNS": "80"})
    assert run.code == 0
    assert max(map(len, run.out.splitlines())) <= 80, run.out


@pytest.mark.parametrize("name", rows())
def test_a_command_has_the_help_flags_of_the_group_on_its_own_too(name: str) -> None:
    """Click keeps the help option of a command as it was when it was first needed: the manual shows it."""
    assert command(name).context_settings["help_option_names"] == main.context_settings["help_option_names"]


def test_the_overview_names_every_command_and_imports_none(tmp_path: Path) -> None:
    """Each has its line under a heading; the summary needs no module of a command."""
    run = run_here(["--help"], tmp_path, {})
    for name, row in rows().items():
        assert re.search(rf"(?m)^  {name} +{re.escape(row.summary.split()[0])}", run.out)
    assert "Examples:" in run.out


def test_the_overview_is_there_at_once(tmp_path: Path) -> None:
    """The bound is 0.3 s on an idle machine; a busy one may take ten times as long."""
    took = []
    for _ in range(3):
        started = time.monotonic()
        assert run_process(["--help"], tmp_path, {}).code == 0
        took.append(time.monotonic() - started)
    assert min(took) < 3


@pytest.mark.parametrize("name", OPENS_TARGETS)
def test_what_opens_a_target_opens_it_for_every_command(name: str) -> None:
    """`doctor` and the others take each option that `check` takes for it."""
    flags = {flag for parameter in command(name).params for flag in parameter.opts}
    assert set(FLAGS.values()) <= flags


FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def messages() -> Iterator[tuple[str, str]]:
    """Every flag that stands in a text of the harness, with the file that names it."""
    folder = Path(__file__).parents[2] / "contract" / "harness"
    for file in sorted(folder.rglob("*.py")):
        for flag in FLAG.findall(file.read_text()):
            yield file.relative_to(folder).as_posix(), flag


def test_every_flag_that_a_message_names_exists() -> None:
    """Advice that can't be followed is none."""
    # pytest's and libfaketime's own, and those of the commands that lines tell the user to run.
    foreign = {"--tb", "--no-header", "--no-summary", "--capture", "--assert", "--color", "--rootdir"}
    foreign |= {"--noconftest", "--confcutdir", "--import-mode", "--data-binary"}
    known = {flag for name in rows() for each in command(name).params for flag in each.opts}
    unknown = {
        (file, flag) for file, flag in messages() if flag not in known | foreign | {"--help", "--version"}
    }
    assert unknown == set()


VALUES = {"allow_http": True, "any_host": True, "env": ("A=1",), "ready_timeout": 5.0, "rate": "9/s"}


@pytest.mark.parametrize("option", [each.name for each in (*ACCESS, *LAUNCHING)])
def test_an_option_of_a_named_target_is_told_where_to_write_it(tmp_path: Path, option: str) -> None:
    """By the flag that was given, and by a key that the file may hold."""
    file = tmp_path / "relayauth-contract.toml"
    file.write_text(FILE)
    values = {option: VALUES.get(option, "x")}
    opening = Opening(
        str(file),
        {name: value for name, value in values.items() if name in {each.name for each in ACCESS}},
        {name: value for name, value in values.items() if name in {each.name for each in LAUNCHING}},
    )
    with pytest.raises(UsageError) as refused:
        targets_of(["staging"], opening)
    said = str(refused.value)
    assert said.startswith(f"{FLAGS[option]}: the target 'staging' is described in {file}")
    (key,) = re.findall(r"set `([\w-]+)` in", said)
    kind = {"allow-http": "true", "i-may-test-this-host": "true", "env": '{ A = "1" }', "ready-timeout": "5"}
    file.write_text(FILE + f"{key} = {kind.get(key, chr(34) + '9/s' + chr(34))}\n")
    if key not in ("signing-key", "second-api-key-env"):  # these would be read at once
        assert len(targets_of(["staging"], Opening(str(file)))) == 1


def test_a_named_target_can_be_tested_politely(tmp_path: Path) -> None:
    """`--polite` is about the run: it holds for a target from the file as well."""
    file = tmp_path / "relayauth-contract.toml"
    file.write_text(FILE)
    (polite,) = targets_of(["staging"], Opening(str(file)), polite=True)
    (plain,) = targets_of(["staging"], Opening(str(file)))
    assert (polite.access.rate, plain.access.rate) == (POLITE, None)


def test_what_a_target_file_expects_to_be_left_untried_is_read(tmp_path: Path) -> None:
    """An empty list allows nothing; no list says nothing of it."""
    file = tmp_path / "relayauth-contract.toml"
    found = []
    for line in ("", "expected-not-tried = []\n", 'expected-not-tried = ["CLK-*", "JWKS-01,JWKS-02"]\n'):
        file.write_text(FILE + line)
        found.append(targets_of(["staging"], Opening(str(file)))[0].expected_not_tried)
    assert found == [None, (), ("CLK-*", "JWKS-01", "JWKS-02")]


def test_options_are_typed_again_as_they_were(tmp_path: Path) -> None:
    """What opened a target is a part of the line that reproduces its failure."""
    opening = Opening(
        "a file.toml",
        {"api_key_env": "KEY", "allow_http": True, "rate": None},
        {"cwd": "a b", "env": ("A=1", "B=2"), "ready_timeout": 45.0},
    )
    assert opening.text == (
        " --config 'a file.toml' --api-key-env KEY --allow-http --cwd 'a b' --env A=1 --env B=2"
        " --ready-timeout 45"
    )
    assert Opening().text == ""


GLOBS = {"commas": ["--clause", "JWKS-09,TTL-01"], "twice": ["--clause", "JWKS-09", "--clause", " TTL-01 "]}


@pytest.mark.parametrize("words", GLOBS.values(), ids=GLOBS)
def test_clauses_are_given_one_by_one_or_with_commas(tmp_path: Path, words: list[str]) -> None:
    """Both select the same."""
    run = run_here(["check", *words, "--endpoint", "path", "-v"], tmp_path, {})
    assert run.code == 0, run.said
    assert {line.split()[1] for line in run.out.splitlines() if line.startswith("pass")} == {"TTL-01"}


def test_a_clause_that_had_to_be_tried_and_was_not_is_no_verdict(tmp_path: Path) -> None:
    """`--require` and `--expect-not-tried` reach the run."""
    words = ["check", "asgi:reference_impl.app:create_app", "--clause", "JWKS-0[19]", "-q"]
    run = run_here([*words, "--require", "JWKS-01"], tmp_path, {})
    assert run.code == 2


def test_a_budget_of_requests_is_kept_and_named(tmp_path: Path) -> None:
    """What does not fit is an error that names the option, and there is no verdict."""
    with deployed() as there:
        words = ["check", there.url, "--max-requests", "40", "--clause", "TTL-0*"]
        run = run_here(words, tmp_path, {KEY_VARIABLE: there.key})
        sent = len(there.wall.request)
    assert run.code == 2, run.said
    assert "--max-requests sets another" in run.out
    assert sent <= 40


def test_a_slow_run_says_first_how_long_it_may_take(tmp_path: Path) -> None:
    """A bound of requests and a bound of requests a second are a bound of time."""
    with deployed() as there:
        words = ["check", there.url, "--rate", "40/s", "--max-requests", "80", "--clause", "JWKS-09"]
        run = run_here(words, tmp_path, {KEY_VARIABLE: there.key})
    assert run.code == 0, run.said
    assert run.err.splitlines()[0] == f"{there.url}: at most 80 requests, 40 a second: at most 2 s"


def test_certificate_authorities_that_can_not_be_read_are_a_usage_error(tmp_path: Path) -> None:
    """`--cacert` reaches the connection."""
    words = ["check", "https://127.0.0.1:9", "--cacert", "nowhere.pem"]
    run = run_here(words, tmp_path, {KEY_VARIABLE: "rak" + "_0123456789"})
    assert run.code == 2
    assert "--cacert nowhere.pem" in run.said


def test_a_sweep_of_a_target_where_nothing_is_left_says_so(tmp_path: Path) -> None:
    """It opens the target, and takes a span of time for what no journal knows."""
    with deployed() as there:
        run = run_here(["sweep", there.url, "--older-than", "7d"], tmp_path, {KEY_VARIABLE: there.key})
        wrong = run_here(["sweep", there.url, "--older-than", "soon"], tmp_path, {KEY_VARIABLE: there.key})
    assert (run.code, run.out) == (0, f"{there.url}: nothing of an ended run is left\n"), run.said
    assert wrong.code == 2
    assert "'soon' is no time span" in wrong.err
