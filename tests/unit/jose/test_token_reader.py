"""The harness's own reader of tokens believes nothing that is not in its one canonical form."""

import base64
import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.harness.jose import Malformed, read_token, run_key
from contract.harness.jose.keys import thumbprint
from contract.harness.jose.tokens import decode, encode
from contract.harness.spec import TOKEN_PREFIXES
from tests.support.fakes import unsigned

SIGNATURE = encode(b"signed by nobody")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(), JSON, max_size=4)
quick = settings(deadline=None, database=None, max_examples=50)


def segment(text: str | bytes) -> str:
    """Text as a segment of a token."""
    return encode(text.encode() if isinstance(text, str) else text)


def token(claims: str | bytes = "{}", header: str | bytes = "{}") -> str:
    """A token of two raw texts."""
    return f"{segment(header)}.{segment(claims)}.{SIGNATURE}"


@quick
@given(header=OBJECTS, claims=OBJECTS, prefix=st.sampled_from(["", *TOKEN_PREFIXES]))
def test_what_was_written_is_read(header: dict[str, Any], claims: dict[str, Any], prefix: str) -> None:
    """Prefix, header and claims of any JSON come back as they went in."""
    text = prefix + unsigned(claims, header)
    found = read_token(text)
    assert (found.text, found.prefix, found.header, found.claims) == (text, prefix, header, claims)


@quick
@given(raw=st.binary(max_size=40))
def test_base64url_has_one_spelling_and_it_is_read(raw: bytes) -> None:
    """`decode` undoes `encode`, and what `encode` gives is base64url without padding."""
    assert decode(encode(raw)) == raw
    assert encode(raw) == base64.urlsafe_b64encode(raw).decode().rstrip("=")


@quick
@given(text=st.text(alphabet=st.characters(max_codepoint=0x17F), max_size=12))
def test_what_is_decoded_at_all_encodes_to_itself(text: str) -> None:
    """No text besides the canonical one is read as the same bytes."""
    try:
        raw = decode(text)
    except Malformed:
        return
    assert encode(raw) == text


@quick
@given(text=st.text(max_size=30) | st.text(alphabet="eyJ.-_=A", max_size=30))
def test_no_text_raises_anything_but_malformed(text: str) -> None:
    """Whatever a service sends for a token, the reader says why it is none."""
    with contextlib.suppress(Malformed):
        assert read_token(text).text == text


GOOD = token('{"exp": 2, "iat": 1}', '{"alg": "RS256"}')
MALFORMED: dict[str, tuple[object, str]] = {
    "null": (None, "not a string"),
    "a number": (7, "not a string"),
    "bytes": (GOOD.encode(), "not a string"),
    "empty": ("", "1 segments"),
    "one segment": (GOOD.split(".")[0], "1 segments"),
    "no signature": (GOOD.rpartition(".")[0], "2 segments"),
    "an empty signature": (GOOD.rpartition(".")[0] + ".", "3 segments, not three that are not empty"),
    "an empty header": ("." + GOOD.partition(".")[2], "not three that are not empty"),
    "an extra segment": (GOOD + ".AAAA", "4 segments"),
    "a dot at the end": (GOOD + ".", "4 segments"),
    "padding": (f"{base64.urlsafe_b64encode(b'{}').decode()}.{segment('{}')}.{SIGNATURE}", "canonical"),
    "plain base64": (f"{segment('{}')}.{segment('{}')}.+/+/", "canonical"),
    "a second spelling": (f"{segment('{}')[:-1]}1.{segment('{}')}.{SIGNATURE}", "canonical"),
    "a lone sign": (f"{segment('{}')}.{segment('{}')}.A", "not base64url"),
    "a space": (f"{segment('{}')}.{segment('{}')}.AA A", "not base64url"),
    "a line break": (GOOD + "\n", "base64url"),
    "not ASCII": (f"{segment('{}')}.{segment('{}')}.ÄÄÄÄ", "not base64url"),
    "no JSON": (token("{"), "not JSON"),
    "no UTF-8": (token(b'{"a": "\xff"}'), "not JSON"),
    "NaN": (token('{"exp": NaN}'), "not JSON"),
    "infinity": (token('{"exp": -Infinity}'), "not JSON"),
    "deep": (token('{"a":' * 100_000 + "1" + "}" * 100_000), "not JSON"),
    "a number of many digits": (token('{"exp": ' + "9" * 5000 + "}"), "not JSON"),
    "a list for claims": (token("[]"), "not a JSON object"),
    "null for a header": (token(header="null"), "not a JSON object"),
    "two prefixes": ("relay_ag_relay_pa_" + GOOD, "a segment is not"),
    "an unknown prefix": ("relay_xx_" + GOOD, "a segment is not"),
    "a prefix in capitals": ("RELAY_AG_" + GOOD, "a segment is not"),
    "a space before": (" " + GOOD, "base64url"),
}


