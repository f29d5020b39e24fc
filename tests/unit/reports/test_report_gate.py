"""The gate: a sentence for each reason why results are not good enough, and none where they are."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contract.harness.errors import UsageError
from contract.harness.reports.gate import Conditions, age, digest, reasons
from tests.unit.reports import hostile, samples

NOW = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def good(*rows: dict[str, Any], **members: Any) -> dict[str, Any]:
    """A result of a target that conforms."""
    return samples.result(samples.target("t", results=[samples.row("TTL-01", "path"), *rows]), **members)


def why(result: dict[str, Any], now: datetime = NOW, **conditions: Any) -> list[str]:
    """The reasons against one result."""
    return reasons({"r.json": result}, Conditions(**conditions), now)


def test_a_good_result_passes_every_condition() -> None:
    """All at once."""
    known = samples.row("TTL-02", "path", "known", "x", known={"reason": "y", "until": "2026-11-26"})
    should = samples.row("TTL-07", "path", "fail", "x", level="should")
    conditions: dict[str, Any] = {
        "max_age": age("24h"),
        "contract": digest(f"sha256:{samples.SHA}"),
        "require": ("TTL-0[1-2]", "TTL-*"),
        "commit": COMMIT,
    }
    assert why(good(known, should), **conditions) == []


BAD: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "broken": (
        good(*(samples.row(f"SES-0{n}", "path", "fail", "x") for n in range(1, 8))),
        {},
        "r.json: t does not conform: SES-01 at path, SES-02 at path, SES-03 at path, SES-04 at path, "
        "SES-05 at path and 2 more failed.",
    ),
    "an error": (
        good(samples.row("SEC-02", None, "error", "x")),
        {},
        "r.json: t has no verdict: SEC-02 ended in an error.",
    ),
    "nothing passed": (
        samples.result(samples.target("t", results=[samples.row("TTL-01", "path", "not_tried", "x")])),
        {},
        "r.json: t has no verdict: no must passed.",
    ),
    "not reached": (
        samples.result(samples.target("t", verdict="open", problem="connection refused")),
        {},
        "r.json: t could not be judged: connection refused",
    ),
    "open for another reason": (
        samples.result(
            samples.target(
                "t", verdict="open", sentence="No verdict: x", results=[samples.row("TTL-01", None)]
            )
        ),
        {},
        "r.json: t: No verdict: x",
    ),
    "interrupted": (good(interrupted=True), {}, "r.json: the run was interrupted."),
    "no target": (samples.result(), {}, "r.json: holds no target."),
    "a proof that does not stand": (samples.proof(), {}, "r.json: the proof does not stand."),
    "old": (
        good(started="2026-11-25T04:00:00Z"),
        {"max_age": timedelta(hours=24)},
        "r.json: is 30 h old, and at most 24 h are allowed.",
    ),
    "of the future": (
        good(started="2026-11-26T10:06:00Z"),
        {},
        "r.json: says that it was made in the future (2026-11-26T10:06:00Z).",
    ),
    "of another contract": (
        good(),
        {"contract": "0" * 64},
        f"r.json: was checked against contract 1.1 (sha256:{samples.SHA[:12]}), not sha256:000000000000.",
    ),
    "of another commit": (good(), {"commit": "abc"}, f"r.json: names {COMMIT}, not commit abc."),
    "of no commit": (good(commit=None), {"commit": "abc"}, "r.json: names no commit, not commit abc."),
    "an expired acceptance": (
        good(samples.row("TTL-02", "path", "known", "x", known={"reason": "y", "until": "2026-11-25"})),
        {},
        "r.json: the known failure TTL-02 at path was accepted until 2026-11-25 alone.",
    ),
    "required and not tried": (
        good(samples.row("CLK-01", "path", "not_tried", "x"), samples.row("CLK-02", "path", "blocked", "x")),
        {"require": ("TTL-*", "CLK-*")},
        "CLK-01 at path, CLK-02 at path: required by CLK-*, and tried in no result.",
    ),
    "required and unheard of": (
        good(),
        {"require": ("REV-*",)},
        "No result says anything of REV-*, which is required.",
    ),
}


@pytest.mark.parametrize(("result", "conditions", "says"), BAD.values(), ids=BAD)
def test_a_reason_is_one_sentence(result: dict[str, Any], conditions: dict[str, Any], says: str) -> None:
    """It names the file and the numbers, and there is no other."""
    assert why(result, **conditions) == [says]


def test_what_one_target_lacks_another_may_offer() -> None:
    """A clause counts as tried if one of the results has tried it."""
    staging = good(samples.row("CLK-01", "path", "not_tried", "x"))
    launched = good(samples.row("CLK-01", "path"))
    required = Conditions(require=("CLK-*",))
    assert reasons({"a": staging, "b": launched}, required, NOW) == []
    assert len(reasons({"a": staging}, required, NOW)) == 1


def test_no_result_is_not_good() -> None:
    """An empty set of results proves nothing."""
    assert reasons({}, Conditions(), NOW) == ["No result was given."]


def test_a_verdict_that_its_rows_deny_is_not_believed() -> None:
    """A result that says it holds, with a must that failed in it."""
    lying = good(samples.row("SES-01", "path", "fail", "x"))
    assert lying["verdict"] == "holds"
    assert why(lying) == ["r.json: t does not conform: SES-01 at path failed."]


def test_hostile_names_stay_in_their_line() -> None:
    """Of targets and of what they say."""
    for payload in hostile.PAYLOADS:
        for said in why(hostile.result(payload)):
            assert said.isprintable()
            assert len(said) < 1000


@pytest.mark.parametrize(("text", "hours"), [("24h", 24), ("90m", 1.5), ("7d", 168), ("0s", 0), ("2w", 336)])
def test_an_age_is_a_number_and_a_unit(text: str, hours: float) -> None:
    """As the option takes it."""
    assert age(text) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "24", "h", "-1h", "1.5h", "24 h", "1y", "9999999d", "٢h"])
def test_another_age_gets_a_sentence(text: str) -> None:
    """Which says what to write."""
    with pytest.raises(UsageError, match="such as 24h"):
        age(text)


def test_a_digest_is_64_hex_digits() -> None:
    """With or without its algorithm."""
    assert digest(samples.SHA.upper()) == digest(f"sha256:{samples.SHA}") == samples.SHA
    with pytest.raises(UsageError, match="64 hex digits"):
        digest("sha256:e3b6")
