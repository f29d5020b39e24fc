"""The HTML page in a real browser: its widths, its filters, its policy, and hostile text."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract.harness.reports import html
from tests.support import viewers
from tests.support.rows import rows
from tests.unit.reports import browser, hostile, samples
from tests.unit.reports.browser import Browser

pytestmark = pytest.mark.skipif(bool(browser.MISSING), reason=browser.MISSING)
SHOWN = "return document.querySelector('.shown').textContent"
VISIBLE = (
    "return [...document.querySelectorAll(arguments[0])].filter((e) => e.checkVisibility()).map((e) => e.id)"
)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests of this module."""
    with browser.launched(tmp_path_factory.mktemp("profile")) as found:
        yield found


def page(folder: Path, document: dict[str, Any]) -> Path:
    """The page of a result as a file."""
    file = folder / "report.html"
    file.write_text(html.render(document), encoding="utf-8")
    return file


PAGES = {each.__name__: each for each in (samples.full, samples.three, samples.all_fail, samples.proof)}
WIDTHS = (400, 1000, 1600)


@pytest.mark.parametrize(
    ("make", "width"),
    rows(
        {f"{name}-{width}": (make, width) for name, make in PAGES.items() for width in WIDTHS},
        proof=[f"{name}-{width}" for name in PAGES for width in WIDTHS[1:]],
    ),
)
def test_a_page_fits_its_window(chromium: Browser, tmp_path: Path, make: Any, width: int) -> None:
    """Only the boxes that are meant to scroll sideways do; nothing was complained of."""
    chromium.open(page(tmp_path, make()), width=width)
    assert chromium.run("return [innerWidth, document.documentElement.scrollWidth]") == [width, width]
    assert chromium.screenshot().startswith(b"\x89PNG")
    assert chromium.log() == []


@pytest.mark.skipif(bool(viewers.missing("axe-core")), reason=viewers.missing("axe-core"))
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [400, 1600])
@pytest.mark.parametrize("make", [samples.full, samples.three, samples.proof])
def test_axe_finds_nothing(chromium: Browser, tmp_path: Path, make: Any, width: int, dark: bool) -> None:
    """No contrast is too low, no element is without a name; what is folded is looked at too."""
    chromium.open(page(tmp_path, make()), width=width, dark=dark)
    chromium.run("for (const each of document.querySelectorAll('details')) each.open = true")
    chromium.run(viewers.source("axe-core", "axe.min.js"))
    found = chromium.run(
        "return axe.run().then((said) => said.violations.map((one) => [one.id, one.impact, "
        "one.nodes.length, one.nodes[0].html]))"
    )
    assert found == []


def test_print_shows_what_is_folded(chromium: Browser, tmp_path: Path) -> None:
    """On paper there is nothing to click; with a dark screen, too, it is black on white."""
    chromium.open(page(tmp_path, samples.full()), width=760, dark=True)
    chromium.devtools("Emulation.setEmulatedMedia", media="print")
    chromium.run("dispatchEvent(new Event('beforeprint'))")
    assert chromium.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert chromium.run("return document.querySelectorAll('details:not([open])').length") == 0
    assert chromium.run(VISIBLE, "#filters, #theme, .commands button") == []
    assert chromium.run("return document.documentElement.scrollWidth") == 760
    assert chromium.devtools("Page.printToPDF")["data"]
    chromium.devtools("Emulation.setEmulatedMedia", media="")


def test_filters_show_what_was_asked_for(chromium: Browser, tmp_path: Path) -> None:
    """Outcomes, musts, words and targets, each by itself and together; reset shows all again."""
    chromium.open(page(tmp_path, samples.three()), width=1600)
    everything = "71 of 71 clauses shown"
    assert chromium.run(SHOWN) == everything
    for outcome in ("pass", "known", "blocked", "not_tried", "error"):
        chromium.click(f"label:has(input[value={outcome}])")
    assert chromium.run(SHOWN) == "3 of 71 clauses shown"
    assert chromium.run(VISIBLE, ".detail") == ["t0-TTL-02-path", "t0-CLK-03-path", "t0-TTL-07-agent"]
    chromium.click("label:has(input[name=must])")
    assert chromium.run(SHOWN) == "2 of 71 clauses shown"
    chromium.type("input[type=search]", "clk")
    assert chromium.run(SHOWN) == "1 of 71 clauses shown"
    chromium.click("button[type=reset]")
    # The form is reset first, and the page filtered behind it.
    chromium.run("return new Promise((done) => setTimeout(done))")
    assert chromium.run(SHOWN) == everything
    chromium.run(
        "const s = document.querySelector('select'); s.value = '1';"
        "s.dispatchEvent(new Event('input', {bubbles: true}))"
    )
    assert chromium.run(VISIBLE, "section.target") == ["t1"]
    assert chromium.log() == []


