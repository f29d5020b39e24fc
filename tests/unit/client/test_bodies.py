"""Bodies on the wire: UTF-8 as clients send it, and cut where a careless reader garbles it."""

import json
from collections.abc import Iterable

import httpx
import pytest

from contract.harness.client.bodies import in_two, json_of
from tests.support.fakes import Script, served


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        ({"a": "Zoë"}, '{"a": "Zoë"}'.encode()),
        ({"a": "\ud83e"}, b'{"a": "\\ud83e"}'),
        ([1, None], b"[1, null]"),
    ],
    ids=["text", "half a pair", "numbers"],
)
def test_json_is_written_in_utf_8_where_it_can_be(value: object, wire: bytes) -> None:
    """A lone surrogate is the one thing that has to be escaped."""
    assert json_of(value) == wire
    assert json.loads(wire) == value


@pytest.mark.parametrize("text", ["Zoë", "abcdef", "工作 🤖"])
def test_a_body_is_cut_within_its_first_character_beyond_ascii(text: str) -> None:
    """Or in its middle, if it has none; nothing is lost."""
    first, second = in_two(text.encode())
    assert first + second == text.encode()
    assert first
    assert second
    if not text.isascii():
        with pytest.raises(UnicodeDecodeError):
            first.decode()


def test_a_chunked_body_is_sent_in_two_parts() -> None:
    """With no length; the content type that was given stays."""
    headers = {"transfer-encoding": "chunked", "content-type": "application/json; charset=utf-8"}
    with served(Script(httpx.Response(201))) as service:
        request = service.prepare("POST", "/v1/tokens", body={"a": "Zoë"}, headers=headers).http_request
    assert {name: request.headers.get(name) for name in (*headers, "content-length")} == {
        **headers,
        "content-length": None,
    }
    assert isinstance(request.stream, Iterable)
    assert list(request.stream) == [b'{"a": "Zo\xc3', b'\xab"}']
