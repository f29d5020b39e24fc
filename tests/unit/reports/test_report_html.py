"""The HTML page: what it says, that it loads and runs nothing but its own, and how large it gets."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from contract.harness.reports import html, lifelines
from contract.harness.reports.outcomes import WORDS
from tests.unit.reports import hostile, samples

TAGS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "script",
        "header",
        "main",
        "footer",
        "section",
        "article",
    ),
    *(
        "div",
        "p",
        "h1",
        "h2",
        "h3",
        "h4",
        "span",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "a",
        "b",
        "i",
        "br",
        "small",
    ),
    *("time", "code", "pre", "cite", "details", "summary", "figure", "figcaption"),
    *("form", "fieldset", "legend", "label", "input", "button", "select", "option"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td"),
    *("svg", "symbol", "use", "circle", "path", "rect", "g", "text"),
}
VOID = {"meta", "input", "br"}


class Page(HTMLParser):
    """A page taken apart: its elements, the text of each, and whether it is well formed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.raw: dict[str, list[str]] = {"style": [], "script": []}
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        assert len(dict(attrs)) == len(attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        kept = self.raw[self.open[-1]] if self.open and self.open[-1] in self.raw else self.texts
        kept.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of each element with this tag."""
        return [attributes for name, attributes in self.elements if name == tag]


def shown(page: Page) -> str:
    """The text of a page, with white space as it is shown."""
    return " ".join("".join(page.texts).split())


@pytest.mark.parametrize(
    "make", [samples.full, samples.three, samples.all_fail, samples.proof, samples.result]
)
def test_a_page_is_well_formed_and_small(make: Any) -> None:
    """Elements are closed, links lead to an id, ids are there once; the largest run takes less than 1 MB."""
    text = html.render(make())
    page = Page(text)
    assert page.open == []
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {attributes["href"] for tag in ("a", "use") for attributes in page.of(tag)}
    assert {link for link in links if link is None or link[0] != "#" or link[1:] not in ids} == set()
    assert len(text.encode()) < 1_000_000


@pytest.mark.parametrize("payload", hostile.PAYLOADS, ids=range(len(hostile.PAYLOADS)))
def test_hostile_text_is_text(payload: str) -> None:
    """It adds no element, no attribute and no address, and it is shown."""
    clean, page = Page(html.render(hostile.result("harmless"))), Page(html.render(hostile.result(payload)))
    assert page.open == []
    assert {tag for tag, _ in page.elements} <= TAGS
    names = {name for _, attributes in page.elements for name in attributes}
    assert names == {name for _, attributes in clean.elements for name in attributes}
    assert not {
        name for name in names if name.startswith("on") or name in ("style", "src", "srcdoc", "action")
    }
    assert all((attributes["href"] or "").startswith("#") for attributes in page.of("a"))
    assert page.raw == clean.raw
    # Between backticks the catalogue has code, which is nothing but a face of its text.
    assert [tag for tag, _ in page.elements if tag != "code"] == [
        tag for tag, _ in clean.elements if tag != "code"
    ]
    if payload.isprintable() and len(payload) < 1000:
        assert shown(page).count(" ".join(payload.split())) > 20


def test_the_policy_allows_this_style_and_this_script_alone() -> None:
    """By their digests, before anything else on the page; nothing is loaded from anywhere."""
    page = Page(html.render(samples.full()))
    (policy,) = [each["content"] or "" for each in page.of("meta") if each.get("http-equiv")]

    def digest(kind: str) -> str:
        (text,) = ["".join(page.raw[kind])]
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest('style')}'; script-src 'sha256-{digest('script')}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert [tag for tag, _ in page.elements][:4] == ["html", "head", "meta", "meta"]
    assert len(page.of("script")) == len(page.of("style")) == 1
    assert not re.search(r"https?:|url\(|@import", "".join(page.raw["style"] + page.raw["script"]))


def test_a_failure_is_told_in_full() -> None:
    """Sentence with the numbers, shape, clause and source, exchange, commands: all without a script."""
    said = shown(Page(html.render(samples.full())))
    for text in (
        "Does not conform: exec:node server.mjs, 224 of 242 passed, 11 not tried.",
        f"bare {samples.WHY}",
        "What TTL-02 requires of the service",
        "wire.md, The refresh TTL",
        "POST /v1/tokens/path x-api-key: <secret 0f1e2d3c>",
        '"refreshTokenTtlSeconds": 31536000',
        samples.REPRODUCE[0],
        samples.FIRST_RUN[1],
        "Accepted: fixed in 1.5 (ana); RA-112; until 2026-12-31.",
        "By TTL-02. the mint gave another TTL than was asked",
        "Needed: a target that can be configured and restarted: exec:COMMAND.",
        "no answer within 10 s",
        "session sess_1: 503 to its revocation",
        "4 earlier ones are in the JSON result.",
        "relayauth/1.4.2",
    ):
        assert text in said, text


def test_the_matrix_says_each_outcome_in_words() -> None:
    """Shape and colour are for the eye alone: a screen reader hears the word."""
    document = samples.full()
    text = html.render(document)
    cells = re.findall(r'<td class="[^"]*" data-target="0" data-outcome="(\w+)">(.*?)</td>', text)
    assert len(cells) == len(document["targets"][0]["results"])
    for outcome, inside in cells:
        assert f'<span class="visually-hidden">{WORDS[outcome]}</span>' in inside
        assert f'href="#mark-{outcome}"' in inside


def test_three_targets_stand_side_by_side() -> None:
    """Each has its columns, its section and its sentence; one that was never reached says why."""
    text = html.render(samples.three())
    assert len(re.findall(r'<th scope="colgroup" colspan="5"', text)) == 2
    assert [re.search(rf'<section id="t{index}"', text) is not None for index in range(3)] == [True] * 3
    assert "connection refused: is it running?" in text


def test_two_targets_of_one_name_are_told_apart() -> None:
    """The second is numbered."""
    one = samples.full()["targets"][0]
    said = shown(Page(html.render(samples.result(one, one))))
    assert "exec:node server.mjs #2" in said


def test_the_life_of_a_session_is_drawn() -> None:
    """A bar for what was requested and for each token, a tick for each rotation, and all of it in words."""
    line = lifelines.lifeline(samples.timeline(samples.CAP, samples.DAY))
    assert [bar.kind for bar in line.bars] == ["asked", "ok", "off", "off", "off"]
    asked, given, *rotated = line.bars
    assert asked.width == given.width == pytest.approx(90 * rotated[0].width, rel=0.05)
    assert [mark.words for mark in line.rotations] == ["89 d 23 h", "90 d 23 h", "91 d 23 h"]
    assert [mark.kind for mark in line.events] == ["refused"]
    assert line.sentence.startswith(
        "Requested 90 d (7776000 s), given 90 d (7776000 s); 3 rotations, the last 91 d 23 h after the mint, "
        "gave 1 d (86400 s)"
    )
    text = html.render(samples.full())
    assert line.sentence in text
    assert text.count('class="turn"') == 6


@pytest.mark.parametrize("number", [0, -1, 1e308, 10**400, 0.001, 2**63])
def test_no_lifetime_is_too_odd_to_be_drawn(number: float) -> None:
    """A service may make any number of it."""
    timeline = {"requested": number, "given": number, "rotations": [{"at": number, "given": number}] * 3}
    line = lifelines.lifeline(timeline)
    assert all(0 <= bar.x <= lifelines.WIDTH and 0 < bar.width <= lifelines.WIDTH for bar in line.bars)
    assert len(line.ticks) < 20


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3661, "1 h 1 min"), (86400, "1 d"), (7776000, "90 d"),
     (31536000, "365 d"), (63072000, "2 y"), (0.5, "0.5 s"), (-60, "-1 min")],
)  # fmt: skip
def test_a_time_span_is_told_in_its_two_largest_units(seconds: float, said: str) -> None:
    """So that 90 days read as such beside 24 hours."""
    assert lifelines.duration(seconds) == said


def test_the_kill_matrix_tells_exact_from_not() -> None:
    """A mark for each kind, a table that says the same, and first what is wrong."""
    document = samples.proof()
    text = html.render(document)
    caught = sum(len(set(each["caught"])) for each in document["proof"]["mutants"])
    assert text.count('<g class="hit killed">') == caught - 1
    assert text.count('<g class="hit extra">') == 1
    assert text.count('<g class="hit error">') == len(document["proof"]["mutants"][3]["errors"])
    said = shown(Page(text))
    assert (
        "The proof does not stand: 220 mutants, 217 killed by exactly the clauses that they declare" in said
    )
    assert "No mutant breaks these musts: SEC-11." in said
    assert said.index("Mutant001OfTheRules") < said.index("Kill matrix")
