"""Services that answer badly get one sentence and the right exit code; the rest of the report stays whole."""

import json
import socket
from typing import Any

import pytest

from contract.harness.spec import ENDPOINTS, catalogue
from tests.support.command import Check
from tests.support.deployments import Spoil, deployed
from tests.support.rows import rows

Bent = tuple[int, dict[str, str], bytes] | None
JSON = {"content-type": "application/json"}


def always(status: int, headers: dict[str, str], body: bytes) -> Spoil:
    """Answer everything alike."""
    return lambda *_: (status, headers, body)


HOPELESS = {
    "HTML": (always(200, {"content-type": "text/html"}, b"<h1>Hello</h1>"), "not with JSON"),
    "a redirect": (
        always(302, {"location": "https://elsewhere.example/"}, b""),
        "redirects to https://elsewhere",
    ),
    "garbage": (always(200, JSON, b"{"), "not with JSON"),
    "another JSON": (always(200, JSON, b'{"status": "sad"}'), "expected 200 and status"),
    "500": (always(500, JSON, b'{"error": "x"}'), "500"),
    "503": (always(503, JSON, b'{"error": "x"}'), "gateway"),
    "429 and a long wait": (always(429, {"retry-after": "3600"}, b""), "asks to wait 3600 s"),
}


@pytest.mark.parametrize(
    ("spoil", "sentence"), rows(HOPELESS, proof=("garbage", "another JSON", "500", "503", "a redirect"))
)
def test_what_is_no_relayauth_leaves_no_verdict(check: Check, spoil: Spoil, sentence: str) -> None:
    """Exit code 2 and one sentence that names what came, without a traceback."""
    with deployed(spoil) as there:
        said = check(there.url, "--ready-timeout", "0.1", key=there.key)
    assert said.code == 2
    assert said.target["verdict"] == "open"
    assert sentence in said.target["problem"]
    assert said.target["problem"] in said.out
    assert "Traceback" not in said.out + said.err


