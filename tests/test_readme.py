"""Runs what README tells its reader to type: a command that is shown must work."""

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from contract.harness.cli import main as cli
from contract.harness.spec import catalogue
from contract.harness.targets.processes import free_port
from tests.support import loopback
from tests.support.command import environment, patience

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PROGRAM = "relayauth-contract"
STAGING = "staging.example"


@dataclass(frozen=True)
class Command:
    """A line that is typed, and its exit code: 0 unless `$ echo $?` after it says otherwise."""

    line: str
    code: int

    @property
    def words(self) -> list[str]:
        """The command and its arguments, without the variables before it and the `&` after it."""
        words = shlex.split(self.line.removesuffix("&"), comments=True)
        while words and re.fullmatch(r"[A-Za-z_]\w*=.*", words[0], re.DOTALL):
            words.pop(0)
        return words

    @property
    def ours(self) -> bool:
        """Whether it is our program that is called."""
        return self.words[:1] == [PROGRAM]

    @property
    def is_long(self) -> bool:
        """Whether it tests a server that it starts, proves something or compares two targets."""
        thorough = self.words[1:2] in (["mutants"], ["diff"]) and "--list" not in self.words
        return self.ours and ("exec:" in self.line or thorough)

    @property
    def serves(self) -> bool:
        """Whether it goes on until it is interrupted."""
        return self.ours and "serve" in self.words[1:2] and "--help" not in self.words

    @property
    def runs(self) -> bool:
        """Whether it can be run here: nobody answers at the host that stands for the reader's own."""
        return (self.ours and STAGING not in self.line) or self.words[:1] == ["export"]


def blocks(text: str) -> list[str]:
    """The console blocks of a Markdown text."""
    return re.findall(r"(?ms)^ *```console[^\n]*\n(.*?)^ *```", text)


def commands(text: str) -> list[Command]:
    """What follows the prompts, with its continued lines, in the order of the text."""
    found = []
    for block in blocks(text):
        displayable = re.split(r"(?m)^ *\$ ", block.replace("\\\n", ""))[1:]
        lines, outputs = (
            [one.split("\n", 1)[0].strip() for one in displayable],
            [one.split("\n", 1)[1] for one in displayable],
        )
        for place, line in enumerate(lines):
            says = lines[place + 1 : place + 2] == ["echo $?"]
            if line != "echo $?":
                found.append(Command(line, int(outputs[place + 1].split()[0]) if says else 0))
    return found


COMMANDS = commands(README.read_text()) if README.exists() else []
OURS = list(dict.fromkeys(command for command in COMMANDS if command.ours))


def on_free_ports(text: str) -> str:
    """The same commands with a free port for each one that README names: another program may have it."""
    for port in set(re.findall(r"--port (\d+)", text)):
        text = re.sub(rf"\b{port}\b", str(free_port()), text)
    return text


def script(displayable: list[Command]) -> str:
    """One shell session of all that can be run: variables and servers of one block are there in the next."""
    lines = ["trap 'kill $(jobs -p) 2>/dev/null' EXIT"]
    for number, command in enumerate(displayable):
        if command.serves:
            given = dict(zip(command.words, command.words[1:], strict=False)).get("--ready-file")
            ready = given or f"ready-{number}.json"
            line = command.line.removesuffix("&") + ("" if given else f" --ready-file {ready}")
            until = f"[ -s {ready} ] || ! kill -0 $!"
            lines.append(f"{line} >/dev/null & for _ in {{1..2000}}; do {until} && break; sleep 0.1; done")
            lines.append(f"[ -s {ready} ]")
        elif command.runs:
            lines.append(command.line)
        else:
            continue
        lines.append(f"echo {number} $? >&3")
    return "\n".join([*lines, ""])


Codes = dict[Command, int]
NARROW = '[check]\nclauses = ["TTL-*", "ROT-*"]\nendpoints = ["path"]\n'
"""What is tested where a command does not say it: the lines are tried, not the whole contract each time."""


