"""Published keys: what is wrong with a JWK of a set (RFC 7517, RFC 7518, RFC 7638)."""

from typing import Any

from contract.harness.jose.keys import thumbprint
from contract.harness.jose.tokens import Malformed, decode

# RFC 7518, sections 6.2.2, 6.3.2 and 6.4.1, and RFC 8037, section 2: the private members of any type.
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_PUBLIC = frozenset({"kty", "n", "e", "use", "alg", "kid", "key_ops", "x5c", "x5t", "x5t#S256", "x5u"})
MIN_BITS = 2048  # RFC 7518, section 3.3


def private_members(key: dict[str, Any]) -> list[str]:
    """Return the names of the private members that a published key of any type shows."""
    return sorted(_PRIVATE.intersection(key))


def signs_rs256(key: dict[str, Any]) -> bool:
    """Whether a key of a set is one to verify RS256 with: `faults` is about these."""
    return key.get("kty") == "RSA" and key.get("use", "sig") == "sig" and key.get("alg", "RS256") == "RS256"


def faults(key: dict[str, Any]) -> list[str]:
    """Return what is wrong with a published key; each entry is a clause of a sentence."""
    found = []
    if extra := sorted(set(key) - _PUBLIC):
        found.append(f"a key has the members {', '.join(extra)}")
    if (key.get("kty"), key.get("use"), key.get("alg")) != ("RSA", "sig", "RS256"):
        found.append(f"a key is {key.get('kty')} for {key.get('use')} with {key.get('alg')}")
    n, e = key.get("n"), key.get("e")
    try:
        bits = int.from_bytes(decode(n)).bit_length() if isinstance(n, str) and isinstance(e, str) else 0
    except Malformed:
        bits = 0
    if not bits:
        return [*found, "a key has no readable n and e"]
    if bits < MIN_BITS:
        found.append(f"a key has {bits} bits")
    if key.get("kid") != thumbprint({"kty": "RSA", "n": str(n), "e": str(e)}):
        found.append("a kid is not the RFC 7638 thumbprint")
    return found
