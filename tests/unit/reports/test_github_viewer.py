"""The step summary as GitHub renders it: no link, name, picture or heading comes from a service's text."""

import json
import re

import pytest

from contract.harness.reports import comparisons, github
from contract.harness.reports.compare import compare
from tests.support import viewers
from tests.unit.reports import hostile, samples

pytestmark = pytest.mark.skipif(
    bool(viewers.missing("remark-github")), reason=viewers.missing("remark-github")
)


def rendered(texts: list[str]) -> list[str]:
    """The HTML of each text."""
    ended = viewers.run("markdown.mjs", given=texts)
    assert ended.returncode == 0, ended.stderr
    found: list[str] = json.loads(ended.stdout)
    return found


def elements(page: str) -> list[str]:
    """The tags of a page, in their order."""
    return re.findall(r"</?[a-zA-Z][^\s>/]*", page)


def test_the_renderer_links_what_github_links() -> None:
    """Else it would show nothing."""
    texts = [
        "https://a.example",
        "www.a.example",
        "@somebody",
        "owner/repo#1",
        "#12",
        "[a](https://a.example)",
    ]
    assert all("<a href" in page for page in rendered(texts))
    assert rendered(["<script>alert(1)</script><b>x</b>"]) == ["<b>x</b>"]


def test_hostile_text_changes_no_element_of_the_summary() -> None:
    """It has the elements that harmless text gives it, and no link and no picture."""
    harmless, *pages = rendered(
        [github.summary(hostile.result(payload)) for payload in ("harmless", *hostile.PAYLOADS)]
    )
    assert not {"<a", "<img", "<script", "<svg"} & set(elements(harmless))
    for payload, page in zip(hostile.PAYLOADS, pages, strict=True):
        assert elements(page) == elements(harmless), payload


def test_hostile_text_changes_no_element_of_a_comparison() -> None:
    """`compare --format markdown` goes into a pull request."""
    old = samples.full()
    texts = [
        comparisons.as_markdown(compare(old, hostile.result(payload, of=samples.full())))
        for payload in ("harmless", *hostile.PAYLOADS)
    ]
    harmless, *pages = rendered(texts)
    for payload, page in zip(hostile.PAYLOADS, pages, strict=True):
        assert not {"<a", "<img", "<script", "<svg"} & set(elements(page)), payload
        assert elements(page) == elements(harmless), payload
