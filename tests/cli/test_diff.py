"""`relayauth-contract diff`: its verdicts on targets of every kind, and what it leaves on them."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from reference_impl.mutants import rotation
from reference_impl.rules import Rules
from tests.process.test_clearing_up import NOTHING, left
from tests.support.command import COMMAND, KEY_VARIABLE, Run, environment, patience, run_here
from tests.support.deployments import Deployment, Spoil, deployed
from tests.support.room import until


def diffed(folder: Path, *words: str, **variables: str) -> Run:
    """One comparison, in this process."""
    return run_here(["diff", *words], folder, variables)


@pytest.mark.proof
def test_a_server_that_is_started_is_like_the_reference(tmp_path: Path) -> None:
    """Where its clock can be set, both clocks are; where not, neither is."""
    run = diffed(tmp_path, "reference", f"exec:{COMMAND} serve")
    assert run.code == 0, run.said
    assert "\nAlike: A and B answered " in run.out
    assert run.err == ""


@pytest.mark.proof
def test_a_mutant_differs_and_is_shown(tmp_path: Path) -> None:
    """What was sent, and both answers in plain words; all of it in the JSON as well."""
    run = diffed(tmp_path, "reference", "mutant:DeletionsAreOk", "--json", "found.json")
    assert run.code == 1
    assert "1. DELETE /v1/identities/{id}, and " in run.out
    assert "   A      status: 204\n   B      status: 200\n" in run.out
    document = json.loads((tmp_path / "found.json").read_text())
    assert document["verdict"] == "different"
    assert document["sentence"] in run.out.replace("\n", " ")
    assert {each["operation"] for each in document["differences"]} == {"DELETE /v1/identities/{id}"}
    assert document["a"]["name"] == "reference"
    assert document["b"]["requests"] == document["a"]["requests"]


def test_a_target_that_can_not_be_reached_is_one_sentence(tmp_path: Path) -> None:
    with deployed() as there:
        url = there.url
    words = ("reference", url, "--ready-timeout", "0.5")
    run = diffed(tmp_path, *words, **{KEY_VARIABLE: there.key})
    assert run.code == 2
    assert "Could not compare: B: " in run.out
    assert "no answer within 0.5 s" in run.out.replace("\n", " ")
    assert "Traceback" not in run.said


def on_urls(folder: Path, a: Deployment, b: Deployment, *words: str) -> Run:
    """Compare two deployments, each with its own key."""
    keys = {KEY_VARIABLE: a.key, "KEY_OF_B": b.key}
    return diffed(folder, a.url, b.url, "--api-key-env-b", "KEY_OF_B", *words, **keys)


@pytest.mark.proof
def test_two_deployments_are_compared_and_left_as_they_were(tmp_path: Path) -> None:
    """No clock is moved, the budget is kept, and nothing stays behind."""
    with deployed() as a, deployed() as b:
        run = on_urls(tmp_path, a, b, "--json", "-")
        after = [left(each) for each in (a, b)]
    assert run.code == 0, run.said
    document = json.loads(run.out)
    assert document["verdict"] == "alike"
    assert document["clocksMoved"] is False
    assert document["notCompared"] == document["noAnswer"] == {}
    assert 300 < document["a"]["requests"] <= 1000
    assert "No clock was moved." in run.err
    assert after == [NOTHING, NOTHING]


@pytest.mark.proof
def test_a_url_can_be_compared_with_itself(tmp_path: Path) -> None:
    """Two runs in one org are no danger to each other."""
    with deployed() as there:
        run = diffed(tmp_path, there.url, there.url, **{KEY_VARIABLE: there.key})
        after = left(there)
    assert run.code == 0, run.said
    assert after == NOTHING


def renamed(method: str, path: str, status: int, body: bytes) -> tuple[int, dict[str, str], bytes] | None:
    """Another code for a token that is unknown."""
    if status != 404 or b"token_not_found" not in body:
        return None
    changed = body.replace(b"token_not_found", b"no_such_token")
    return status, {"content-type": "application/json"}, changed


def prose(method: str, path: str, status: int, body: bytes) -> tuple[int, dict[str, str], bytes] | None:
    """Other words for what is refused, under the same code."""
    if status < 400 or not body.startswith(b"{"):
        return None
    said = json.loads(body)
    text = json.dumps({"error": "Sorry, no.", "code": said.get("code") or said["error"]}).encode()
    return status, {"content-type": "application/json"}, text


@pytest.mark.proof
@pytest.mark.parametrize(
    ("spoil", "rules", "code", "told"),
    [
        (renamed, None, 1, "A      code: token_not_found\n   B      code: no_such_token"),
        (prose, None, 0, "Alike: "),
        (None, rotation.MetaIsLost, 1, "claim meta of the access token: absent"),
    ],
    ids=["code", "prose", "rotation"],
)
def test_what_differs_between_two_deployments_is_shown(
    tmp_path: Path, spoil: Spoil | None, rules: type[Rules] | None, code: int, told: str
) -> None:
    """A code does, the text beside it does not; what a rotation loses does, wherever the sessions are."""
    with deployed() as a, deployed(spoil, rules=rules() if rules else None) as b:
        run = on_urls(tmp_path, a, b)
        after = [left(each) for each in (a, b)]
    assert run.code == code, run.said
    assert told in run.out
    assert after == [NOTHING, NOTHING]


@pytest.mark.proof
def test_a_budget_that_does_not_last_leaves_it_open(tmp_path: Path) -> None:
    """What was sent is removed within it."""
    with deployed() as a, deployed() as b:
        run = on_urls(tmp_path, a, b, "--max-requests", "120", "--json", "-")
        after = [left(each) for each in (a, b)]
    document = json.loads(run.out)
    assert run.code == 2, run.said
    assert document["verdict"] == "not compared"
    assert 0 < document["compared"] < 120
    assert any("--max-requests sets another" in reason for reason in document["noAnswer"])
    assert max(document[each]["requests"] for each in "ab") <= 120
    assert after == [NOTHING, NOTHING]


@pytest.mark.proof
def test_a_key_that_opens_less_leaves_requests_out(tmp_path: Path) -> None:
    """What the key of one side may not do is named, and the rest is compared."""
    few = ["relayauth:identity:manage:*", "relayauth:token:manage:*"]
    with deployed() as a, deployed(scopes=few) as b:
        run = on_urls(tmp_path, a, b)
    assert run.code in (0, 1), run.said
    assert "not compared: B: " in run.out


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM], ids=lambda each: each.name)
def test_an_interrupted_comparison_clears_up_on_both(tmp_path: Path, stop: signal.Signals) -> None:
    with deployed() as a, deployed() as b:
        process = subprocess.Popen(
            [COMMAND, "diff", a.url, b.url, "--api-key-env-b", "KEY_OF_B"],
            env=environment({KEY_VARIABLE: a.key, "KEY_OF_B": b.key, "HOME": str(tmp_path)}, tmp_path),
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        sent = b.wall.request
        until(lambda: sent.count("POST /v1/tokens") >= 5, what="it had minted", alive=process)
        process.send_signal(stop)
        out, _ = process.communicate(timeout=patience())
        after = [left(each) for each in (a, b)]
    assert process.returncode == 2, out
    assert "Could not compare: interrupted" in out
    assert "Traceback" not in out
    assert after == [NOTHING, NOTHING]


def test_a_file_that_can_not_be_written_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    run = diffed(tmp_path, "reference", "reference", "--json", "nowhere/found.json")
    assert run.code == 2
    assert run.out == ""
    assert "nowhere/found.json: can't be written" in run.err


@pytest.mark.proof
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full disk is simulated by /dev/full")
@pytest.mark.parametrize(("b", "code"), [("reference", 2), ("mutant:DeletionsAreOk", 1)])
def test_a_full_disk_does_not_hide_a_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, b: str, code: int
) -> None:
    """What is printed is the same; a comparison whose file is missing is none, unless it found something."""
    monkeypatch.setattr("contract.harness.run.diff.COVERAGE", 1)
    monkeypatch.setattr("contract.harness.run.diff.WALKS", 0)
    run = diffed(tmp_path, "reference", b, "--json", "/dev/full")
    assert run.code == code
    assert "Alike: " in run.out or "Different: " in run.out
    assert run.err == "relayauth-contract: /dev/full: can't be written: No space left on device\n"


def test_a_name_that_is_no_target_is_told(tmp_path: Path) -> None:
    assert diffed(tmp_path, "reference", "stagign").code == 2
    assert diffed(tmp_path, "reference").code == 2


def test_each_command_is_started_in_its_own_folder(tmp_path: Path) -> None:
    """A build and its predecessor are the same command in two folders."""
    for name in ("now", "before"):
        (tmp_path / name).mkdir()
    command = 'exec:sh -c "pwd >&2; exit 7"'
    run = diffed(tmp_path, command, command, "--cwd", "now", "--cwd-b", "before")
    assert run.code == 2
    assert str(tmp_path / "now") in run.out.replace("\n", " ")
    other = diffed(tmp_path, "reference", command, "--cwd", "now", "--cwd-b", "before")
    assert str(tmp_path / "before") in other.out.replace("\n", " ")
