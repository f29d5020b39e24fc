"""An update of a baseline: what is kept, removed and added, and what is said of it."""

import json
from datetime import date
from pathlib import Path

from contract.harness.run import CaseResult, Outcome, baseline, baseline_update
from contract.harness.run.outcomes import clause_results

TODAY = date(2026, 6, 15)
BARELY = "requested 7776001 s; exp - iat was 7776001 s"
ENTRY = '[[known]]\ntarget = "staging"\nclause = "TTL-02"\nendpoint = "path"\nreason = "not capped yet"\n'
HEAD = "schema = 2\n\n"


def case(outcome: Outcome, why: str = BARELY, shape: str | None = None) -> CaseResult:
    """A case of TTL-02 at path."""
    return CaseResult("TTL-02", "path", "a case", outcome, why, 0.0, shape=shape)


def read(folder: Path, text: str) -> baseline.Baseline:
    """The baseline with this text, for the target `staging`."""
    file = folder / "known.toml"
    file.write_text(text)
    return baseline.read(file, targets=["staging"])


KEPT = f"""\
# Ours, with love.
schema = 2

# The team of path works on this.
{ENTRY}# until the next release
until = 2026-12-31

# Nobody works on this.
[[known]]
target = "staging"  # as in relayauth-contract.toml
clause = "TTL-03"
endpoint = "agent"
reason = "24 h is too short for us"

[expected-not-tried]
staging = ["CLK-*"]  # no clock there
"""


def update(before: baseline.Baseline, *cases: CaseResult, complete: bool = True) -> baseline_update.Update:
    """The baseline after a run of `staging` that showed `cases`."""
    return baseline_update.updated(before, "staging", cases, TODAY, lambda _: complete)


def test_an_update_keeps_reasons_and_comments(tmp_path: Path) -> None:
    """What still fails keeps its entry to the letter, and nothing is said of it."""
    before = read(tmp_path, KEPT)
    after = update(before, case("fail"))
    assert (after.baseline.text, after.said) == (KEPT, ())


def test_an_update_removes_what_no_longer_fails(tmp_path: Path) -> None:
    """With the comment above it, and says what was removed; an interrupted run removes nothing."""
    before = read(tmp_path, KEPT)
    after = update(before, case("pass"))
    assert after.baseline.text == KEPT.replace(
        f"\n# The team of path works on this.\n{ENTRY}# until the next release\nuntil = 2026-12-31\n", ""
    )
    assert after.said == (
        "removed TTL-02 at path of staging: it did not fail (not capped yet; until 2026-12-31)",
    )
    assert update(before, case("pass"), complete=False).baseline.text == KEPT


def test_an_update_removes_the_last_entry(tmp_path: Path) -> None:
    """The table after it stays, with the line between."""
    third = CaseResult("TTL-03", "agent", "a case", "pass", "", 0.0)
    after = update(read(tmp_path, KEPT), case("fail"), third)
    assert "Nobody works" not in after.baseline.text
    assert after.baseline.text.endswith('\n\n[expected-not-tried]\nstaging = ["CLK-*"]  # no clock there\n')


def test_an_update_adds_what_is_new_ready_to_be_explained(tmp_path: Path) -> None:
    """With the sentence that failed as a comment, and an empty reason; it is accepted from then on."""
    why = 'exp - iat was 1 s\n"""x \x1b[31m'
    failed = CaseResult("ROT-01", "agent", "a case", "fail", why, 0.0)
    after = update(read(tmp_path, KEPT), case("fail"), failed)
    assert after.baseline.text.startswith(KEPT)
    assert (
        '[[known]]\n# failed with: exp - iat was 1 s """x \\x1b[31m\ntarget = "staging"\nclause = "ROT-01"\n'
        in (after.baseline.text)
    )
    assert after.said == ("added ROT-01 at agent of staging: say why it is accepted, in `reason`",)
    (result,) = clause_results([failed], after.baseline.of("staging"), TODAY)
    assert result.outcome == "known"
    assert result.known_as == {"reason": ""}


def test_an_update_names_the_shape_where_another_one_passed(tmp_path: Path) -> None:
    """What passes with one body must not be hidden by what fails with another."""
    cases = (case("fail", shape="bare"), case("pass", shape="named"))
    entries = update(baseline.Baseline(tmp_path / "new.toml"), *cases).baseline.of("staging")
    assert [each.place for each in entries] == ["TTL-02 at path [bare]"]


def test_an_update_does_not_renew_what_has_expired(tmp_path: Path) -> None:
    """Whoever accepts it for longer does so by hand."""
    text = f"{HEAD}{ENTRY}until = 2026-01-31\n"
    after = update(read(tmp_path, text), case("fail"))
    assert after.baseline.text == text
    assert after.said == (
        "TTL-02 at path of staging still fails, and was accepted until 2026-01-31: "
        "change `until` yourself if it is to be accepted on",
    )


def test_version_1_is_read_and_converted(tmp_path: Path) -> None:
    """Its sentences become comments, what it expects keeps a place, and entries of other targets stay."""
    file = tmp_path / "known.json"
    row = {"clause": "TTL-02", "endpoint": "path", "why": "was 1 s"}
    passed = {"clause": "TTL-02", "endpoint": "agent", "why": "was 2 s"}
    expected = {"staging": ["CLK-*"], "exec:a.b c": ["JWKS-01"]}
    file.write_text(
        json.dumps(
            {"schema": 1, "targets": {"staging": [row, passed], "b:": [row]}, "expectedNotTried": expected}
        )
    )
    before = baseline.read(file)
    assert [each.place for each in before.of("staging")] == ["TTL-02 at path", "TTL-02 at agent"]
    gone = CaseResult("TTL-02", "agent", "a case", "pass", "", 0.0)
    new = CaseResult("ROT-01", "agent", "a case", "fail", "lost", 0.0)
    after = update(before, case("fail"), gone, new)
    baseline_update.write(after.baseline)
    again = baseline.read(file, targets=["staging", "b:"])
    assert again.version == 2
    assert [each.place for each in again.of("staging")] == ["TTL-02 at path", "ROT-01 at agent"]
    assert [each.place for each in again.of("b:")] == ["TTL-02 at path"]
    assert {name: list(globs) for name, globs in again.not_tried.items()} == expected
    assert "# failed with: was 1 s\n" in file.read_text()
    assert after.said[0] == "converted to version 2 (TOML); you may call it known.toml"


def test_a_new_baseline_says_how_it_is_filled_in(tmp_path: Path) -> None:
    """The file explains itself."""
    after = update(baseline.Baseline(tmp_path / "new.toml"), case("fail"))
    assert after.baseline.text.startswith("# Failures of the token contract that this project knows")
    assert "until = 2026-12-31" in after.baseline.text
