"""Published keys of any type: which of them show private members, and which verify RS256."""

from typing import Any

import pytest

from contract.harness.jose import other_key, run_key
from contract.harness.jose.jwks import faults, signs_with_rs256
from contract.harness.targets.jwks_answers import StubAnswer, key_set

PUBLIC = key_set(StubAnswer.SEVERAL_KEYS, run_key(), other_key())["keys"]
SHOWN: dict[str, dict[str, Any]] = {
    "RSA": {**run_key().jwk, "d": "AQAB", "qi": "AQAB"},
    "EC": {"kty": "EC", "crv": "P-256", "x": "AQAB", "y": "AQAB", "d": "AQAB"},
    "oct": {"kty": "oct", "k": "AQAB"},
}


@pytest.mark.parametrize("key", PUBLIC, ids=[f"{key['kty']} {key['alg']}" for key in PUBLIC])
def test_a_public_key_shows_no_private_member(key: dict[str, Any]) -> None:
    """Whatever its type."""
    assert not any("private" in fault for fault in faults(key))


@pytest.mark.parametrize("key", SHOWN.values(), ids=SHOWN)
def test_private_members_of_every_type_are_seen(key: dict[str, Any]) -> None:
    """By their names in RFC 7518."""
    assert any("private" in fault for fault in faults(key))


def test_of_several_keys_those_that_verify_rs256_are_told() -> None:
    """Neither the key for encryption nor those of other types."""
    assert [key["kid"] for key in PUBLIC if signs_with_rs256(dict(key))] == [other_key().kid, run_key().kid]
    assert not signs_with_rs256({"kty": "RSA", "alg": "RSA-OAEP", "n": "AQAB", "e": "AQAB"})
