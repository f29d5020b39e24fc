"""The reports that others build on: JSON schema 2, JUnit, the commands that ask again, baselines."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

import contract
from reference_impl.mutants import exposure, inactive_identities, org_borders, revocation
from reference_impl.rules import Rules
from tests.support.command import COMMAND, Check, Run, patience
from tests.support.deployments import deployed
from tests.support.rows import rows

PUBLISHED = json.loads((Path(contract.__file__).parent / "result.schema.json").read_text("utf-8"))


def closed(schema: Any) -> Any:
    """The published schema without room for members that it does not name."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(each) for name, each in schema.items()}
    if "properties" in schema and schema.get("type") == "object" and "additionalProperties" not in schema:
        inner["additionalProperties"] = False
    return inner


@pytest.mark.parametrize(
    ("targets", "code"),
    [(["reference"], 0), (["mutant:NoCap"], 1), (["exec:false"], 2), (["reference", "mutant:NoCap"], 1)],
    ids=["holds", "broken", "open", "two"],
)
def test_the_json_report_keeps_its_schema(check: Check, targets: list[str], code: int) -> None:
    """Whatever the verdict, the report has the members that are promised, and no others."""
    said = check(*targets, "--clause", "TTL-0[27]", "--clause", "JWKS-09")
    assert said.code == code
    Draft202012Validator(closed(PUBLISHED)).validate(said.report)
    assert [target["name"] for target in said.report["targets"]] == targets


def test_the_junit_report_counts_what_the_json_report_says(check: Check, tmp_path: Path) -> None:
    """Suites, cases, failures and skips agree, and a failure tells its sentence."""
    file = tmp_path / "report.xml"
    said = check("mutant:NoCap", "--clause", "TTL-0[237]", "--junit", str(file))
    (suite,) = ElementTree.parse(file).getroot()
    failed = [row for row in said.target["results"] if row["outcome"] == "fail"]
    assert int(suite.attrib["tests"]) == len(said.target["results"]) == len(list(suite.iter("testcase")))
    assert int(suite.attrib["failures"]) == len(failed) == len(list(suite.iter("failure")))
    assert "the cap is 7776000 s; exp - iat was 7776001 s" in next(suite.iter("failure")).attrib["message"]


def test_a_failure_says_what_was_asked_what_the_contract_says_and_what_came(check: Check) -> None:
    """The sentence has the numbers in it."""
    said = check("mutant:NoCap", "--clause", "TTL-02", "--endpoint", "path")
    (why,) = said.whys("fail")
    assert why.startswith("requested 7776001 s; the cap is 7776000 s; exp - iat was 7776001 s")


