"""Launches what goes wrong: each such command ends in a sentence that helps, with exit code 2, and fast."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.harness.errors import ContractError
from contract.harness.targets import Launching, Target, connect
from contract.harness.targets.processes import CONFIGURATION
from tests.support.command import patience
from tests.support.room import PORTS, PYTHON, Room
from tests.support.rows import rows

# Seconds until a server that answers nobody is given up: enough for it to start and to print, also on a busy
# machine. One that ends is not waited for any longer.
GIVEN_UP = 4
HANGS, ENDS = ("--ready-timeout", str(GIVEN_UP)), ("--ready-timeout", str(patience()))

COMES_TO_NOTHING = {
    "exits at once": (
        "import sys; print('no database today'); sys.exit(3)",
        ["ended with exit code 3 before it answered", "its last output:", "no database today"],
    ),
    "prints and dies": (
        "print(*(f'line {n}' for n in range(100)), sep='\\n', flush=True); os.kill(os.getpid(), 9)",
        ["ended with signal 9 before it answered", "line 85", "line 99"],
    ),
    "dies without a word": ("raise SystemExit(1)", ["ended with exit code 1", "it printed nothing"]),
    "hangs without listening": (
        "import time; print('thinking', flush=True); time.sleep(600)",
        [
            "nothing answered GET /health on port",
            f"within {GIVEN_UP} s",
            "listen on $PORT",
            "--ready-path",
            "thinking",
        ],
    ),
    "accepts and never answers": (
        "import os, socket, time; s = socket.create_server(('127.0.0.1', int(os.environ['PORT'])));"
        "time.sleep(600)",
        ["nothing answered GET /health on port", "it printed nothing"],
    ),
    "listens elsewhere": (
        "from http.server import *; s = HTTPServer(('127.0.0.1', 0), SimpleHTTPRequestHandler);"
        "print('listening on another port', flush=True); s.serve_forever()",
        ["nothing answered GET /health on port", "listening on another port"],
    ),
    "is always broken": (
        "import os\nfrom http.server import *\nclass Broken(BaseHTTPRequestHandler):\n"
        "    def do_GET(self): self.send_error(503)\n"
        "HTTPServer(('127.0.0.1', int(os.environ['PORT'])), Broken).serve_forever()",
        ["nothing answered GET /health on port", "503"],
    ),
    "is another program": (
        "import os\nfrom http.server import *\n"
        "HTTPServer(('127.0.0.1', int(os.environ['PORT'])), SimpleHTTPRequestHandler).serve_forever()",
        ["from GET /health, got 404"],
    ),
}


# Each of these is waited for until the time for a start is over.
NEVER_UP = ("hangs without listening", "accepts and never answers", "listens elsewhere", "is always broken")


@pytest.mark.parametrize(("server", "words"), rows(COMES_TO_NOTHING, proof=NEVER_UP))
def test_a_server_that_does_not_come_up_is_reported_with_its_last_output(
    room: Room, server: str, words: list[str]
) -> None:
    """The target is a problem, not a failure: exit code 2, how it ended, what it said and what to look at."""
    hangs = any(word.startswith("nothing answered") for word in words)
    run = room.check(room.script(server), "--clause", "TTL-03", *(HANGS if hangs else ENDS))
    assert run.code == 2, run.said
    assert [word for word in words if word not in run.said] == []
    assert run.target["verdict"] == "open"


def refusal(room: Room, target: str, cwd: str | None = None, **env: str) -> str:
    """What is said of a target that can't be opened."""
    launching = Launching(cwd=cwd, env={PORTS: str(room.ports), **env}, ready_timeout=patience())
    with pytest.raises(ContractError) as refused, connect(Target("it", target, launching=launching)):
        pass
    return str(refused.value)


def test_only_the_tail_of_the_output_is_shown(room: Room) -> None:
    """Of a long output the last lines are shown, and the first are not."""
    server, _ = COMES_TO_NOTHING["prints and dies"]
    said = refusal(room, room.script(server)).split()
    assert "85" in said
    assert "84" not in said