def test_a_cell_leads_to_its_failure(chromium: Browser, tmp_path: Path) -> None:
    """A click on the matrix shows what failed."""
    chromium.open(page(tmp_path, samples.full()))
    chromium.click(".matrix td.fail a")
    assert chromium.run("return location.hash") == "#t0-TTL-02-path"
    top = chromium.run("return document.querySelector(':target').getBoundingClientRect().top")
    assert 0 <= top < 900


def test_commands_are_copied(chromium: Browser, tmp_path: Path) -> None:
    """The button copies the lines as they are."""
    chromium.open(page(tmp_path, samples.full()))
    chromium.run("document.addEventListener('copy', () => { window.copied = String(getSelection()); });"
                 "navigator.clipboard.writeText = async (text) => { window.copied = text; };")  # fmt: skip
    chromium.click("#t0-TTL-02-path .commands button")
    chromium.run("return new Promise((done) => setTimeout(done))")
    assert chromium.run("return window.copied") == "\n".join(samples.REPRODUCE)
    button = "return document.querySelector('#t0-TTL-02-path .commands button').textContent"
    assert chromium.run(button) == "Copied"


def test_light_and_dark(chromium: Browser, tmp_path: Path) -> None:
    """As the reader's system has it, and the other way at a click."""
    file = page(tmp_path, samples.full())
    colour = "return getComputedStyle(document.body).backgroundColor"
    chromium.open(file, dark=True)
    assert chromium.run(colour) == "rgb(13, 17, 23)"
    chromium.open(file)
    assert chromium.run(colour) == "rgb(255, 255, 255)"
    chromium.click("#theme")
    assert chromium.run(colour) == "rgb(13, 17, 23)"


def test_the_page_is_complete_without_its_script(chromium: Browser, tmp_path: Path) -> None:
    """Filters and buttons are not there; everything else is."""
    chromium.open(page(tmp_path, samples.full()), script=False)
    chromium.devtools("Emulation.setScriptExecutionDisabled", value=False)
    assert chromium.run(VISIBLE, "#filters, #theme, .commands button") == []
    assert len(chromium.run(VISIBLE, ".detail")) == 5
    assert chromium.run("return document.querySelector('.legend').checkVisibility()")


@pytest.mark.parametrize(
    "payload",
    rows(
        {str(number): each for number, each in enumerate(hostile.PAYLOADS)},
        proof=[*map(str, range(3, len(hostile.PAYLOADS)))],
    ),
)
def test_hostile_text_runs_nothing(chromium: Browser, tmp_path: Path, payload: str) -> None:
    """No script, no request, no complaint of the policy: there was nothing to refuse; no wider page."""
    chromium.open(page(tmp_path, hostile.result(payload)), width=400)
    assert chromium.run("return document.documentElement.scrollWidth") == 400
    assert chromium.run("return document.title").startswith("relayauth-contract: ")
    assert chromium.run("return performance.getEntriesByType('resource').length") == 0
    assert chromium.run("return document.scripts.length") == 1
    assert chromium.log() == []


def test_the_policy_refuses_what_would_get_in(chromium: Browser, tmp_path: Path) -> None:
    """The second wall: were markup ever let through, it would neither run nor load."""
    file = page(tmp_path, samples.full())
    evil = "<script>document.title = 1</script><img src=http://127.0.0.1:9/x onerror='document.title = 1'>"
    file.write_text(file.read_text("utf-8").replace("<footer>", f"{evil}<footer>"), encoding="utf-8")
    chromium.open(file)
    assert chromium.run("return document.title").startswith("relayauth-contract: ")
    assert any("Content Security Policy" in line for line in chromium.log())
