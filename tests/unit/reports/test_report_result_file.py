"""Reading a result file: whatever the file holds, a result or one sentence that says what to do."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from contract.harness.errors import UsageError
from contract.harness.reports import result_file
from contract.harness.reports.formats import FORMATS
from tests.unit.reports import samples

FULL = samples.text(samples.full())


def changed(**members: Any) -> bytes:
    """The full run with other members at its top."""
    return samples.text(samples.full() | members)


BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"  \n", "is empty"),
    "truncated": (FULL[: len(FULL) // 2], "ends in the middle"),
    "truncated in a text": (FULL[:30], "ends in the middle"),
    "no JSON": (b"<html>502 Bad Gateway</html>", "is no JSON (line 1, column 1)"),
    "binary": (b"\x89PNG\r\n\x1a\n\xff\xfe", "is not UTF-8 text"),
    "UTF-16": ("{}".encode("utf-16"), "is not UTF-8 text"),
    "a list": (b"[]", "is no result"),
    "a number": (b"17", "is no result"),
    "another document": (b'{"schema": "2", "targets": []}', "is no result"),
    "schema true": (b'{"schema": true, "targets": []}', "is no result"),
    "a newer schema": (changed(schema=3), "has schema 3, which is newer than this version reads"),
    "a proof of schema 1": (b'{"schema": 1, "stands": true, "mutants": []}', "is a proof of schema 1"),
    "schema 1, broken": (b'{"schema": 1, "targets": [{"name": "x"}]}', "does not keep schema 1"),
    "schema 1, targets null": (b'{"schema": 1, "targets": null}', "does not keep schema 1"),
    "a member missing": (samples.text({"schema": 2}), "has no member 'tool'"),
    "a member of another type": (changed(targets={}), "targets is an object, and should be: array"),
    "no such day": (changed(started="2026-02-30T00:00:00Z"), "was started at no date"),
    "endless seconds": (changed(seconds=1e300), "seconds is 1e+300, and should be at most"),
    "NaN": (FULL.replace(b'"seed": 20261126', b'"seed": NaN'), "holds a number that no result holds (NaN)"),
    "beyond a float": (FULL.replace(b'"seconds": 42.5', b'"seconds": 1e999'), "no result holds (1e999)"),
    "5000 digits": (FULL.replace(b"20261126", b"9" * 5000), "holds a number that no result holds"),
    "nested in arrays": (b"[" * 500_000, "is nested too deeply"),
    "nested in objects": (b'{"a":' * 400 + b"1" + b"}" * 400, "is nested too deeply"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "says"), BAD.values(), ids=BAD)
def test_what_is_no_result_gets_one_sentence(tmp_path: Path, content: bytes, says: str) -> None:
    """The sentence names the file, what is wrong with it and what to do."""
    file = tmp_path / "result.json"
    file.write_bytes(content)
    with pytest.raises(UsageError) as raised:
        result_file.load(file)
    said = str(raised.value)
    assert said.startswith(f"result {file}: ")
    assert says in said
    assert "relayauth-contract" in said or "mutants --json" in said
    assert said.isprintable()
    assert len(said) < 500


def test_50_mb_are_refused_unread(tmp_path: Path) -> None:
    """A huge file costs neither time nor memory."""
    file = tmp_path / "huge.json"
    with file.open("wb") as opened:
        opened.write(b'{"schema": 2, "x": "')
        opened.truncate(50 * 1024 * 1024)
    begun = time.process_time()
    with pytest.raises(UsageError, match="is larger than 32 MB"):
        result_file.load(file)
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_what_can_not_be_read_gets_one_sentence(tmp_path: Path, name: str) -> None:
    """No such file, and a folder."""
    with pytest.raises(UsageError, match=r"there is no such file|can't be read"):
        result_file.load(tmp_path / name)


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    """With and without a byte order mark, and with members that this version does not know."""
    file = tmp_path / "result.json"
    for content in (FULL, b"\xef\xbb\xbf" + FULL):
        file.write_bytes(content)
        assert result_file.load(file) == samples.full()
    file.write_bytes(changed(novelty={"of": "2027"}))
    assert result_file.load(file)["novelty"] == {"of": "2027"}


def old() -> dict[str, Any]:
    """A result of schema 1, with exactly its members."""
    kept = ("clause", "level", "endpoint", "outcome", "why", "seconds")
    now = samples.full()
    return {
        **{name: now[name] for name in ("tool", "contract", "started", "seconds")},
        "schema": 1,
        "targets": [
            {
                **{name: each[name] for name in ("name", "kind", "abilities", "lacking", "verdict")},
                **{name: each[name] for name in ("problem", "requests", "leftovers")},
                "results": [{name: row[name] for name in kept} for row in each["results"]],
            }
            for each in now["targets"]
        ],
    }


def test_schema_1_is_upgraded() -> None:
    """What it tells stays; what it does not tell is empty; every format can be made of it."""
    found = result_file.parse(samples.text(old()), Path("old.json"))
    assert found["schema"] == 2
    assert found["verdict"] == "broken"
    target = found["targets"][0]
    assert target["sentence"] == "Does not conform: exec:node server.mjs, 224 of 242 checks passed."
    assert [row["outcome"] for row in target["results"]] == [
        row["outcome"] for row in samples.full()["targets"][0]["results"]
    ]
    for row in FORMATS:
        assert row.render(found)


def test_half_a_surrogate_pair_can_be_written_again() -> None:
    """JSON can say what UTF-8 can't: it is replaced, so that every format can be written."""
    document = samples.full()
    document["targets"][0]["name"] = document["targets"][0]["results"][0]["why"] = "half \ud83d of a pair"
    document["targets"][0]["lacking"] = {"half \udc00": "x"}
    found = result_file.parse(json.dumps(document).encode(), Path("x.json"))
    assert found["targets"][0]["name"] == "half \ufffd of a pair"
    for row in FORMATS:
        row.render(found).encode("utf-8")