SECRETS = {
    "an API key": "rak_0123456789abcdef",
    "a workspace token": "relay_ws_0123456789abcdef",
    "a token": "relay_pa_eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZ2VudCJ9.c2lnbmF0dXJl",
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_last_words_are_scrubbed(room: Room, secret: str) -> None:
    """A credential that a dying server printed is shown as a fingerprint."""
    said = refusal(room, room.script(f"print('key is {secret}, good bye'); raise SystemExit(1)"))
    assert "good bye" in said
    assert secret[-12:] not in said


@pytest.mark.parametrize("lines", [0, 8, 40], ids="{} lines later".format)
def test_a_signing_key_in_the_last_words_is_scrubbed_whole(room: Room, lines: int) -> None:
    """The deployment's private key is not shown, not even the half of it that the tail would begin with."""
    server = (
        "key = os.environ['RELAYAUTH_SIGNING_KEY_PEM']; print(key);"
        f"open({str(room.folder / 'key')!r}, 'w').write(key);"
        f"print(*range({lines}), sep='\\n'); raise SystemExit(1)"
    )
    said = refusal(room, room.script(server))
    key = (room.folder / "key").read_text().splitlines()[1:-1]
    assert len(key) > 20
    assert [line for line in key if line in said] == []


def test_a_command_that_is_not_there_is_named(room: Room) -> None:
    """The word that could not be started, and a remedy."""
    said = refusal(room, "exec:no-such-command-anywhere --serve")
    assert "'no-such-command-anywhere' can't be started" in said
    assert "on the PATH?" in said


def test_a_file_that_may_not_be_executed_is_named(room: Room) -> None:
    """The word, and the system's reason."""
    file = room.folder / "server"
    file.write_text("#!/bin/sh\n")
    assert f"'{file}' can't be started: Permission denied" in refusal(room, f"exec:{file}")


MISSPELT = {
    "unbalanced quote": ("exec:node 'server.mjs", "can't be split into words: No closing quotation"),
    "no command": ("exec:", "names no command: write exec:COMMAND"),
    "blank command": ("exec:   ", "names no command: write exec:COMMAND"),
}


@pytest.mark.parametrize(("target", "words"), MISSPELT.values(), ids=MISSPELT)
def test_a_misspelt_command_is_refused(room: Room, target: str, words: str) -> None:
    """What is wrong with it is told before anything is started."""
    assert words in refusal(room, target)


def test_a_misspelt_command_is_exit_code_2(room: Room) -> None:
    """Bad usage is no verdict."""
    run = room.run("check", "exec:node 'server.mjs")
    assert run.code == 2
    assert "No closing quotation" in run.said


@pytest.mark.parametrize("name", ["nowhere", "a-file"])
def test_a_folder_that_is_not_there_is_named(room: Room, name: str) -> None:
    """A `--cwd` that does not exist or is a file is told as such, and the command is not blamed."""
    (room.folder / "a-file").touch()
    cwd = str(room.folder / name)
    said = refusal(room, f"exec:{PYTHON} -V", cwd=cwd)
    assert f"there is no folder {cwd!r} to start the command in: see --cwd" in said


@pytest.mark.parametrize("name", CONFIGURATION)
def test_a_variable_that_the_harness_chooses_is_refused(room: Room, name: str) -> None:
    """`--env` can't take from the clauses what they vary: it would pass them without a trial."""
    assert f"the variable {name} is set by the suite" in refusal(room, f"exec:{PYTHON} -V", **{name: "mine"})


@pytest.fixture
def taken() -> Iterator[int]:
    """A loopback port on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_server_whose_port_is_taken_is_told_with_its_reason(room: Room, taken: int) -> None:
    """A command with a fixed port that is taken ends, and its own complaint is shown."""
    server = f"import socket; socket.create_server(('127.0.0.1', {taken}))"
    assert "Address already in use" in refusal(room, room.script(server))


def test_the_port_stands_where_the_command_wants_it(room: Room) -> None:
    """`{port}` in the command is the port that is asked, and `--ready-path` what is asked for there."""
    server = (
        "import sys; from http.server import *\nclass Noting(BaseHTTPRequestHandler):\n"
        "    def do_GET(self): print(self.path, file=open('asked', 'a')); self.send_error(404)\n"
        "HTTPServer(('127.0.0.1', int(sys.argv[1])), Noting).serve_forever()"
    )
    run = room.run(
        "check", room.script(server) + " {port}", "--clause", "TTL-03", *ENDS, "--ready-path", "/up"
    )
    assert "from GET /health, got 404" in run.said, "it did not come up to be asked"
    assert (room.folder / "asked").read_text().splitlines()[0] == "/up"


DYING = """
import uvicorn
from reference_impl.app import create_app

app, asked = create_app(os.environ), 0

async def dying(scope, receive, send):
    global asked
    asked += scope["type"] == "http"
    if asked > 20:
        print("out of memory with rak_0123456789abcdef", flush=True)
        os._exit(7)
    await app(scope, receive, send)

uvicorn.run(dying, port=int(os.environ["PORT"]), log_level="error")
"""


def test_a_server_that_dies_in_the_middle_is_no_failure_of_the_contract(room: Room) -> None:
    """What was tried before stands; the rest are errors, the first of which tells how the server ended."""
    run = room.check(room.script(DYING), "--clause", "TTL-0[1-3]")
    assert run.code == 2, run.said
    assert run.clauses("fail") == set()
    assert "TTL-03" in run.clauses("error")
    told = [why for why in run.whys("error") if "the server ended with exit code 7" in why]
    assert told
    assert sum("its last output: out of memory with <secret " in why for why in told) == 1
    assert "rak_0123456789abcdef" not in run.said + str(run.report)
    assert run.target["leftovers"] == [], "what a dead server held is gone with it"


def test_a_command_is_split_as_a_shell_splits_it(room: Room, tmp_path: Path) -> None:
    """Quoted words with blanks in them stay whole."""
    folder = tmp_path / "my server"
    folder.mkdir()
    (folder / "it's.py").write_text("raise SystemExit('found it')")
    assert "found it" in refusal(room, f'exec:{PYTHON} "{folder}/it\'s.py"')