def test_nobody_listens(check: Check) -> None:
    """A refused connection is no verdict, and says so."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    said = check(f"http://127.0.0.1:{port}", "--ready-timeout", "0.1", key="rak_nobody-listens")
    assert said.code == 2
    assert "no answer" in said.target["problem"]


def test_a_refused_key_is_named_by_its_variable(check: Check) -> None:
    """A key that the service does not know ends the run before anything was made."""
    with deployed() as there:
        said = check(there.url, key="rak_unknown-to-the-service")
        sent = list(there.wall.request)
    assert said.code == 2
    assert "RELAYAUTH_CONTRACT_API_KEY is refused with 401 (invalid_api_key)" in said.target["problem"]
    assert not any(line.startswith("POST") for line in sent)


def test_a_short_wait_is_waited(check: Check) -> None:
    """A 429 with a Retry-After of a second is waited out, and the verdict stands."""
    seen: list[str] = []

    def once(method: str, path: str, _status: int, _body: bytes) -> Bent:
        seen.append(path)
        first = path == "/v1/tokens" and seen.count(path) == 1
        return (429, {"retry-after": "1"}, b"") if first else None

    with deployed(once) as there:
        said = check(there.url, "--clause", "TTL-03", key=there.key)
    assert said.code == 0
    assert said.outcomes("TTL-03")["identity"] == "pass"


def spoilt_mint(body: bytes, status: int = 201) -> Spoil:
    """Bend what /v1/tokens answers, and nothing else."""

    def spoil(method: str, path: str, _status: int, _body: bytes) -> Bent:
        return (status, JSON, body) if path == "/v1/tokens" else None

    return spoil


BROKEN = {
    "no JSON": (spoilt_mint(b"{"), "not JSON"),
    "a list": (spoilt_mint(b"[]"), "JSON list"),
    "tokens that are no JWT": (
        spoilt_mint(json.dumps({"accessToken": "a.b", "refreshToken": 7}).encode()),
        "accessToken to be an RS256 JWT",
    ),
    "500": (spoilt_mint(b"{}", 500), "the contract requires 201; got 500"),
    "200": (spoilt_mint(b"{}", 200), "the contract requires 201; got 200"),
}


@pytest.mark.parametrize(("spoil", "sentence"), BROKEN.values(), ids=BROKEN)
def test_a_bad_answer_of_one_endpoint_is_its_failure_alone(check: Check, spoil: Spoil, sentence: str) -> None:
    """The endpoint that answers wrongly fails; the other three are judged as ever."""
    with deployed(spoil) as there:
        said = check(there.url, "--clause", "TTL-03", key=there.key)
    assert said.code == 1
    assert said.outcomes("TTL-03") == {
        "identity": "fail",
        "agent": "pass",
        "path": "pass",
        "workspace-path": "pass",
    }
    (why,) = said.whys("fail")
    assert sentence in why


def test_a_gateway_before_the_service_is_no_failure_of_it(check: Check) -> None:
    """502 from one endpoint is an error, so there is no verdict; the rest of the report is whole."""
    with deployed(spoilt_mint(b"", 502)) as there:
        said = check(there.url, "--clause", "TTL-03", key=there.key)
    assert said.code == 2
    assert said.outcomes("TTL-03")["identity"] == "error"
    assert said.outcomes("TTL-03")["path"] == "pass"


def test_a_failure_beside_an_error_is_a_broken_contract(check: Check) -> None:
    """With failures and errors both, the exit code is 1."""

    def both(method: str, path: str, status: int, body: bytes) -> Bent:
        if path == "/v1/tokens":
            return 502, JSON, b""
        return (500, JSON, b"{}") if path == "/v1/tokens/workspace-path" else None

    with deployed(both) as there:
        said = check(there.url, "--clause", "TTL-03", key=there.key)
    assert said.code == 1
    assert set(said.outcomes("TTL-03").values()) == {"error", "pass", "fail"}


SCOPELESS: dict[str, tuple[str, set[str], str]] = {
    "no identities": ("relayauth:identity:manage:*", {"identity", "agent"}, "relayauth:identity:manage:*"),
    "no keys": (
        "relayauth:api-key:manage:*",
        {"agent", "path", "workspace-path"},
        "relayauth:api-key:manage:*",
    ),
    "no tokens": ("relayauth:token:manage:*", {"identity", "agent", "path"}, "relayauth:token:create:*"),
    "no files": (
        "relayfile:fs:write:/relayauth-contract/*",
        {"path", "workspace-path"},
        "relayfile:fs:write:/relayauth-contract/*",
    ),
}


@pytest.mark.parametrize(("missing", "closed", "named"), SCOPELESS.values(), ids=SCOPELESS)
def test_a_key_without_a_scope_closes_the_endpoints_that_need_it(
    check: Check, missing: str, closed: set[str], named: str
) -> None:
    """The endpoints that need the scope are not tried, and the reason names it; the rest is judged."""
    from tests.support.deployments import SCOPES

    with deployed(scopes=[scope for scope in SCOPES if scope != missing]) as there:
        said = check(there.url, "--clause", "TTL-03", key=there.key)
    outcomes = said.outcomes("TTL-03")
    assert {endpoint for endpoint, outcome in outcomes.items() if outcome == "not_tried"} == closed
    assert {outcome for endpoint, outcome in outcomes.items() if endpoint not in closed} <= {"pass"}
    assert any(named in why for why in said.whys("not_tried"))
    assert said.code == (0 if set(outcomes) - closed else 2)


def test_a_should_that_is_not_kept_does_not_change_the_exit_code(check: Check) -> None:
    """TTL-07 is reported as a failure, and the contract holds."""
    said = check("mutant:TextByItsPrefix", "--clause", "TTL-0[37]")
    assert said.code == 0
    assert set(said.outcomes("TTL-07").values()) == {"fail"}
    assert "failed (a recommendation)" in said.out


def test_strict_leaves_the_verdict_open_where_a_must_was_not_tried(check: Check) -> None:
    """The same run is 0 without --strict and 2 with it."""
    with deployed() as there:
        codes = [
            check(there.url, "--clause", "TTL-03", "--clause", "CLK-01", *more, key=there.key).code
            for more in ((), ("--strict",))
        ]
    assert codes == [0, 2]


def test_only_untried_clauses_are_no_verdict(check: Check) -> None:
    """A run in which nothing could be tried holds nothing."""
    with deployed() as there:
        said = check(there.url, "--clause", "CLK-01", key=there.key)
    assert said.code == 2
    assert set(said.outcomes("CLK-01").values()) == {"not_tried"}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_one_endpoint_is_judged_by_all_its_clauses_and_no_other(check: Check, endpoint: str) -> None:
    """--endpoint leaves exactly the clauses that are about it, and the verdict is about them."""
    said = check("--endpoint", endpoint, "--clause", "ROT-*", "--clause", "JWKS-08")
    about = {each.id for each in catalogue().clauses.values() if endpoint in each.endpoints}
    assert said.code == 0
    assert {row["endpoint"] for row in said.target["results"]} == {endpoint}
    assert {row["clause"] for row in said.target["results"]} == {
        each for each in about if each.startswith("ROT")
    }


USAGE: dict[str, tuple[list[str], dict[str, Any], str]] = {
    "unknown target": (["nowhere"], {}, "'nowhere' is not a target"),
    "unknown clause": (["--clause", "XYZ-1"], {}, "matches no clause"),
    "unknown endpoint": (["--endpoint", "nowhere"], {}, "nowhere"),
    "unknown option": (["--nowhere"], {}, "--nowhere"),
    "nothing selected": (["--clause", "JWKS-09", "--endpoint", "path"], {}, "nothing was selected"),
    "another endpoint's clause": (["--clause", "ROT-09", "--endpoint", "agent"], {}, "nothing was selected"),
    "no module": (["asgi:no_such_module:app"], {}, "can't import no_such_module"),
    "no key file": (["--signing-key", "/nowhere.pem"], {}, "can't be read"),
    "no PEM": (["--signing-key", "/etc/hostname"], {}, "no unencrypted private key"),
    "empty variable": ([], {"RELAYAUTH_CONTRACT_API_KEY": " "}, "is empty"),
    "unset second variable": (["--second-api-key-env", "NO_SUCH"], {}, "NO_SUCH"),
    "unwritable report": (["--junit", "/dev/null/report.xml"], {}, "can't be written"),
    "no baseline": (["--baseline", "/nowhere.json"], {}, "no such file"),
    "plain http": (["http://relayauth.example"], {"RELAYAUTH_CONTRACT_API_KEY": "rak_x-y-z"}, "in clear"),
    "no key": (["https://staging.example"], {}, "RELAYAUTH_CONTRACT_API_KEY"),
    "no rate": (["--rate", "5"], {}, "write a number of requests a second, such as 5/s"),
    "a password in the URL": (
        ["https://me:secret@relayauth.example"],
        {},
        "a credential comes from a variable",
    ),
}


@pytest.mark.parametrize(("words", "variables", "sentence"), USAGE.values(), ids=USAGE)
def test_bad_usage_is_one_clear_sentence(
    check: Check, words: list[str], variables: dict[str, str], sentence: str
) -> None:
    """Exit code 2, a sentence that says what is wrong, no traceback."""
    said = check(*words, **variables)
    assert said.code == 2
    assert sentence in said.out + said.err
    assert "Traceback" not in said.out + said.err