def again(said: Run, folder: Path, **variables: str) -> str:
    """Run the shell lines below the failures of a run, as they stand; return what they print."""
    lines = [line.strip() for line in said.out.splitlines() if line.startswith("    ")]
    first = next(number for number, line in enumerate(lines) if line.startswith("export RELAYAUTH_URL"))
    script = folder / "again.sh"
    script.write_text("\n".join([*lines[first:], *lines[:first]]))
    ended = subprocess.run(
        ["bash", "-e", str(script)],
        env={"PATH": f"{_jq(folder)}:/usr/bin:/bin", **variables},
        capture_output=True,
        text=True,
        timeout=patience(),
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def _jq(folder: Path) -> Path:
    """A stand-in for jq that reads a member or a claim of a token: the test needs no more than Python."""
    tool = folder / "bin" / "jq"
    tool.parent.mkdir()
    tool.write_text(f"#!{sys.executable}\n{JQ}")
    tool.chmod(0o755)
    return tool.parent


JQ = """
import base64, json, sys
value = json.load(sys.stdin)
for step in sys.argv[2].split(" | "):
    if step.startswith("."):
        for member in step[1:].split("."):
            value = value[member]
    elif step.startswith("split"):
        value = value.split(".")[1]
    elif step == "@base64d":
        value = base64.b64decode(value + "=" * (-len(value) % 4))
    elif step == "fromjson":
        value = json.loads(value)
    else:
        value = value.replace("-", "+") if "-" in step else value.replace("_", "/")
print(value)
"""


def test_the_printed_commands_reproduce_the_failure(check: Check, tmp_path: Path) -> None:
    """The shell lines below a failure, run as they stand, bring the broken answer again."""

    def short(method: str, path: str, status: int, body: bytes) -> tuple[int, dict[str, str], bytes] | None:
        return (500, {}, b'{"error": "it is broken here"}') if path == "/v1/tokens/refresh" else None

    with deployed(short) as there:
        said = check(there.url, "--clause", "ROT-01", key=there.key)
        printed = again(said, tmp_path, RELAYAUTH_CONTRACT_API_KEY=there.key)
    assert printed.count("it is broken here") >= 4


# What the commands print after the revocation or the deletion; before it, even a broken server is right.
DONE = r"HTTP/1.1 204[\s\S]*"
SHOWN_AGAIN = {
    "a session": (revocation.RevokingASessionDoesNothing, "REV-01", rf"{DONE}HTTP/1.1 404"),
    "a token": (revocation.RevokingATokenDoesNothing, "REV-01", rf"{DONE}HTTP/1.1 404"),
    "a key": (revocation.RevokedKeysLive, "REV-02", r'"refreshToken":[^\n]*$'),
    "an identity": (inactive_identities.BearersOutliveTheirIdentity, "REV-03", rf"{DONE}HTTP/1.1 404"),
    "another org": (org_borders.OrgsAreOne, "REV-04", r"HTTP/1.1 204"),
    "another org, told apart": (
        org_borders.TheForeignIsToldInOtherWords,
        "REV-04",
        r"the token is not yours",
    ),
    "another org's identity": (org_borders.OrgsAreOne, "SEC-08", r"HTTP/1.1 200[\s\S]*sponsorChain"),
}


@pytest.mark.parametrize(
    ("rules", "clause", "shown"),
    rows(SHOWN_AGAIN, proof=("a session", "a token", "an identity", "another org")),
)
def test_what_was_revoked_or_is_another_orgs_is_presented_again(
    check: Check, tmp_path: Path, rules: type[Rules], clause: str, shown: str
) -> None:
    """Ids are those of what the commands made themselves, and each request has the key of its org."""
    with deployed(rules=rules()) as there:
        other = there.key_of("org_other")
        words = ("--clause", clause, "--endpoint", "agent", "--second-api-key-env", "OTHER_KEY")
        said = check(there.url, *words, key=there.key, OTHER_KEY=other)
        assert set(said.outcomes(clause).values()) == {"fail"}, said.out
        printed = again(said, tmp_path, RELAYAUTH_CONTRACT_API_KEY=there.key, OTHER_KEY=other)
    assert re.search(shown, printed), printed


def test_a_credential_that_no_command_gives_is_to_be_set(check: Check) -> None:
    """A weak key is not called by the name of the strong one, with which the commands would not fail."""
    with deployed(rules=exposure.AnyCredentialMints()) as there:
        said = check(there.url, "--clause", "SEC-05", "--endpoint", "identity", key=there.key)
    assert said.outcomes("SEC-05") == {"identity": "fail"}
    assert "    ANOTHER_API_KEY=...  # one more API key, of the kind that the failure names\n" in said.out
    assert '-H "x-api-key: $ANOTHER_API_KEY"' in said.out


@pytest.mark.proof
def test_a_baseline_accepts_what_failed_and_nothing_else(check: Check, tmp_path: Path) -> None:
    """Written once, it turns the failures into known ones; another failure still breaks the contract."""
    file = str(tmp_path / "baseline.json")
    words = ["mutant:NoCap", "--baseline", file]
    codes = [
        check(*words, "--clause", "TTL-0[23]", "--update-baseline").code,
        check(*words, "--clause", "TTL-0[23]").code,
        check("mutant:NoCap", "--clause", "TTL-02").code,
        check(*words, "--clause", "TTL-0[25]").code,
    ]
    assert codes == [0, 0, 1, 1]
    said = check(*words, "--clause", "TTL-02")
    assert set(said.outcomes("TTL-02").values()) == {"known"}
    assert said.code == 2  # nothing else was tried, so nothing is held


def test_several_targets_are_judged_apart(check: Check) -> None:
    """Each target has its own verdict, and the worst one decides the exit code."""
    said = check("reference", "mutant:NoCap", "--clause", "TTL-02")
    assert [target["verdict"] for target in said.report["targets"]] == ["holds", "broken"]
    assert said.code == 1


def test_help_and_catalogue_load_no_test_framework() -> None:
    """`--help` and `clauses` start without pytest, httpx and hypothesis."""
    import sys

    code = (
        "import sys; from contract.harness.cli.main import main; main(['clauses'], standalone_mode=False); "
        "sys.exit(any(name in sys.modules for name in ('pytest', 'httpx', 'hypothesis', 'rich')))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
    assert subprocess.run([COMMAND, "--help"], capture_output=True, check=False).returncode == 0
