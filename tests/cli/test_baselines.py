"""Known failures on the command line: what is accepted, what is said of it, and the exit code."""

from pathlib import Path

from tests.support.command import Check

NO_CAP = ("mutant:NoCap", "--clause", "TTL-0[23]", "--endpoint", "path")
ENTRY = """\
schema = 2

[[known]]
target = "{target}"
clause = "TTL-02"
endpoint = "path"
reason = "the cap comes with the next release"
who = "Ann"
issue = "https://issues.example/7"
{more}
"""


def entry(folder: Path, more: str = "", target: str = "mutant:NoCap") -> str:
    """A baseline that accepts TTL-02 at path."""
    file = folder / "known.toml"
    file.write_text(ENTRY.format(target=target, more=more))
    return str(file)


def test_known_failures_are_listed_with_their_reasons(check: Check, tmp_path: Path) -> None:
    """Under the verdict, in JSON, in JUnit and for GitHub."""
    file = entry(tmp_path, "until = 2999-12-31")
    junit, markdown = tmp_path / "junit.xml", tmp_path / "summary.md"
    said = check(*NO_CAP, "--baseline", file, "--junit", str(junit), "--github", str(markdown))
    assert said.code == 0, said.out
    verdict, rest = said.out.partition("Conforms: ")[2].split("\n", 1)
    assert "1 failed as the baseline accepts" in verdict
    assert rest == (
        f"known failures, accepted by {file}:\n  TTL-02 at path: the cap comes with the next release; Ann; "
        "https://issues.example/7; until 2999-12-31\n"
    )
    (row,) = (row for row in said.target["results"] if row["outcome"] == "known")
    assert row["known"] == {
        "reason": "the cap comes with the next release",
        "who": "Ann",
        "issue": "https://issues.example/7",
        "until": "2999-12-31",
    }
    for report in (junit, markdown):
        assert "the cap comes with the next release" in report.read_text()


def test_an_expired_entry_fails_again(check: Check, tmp_path: Path) -> None:
    """The failure, the terminal and the result say that it was accepted until then."""
    said = check(*NO_CAP, "--baseline", entry(tmp_path, "until = 2020-01-31"))
    assert said.code == 1
    assert "(a known failure, accepted until 2020-01-31)" in said.out
    assert "expired: TTL-02 at path: the cap comes with the next release" in said.out
    assert [each["until"] for each in said.target["baseline"]["expired"]] == ["2020-01-31"]
    assert said.target["baseline"]["failing"] == said.target["baseline"]["expired"]
    assert said.target["baseline"]["failing"][0]["line"] == 3


def test_another_failure_at_the_same_place_is_not_accepted(check: Check, tmp_path: Path) -> None:
    """A pattern for one second over the cap does not hide a hundred years over it."""
    said = check(*NO_CAP, "--baseline", entry(tmp_path, "pattern = '7776001 s'"))
    assert said.code == 1
    assert said.outcomes("TTL-02") == {"path": "fail"}


def test_what_passes_now_is_stale(check: Check, tmp_path: Path) -> None:
    """It is reported, and fails the run only where that is asked for."""
    words = ("reference", *NO_CAP[1:], "--baseline", entry(tmp_path, target="reference"))
    said = check(*words)
    assert said.code == 0
    assert f"stale: TTL-02 at path no longer fails as {words[-1]}:3 says" in said.out
    said = check(*words, "--quiet", "--baseline-strict")
    assert said.code == 1
    assert f"{words[-1]}:3: TTL-02 at path of reference no longer fails so: remove the entry" in said.err


def test_a_part_of_a_clause_makes_nothing_stale(check: Check, tmp_path: Path) -> None:
    """The case that fails may be one that was left out."""
    words = ("reference", *NO_CAP[1:], "--baseline", entry(tmp_path, target="reference"))
    assert "stale" not in check(*words, "--case", "cap").out


def test_an_update_says_what_it_writes(check: Check, tmp_path: Path) -> None:
    """New entries, removed ones, and that there was nothing to write."""
    file = str(tmp_path / "known.toml")
    said = check(*NO_CAP, "--baseline", file, "--update-baseline")
    assert said.code == 0
    assert f"{file}: added TTL-02 at path of mutant:NoCap: say why it is accepted, in `reason`\n" in said.out
    assert "TTL-02 at path: no reason given yet" in said.out
    text = Path(file).read_text()
    said = check(*NO_CAP, "--baseline", file, "--update-baseline")
    assert f"{file}: nothing to write" in said.out
    assert Path(file).read_text() == text
    Path(file).write_text(text.replace("mutant:NoCap", "reference"))
    said = check("reference", *NO_CAP[1:], "--baseline", file, "--update-baseline", "--github", "-")
    assert f"{file}: removed TTL-02 at path of reference: it did not fail" in said.err
    assert "[[known]]" not in Path(file).read_text()


def test_several_targets_share_a_file(check: Check, tmp_path: Path) -> None:
    """An update writes the failures of each."""
    file = str(tmp_path / "known.toml")
    mutants = ("mutant:NoCap", "mutant:RotationLosesTheTtl")
    both = (*mutants, *NO_CAP[1:], "--clause", "ROT-01", "--baseline", file)
    check(*both, "--update-baseline")
    said = check(*both)
    assert said.code == 0, said.out
    assert {target["verdict"] for target in said.report["targets"]} == {"holds"}


def test_a_misspelt_target_is_refused(check: Check, tmp_path: Path) -> None:
    """Its failures would never be accepted; the file and the line are told."""
    file = entry(tmp_path, target="stagin")
    said = check(*NO_CAP, "--baseline", file)
    assert said.code == 2
    assert f"{file}:4: unknown target 'stagin': write one of mutant:NoCap, or a target" in said.err


def test_a_name_of_the_target_file_is_known(check: Check, tmp_path: Path) -> None:
    """A baseline may hold entries for targets that this run does not test."""
    (tmp_path / "relayauth-contract.toml").write_text('[targets.staging]\nurl = "https://a.example"\n')
    said = check("reference", *NO_CAP[1:], "--baseline", entry(tmp_path, target="staging"))
    assert said.code == 0, said.out
