"""No token, key or signature reaches any output, whatever fails and however it is reported."""

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reference_impl.mutants import mutants
from tests.support.command import KEY_VARIABLE, Check, patience, run_here
from tests.support.deployments import deployed
from tests.support.rows import rows

ROOT = Path(__file__).resolve().parents[2]
SECRET = re.compile(r"eyJ[\w-]{4,}|\brak_\w|\brelay_ws_\w|PRIVATE KEY")


def assert_clean(*texts: str) -> None:
    """Hold that no text holds what looks like a credential (the help's own `rak_...` does not)."""
    found = [match[0][:6] for text in texts for match in SECRET.finditer(text)]
    assert not found


@pytest.mark.parametrize(
    "mutant",
    [
        "NoCap",
        "PrefixIsLost",
        pytest.param("MarkIsANumber", marks=pytest.mark.proof),
        "VerifierFetchesItsOwnUrl",
        "RefreshReadsTheRequest",
    ],
)
def test_reports_of_a_broken_service_hold_no_secret(check: Check, tmp_path: Path, mutant: str) -> None:
    """Terminal, JSON and JUnit of a run with failures are clean."""
    broken = mutants()[mutant].breaks
    words = [word for clause in broken for word in ("--clause", clause)]
    said = check(f"mutant:{mutant}", *words, "--junit", str(tmp_path / "report.xml"))
    assert said.clauses("fail") == broken
    assert "to reproduce, first run:" in said.out or "--case" in said.out
    assert_clean(said.out, said.err, str(said.report), (tmp_path / "report.xml").read_text())


def test_reports_of_a_url_hold_no_secret(check: Check, tmp_path: Path) -> None:
    """A service that answers tokens where none belong does not get them into a report."""

    def leaky(method: str, path: str, status: int, body: bytes) -> tuple[int, dict[str, str], bytes] | None:
        leak = path in ("/v1/tokens/path", "/v1/tokens/refresh") and status < 300
        return (
            (418, {}, b'{"error": "' + body[:300].hex().encode() + b'", "code": ' + _first(body) + b"}")
            if leak
            else None
        )

    with deployed(leaky) as there:
        some = ("--clause", "TTL-0[1-4]", "--clause", "ROT-0[1-3]", "--clause", "SES-0[12]")
        said = check(there.url, *some, "--junit", str(tmp_path / "report.xml"), key=there.key)
    assert said.code == 1
    assert "418" in said.out
    assert_clean(said.out, said.err, str(said.report), (tmp_path / "report.xml").read_text())


def _first(body: bytes) -> bytes:
    """The access token of an answer, as JSON text."""
    return body[body.index(b'"accessToken":') + 14 :].split(b",")[0]


ECHOES: dict[str, Callable[[str], str]] = {
    "its signature": lambda token: token.rpartition(".")[2],
    "half its signature": lambda token: token.rpartition(".")[2][:171],
    "it, in base64": lambda token: base64.b64encode(token.encode()).decode(),
    "it, backwards quoted": lambda token: f"\\'{token}\\'",
}


@pytest.mark.parametrize("echo", rows(ECHOES, proof=("its signature", "it, backwards quoted")))
def test_what_a_service_makes_of_a_token_is_not_told(
    check: Check, tmp_path: Path, echo: Callable[[str], str]
) -> None:
    """In the error code, which reports repeat: no part of any token that it ever gave is in any output."""
    given: list[str] = []

    def leaky(method: str, path: str, status: int, body: bytes) -> tuple[int, dict[str, str], bytes] | None:
        if path == "/v1/tokens/path" and status == 201:
            given.append(json.loads(body)["refreshToken"])
        if path != "/v1/tokens/refresh" or not given:
            return None
        return 418, {}, json.dumps({"error": "no", "code": echo(given[-1])}).encode()

    with deployed(leaky) as there:
        said = check(there.url, "--junit", str(tmp_path / "report.xml"), "--clause", "ROT-0[13]",
                     "--endpoint", "path", key=there.key)  # fmt: skip
    assert said.code == 1
    assert "418 (" in said.out
    outputs = [said.out, said.err, json.dumps(said.report), (tmp_path / "report.xml").read_text()]
    assert_clean(*outputs)
    for token in given:
        told = echo(token)
        runs = [told[at : at + 40] for at in range(len(told) - 40)]
        assert not [run for run in runs if any(run in text for text in outputs)]


FAULT = """
import pytest
import contract.harness.client.token_pairs as evidence

@pytest.fixture(autouse=True)
def _broken(monkeypatch):
    def rotate(self, pair, **fields):
        held, key = pair.refresh, self.tenant.org_key
        text, opened = held.text, key.reveal()
        raise RuntimeError(f"a fault with {text} and {opened}")
    monkeypatch.setattr(evidence.Evidence, "rotate", rotate)
"""


@pytest.mark.proof
def test_tracebacks_of_a_fault_of_the_harness_hold_no_secret(tmp_path: Path) -> None:
    """pytest with all its talk on, on a fault that has a token in its message and in its locals, is clean."""
    (tmp_path / "planted.py").write_text(FAULT)
    with deployed() as there:
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", str(ROOT / "contract"), "--rootdir", str(ROOT), "-p", "planted",
             "-c", str(ROOT / "pyproject.toml"), "--target", there.url, "--clause", "ROT-01",
             "--clause", "TTL-04", "--endpoint", "path",
             "--showlocals", "--full-trace", "-rA", "--log-level=DEBUG", "--log-cli-level=DEBUG",
             f"--junitxml={tmp_path / 'junit.xml'}"],
            env=os.environ | {KEY_VARIABLE: there.key, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=patience(),
            check=False,
        )  # fmt: skip
    assert "a fault with" in ended.stdout
    assert ended.returncode == 2
    assert_clean(ended.stdout, ended.stderr, (tmp_path / "junit.xml").read_text())


ADDRESSES = {
    "a password": "https://somebody:hunter2@auth.test",
    "a user": "https://hunter2@auth.test/base",
    "a query": "https://auth.test/?key=hunter2",
    "a fragment": "https://auth.test/#hunter2",
    "behind a proxy": "proxy:CapIsAYear->https://somebody:hunter2@auth.test",
}


@pytest.mark.parametrize("address", ADDRESSES.values(), ids=ADDRESSES)
def test_a_credential_in_an_address_is_not_told(check: Check, address: str) -> None:
    """The address is refused in a sentence that does not repeat it, and no report names such a target."""
    said = check(address, key="rak_not-sent")
    assert (said.code, said.out, said.report) == (2, "", {})
    assert "leave out user name, password, query and fragment" in said.err
    assert "hunter2" not in said.err


def test_no_secret_is_on_a_command_line_or_in_the_help(tmp_path: Path) -> None:
    """The command takes names of variables and files, and its help shows no key."""
    ended = run_here(["check", "--help"], tmp_path, {})
    assert "--api-key-env" in ended.out
    assert "--api-key " not in ended.out
