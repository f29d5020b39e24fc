"""Every clause that fails says so: a report of each, in each form, with commands that a shell can read."""

import io
import json
import re
import shlex
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from rich.console import Console

from contract.harness.checks import PROVOCATIONS
from contract.harness.cli.main import main
from contract.harness.client import Raw, Request, Response
from contract.harness.jose import Token, read_token
from contract.harness.reports import curl
from contract.harness.reports.first_run import preamble
from contract.harness.reports.reproduction import Again
from contract.harness.reports.terminal import show
from contract.harness.run import CaseResult, ClauseResult, TargetReport
from contract.harness.spec import catalogue
from reference_impl.mutants import mutants
from tests.support.fakes import unsigned
from tests.support.rows import rows

# That each clause has a mutant is tested where the proof is.
BITES = {
    clause: min(broken_by)
    for clause in catalogue().clauses
    if (broken_by := [name for name, mutant in mutants().items() if clause in mutant.breaks])
}


# `make test` tries one of each chapter, a should among them.
SOME = frozenset({"TTL-02", "ROT-08", "META-03", "CLK-05", "JWKS-09", "SES-07", "REV-02", "SEC-06", "API-01"})


@pytest.mark.parametrize(
    ("clause", "mutant"), rows({each[0]: each for each in BITES.items()}, proof=BITES.keys() - SOME)
)
def test_a_failure_of_each_clause_is_told(tmp_path: Path, clause: str, mutant: str) -> None:
    """Terminal, JSON and JUnit name it alike; a should is told too, and breaks nothing."""
    files = {option: tmp_path / option for option in ("json", "junit")}
    words = [f"mutant:{mutant}", "--clause", clause]
    ended = CliRunner().invoke(main, ["check", *words, *(f"--{name}={path}" for name, path in files.items())])
    must = catalogue()[clause].level == "must"
    assert ended.exit_code == (1 if must else 0), ended.output
    said = "failed: " if must else "failed (a recommendation): "
    assert said + catalogue()[clause].title in ended.output
    whys = {row["why"] for row in json.loads(files["json"].read_text())["targets"][0]["results"]
            if row["outcome"] == "fail"}  # fmt: skip
    assert whys
    assert all(why.partition(" (and ")[0] in ended.output for why in whys)
    # JUnit has an entry for each case, the row one sentence for all of them.
    failures = {
        each.get("message", "").partition(" (and ")[0]
        for each in ElementTree.parse(files["junit"]).iter("failure")
    }
    if must:
        assert {why.partition(" (and ")[0] for why in whys} <= failures
    else:
        assert not failures