@pytest.fixture(scope="module")
def codes(tmp_path_factory: pytest.TempPathFactory) -> Codes:
    """The exit code of each line that was run, in one session of a shell."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "relayauth-contract.toml").write_text(NARROW)
    return ran([each for each in COMMANDS if not each.is_long], folder)


@pytest.fixture(scope="module")
def codes_in_full(tmp_path_factory: pytest.TempPathFactory) -> Codes:
    """The exit code of each line on the whole contract, in an empty folder."""
    return ran(COMMANDS, tmp_path_factory.mktemp("full"))


def ran(commands: list[Command], folder: Path) -> Codes:
    """Run the commands in one session of a shell; return the exit code of each that ended."""
    text = on_free_ports(script(commands))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with tempfile.TemporaryFile("w+") as codes, loopback.reserved():
        process = subprocess.Popen(
            ["bash", "-c", f"exec 3>&{codes.fileno()}\n{text}"],
            cwd=folder,
            env=environment({"PATH": path}),
            pass_fds=[codes.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(patience(180))
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        codes.seek(0)
        pairs = [line.split() for line in codes]
    return {commands[int(number)]: int(code) for number, code in pairs}


def test_readme_shows_commands() -> None:
    """Without a console block there would be nothing to try, and every test below would be content."""
    assert README.exists()
    assert blocks(README.read_text())
    assert OURS


@pytest.mark.parametrize(
    "command", [one for one in OURS if one.runs and not one.is_long], ids=lambda one: one.line
)
def test_a_command_that_readme_shows_ends_as_it_says(command: Command, codes: Codes) -> None:
    """What a reader can type without a deployment of their own works as it stands."""
    assert command in codes, "it did not end, or one before it did not"
    assert codes[command] == command.code


@pytest.mark.proof
def test_all_commands_that_readme_shows_end_as_they_say(codes_in_full: Codes) -> None:
    """The same of the whole contract, with what takes minutes."""
    assert codes_in_full == {one: one.code for one in COMMANDS if one.runs}


@pytest.mark.parametrize("command", OURS, ids=lambda one: one.line)
def test_a_command_that_readme_shows_is_understood(command: Command) -> None:
    """Of every command, also of those for a deployment of the reader's own, the options exist."""
    group = cli.main
    assert isinstance(group, click.Group)
    name, *words = command.words[1:]
    with click.Context(group, info_name=PROGRAM, **group.context_settings) as context:
        sent = name if name.startswith("-") else None
        known = group if sent else group.get_command(context, name)
        assert known is not None, f"no command {name}"
        with click.Context(known, parent=context, info_name=name) as inner:
            known.make_parser(inner).parse_args([*([sent] if sent else []), *words])


def test_readme_says_how_many_checks_there_are() -> None:
    """As many as the catalogue has clauses and endpoints."""
    number = sum(len(each.endpoints) or 1 for each in catalogue().clauses.values())
    assert f"Conforms: reference, {number} of {number} checks passed." in README.read_text()


def test_readme_is_run_on_free_ports() -> None:
    """A port that README gives a server is replaced wherever README names it, and nothing else is."""
    text = "serve --port 8799 &\ncheck http://127.0.0.1:8799 --rate 18799/s\n"
    serve, check = on_free_ports(text).splitlines()
    port = serve.split()[2]
    assert port != "8799"
    assert (serve, check) == (f"serve --port {port} &", f"check http://127.0.0.1:{port} --rate 18799/s")


@pytest.mark.parametrize(
    "goal", dict.fromkeys(word for one in COMMANDS if one.words[:1] == ["make"] for word in one.words[1:])
)
def test_a_goal_that_readme_names_can_be_made(goal: str) -> None:
    """`make` knows every goal that README names, and reads every variable."""
    pattern = rf"^{goal}:" if "=" not in goal else rf"^{goal.partition('=')[0]} *\?="
    assert re.search(pattern, (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_the_reader_of_readme_reads_prompts_variables_and_codes() -> None:
    """The rules by which README is read, on a text that has one line of each sort."""
    text = """
```console
$ export KEY=1
$ KEY=2 relayauth-contract check \\
    --level must
all of it
$ echo $?
2
$ relayauth-contract serve --port 0 &
$ relayauth-contract check https://staging.example
```
```sh
$ not ours
```
"""
    displayable = commands(text)
    assert [(one.line.split(), one.code) for one in displayable] == [
        (["export", "KEY=1"], 0),
        (["KEY=2", "relayauth-contract", "check", "--level", "must"], 2),
        (["relayauth-contract", "serve", "--port", "0", "&"], 0),
        (["relayauth-contract", "check", "https://staging.example"], 0),
    ]
    assert [(one.ours, one.serves, one.runs) for one in displayable] == [
        (False, False, True),
        (True, False, True),
        (True, True, True),
        (True, False, False),
    ]
