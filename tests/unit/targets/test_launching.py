"""A launched server: what it is given, its restart on one database, and how it is left running."""

import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from contract.harness.client import OwnOrg, Service
from contract.harness.errors import NotTried, UsageError
from contract.harness.jose import SigningKey, run_key
from contract.harness.spec import ENDPOINTS, routes
from contract.harness.targets import Connection, Launching, Target, connect
from contract.harness.targets.environment_proxies import PROXY_VARIABLES
from contract.harness.targets.launched import started
from contract.harness.targets.launcher import split_command

SERVE = f"exec:{Path(sys.executable).parent / 'relayauth-contract'} serve"
REFERENCE = "reference"
PROXIES = [spelled for name in PROXY_VARIABLES for spelled in (name, name.lower())]
TELL = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
json.dump(dict(os.environ), open(sys.argv[1], "w"))
class Ready(BaseHTTPRequestHandler):
    def do_GET(self): self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Ready).serve_forever()
"""


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of this machine takes part."""
    for name in (*PROXIES, "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


def environment_of(folder: Path, **env: str) -> dict[str, str]:
    """The environment that a launched command sees."""
    script, told = folder / "tell.py", folder / "told"
    script.write_text(TELL)
    target = Target("it", f"exec:{sys.executable} {script} {told}", launching=Launching(env=env))
    with connect(target):
        found: dict[str, str] = json.loads(told.read_text())
        return found


def test_a_server_runs_in_a_time_zone_with_daylight_saving(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever zone the machine has; a zone that is given by name counts."""
    monkeypatch.setenv("TZ", "UTC")
    assert environment_of(tmp_path)["TZ"] == "America/New_York"
    assert environment_of(tmp_path, TZ="Asia/Tokyo")["TZ"] == "Asia/Tokyo"


def test_a_server_asks_loopback_without_a_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stub stands for the machine's proxies; without them no variable names one."""
    plain = environment_of(tmp_path)
    assert plain["NO_PROXY"] == plain["no_proxy"] == "localhost,127.0.0.1,::1"
    assert not any(name in plain for name in PROXIES)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "db.internal,[::1]")
    behind = environment_of(tmp_path)
    assert behind["HTTPS_PROXY"].startswith("http://127.0.0.1:")
    assert behind["NO_PROXY"] == "localhost,127.0.0.1,::1,db.internal"


def test_a_certificate_file_that_is_not_there_is_not_inherited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would break every https client of the server."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nowhere"))
    assert "SSL_CERT_FILE" not in environment_of(tmp_path)


@pytest.fixture(
    params=[REFERENCE, SERVE, f"proxy:AnswersTwice->{REFERENCE}"], ids=["in process", "launched", "proxied"]
)
def connection(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """Each kind of target that can be restarted."""
    with connect(Target("it", request.param)) as opened:
        yield opened


def test_a_restart_keeps_the_database_and_nothing_else(connection: Connection) -> None:
    """A session lives on, a revoked one stays revoked, and the same service goes on with a new client."""
    with connection.restartable() as server:
        service = Service(server.connection)
        own_org = OwnOrg(service, None)
        own_org.open()
        mint = ENDPOINTS["workspace-path"]
        kept, revoked = own_org.pair(mint), own_org.pair(mint)
        assert service.revoke(own_org.org_key, sessionId=str(revoked.refresh.claims["sid"])).status == 204
        before = server.connection.http
        after = server.restart()
        assert after is server.connection.http
        assert after is not before
        assert before.is_closed
        assert service.refresh(revoked.refresh).status == 401
        assert service.refresh(kept.refresh).status == 200


def test_a_restartable_server_is_none_of_the_others(connection: Connection) -> None:
    """It has a database of its own, and ends with its block."""
    with connection.restartable() as server:
        own_org = OwnOrg(Service(server.connection), None)
        own_org.open()
        refresh = own_org.pair(ENDPOINTS["workspace-path"]).refresh
        assert Service(connection).refresh(refresh).status == 401
    assert server.connection.http.is_closed


def test_only_what_can_be_configured_can_be_restarted() -> None:
    """The reason says what is missing."""
    target = Target("it", "asgi:tests.unit.targets.asgi_app:app")
    with connect(target) as opened, pytest.raises(NotTried, match="needs env"):
        opened.restartable()


def test_a_second_client_has_connections_of_its_own(connection: Connection) -> None:
    """It reaches the same server and can be closed without an effect on the first."""
    with connection.second_http() as other:
        assert other is not connection.http
        assert other.get(routes.HEALTH).json() == {"status": "ok"}
    assert connection.http.get(routes.HEALTH).status_code == 200


def test_a_second_client_of_a_socket_opens_a_connection() -> None:
    """The server sees another port of the caller."""
    with connect(Target("it", SERVE)) as opened, opened.second_http() as other:
        ports = set()
        for http in (opened.http, other, opened.http):
            with http.stream("GET", routes.HEALTH) as response:
                stream = response.extensions["network_stream"]
                ports.add(stream.get_extra_info("client_addr"))
                response.read()
    assert len(ports) == 2


def test_a_server_is_started_as_check_starts_it() -> None:
    """Key, database, clock and environment; it runs until the block ends."""
    with started(Target("it", SERVE)) as server:
        assert httpx.get(server.url + "/health", trust_env=False).json() == {"status": "ok"}
        assert psutil.pid_exists(server.pid)
        assert server.environment["TZ"] == "America/New_York"
        assert Path(server.environment["RELAYAUTH_DB_PATH"]).exists()
        key = SigningKey.load(str(server.key_file))
        assert key.kid == run_key().kid
        assert stat.S_IMODE(server.key_file.stat().st_mode) == 0o600
        jwks: dict[str, Any] = httpx.get(server.url + routes.JWKS, trust_env=False).json()
        assert [each["kid"] for each in jwks["keys"]] == [key.kid]
        assert server.log.exists()
        if server.clock_stamp:
            assert float(server.clock_stamp.read_text()) > 0
    assert not psutil.pid_exists(server.pid)
    assert not server.key_file.exists()


WORDS: dict[str, list[str]] = {
    "plain": ["node", "server.js"],
    "a space in a word": ["C:\\Program Files\\node.exe", "a b"],
    "backslashes": ["C:\\x\\y.exe", "\\\\host\\share", "ends\\"],
    "quotation marks": ['say "hi"', 'a\\"b', 'a\\\\"b'],
    "a space and a last backslash": ["C:\\my files\\"],
    "an empty word": ["a", "", "b"],
    "tabs": ["a\tb", "c"],
}


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_a_command_is_split_as_windows_does(words: list[str]) -> None:
    """It is the inverse of how Python joins words for Windows."""
    assert split_command(subprocess.list2cmdline(words), "win32") == words


def test_a_path_of_windows_is_split_by_the_rules_of_its_platform() -> None:
    """A backslash is a character there, and escapes elsewhere."""
    command = r"C:\node\node.exe server.js"
    assert split_command(command, "win32") == [r"C:\node\node.exe", "server.js"]
    assert split_command("'a b' c", "linux") == ["a b", "c"]
    with pytest.raises(UsageError, match="No closing quotation"):
        split_command('node "server.js', "win32")