@pytest.mark.parametrize(("text", "reason"), MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_token_is_refused_with_the_reason(text: object, reason: str) -> None:
    """One sentence says what is wrong; the token itself is not in it."""
    read_token(GOOD)
    with pytest.raises(Malformed, match=reason) as refusal:
        read_token(text)
    assert GOOD.split(".")[1] not in str(refusal.value)


TIMES: dict[str, tuple[str, int | None]] = {
    "whole": ("1800000000", 1800000000),
    "zero": ("0", 0),
    "negative": ("-1", -1),
    "whole, written as a float": ("1800000000.0", 1800000000),
    "whole, with an exponent": ("18e8", 1800000000),
    "a fraction": ("1800000000.5", None),
    "without end": ("1e999", None),
    "text": ('"1800000000"', None),
    "true": ("true", None),
    "null": ("null", None),
    "a list": ("[1800000000]", None),
}


@pytest.mark.parametrize(("exp", "seconds"), TIMES.values(), ids=TIMES)
def test_a_time_is_a_whole_number_of_seconds(exp: str, seconds: int | None) -> None:
    """RFC 7519 lets a NumericDate be any number; the contract reads whole seconds, and no others."""
    found = read_token(token(f'{{"iat": 1, "exp": {exp}}}'))
    if seconds is None:
        with pytest.raises(Malformed, match="its exp is not a whole number of seconds"):
            _ = found.lifetime
    else:
        assert (found.exp, found.lifetime) == (seconds, seconds - 1)


def test_a_missing_time_is_told() -> None:
    """A token without `iat` is malformed, and the reason names the claim."""
    with pytest.raises(Malformed, match="its iat is not a whole number"):
        _ = read_token(token('{"exp": 1}')).iat


@pytest.mark.parametrize("meta", ["null", "[]", '"text"', "7"])
def test_meta_is_an_object_or_absent(meta: str) -> None:
    """Anything else in its place is malformed; absent is empty, and bears no mark."""
    assert read_token(token()).meta == {}
    assert read_token(token()).mark is None
    with pytest.raises(Malformed, match="its meta is not an object"):
        _ = read_token(token(f'{{"meta": {meta}}}')).mark


def test_the_mark_is_read_as_it_stands() -> None:
    """A number is not turned into text, nor text into a number: clauses tell the difference."""
    assert read_token(token('{"meta": {"refreshTokenTtl": "60"}}')).mark == "60"
    assert read_token(token('{"meta": {"refreshTokenTtl": 60}}')).mark == 60


# The key and the thumbprint of RFC 7638, section 3.1.
RFC_7638_N = (
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3"
    "oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdA"
    "ZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-"
    "kEgU8awapJzKnqDKgw"
)


def test_the_thumbprint_is_that_of_rfc_7638() -> None:
    """The example of section 3.1, optional members and all."""
    jwk = {"kty": "RSA", "n": RFC_7638_N, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}
    assert thumbprint(jwk) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_what_the_harness_signs_its_own_reader_and_another_one_read() -> None:
    """Header, prefix and claims arrive, and PyJWT finds the signature good."""
    import jwt

    key = run_key()
    text = key.sign({"sub": "a"}, prefix="relay_ag_", header={"typ": "other"})
    found = read_token(text)
    assert found.prefix == "relay_ag_"
    assert found.header == {"alg": "RS256", "typ": "other", "kid": key.kid}
    assert jwt.decode(text.removeprefix("relay_ag_"), key.public_pem, algorithms=["RS256"]) == {"sub": "a"}
    assert json.loads(json.dumps(key.jwk))["kid"] == thumbprint(key.jwk)
