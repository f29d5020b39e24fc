"""The baseline: which failures its entries accept, what makes it invalid, and how an update changes it."""

from datetime import date
from pathlib import Path

import pytest

from contract.harness.errors import UsageError
from contract.harness.run import CaseResult, KnownFailure, Outcome, baseline
from contract.harness.run.outcomes import clause_results
from contract.harness.run.reconciling import is_stale, reconcile

TODAY = date(2026, 6, 15)
BARELY, WILDLY = "requested 7776001 s; exp - iat was 7776001 s", "exp - iat was 3153600000 s"
ENTRY = '[[known]]\ntarget = "staging"\nclause = "TTL-02"\nendpoint = "path"\nreason = "not capped yet"\n'
HEAD = "schema = 2\n\n"


def case(outcome: Outcome, why: str = BARELY, shape: str | None = None) -> CaseResult:
    """A case of TTL-02 at path."""
    return CaseResult("TTL-02", "path", "a case", outcome, why, 0.0, shape=shape)


def read(folder: Path, text: str) -> baseline.Baseline:
    """The baseline with this text, for the target `staging`."""
    file = folder / "known.toml"
    file.write_text(text)
    return baseline.read(file, targets=["staging", "other"])


def test_all_that_an_entry_may_say_is_read(tmp_path: Path) -> None:
    """Every key arrives; a day may be a TOML date or a string."""
    more = 'shape = "bare"\npattern = "776000[0-9]"\nwho = "Ann"\nissue = "https://i.example/1"\n'
    first, second = read(
        tmp_path, f'{HEAD}{ENTRY}{more}until = 2026-12-31\n\n{ENTRY}until = "2026-11-30"\n'
    ).of("staging")
    assert first == KnownFailure(
        "TTL-02", "path", "bare", "776000[0-9]", "not capped yet", "Ann", "https://i.example/1",
        date(2026, 12, 31), 3,
    )  # fmt: skip
    assert (second.until, second.line) == (date(2026, 11, 30), 14)


@pytest.mark.parametrize(
    ("entry", "failed", "outcome"),
    [
        pytest.param(KnownFailure("TTL-02", "path"), case("fail"), "known", id="the place"),
        pytest.param(KnownFailure("TTL-02"), case("fail"), "known", id="any endpoint"),
        pytest.param(KnownFailure("TTL-02", "agent"), case("fail"), "fail", id="another endpoint"),
        pytest.param(KnownFailure("TTL-01", "path"), case("fail"), "fail", id="another clause"),
        pytest.param(KnownFailure("TTL-02", shape="bare"), case("fail", shape="bare"), "known", id="shape"),
        pytest.param(
            KnownFailure("TTL-02", shape="bare"), case("fail", shape="named"), "fail", id="no shape"
        ),
        pytest.param(KnownFailure("TTL-02", pattern="was 7776001 s"), case("fail"), "known", id="pattern"),
        pytest.param(
            KnownFailure("TTL-02", pattern="was 7776001 s"), case("fail", WILDLY), "fail", id="far beyond"
        ),
        pytest.param(KnownFailure("TTL-02", until=TODAY), case("fail"), "known", id="its last day"),
        pytest.param(KnownFailure("TTL-02", until=date(2026, 6, 14)), case("fail"), "fail", id="expired"),
        pytest.param(KnownFailure("TTL-02"), case("error"), "error", id="an error"),
        pytest.param(KnownFailure("TTL-02"), case("not_tried"), "not_tried", id="not tried"),
    ],
)
def test_an_entry_accepts_only_what_it_matches(
    entry: KnownFailure, failed: CaseResult, outcome: Outcome
) -> None:
    """A failure elsewhere, in another shape, of another kind or after the last day still fails."""
    (result,) = clause_results([failed], [entry], TODAY)
    assert result.outcome == outcome


def test_what_is_not_accepted_of_a_clause_still_fails() -> None:
    """One second over the cap does not hide a hundred years over it; the sentence is about the latter."""
    entry = KnownFailure("TTL-02", "path", pattern="7776001", reason="rounding")
    (result,) = clause_results([case("fail"), case("fail", WILDLY)], [entry], TODAY)
    assert (result.outcome, result.why) == ("fail", WILDLY)
    assert result.known_as is None


def test_an_error_beside_a_known_failure_is_an_error() -> None:
    """Nothing accepts that it could not be judged; a case that was not tried hides no known failure."""
    entries = [KnownFailure("TTL-02", reason="not yet")]
    assert clause_results([case("fail"), case("error")], entries, TODAY)[0].outcome == "error"
    assert clause_results([case("fail"), case("not_tried")], entries, TODAY)[0].outcome == "known"


def test_an_expired_entry_says_so_where_it_fails() -> None:
    """Whoever opens the red build reads since when it may no longer fail."""
    entry = KnownFailure("TTL-02", until=date(2026, 6, 1))
    (result,) = clause_results([case("fail")], [entry], TODAY)
    assert result.why == f"{BARELY} (a known failure, accepted until 2026-06-01)"