BODIES = {name: body for name, (_, _, body) in PROVOCATIONS.items()} | {
    "a token in no JSON": Raw(('{"refreshToken": "', read_token(unsigned({"token_type": "refresh"})), '"')),
    "a list": [{"a": None}],
    "quotes": {"it's": 'a "quote" and a $HOME'},
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_whatever_was_sent_a_shell_can_read_the_command(body: object) -> None:
    """One line each, short enough to be read, with a variable for each token."""
    response = Response(Request("POST", "/v1/tokens/refresh", body, 0.0), 500, {}, b"", 0.0)
    *_, line = curl.lines([response])
    assert line.isprintable()
    assert len(line) < 600
    assert shlex.split(line, comments=True)[:4] == ["curl", "-sS", "-X", "POST"]
    assert "eyJ" not in line


def test_a_token_in_a_body_that_is_no_json_becomes_a_variable() -> None:
    """The shell puts it back: outside the single quotes."""
    response = Response(
        Request("POST", "/v1/tokens/refresh", BODIES["a token in no JSON"], 0.0), 500, {}, b"", 0
    )
    *_, line = curl.lines([response])
    assert line.endswith("""-d '{"refreshToken": "'"$REFRESH_TOKEN"'"'""")


def answered(body: object, pair: str | None = None, bearer: Token | None = None) -> Response:
    """An answer to a refresh, or to a bearer, that gave the tokens of `pair`."""
    given = {f"{kind}Token": token_of(pair, kind).text for kind in ("access", "refresh")} if pair else {}
    path = "/v1/identities/a" if bearer else "/v1/tokens/refresh"
    sent = Request("GET" if bearer else "POST", path, body, 0.0, bearer=bearer)
    return Response(sent, 200, {}, json.dumps(given).encode(), 0.0)


def token_of(pair: str, kind: str) -> Token:
    """One token of a pair."""
    return read_token(unsigned({"token_type": kind, "jti": f"{pair}-{kind}"}))


def test_each_command_presents_the_token_that_was_presented() -> None:
    """A replay is told as one: of several pairs each keeps its own variables."""
    first, second = token_of("first", "refresh"), token_of("second", "access")
    transcript = [
        answered({"refreshToken": "given"}, "first"),
        answered({"refreshToken": first}, "second"),
        answered(None, bearer=second),
        answered({"refreshToken": first}),
    ]
    lines = curl.lines(transcript)
    assert [line.partition("=")[0] for line in lines if "=$(" in line] == [
        "PAIR", "REFRESH_TOKEN_1", "PAIR", "ACCESS_TOKEN_2",
    ]  # fmt: skip
    assert lines[-2].endswith('-H "authorization: Bearer $ACCESS_TOKEN_2"')
    assert "$REFRESH_TOKEN_1" in lines[-1]
    assert "=..." not in "".join(lines)


def test_a_token_that_no_command_gives_is_asked_for() -> None:
    """Whoever repeats it is told what to put into the variable."""
    lines = curl.lines([answered({"refreshToken": token_of("another", "refresh")})])
    assert lines[0] == "REFRESH_TOKEN=...  # of a live pair"


def test_a_body_in_a_file_is_told_before_the_command_that_keeps_its_pair() -> None:
    """A note behind the command would hide the end of what keeps its answer."""
    first = token_of("first", "refresh")
    lines = curl.lines([answered(Raw(("[" * 500,)), "first"), answered({"refreshToken": first})])
    assert lines[0] == "# body: a file of 500 bytes that begin '[[[[[[[[[[[['"
    assert subprocess.run(["bash", "-n"], input="\n".join(lines), text=True, check=False).returncode == 0


STRANGE = [
    "x;touch y;#!#",
    "$(touch y)",
    "`touch y`",
    "a b",
    "{a,b}[1-3]",
    "\\",
    '"',
    "\ud800",
    "\u202e\x9b\u2028",
]


@pytest.mark.parametrize("strange", STRANGE, ids=ascii)
def test_whatever_a_service_calls_a_thing_a_shell_only_sends_it(strange: str) -> None:
    """In a path it is written as in a URL, in a body as in JSON: no sign of it means anything else."""
    path = Response(Request("POST", f"/v1/api-keys/{strange}/revoke", None, 0.0), 500, {}, b"", 0.0)
    (line,) = curl.lines([path])
    assert re.fullmatch(r'"\$RELAYAUTH_URL/v1/api-keys/[\w%.~-]+/revoke"', line.split(" ")[-1], re.ASCII)
    (line,) = curl.lines([answered({"sessionId": strange})])
    assert line.isascii()
    assert json.loads(shlex.split(line)[-1]) == {"sessionId": strange}


def test_a_text_that_looks_like_a_variable_is_none() -> None:
    """A service that calls a thing `$API_KEY` is not sent the key."""
    (line,) = curl.lines([answered({"sessionId": "$API_KEY"})])
    assert json.loads(shlex.split(line)[-1]) == {"sessionId": "$API_KEY"}
    assert preamble("export RELAYAUTH_URL=x", ("KEY", None), [line])[1:] == []


def test_a_secret_in_a_path_is_not_told() -> None:
    """A service may call a thing by what is nobody's business."""
    for secret in ("relay_ws_0123456789abcdef", unsigned({"sub": "agent_a"})):
        response = Response(Request("POST", f"/v1/api-keys/{secret}/revoke", None, 0.0), 500, {}, b"", 0.0)
        assert secret not in "".join(curl.lines([response]))


def said_of(*verdicts: ClauseResult) -> str:
    """What the terminal shows of a target with these verdicts."""
    out = Console(record=True, width=110, file=io.StringIO())
    show(out, TargetReport("a target", "exec", results=[*verdicts]), Again("relayauth-contract check a"))
    return out.export_text()


def untold(clause: str, why: str) -> ClauseResult:
    """A clause that could not be tried."""
    return ClauseResult(
        clause, "path", "error", why, (CaseResult(clause, "path", "a case", "error", why, 0.0),)
    )


def test_one_reason_for_many_errors_is_told_once() -> None:
    """Whoever reads it at night sees the reason, and not its hundred echoes."""
    text = said_of(*(untold(clause, "nobody answered") for clause in ("TTL-01", "TTL-02", "ROT-01")))
    assert text.count("nobody answered") == 1
    assert "error: TTL-01, TTL-02, ROT-01 - nobody answered" in text


def test_an_error_with_a_reason_of_its_own_is_told_in_full() -> None:
    """With the clause's words, so that it is seen what is unknown."""
    text = said_of(untold("TTL-01", "nobody answered"), untold("TTL-02", "half an answer"))
    assert f"TTL-02 at path ended in an error: {catalogue()['TTL-02'].title}" in text
    assert catalogue()["TTL-02"].text[:60] in text
    assert "half an answer" in text
