"""Makes the file of concrete hostile tokens: `python -m tests.support.vectors.make` writes `jws.json` again.

The form is that of Project Wycheproof's JWS vectors: keys, then groups of tests with verdict and reason.
"""

import functools
import json
from pathlib import Path
from typing import Any

from contract.harness.jose import Forger, SigningKey, Token, Vector, admin_claims, read_token
from contract.harness.jose.vectors import vectors

HERE = Path(__file__).parent
FILE = HERE / "jws.json"
NOW = 1800000000  # Unix seconds at which the verdicts hold


@functools.cache
def key(name: str) -> SigningKey:
    """Return a fixed key of this folder: `deployment` or `stranger`."""
    return SigningKey.load(str(HERE / f"{name}.pem"))


def unchanged(place: str) -> Token:
    """Return the token that is changed for `place`, bearer or refresh."""
    claims = admin_claims(NOW, "org_vectors") | {"jti": "tok_vectors", "sid": "sess_vectors"}
    if place == "refresh":
        claims |= {"token_type": "refresh", "scopes": ["relayauth:token:refresh"], "exp": NOW + 86400}
    return read_token(key("deployment").sign(claims))


def document() -> dict[str, Any]:
    """Return the whole file; the same each time, but for the salt in what PS256 signs."""
    forger = Forger(key("deployment").jwk, key("deployment"), key("stranger"))
    groups = [
        {
            "place": place,
            "tests": [_row(forger, vector, place) for vector in vectors().values() if place in vector.places],
        }
        for place in ("bearer", "refresh")
    ]
    return {"now": NOW, "keys": [key("deployment").jwk], "testGroups": groups}


def _row(forger: Forger, vector: Vector, place: str) -> dict[str, str]:
    text = forger.forge(unchanged(place), vector.recipe, NOW)
    return {"id": vector.id, "clause": vector.clause, "comment": vector.reason, "jws": text,
            "result": "valid" if vector.verdict == "accepted" else "invalid"}  # fmt: skip


if __name__ == "__main__":
    FILE.write_text(json.dumps(document(), indent=1) + "\n", "utf-8")
