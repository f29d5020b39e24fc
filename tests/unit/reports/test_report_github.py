"""What GitHub shows: Markdown in which nothing is forged, and annotations, at most ten."""

import re
from typing import Any

import pytest
from markdown_it import MarkdownIt

from contract.harness.reports import github, markdown
from tests.unit.reports import hostile, samples

IDS = range(len(hostile.PAYLOADS))
# What the runner takes for the end of a line, and some more.
LINES = re.compile(r"\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")


def tags(text: str) -> list[str]:
    """The tags that Markdown becomes, HTML in it included, in their order."""
    rendered = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    return re.findall(r"</?[a-zA-Z][^\s>/]*", rendered)


@pytest.mark.parametrize("payload", hostile.PAYLOADS, ids=IDS)
def test_hostile_text_changes_no_element_of_the_summary(payload: str) -> None:
    """No link, picture, heading, cell or HTML: the page has the elements that harmless text gives it."""
    found = tags(github.summary(hostile.result(payload)))
    assert found == tags(github.summary(hostile.result("harmless")))
    assert not {"<a", "<img", "<script"} & set(found)


@pytest.mark.parametrize("payload", hostile.PAYLOADS, ids=IDS)
def test_a_text_is_shown_literally(payload: str) -> None:
    """In prose, in a code span and in a block: what is rendered is what was said, and nothing else."""
    render = MarkdownIt("commonmark", {"html": True}).enable("table").render
    assert re.fullmatch(r"<p>[^<]*</p>\n", render(f"x {markdown.text(payload)}"))
    assert re.fullmatch(r"<p>x <code>[^<]*</code></p>\n", render(f"x {markdown.code(payload)}"))
    assert re.fullmatch(r"<pre><code>[^<]*</code></pre>\n", render(markdown.block(payload)))
    table = render(markdown.table(["a", "b"], [[markdown.text(payload), "end"]]))
    assert re.search(r"<tr>\n<td>[^<]*</td>\n<td>end</td>\n</tr>", table)


@pytest.mark.parametrize(
    "words", ["www.evil.example", "https://evil.example", "mail@evil.example", "@somebody", "#12"]
)
def test_an_address_or_a_name_in_prose_is_broken_up(words: str) -> None:
    """GitHub links these without any markup."""
    assert words not in markdown.text(words)


@pytest.mark.parametrize("payload", hostile.PAYLOADS, ids=IDS)
def test_no_annotation_is_forged(payload: str) -> None:
    """Each line is one of ours, also for the older form of a command, which counts anywhere in a line."""
    said = github.annotations(hostile.result(payload))
    lines = [line for line in LINES.split(said) if line]
    assert 0 < len(lines) <= github.MOST_ANNOTATIONS
    for line in lines:
        assert re.fullmatch(r"::error title=[^:,\r\n]*::[^\r\n]*", line)
        assert "##[" not in line
    assert not re.search(r"%(?!25|0A|0D|3A|2C)", said)


def test_an_annotation_for_each_clause() -> None:
    """Endpoints grouped, shoulds left out, no verdict told."""
    lines = github.annotations(samples.three()).splitlines()
    assert lines == [
        "::error title=TTL-02 at path%3A What TTL-02 is called::exec:node server.mjs: "
        f"{samples.WHY} (and 1 more of 3 cases)",
        "::error title=CLK-03 at path%3A What CLK-03 is called::exec:node server.mjs: "
        "the third renewal gave 86400 s",
        "::error title=relayauth-contract%3A no verdict::connection refused: is it running?",
    ]


def test_more_than_ten_are_counted_in_the_tenth() -> None:
    """GitHub would drop them in silence."""
    lines = github.annotations(samples.all_fail()).splitlines()
    assert len(lines) == 10
    assert lines[-1].startswith("::error title=61 more::META-02 at identity, agent, path, workspace-path")


def test_nothing_failed_nothing_annotated() -> None:
    """A conforming run prints no line."""
    good = samples.target(results=[samples.row("TTL-01", "path")])
    assert github.annotations(samples.result(good)) == ""


def test_the_summary_has_what_a_reader_needs() -> None:
    """Verdict first, then each failure with its sentence, law and commands; the matrix; the reasons."""
    said = github.summary(samples.full())
    parts = [
        "### ❌ exec\\:node server\\.mjs",
        "**Does not conform",
        "First run",
        "#### ❌ TTL-02 at path: What TTL\\-02 is called",
        f"`bare: {samples.WHY}`",
        "<details open><summary>To reproduce</summary>",
        samples.REPRODUCE[0],
        "#### ❌ TTL-07 at agent (should)",
        "**Errors**",
        "fixed in 1.5; ana; RA-112; until 2026-12-31",
        "| TTL-02 | What TTL\\-02 is called | ✅ | ✅ | ❌ | 🔶 |  |",
        "**Blocked by TTL-02**",
        "**Not tried**",
        "JWKS-11: `the target can't be restarted`",
        "seed `20261126`",
    ]
    places = [said.find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)


def test_the_contract_is_quoted_once_for_a_clause_that_fails_at_several_endpoints() -> None:
    """Its sentences stand behind it, and name a body shape once."""
    document = samples.full()
    rows = document["targets"][0]["results"]
    for row in rows:
        if row["clause"] == "TTL-01":
            why = "minted (body shape: bare)"
            row |= {"outcome": "fail", "why": why, "cases": [samples.case("fail", why, shape="bare")]}
    said = github.summary(document)
    assert said.count("#### ❌ TTL-01 at ") == 4
    assert said.count("The contract: What \\`TTL\\-01\\` requires") == 1
    assert said.count("- `minted (body shape: bare)`") == 4


def test_a_summary_never_grows_past_what_github_takes() -> None:
    """The largest run, three times, with long sentences."""
    one = samples.all_fail()["targets"][0]
    for row in one["results"]:
        for case in row["cases"]:
            case["why"] = f"{case['why']} {'x' * 1900}"
    said = github.summary(samples.result(one, one, one))
    assert len(said.encode()) < 1024 * 1024
    assert "the rest is in the result file" in said


def test_a_proof_tells_what_is_wrong_with_it() -> None:
    """Each inexact mutant, and each must that none breaks."""
    said: Any = github.summary(samples.proof())
    assert "### ❌ The proof does not stand" in said
    assert "- `Mutant001OfTheRules` " in said
    assert "- SEC-11: no mutant breaks this must" in said
