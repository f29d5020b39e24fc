"""Two worker processes on one SQLite file: what holds for one of them holds for both together."""

import contextlib
import json
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from contract.harness.jose import SigningKey, read_token
from tests.support.command import COMMAND, KEY_VARIABLE, environment, patience

API_KEY = "rak_" + "0123456789abcdef" * 2
ROUNDS = [2, 5, 10, 25, 25, 25]


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[httpx.Client]]:
    """A client for each of two processes that share a key, an org API key and a database."""
    room = tmp_path_factory.mktemp("workers")
    (room / "key.pem").write_text(SigningKey.generate().private_pem)
    with contextlib.ExitStack() as stack:
        yield [_started(stack, room, number) for number in range(2)]


def _started(stack: contextlib.ExitStack, room: Path, number: int) -> httpx.Client:
    ready = room / f"ready-{number}.json"
    command = [COMMAND, "serve", "--port", "0", "--db", str(room / "state.db")]
    command += ["--signing-key", str(room / "key.pem"), "--ready-file", str(ready)]
    env = environment({KEY_VARIABLE: API_KEY})
    process = stack.enter_context(subprocess.Popen(command, env=env, cwd=room, stderr=subprocess.DEVNULL))
    stack.callback(process.terminate)
    url = _told(process, ready)["url"]
    return stack.enter_context(httpx.Client(base_url=url, timeout=patience()))


def _told(process: "subprocess.Popen[bytes]", ready: Path) -> dict[str, Any]:
    """What the ready file says, as soon as there is one."""
    waiting = threading.Event()
    until = time.monotonic() + patience()
    while time.monotonic() < until:
        if ready.exists() and (text := ready.read_text()):
            told: dict[str, Any] = json.loads(text)
            return told
        assert process.poll() is None
        waiting.wait(0.05)
    raise AssertionError("the server did not come up")


def post(client: httpx.Client, path: str, body: dict[str, Any]) -> httpx.Response:
    """Ask with the org API key that both know."""
    return client.post(path, json=body, headers={"x-api-key": API_KEY})


@pytest.mark.parametrize(
    "number", ROUNDS, ids=[f"round {n}: {size} at once" for n, size in enumerate(ROUNDS)]
)
def test_of_refreshes_at_both_workers_at_most_one_wins(workers: list[httpx.Client], number: int) -> None:
    """One refresh token, redeemed at both at the same moment: one winner, no 5xx, and no live descendant."""
    body = {"workspaceId": "ws_1", "paths": ["/a/*"], "refreshTokenTtlSeconds": 3600}
    minted = post(workers[0], "/v1/tokens/workspace-path", body).json()
    barrier = threading.Barrier(number)

    def redeem(place: int) -> httpx.Response:
        client = workers[place % 2]
        client.get("/health")
        barrier.wait(patience())
        return client.post("/v1/tokens/refresh", json={"refreshToken": minted["refreshToken"]})

    with ThreadPoolExecutor(number) as pool:
        answers = list(pool.map(redeem, range(number)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: number - 1}
    (won,) = (answer.json() for answer in answers if answer.status_code == 200)
    for client in workers:
        assert (
            client.post("/v1/tokens/refresh", json={"refreshToken": won["refreshToken"]}).status_code == 401
        )


@pytest.mark.parametrize("turn", range(4))
def test_what_one_worker_revoked_the_other_does_not_renew(workers: list[httpx.Client], turn: int) -> None:
    """Refresh at one and revoke at the other at once: what the refresh gave is dead afterwards at both."""
    body = {"workspaceId": "ws_1", "paths": ["/a/*"]}
    minted = post(workers[0], "/v1/tokens/workspace-path", body).json()
    barrier = threading.Barrier(2)

    def renew() -> httpx.Response:
        barrier.wait(patience())
        return workers[turn % 2].post("/v1/tokens/refresh", json={"refreshToken": minted["refreshToken"]})

    def revoke() -> httpx.Response:
        barrier.wait(patience())
        session = str(read_token(minted["accessToken"]).claims["sid"])
        return post(workers[(turn + 1) % 2], "/v1/tokens/revoke", {"sessionId": session})

    with ThreadPoolExecutor(2) as pool:
        renewed, revoked = (each.result() for each in (pool.submit(renew), pool.submit(revoke)))
    assert revoked.status_code == 204
    newest = renewed.json() if renewed.status_code == 200 else minted
    for client in workers:
        assert (
            client.post("/v1/tokens/refresh", json={"refreshToken": newest["refreshToken"]}).status_code
            == 401
        )
        bearer = {"authorization": f"Bearer {newest['accessToken']}"}
        assert client.get("/v1/identities/agent_nobody", headers=bearer).status_code == 401
