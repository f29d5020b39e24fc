"""`serve`: what it says, what it keeps to itself, and how it ends."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from reference_impl.serve import serve
from tests.reference.test_reference_races import at_once
from tests.reference.world import environment, key
from tests.support.command import environment as surroundings
from tests.support.command import invoke, patience

ROOT = Path(__file__).resolve().parents[2]
RUN = [sys.executable, "-c", "from reference_impl.serve import serve; serve()"]
Serving = Callable[..., tuple[subprocess.Popen[str], dict[str, Any], str]]


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    """Start servers on free ports; each is told by its ready file, and ended after the test."""
    running: list[subprocess.Popen[str]] = []

    def start(*flags: str, **env: str) -> tuple[subprocess.Popen[str], dict[str, Any], str]:
        ready = tmp_path / f"ready-{len(running)}.json"
        running.append(
            subprocess.Popen(
                [*RUN, "--port", "0", "--ready-file", str(ready), *flags],
                env=surroundings(env), cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )
        )  # fmt: skip
        assert running[-1].stdout is not None
        line = running[-1].stdout.readline()  # it is written after the file, so this waits for both
        return running[-1], json.loads(ready.read_text()), line

    yield start
    for process in running:
        process.kill()
        process.communicate()


def fails(*flags: str, **env: str) -> str:
    """The sentence with which it refuses to start, in this process."""
    done = invoke(serve, flags, ROOT, env)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    return done.err


def key_file(file: Path, made: Any) -> Path:
    """A private key in a file."""
    pem = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(pem)
    return file


IDS = ("orgId", "workspaceId", "identityId")


def test_it_says_where_it_is_and_keeps_its_key_to_its_owner(serving: Serving, tmp_path: Path) -> None:
    """One line without a key; keys are in a file of mode 600, of an org and a workspace that it names."""
    process, ready, line = serving()
    file = tmp_path / "ready-0.json"
    assert ready.keys() == {"url", "pid", "apiKey", "workspaceToken", *IDS}
    assert (ready["pid"], stat.S_IMODE(file.stat().st_mode)) == (process.pid, 0o600)
    assert ready["url"] in line
    assert "rak_" not in line
    assert "relay_ws_" not in line
    body = {"workspaceId": "w", "paths": ["/a/*"]}
    headers = {"x-api-key": ready["apiKey"]}
    answer = httpx.post(ready["url"] + "/v1/tokens/workspace-path", json=body, headers=headers)
    assert (answer.status_code, answer.json()["accessToken"][:9]) == (201, "relay_pa_")
    headers = {"x-api-key": ready["workspaceToken"]}
    answer = httpx.post(
        ready["url"] + "/v1/tokens/agent", json={"agentId": ready["identityId"]}, headers=headers
    )
    assert (answer.status_code, answer.json()["workspaceId"]) == (201, ready["workspaceId"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_it_ends_cleanly_when_told_to(serving: Serving, number: signal.Signals) -> None:
    """Exit code 0, and nothing on stderr."""
    process, ready, _ = serving()
    assert httpx.get(ready["url"] + "/health").status_code == 200
    process.send_signal(number)
    _, err = process.communicate(timeout=patience())
    assert (process.returncode, err) == (0, "")


def test_it_honours_the_environment_of_a_launcher(serving: Serving) -> None:
    """Keys and API key from variables; without a public key the published set is empty."""
    made = f"rak_{os.urandom(12).hex()}"
    env = environment(RELAYAUTH_SIGNING_KEY_PEM_PUBLIC="  ", MY_KEY=made)
    _, ready, _ = serving("--api-key-env", "MY_KEY", **env)
    assert ready["apiKey"] == made
    assert httpx.get(ready["url"] + "/.well-known/jwks.json").json() == {"keys": []}


def test_flags_win_over_the_environment(serving: Serving, tmp_path: Path) -> None:
    """The key of --signing-key is published, not the environment's."""
    file = key_file(tmp_path / "key.pem", key(1).private)
    _, ready, _ = serving("--signing-key", str(file), **environment())
    (jwk,) = httpx.get(ready["url"] + "/.well-known/jwks.json").json()["keys"]
    _, other, _ = serving(**environment())
    assert [jwk] != httpx.get(other["url"] + "/.well-known/jwks.json").json()["keys"]


