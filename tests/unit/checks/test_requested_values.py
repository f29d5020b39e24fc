"""The list of requested TTLs: what counts as unusable, as a whole number, and what is sent where."""

import json
from typing import Any

import pytest

from contract.harness.checks import TEXT, UNUSABLE, USABLE, effective, is_unusable, whole_number
from contract.harness.checks.requested_values import ENCODINGS, _share, _spellings
from contract.harness.spec import ENDPOINTS, REFRESH_TTL_CAP, REFRESH_TTL_FIELD

CAP = float(REFRESH_TTL_CAP)


@pytest.mark.parametrize("group", sorted(set(UNUSABLE) - {"words"}))
def test_every_unusable_value_is_one(group: str) -> None:
    """The generated values are held to the same rule as those by name."""
    assert [name for name, value in UNUSABLE[group].items() if not is_unusable(value)] == []


@pytest.mark.parametrize("value", [*USABLE["numbers"].values(), None, "60", "ninety days", 1, 1.5])
def test_a_usable_number_a_text_or_nothing_is_not_unusable(value: Any) -> None:
    """They have rules of their own: TTL-01, TTL-02, TTL-03 and TTL-07."""
    assert not is_unusable(value)


WHOLE: dict[str, tuple[str, int | None]] = {
    "a number": ("60", 60),
    "blanks": (" 60 ", 60),
    "a fraction": ("60.5", 60),
    "an exponent": ("1e9", REFRESH_TTL_CAP),
    "hexadecimal": ("0x10", 16),
    "infinite": ("Infinity", REFRESH_TTL_CAP),
    "negative": ("-60", 0),
    "no number": ("NaN", 0),
    "words": ("ninety days", None),
    "a prefix": ("3600abc", None),
    "two numbers": ("60 60", None),
    "a comma": ("7200,5", None),
    "empty": ("", None),
}


@pytest.mark.parametrize(("text", "ttl"), WHOLE.values(), ids=WHOLE)
def test_a_text_is_the_number_that_all_of_it_is(text: str, ttl: int | None) -> None:
    """A deployment may read text as a number, but never a part of it."""
    number = whole_number(text)
    assert (None if number is None else effective(number)) == ttl


def test_no_text_of_the_list_is_its_prefix_as_a_whole() -> None:
    """A deployment that reads the prefix shows with every text of the group."""
    group = TEXT["text that begins with a number"].values()
    assert [text[:9] for text in group if whole_number(text) is not None] == []


def test_each_spelling_is_the_body_with_the_field_added() -> None:
    """What is JSON after all reads as the body and the number; the rest differs in the field alone."""
    spelled = _spellings(json.dumps({"paths": ["/a/*"]}))
    assert json.loads(spelled["1E2"]) == {"paths": ["/a/*"], REFRESH_TTL_FIELD: 100.0}
    for encoding in ENCODINGS:
        text = spelled[f"60 in {encoding}"].decode(encoding)
        assert json.loads(text) == {"paths": ["/a/*"], REFRESH_TTL_FIELD: 60}
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(spelled["leading zeros"])
    deep = spelled["5000 brackets"].partition(f'"{REFRESH_TTL_FIELD}": '.encode())[2]
    assert deep == b"[" * 5000 + b"]" * 5000 + b"}"


@pytest.mark.parametrize("ways", [1, 2, 4])
def test_rows_are_spread_evenly_and_none_is_left_out(ways: int) -> None:
    """Each row goes to its share of the endpoints."""
    rows = {f"row {number}": number for number in range(10)}
    sent = [name for mint in ENDPOINTS.values() for name, _ in _share(mint, rows, ways)]
    assert {name: sent.count(name) for name in rows} == dict.fromkeys(rows, len(ENDPOINTS) // ways)
