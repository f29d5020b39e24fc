"""How a failure is shown again: as curl, as curl with a decoded lifetime, or by the command itself."""

import base64
import json
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from contract.harness.client import Request, Response
from contract.harness.jose import Token, read_token
from contract.harness.reports.curl import lines
from contract.harness.reports.first_run import preamble
from contract.harness.reports.reproduction import Again, reproduction
from contract.harness.run import CaseResult, ClauseResult
from reference_impl.mutants import mutants
from tests.support.command import run_here
from tests.support.fakes import unsigned

CHECK = "relayauth-contract check 'exec:npm start' --cwd api"
LAUNCHED = Again(CHECK, start="start it")


def token(**claims: object) -> str:
    """An unsigned token with a lifetime."""
    return unsigned({"token_type": "refresh", "iat": 1000, "exp": 1000, **claims})


def mint(status: int = 201, **tokens: str) -> Response:
    """A mint, and the pair that it gave."""
    request = Request("POST", "/v1/tokens/path", {"paths": ["/a/*"]}, 0.0)
    return Response(request, status, {}, json.dumps(tokens).encode(), 0.0)


def refresh(presented: Token | str) -> Response:
    """A refresh that was refused."""
    request = Request("POST", "/v1/tokens/refresh", {"refreshToken": presented}, 0.0)
    return Response(request, 500, {}, b"{}", 0.0)


def failed(
    clause: str, *transcript: Response, why: str = "it was wrong", case: str = "test_it[a b]"
) -> ClauseResult:
    """A clause that failed."""
    row = CaseResult(clause, "path", case, "fail", why, 0.0, transcript)
    return ClauseResult(clause, "path", "fail", why, (row,))


CASE = f"{CHECK} --clause %s --endpoint path --case 'test_it[a b]' -v"


def test_what_curl_can_send_is_curl_alone() -> None:
    """A person needs nothing but a shell."""
    (line,) = reproduction(failed("TTL-01", mint()), LAUNCHED)
    assert line.startswith("curl ")


@pytest.mark.parametrize("clause", ["CLK-01", "JWKS-05", "SEC-04"])
def test_what_needs_clock_configuration_or_key_is_sent_by_the_command(clause: str) -> None:
    """No curl line can move a clock, start a server otherwise, or forge a token."""
    assert reproduction(failed(clause, mint()), LAUNCHED) == [CASE % clause]


def test_what_a_person_would_have_to_complete_is_sent_by_the_command_too() -> None:
    """The curl lines tell what was sent; the last line sends it."""
    *told, last = reproduction(failed("SES-01", refresh(read_token(token()))), LAUNCHED)
    assert told[0].startswith("REFRESH_TOKEN=...")
    assert last == CASE % "SES-01"


def test_a_target_inside_the_command_is_reached_by_the_command_alone() -> None:
    """The bundled server is the reference, and no mutant of it."""
    assert reproduction(failed("TTL-01", mint()), Again("relayauth-contract check mutant:NoCap"))[
        -1
    ].startswith("relayauth-contract check mutant:NoCap --clause TTL-01")
    assert len(reproduction(failed("TTL-01", mint()), Again("x", bundled=True))) == 1


@pytest.mark.parametrize(
    ("again", "line"),
    [
        (LAUNCHED, "start it"),
        (Again("x", url="https://a.example/b c"), "export RELAYAUTH_URL='https://a.example/b c'"),
        (Again("x", bundled=True), "export RELAYAUTH_URL=http://127.0.0.1:8787  # the address of"),
        (Again("x"), "RELAYAUTH_URL=...  # the target runs inside the command"),
    ],
    ids=["launched", "a URL", "the reference", "in process"],
)
def test_the_address_is_that_of_the_target(again: Again, line: str) -> None:
    """Not the one of the bundled server, unless that is what was tested."""
    commands = reproduction(failed("TTL-01", mint()), again)
    assert preamble(again.address, again.api_key_envs, commands)[0].startswith(line)


def test_nothing_is_to_be_set_for_lines_that_send_nothing_by_hand() -> None:
    """A case that the command sends needs no address and no key."""
    commands = reproduction(failed("CLK-01"), LAUNCHED)
    assert preamble(LAUNCHED.address, LAUNCHED.api_key_envs, commands) == []


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
@pytest.mark.parametrize(
    ("why", "seconds"),
    [("exp - iat was 60 s", 60), ("exp - iat of the access token was 30 s", 30)],
    ids=["refresh", "access"],
)
def test_a_wrong_lifetime_is_decoded(tmp_path: Path, why: str, seconds: int) -> None:
    """The last line prints `exp - iat` of the token that the failure is about, as a shell runs it."""
    pair = {"accessToken": token(exp=1030), "refreshToken": f"relay_pa_{token(exp=1060)}"}
    first, shown = reproduction(failed("TTL-02", mint(201, **pair), why=why), LAUNCHED)
    assert first.startswith("PAIR=$(curl ")
    (tmp_path / "pair").write_text(json.dumps(pair))
    script = f"PAIR=$(cat pair)\n{shown}\n"
    ended = subprocess.run(["bash", "-ec", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ended.stdout.split() == [str(seconds)]


def test_a_lifetime_is_decoded_only_where_a_pair_came_back() -> None:
    """A refused mint has no token to decode."""
    assert len(lines([mint(400)], "refreshToken")) == 1


def test_the_line_of_a_case_sends_that_case_alone(tmp_path: Path) -> None:
    """What is printed below a failure is a command that fails in the same way."""
    name = next(name for name, mutant in mutants().items() if mutant.breaks == {"ROT-05"})
    first = run_here(["check", f"mutant:{name}", "--clause", "ROT-05", "--endpoint", "agent"], tmp_path, {})
    line = next(line.strip() for line in first.out.splitlines() if "--case" in line)
    again = run_here(shlex.split(line)[1:], tmp_path, {})
    assert again.code == 1, again.said
    assert again.out.startswith("1 case\n")
    assert "    > POST /v1/tokens/refresh" in again.out
    assert "eyJ" not in again.out


def test_no_token_is_in_any_line() -> None:
    """Not in the curl lines, and not in the case that is named."""
    secret = token(sub="canary")
    told = "\n".join(reproduction(failed("SES-01", refresh(secret), case=f"test_it[{secret}]"), LAUNCHED))
    assert secret not in told
    assert base64.urlsafe_b64encode(b'{"sub"').decode().rstrip("=") not in told