def test_an_expired_entry_fails_again_where_no_other_one_accepts_its_failure() -> None:
    """An entry for the same place that has not ended keeps the build green."""
    ended = KnownFailure("TTL-02", until=date(2026, 6, 1))
    other = KnownFailure("TTL-02", pattern="7776001")

    def failing(case: CaseResult, *entries: KnownFailure) -> tuple[KnownFailure, ...]:
        return reconcile(Path("-"), entries, [case], TODAY, lambda _: True).failing

    assert failing(case("fail"), ended) == (ended,)
    assert failing(case("fail", WILDLY), ended, other) == (ended,)
    assert failing(case("fail"), ended, other) == ()
    assert failing(case("pass"), ended) == ()


def test_a_result_names_the_reasons_of_all_its_entries() -> None:
    """And the earliest end."""
    entries = [
        KnownFailure("TTL-02", pattern="7776001", reason="rounding", who="Ann", until=date(2026, 9, 1)),
        KnownFailure("TTL-02", pattern="3153600000", reason="no cap", issue="#7", until=date(2026, 8, 1)),
    ]
    (result,) = clause_results([case("fail"), case("fail", WILDLY)], entries, TODAY)
    expected = {"reason": "rounding; no cap", "who": "Ann", "issue": "#7", "until": "2026-08-01"}
    assert result.known_as == expected


@pytest.mark.parametrize(
    ("cases", "stale"),
    [
        pytest.param([case("pass")], True, id="passes"),
        pytest.param([case("fail", WILDLY)], True, id="fails in another way"),
        pytest.param([case("pass"), case("fail")], False, id="still fails"),
        pytest.param([case("pass"), case("error")], False, id="could not be judged"),
        pytest.param([case("not_tried")], False, id="not tried"),
        pytest.param([case("pass", shape="bare"), case("not_tried", shape="named")], True, id="other shape"),
        pytest.param([], False, id="not chosen"),
    ],
)
def test_an_entry_is_stale_once_its_place_is_judged_without_its_failure(
    cases: list[CaseResult], stale: bool
) -> None:
    """What was not tried in full may still fail."""
    entry = KnownFailure("TTL-02", "path", pattern="7776001")
    assert is_stale(entry, cases) == stale
    assert reconcile(Path("-"), [entry], cases, TODAY, lambda _: False).stale == ()


REFUSED = {
    "another key": (f"{HEAD}{ENTRY}until-when = 1\n", ":8: unknown key 'until-when': use one of target, "),
    "another table": (f"{HEAD}[knwon]\n", ":3: unknown key 'knwon'"),
    "no schema": (ENTRY, ":1: write schema = 2"),
    "no table": (HEAD + "known = [{}]\n", ":3: write each known failure as a table of its own"),
    "no reason": (HEAD + ENTRY.replace("reason", "who"), ":3: this entry has no reason"),
    "another clause": (HEAD + ENTRY.replace("TTL-02", "TTL-99"), ":5: clause: there is no clause 'TTL-99'"),
    "another endpoint": (HEAD + ENTRY.replace('"path"', '"paht"'), ":6: endpoint: 'paht' is unknown"),
    "no endpoint of it": (HEAD + ENTRY.replace("TTL-02", "JWKS-01"), ":6: JWKS-01 is not tried at path"),
    "another shape": (f'{HEAD}{ENTRY}shape = "odd"\n', ":8: shape: 'odd' is unknown"),
    "another target": (
        HEAD + ENTRY.replace("staging", "stagin"),
        ":4: unknown target 'stagin': write one of ",
    ),
    "no pattern": (f'{HEAD}{ENTRY}pattern = "("\n', ":8: pattern: is no regular expression"),
    "no day": (f'{HEAD}{ENTRY}until = "soon"\n', ":8: until: write a day"),
    "a moment": (f"{HEAD}{ENTRY}until = 2026-12-31T10:00:00Z\n", ":8: until: write a day"),
    "a number": (HEAD + ENTRY.replace('"not capped yet"', "1"), ":7: reason: must be a string"),
    "the second": (
        f"{HEAD}{ENTRY}\n# why\n{ENTRY.replace('TTL-02', 'X')}",
        ":12: clause: there is no clause 'X'",
    ),
    "no TOML": ("schema = \n", "is not valid TOML"),
    "expecting nothing": (f'{HEAD}[expected-not-tried]\nstaging = ["CKL-*"]\n', ":4: 'CKL-*' matches no"),
    "expecting of nobody": (
        f'{HEAD}[expected-not-tried]\nstagin = ["CLK-*"]\n',
        ":4: unknown target 'stagin'",
    ),
    "JSON of another form": ('{"schema": 1}', "has another form"),
    "half of JSON": ('{"schema": 1', "is neither TOML nor valid JSON"),
    "JSON with another clause": (
        '{"targets": {"a": [{"clause": "X-1", "endpoint": null}]}}',
        "no clause 'X-1'",
    ),
}


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    """A misspelt entry must not accept nothing without a word."""
    with pytest.raises(UsageError) as refusal:
        read(tmp_path, text)
    assert f"{tmp_path / 'known.toml'}" in str(refusal.value)
    assert words in str(refusal.value)


def test_a_target_may_be_named_as_it_is_given_to_check(tmp_path: Path) -> None:
    """A file may hold entries of targets that this run does not test."""
    found = read(tmp_path, HEAD + ENTRY.replace('"staging"', '"exec:npm start"'))
    assert found.of("exec:npm start")
