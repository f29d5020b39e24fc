"""Results that are none, and hostile ones, given to the commands that read them."""

from pathlib import Path

import pytest

from tests.support.command import run_here
from tests.unit.reports import samples

FULL = samples.text(samples.full())
HOSTILE = "\x1b[31m\n::error title=FORGED::forged\u202e ##[error]<script>"
BAD = {
    "truncated": FULL[: len(FULL) // 2],
    "newer": samples.text(samples.full() | {"schema": 3}),
    "huge": FULL[:-1] + b" " * 50 * 1024 * 1024 + b"}",
    "hostile where a time stands": samples.text(samples.full() | {"started": HOSTILE}),
    "hostile where a word stands": samples.text(samples.full() | {"verdict": HOSTILE}),
    "of another kind": b"<testsuites/>",
}
COMMANDS = {
    "report": ["report", "bad.json", "--html", "page.html"],
    "compare": ["compare", "good.json", "bad.json"],
    "gate": ["gate", "good.json", "bad.json"],
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_what_is_no_result_is_refused_in_one_sentence(
    tmp_path: Path, words: list[str], content: bytes
) -> None:
    """It names the file, and is one line of which no runner of CI makes a command."""
    (tmp_path / "good.json").write_bytes(FULL)
    (tmp_path / "bad.json").write_bytes(content)
    run = run_here(words, tmp_path, {})
    assert run.code == 2
    assert run.out == ""
    (line,) = run.err.splitlines()
    assert line.startswith("relayauth-contract: result bad.json: ")
    assert line.isprintable()
    assert not line.startswith("::")
    assert "##[" not in line
    assert not (tmp_path / "page.html").exists()


FORGED = ("::error title=FORGED::forged", "##[error]forged", "x ##[add-mask]y", ":::error::")


@pytest.mark.parametrize("why", FORGED)
@pytest.mark.parametrize("form", ["text", "markdown"])
def test_a_comparison_in_a_log_forges_no_annotation(tmp_path: Path, form: str, why: str) -> None:
    """GitHub's runner takes a command where a line begins, white space aside; the older form anywhere."""
    old, new = samples.full(), samples.full()
    row = new["targets"][0]["results"][0]
    row |= {"outcome": "fail", "why": why, "cases": [samples.case("fail", why)]}
    (tmp_path / "old.json").write_bytes(samples.text(old))
    (tmp_path / "new.json").write_bytes(samples.text(new))
    run = run_here(["compare", "old.json", "new.json", "--format", form], tmp_path, {})
    assert run.code == 1
    assert "forged" in run.out or "mask" in run.out or "error" in run.out
    assert not [line for line in run.out.splitlines() if line.lstrip().startswith("::") or "##[" in line]


def test_annotations_of_our_own_are_commands(tmp_path: Path) -> None:
    """A report on standard output is what it is in a file."""
    (tmp_path / "result.json").write_bytes(samples.text(samples.full()))
    run = run_here(["report", "result.json", "--annotations", "-"], tmp_path, {})
    assert run.out.startswith("::error title=TTL-02 at path")
