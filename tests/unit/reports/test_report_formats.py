"""The table of formats: each row renders each sample, and importing the table costs nothing."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest

from contract.harness.reports.formats import BY_NAME, FORMATS, Format
from tests.support.command import patience
from tests.unit.reports import hostile, samples

SLOW = ("jinja2", "jsonschema", "xml.etree", "pytest", "httpx", "rich")


def of_name(row: Format) -> str:
    """The id of a parametrised test."""
    return row.name


@pytest.mark.parametrize("row", FORMATS, ids=of_name)
@pytest.mark.parametrize("make", [samples.full, samples.three, samples.proof, samples.result])
def test_a_format_renders_any_result(row: Format, make: Callable[[], dict[str, Any]]) -> None:
    """A run, several targets, a proof alone, and a result without any target."""
    document = make()
    before = json.dumps(document)
    assert isinstance(row.render(document), str)
    assert json.dumps(document) == before


@pytest.mark.parametrize("row", [row for row in FORMATS if row.name != "json"], ids=of_name)
@pytest.mark.parametrize("payload", hostile.PAYLOADS, ids=range(len(hostile.PAYLOADS)))
def test_hostile_text_is_written_without_what_can_not_be_seen(row: Format, payload: str) -> None:
    """No control character, escape sequence or direction override reaches a terminal or a page.

    The result itself keeps a service's text as it came: each report escapes it.
    """
    said = row.render(hostile.result(payload))
    said.encode("utf-8")
    # The word joiner is ours: it keeps GitHub from linking what stands behind an at sign.
    unseen = [sign for sign in said if not sign.isprintable() and sign not in "\n\N{WORD JOINER}"]
    assert unseen == []


def test_the_options_differ() -> None:
    """Each row can be an option of the command line, and is found by its name."""
    assert len({row.option for row in FORMATS}) == len(FORMATS) == len(BY_NAME)
    assert all(row.option.startswith("--") and row.help.endswith(".") for row in FORMATS)


def test_importing_the_table_imports_nothing_slow() -> None:
    """`--help` is made from the table."""
    program = (
        f"import sys, contract.harness.reports.formats; print([m for m in {SLOW!r} if m in sys.modules])"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=patience(), check=True
    )
    assert told.stdout.strip() == "[]"


def test_loading_and_comparing_imports_nothing_slow() -> None:
    """`compare` and `gate` start without a template engine and without a schema library."""
    program = (
        "import sys, contract.harness.reports.result_file, contract.harness.reports.compare, "
        "contract.harness.reports.comparisons, contract.harness.reports.gate; "
        f"print([m for m in {SLOW!r} if m in sys.modules])"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=patience(), check=True
    )
    assert told.stdout.strip() == "[]"


def test_a_page_is_written_in_half_a_second() -> None:
    """Of processor time, the best of three: the full run, and one in which everything fails."""
    for make in (samples.full, samples.all_fail):
        document = make()
        spent = []
        for _ in range(3):
            begun = time.process_time()
            BY_NAME["html"].render(document)
            spent.append(time.process_time() - begun)
        assert min(spent) < 0.5


@pytest.mark.parametrize(
    ("document", "says"),
    [
        pytest.param(samples.full(), "does not conform · 224/242", id="broken"),
        pytest.param(samples.result(samples.target()), "conforms · 0/0", id="holds"),
        pytest.param(samples.result(), "no verdict · 0/0", id="open"),
        pytest.param(samples.proof(), "proof does not stand", id="proof"),
    ],
)
def test_a_badge_says_the_verdict(document: dict[str, Any], says: str) -> None:
    """In its text and in its title, as SVG without script or link."""
    root = ElementTree.fromstring(BY_NAME["badge"].render(document))
    assert root.attrib["aria-label"] == f"relayauth contract: {says}"
    assert says in [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    tags = {node.tag.rpartition("}")[2] for node in root.iter()}
    assert tags <= {"svg", "title", "clipPath", "rect", "g", "text"}
