"""Published keys: what is wrong with a key of a JWKS (RFC 7517, RFC 7518, RFC 7638)."""

from typing import Any

from contract.harness.jose.keys import thumbprint
from contract.harness.jose.tokens import Malformed, decode

MIN_BITS = 2048  # RFC 7518, section 3.3
_PRIVATE = {
    "RSA": frozenset({"d", "p", "q", "dp", "dq", "qi", "oth"}),
    "oct": frozenset({"k"}),
}
"""Members with private or secret values, by type (RFC 7518, sections 6.2.2, 6.3.2 and 6.4.1; RFC 8037)."""
_PRIVATE_OF_OTHERS = frozenset({"d", "priv"})


def signs_with_rs256(key: dict[str, Any]) -> bool:
    """Say whether a published key is one that signs RS256."""
    return key.get("kty") == "RSA" and key.get("alg") == "RS256" and key.get("use", "sig") == "sig"


def faults(key: dict[str, Any]) -> list[str]:
    """Return what is wrong with a published key; each entry is a clause of a sentence.

    No key of any type may show private members; a key that signs RS256 is held to more.
    """
    found = []
    if private := sorted(_private_members(key)):
        found.append(f"a key of type {key.get('kty')} shows the private members {', '.join(private)}")
    return found + (_faults_of_a_signing_key(key) if signs_with_rs256(key) else [])


def _private_members(key: dict[str, Any]) -> set[str]:
    pem = {name for name, value in key.items() if isinstance(value, str) and "PRIVATE KEY" in value}
    return pem | (_PRIVATE.get(str(key.get("kty")), _PRIVATE_OF_OTHERS) & set(key))


def _faults_of_a_signing_key(key: dict[str, Any]) -> list[str]:
    n, e = key.get("n"), key.get("e")
    try:
        bits = int.from_bytes(decode(n)).bit_length() if isinstance(n, str) and isinstance(e, str) else 0
    except Malformed:
        bits = 0
    if not bits:
        return ["a signing key has no readable n and e"]
    found = [f"a signing key has {bits} bits"] if bits < MIN_BITS else []
    if key.get("kid") != thumbprint({"kty": "RSA", "n": str(n), "e": str(e)}):
        found.append("the kid of a signing key is not the RFC 7638 thumbprint")
    return found
