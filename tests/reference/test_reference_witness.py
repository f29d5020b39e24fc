"""The witness decides as the rules do, whatever the cryptography library can do with a key."""

import copy

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from reference_impl.mutants.witness import witness
from tests.reference.conftest import Opening


def test_a_witness_copies_no_key(opened: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    """cryptography 43 has keys that can't be copied: a bearer is verified there as well."""

    def copied(value: object, memo: dict[int, object] | None = None) -> object:
        if isinstance(value, tuple) and any(isinstance(each, RSAPublicKey) for each in value[0]):
            assert memo is not None
            assert all(id(each) in memo for each in value[0] if isinstance(each, RSAPublicKey))
        return whole(value, memo)

    whole = copy.deepcopy
    monkeypatch.setattr(copy, "deepcopy", copied)
    noticed: set[str] = set()
    world = opened(rules=witness(noticed))
    assert world.bearer(world.pair("path")["accessToken"]).status_code == 403
    assert noticed