def test_two_servers_on_one_file_are_one_deployment(serving: Serving, tmp_path: Path) -> None:
    """Of twenty simultaneous refreshes over both, one wins."""
    env = environment(RELAYAUTH_CONTRACT_API_KEY=f"rak_{os.urandom(12).hex()}")
    servers = [serving("--db", str(tmp_path / "s.db"), **env) for _ in range(2)]
    urls = [ready["url"] for _, ready, _ in servers]
    body = {"workspaceId": "w", "paths": ["/a/*"]}
    headers = {"x-api-key": env["RELAYAUTH_CONTRACT_API_KEY"]}
    token = httpx.post(urls[0] + "/v1/tokens/workspace-path", json=body, headers=headers).json()[
        "refreshToken"
    ]
    asked = {"refreshToken": token}
    clients = [httpx.Client(base_url=urls[place % 2]) for place in range(20)]
    answers = at_once(*(lambda c=c: c.post("/v1/tokens/refresh", json=asked).status_code for c in clients))
    for client in clients:
        client.close()
    assert sorted(answers) == [200] + [401] * 19


@pytest.mark.parametrize(
    ("flags", "env", "word"),
    [(["--signing-key", "/nonexistent"], {}, "--signing-key"), (["--signing-key", "/"], {},
     "--signing-key"),
     ([], {"RELAYAUTH_CONTRACT_API_KEY": ""}, "RELAYAUTH_CONTRACT_API_KEY"),
     (["--api-key-env", "MINE"], {"MINE": "secret-word"}, "MINE"), ([], {"PORT": "²"}, "PORT"),
     ([], {"PORT": "99999"}, "PORT"), (["--db", "/nonexistent/x.db"], {}, "/nonexistent/x.db"),
     (["--port", "0", "--ready-file", "/nonexistent/r"], {}, "--ready-file"),
     ([], {"RELAYAUTH_SIGNING_KEY_PEM": "secret-word"}, "signing key")],
    ids=["no-key-file", "key-directory", "empty-api-key", "bad-api-key", "port-digit", "port-range",
     "no-db",
         "no-ready-file", "bad-key"],
)  # fmt: skip
def test_bad_input_is_told_in_one_sentence(flags: list[str], env: dict[str, str], word: str) -> None:
    """Exit code 2, no traceback, no secret."""
    said = fails(*flags, **env)
    assert word in said
    assert "secret-word" not in said


def test_a_process_that_can_not_serve_ends_with_one_sentence() -> None:
    """Exit code 2, nothing on standard output, and no traceback on standard error."""
    ended = subprocess.run(
        [*RUN, "--signing-key", "/nonexistent"], env=surroundings({}), cwd=ROOT, text=True,
        capture_output=True, check=False, timeout=patience(),
    )  # fmt: skip
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(
    "made",
    [lambda: rsa.generate_private_key(public_exponent=65537, key_size=1024),
     lambda: ec.generate_private_key(ec.SECP256R1())],
    ids=["too-small", "no-rsa"],
)  # fmt: skip
def test_a_key_that_cannot_sign_is_refused(tmp_path: Path, made: Callable[[], Any]) -> None:
    """RS256 wants RSA of at least 2048 bits (RFC 7518, section 3.3)."""
    assert "2048" in fails("--signing-key", str(key_file(tmp_path / "key.pem", made())))


def test_a_port_that_is_taken_is_told() -> None:
    """By its number."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert port in fails("--port", port)


def test_help_is_quick_to_load() -> None:
    """Neither the server nor the application is imported for it."""
    script = "import sys, reference_impl.serve; print({'uvicorn', 'starlette'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, text=True, capture_output=True, check=True
    )
    assert done.stdout == "set()\n"
