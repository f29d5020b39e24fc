"""Entries of a baseline that have to be changed: the page and the summary list them."""

import pytest

from contract.harness.reports import github, html
from tests.unit.reports import outdated, samples
from tests.unit.reports.test_report_html import Page, shown

OUTDATED = (
    (
        "TTL-02 at path [bare]",
        "expired on 2026-10-31, fails again",
        "fixed in 1.5; ana; RA-112",
        "known.toml:7",
    ),
    ("META-01 at path", "expired on 2026-08-31, passes now", "fixed in 1.5", "known.toml:17"),
    ("SEC-02", "expired on 2026-09-30", "fixed in 1.5", "known.toml:12"),
    ("ROT-03 at path", "stale: passes now", "no reason given", "known.toml:22"),
)


@pytest.mark.parametrize("entry", OUTDATED, ids=[entry[0] for entry in OUTDATED])
def test_entries_of_the_baseline_that_have_to_be_changed_are_listed(entry: tuple[str, ...]) -> None:
    """What fails again since its last day, and what passes now: with its reason, file and line."""
    said = shown(Page(html.render(samples.full())))
    place, state, accepted, where = entry
    assert f"{place} {state} {where} Accepted: {accepted}." in said
    assert f"{state}; `{accepted}`, `{where}`" in github.summary(samples.full())


def test_a_long_list_of_them_is_cut() -> None:
    """And what is cut off is counted."""
    document = samples.full()
    stale = [outdated.accepted("ROT-03", line=line) for line in range(1, 20_001)]
    document["targets"][0]["baseline"] |= {"stale": stale, "expired": [], "failing": []}
    text = html.render(document)
    assert text.count("stale: passes now") == 100
    assert "and 19900 more: see the JSON result" in text
    assert "- and 19900 more" in github.summary(document)
