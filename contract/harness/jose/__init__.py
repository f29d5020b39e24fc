"""Tokens and keys: reading, signing and forging them."""

from contract.harness.jose.forgery import (
    Forger,
    bearers_with_own_keys,
    bit_flips,
    signed_by_another,
    with_another_signature,
)
from contract.harness.jose.keys import SigningKey, admin_claims, make_keys, other_key, run_key
from contract.harness.jose.tokens import Malformed, Token, read_token
from contract.harness.jose.vectors import PLACES, Place, Vector, vectors, vectors_of

__all__ = [
    "PLACES",
    "Forger",
    "Malformed",
    "Place",
    "SigningKey",
    "Token",
    "Vector",
    "admin_claims",
    "bearers_with_own_keys",
    "bit_flips",
    "make_keys",
    "other_key",
    "read_token",
    "run_key",
    "signed_by_another",
    "vectors",
    "vectors_of",
    "with_another_signature",
]
