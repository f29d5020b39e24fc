"""Runs the commands that the docs tell their readers to type, each page in a shell session of its own."""

import json
import re
import tomllib
from pathlib import Path

import click
import pytest
import yaml

from contract.harness.cli import main as cli
from contract.harness.cli.configuration import load
from contract.harness.run import baseline
from tests.test_readme import PROGRAM, Codes, Command, blocks, commands, ran

ROOT = Path(__file__).resolve().parent.parent
PAGES = ["ci", "staging", "stand-in", "reading-a-report", "adopting", "diff"]
"""The pages with commands for their readers."""
TEXTS = {name: (ROOT / "docs" / f"{name}.md").read_text() for name in PAGES}
SHOWN = [(page, command) for page, text in TEXTS.items() for command in dict.fromkeys(commands(text))]
RUN = [(page, command) for page, command in SHOWN if command.ours and command.runs]
IN_FULL = {page for page, command in RUN if command.is_long}
"""The pages with commands that take long: `make proof` runs these pages."""
_SESSIONS: dict[str, Codes] = {}


@pytest.fixture(scope="module")
def session() -> dict[str, Codes]:
    """The exit codes of each page, filled in when the first command of it is asked for."""
    _SESSIONS.clear()
    return _SESSIONS


def told(shown: tuple[str, Command]) -> str:
    """A page and a line of it."""
    return f"{shown[0]}: {shown[1].line}"


@pytest.mark.parametrize(
    "shown",
    [pytest.param(each, marks=[pytest.mark.proof] if each[0] in IN_FULL else []) for each in RUN],
    ids=[told(each) for each in RUN],
)
def test_a_command_of_a_page_ends_as_it_says(
    shown: tuple[str, Command], session: dict[str, Codes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What a reader can type without a deployment of their own works as it stands."""
    page, command = shown
    if page not in session:
        session[page] = ran(commands(TEXTS[page]), tmp_path_factory.mktemp(page))
    assert command in session[page], "it did not end, or one before it did not"
    assert session[page][command] == command.code


@pytest.mark.parametrize("shown", [each for each in SHOWN if each[1].ours], ids=told)
def test_a_command_of_a_page_is_understood(shown: tuple[str, Command]) -> None:
    """Of every command, also of those for a deployment of the reader's own, the options exist."""
    group = cli.main
    assert isinstance(group, click.Group)
    name, *words = shown[1].words[1:]
    with click.Context(group, info_name=PROGRAM, **group.context_settings) as context:
        known = group.get_command(context, name)
        assert known is not None, f"no command {name}"
        with click.Context(known, parent=context, info_name=name) as inner:
            known.make_parser(inner).parse_args(words)


def test_each_page_shows_commands() -> None:
    """And no page of the docs with a console block is forgotten here."""
    with_commands = {path.stem for path in (ROOT / "docs").glob("*.md") if blocks(path.read_text())}
    assert with_commands == set(PAGES)


def fenced(language: str) -> list[tuple[str, str]]:
    """The blocks in a language, with the page of each."""
    pattern = rf"(?ms)^```{language}\n(.*?)^```"
    return [(page, block) for page, text in TEXTS.items() for block in re.findall(pattern, text)]


def test_the_files_that_pages_show_are_valid(tmp_path: Path) -> None:
    """A configuration file, and a baseline."""
    found = dict(fenced("toml"))
    assert set(found) == {"ci", "adopting"}
    config = tmp_path / "relayauth-contract.toml"
    config.write_text(found["ci"])
    assert set(load(config).targets) == {"ours"}
    known = tmp_path / "known.toml"
    known.write_text(found["adopting"])
    ((entry,),) = (baseline.read(known, targets=["ours"]).known.values(),)
    assert entry[0].until is not None
    assert tomllib.loads(found["adopting"])["schema"] == 2


def test_the_page_on_ci_names_the_inputs_and_outputs_of_the_action() -> None:
    """All of them, and no others."""
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    rows = re.findall(r"(?m)^\| (`[^|]+`) \|", TEXTS["ci"])
    assert set(re.findall("`([a-z-]+)`", " ".join(rows))) == set(action["inputs"])
    for name in action["outputs"]:
        assert f"`{name}`" in TEXTS["ci"]
    ((_, step),) = fenced("yaml")
    (used,) = yaml.safe_load(step)
    assert set(used["with"]) <= set(action["inputs"])


def test_the_page_on_adopting_names_every_key_of_an_entry() -> None:
    """A key that is not described is not used."""
    rows = re.findall(r"(?m)^\| (`[^|]+`) \|", TEXTS["adopting"])
    assert set(re.findall("`([a-z]+)`", " ".join(rows))) == set(baseline.ENTRY_KEYS)


LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.stem)
def test_links_of_a_page_lead_somewhere(path: Path) -> None:
    """To a file of the project."""
    missing = [link for link in LINK.findall(path.read_text()) if not (path.parent / link).exists()]
    assert missing == []


def test_the_sentences_of_reading_a_report_are_those_that_are_printed() -> None:
    """The words of the verdict and of the matrix, taken from the code."""
    from contract.harness.reports.terminal_matrix import WORDS
    from contract.harness.run.verdict import _WORDS as VERDICTS

    page = TEXTS["reading-a-report"]
    for verdict, words in VERDICTS.items():
        assert re.search(rf"(?m)^\| {words} \| `{verdict}` \|", page), json.dumps(verdict)
    for word, _ in WORDS.values():
        assert f"| `{word}` |" in page
