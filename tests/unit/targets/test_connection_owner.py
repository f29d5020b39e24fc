"""Which program is behind a request to the loopback default: a server of this run, or another one."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from contract.harness.jose import other_key, run_key
from contract.harness.targets import StubAnswer, StubRequest, socket_stubs
from contract.harness.targets.connection_owner import LAUNCH_MARK, launch_mark
from contract.harness.targets.processes import free_port
from contract.harness.targets.socket_stubs import SocketStubs
from tests.support.room import until

DAEMON = """
import os, sys, time, urllib.error, urllib.request
while os.getppid() == int(sys.argv[1]):
    time.sleep(0.01)
try:
    print(urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sys.argv[2]).status, end="")
except urllib.error.HTTPError as error:
    print(error.code, end="")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="connections of other programs are shown on Linux alone")
@pytest.mark.parametrize("ours", [True, False], ids=["of a server of this run", "of another program"])
def test_a_request_to_the_default_counts_if_this_run_started_its_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ours: bool
) -> None:
    """A daemon of the server is known by its mark; another program gets no keys, and is named."""
    port, answer = free_port(), tmp_path / "answer"
    monkeypatch.setattr(socket_stubs, "DEFAULT_PORT", port)
    if ours:
        monkeypatch.setenv(LAUNCH_MARK, launch_mark("daemon"))
    else:
        monkeypatch.delenv(LAUNCH_MARK, raising=False)
    # The shell ends, so nothing but its mark leads from the daemon to this process.
    script = f'"$0" -c "$1" $$ http://127.0.0.1:{port}/keys >"$2" &'
    with SocketStubs(run_key(), other_key())(StubAnswer.TRUE, StubAnswer.TRUE) as net:
        subprocess.run(["sh", "-c", script, sys.executable, DAEMON, str(answer)], check=True)
        until(lambda: answer.exists() and bool(answer.read_text()), what="the daemon has its answer")
    if ours:
        assert answer.read_text() == "200"
        assert net.request_log == [StubRequest("default", "GET", f"http://127.0.0.1:{port}/keys")]
        assert net.unobservable is None
    else:
        assert answer.read_text() == "503"
        assert net.request_log == []
        assert re.fullmatch(
            rf"another program \(python\S*, process \d+\) sends requests to http://127.0.0.1:{port}: "
            "end it and run again",
            str(net.unobservable),
        )
