"""The hostile tokens as data: sound, made again from their key, and told by the reference's verifier."""

import asyncio
import json
from typing import Any

import jwt
import pytest

from contract.harness.jose import Forger, bit_flips
from contract.harness.jose.forgery import SHAPES, Recipe, secrets_from
from contract.harness.jose.vectors import vectors
from contract.harness.spec import catalogue
from reference_impl.config import Config
from reference_impl.errors import Unauthorized
from reference_impl.rules import Rules
from reference_impl.verifier import Verifier
from tests.support.vectors.make import FILE, NOW, document, key, unchanged

STORED = json.loads(FILE.read_text("utf-8"))
ROWS = [(group["place"], row) for group in STORED["testGroups"] for row in group["tests"]]
# Whether a jti was ever issued is a question for the store, not for a verifier.
TOLD_BY_A_VERIFIER = [(place, row) for place, row in ROWS if row["id"] != "jti-never-issued"]


def _unsalted(rows: Any) -> Any:
    """The rows without the signatures of PS256: these are salted, and another each time."""
    return [
        (place, row | {"jws": row["jws"].rpartition(".")[0]} if row["id"] == "ps256" else row)
        for place, row in rows
    ]


def test_the_file_is_what_its_script_makes() -> None:
    """`python -m tests.support.vectors.make` changes nothing."""
    made = document()
    rows = [(group["place"], row) for group in made["testGroups"] for row in group["tests"]]
    assert _unsalted(rows) == _unsalted(ROWS)
    assert {**made, "testGroups": None} == {**STORED, "testGroups": None}


@pytest.fixture(scope="module")
def verifier() -> Verifier:
    """The reference's verifier, with the public key of the file bound."""
    own = key("deployment")
    env = {"RELAYAUTH_SIGNING_KEY_PEM": own.private_pem, "RELAYAUTH_SIGNING_KEY_PEM_PUBLIC": own.public_pem}
    return Verifier(Config.read(env), Rules())


@pytest.mark.parametrize(
    ("place", "row"), TOLD_BY_A_VERIFIER, ids=[f"{row['id']}-{place}" for place, row in TOLD_BY_A_VERIFIER]
)
def test_the_reference_tells_each_of_them(verifier: Verifier, place: str, row: dict[str, str]) -> None:
    """It believes what is valid and refuses what is not."""

    async def presented() -> Any:
        if place == "refresh":
            return verifier.redeemable(row["jws"], NOW)
        return await verifier.bearer(row["jws"], NOW)

    if row["result"] == "valid":
        assert asyncio.run(presented())["org"] == "org_vectors"
    else:
        with pytest.raises(Unauthorized):
            asyncio.run(presented())


@pytest.mark.parametrize("vector", vectors().values(), ids=str)
def test_a_vector_is_sound(vector: Any) -> None:
    """It belongs to a clause, gives a reason, and knows its shape and its secret."""
    assert catalogue()[vector.clause]
    assert vector.reason
    assert vector.recipe.shape in SHAPES
    assert vector.recipe.secret in ("", *secrets_from(key("deployment").jwk))
    assert vector.recipe.sign in ("key", "other", "nothing", "kept", "hmac")


def test_no_two_vectors_are_one() -> None:
    """Each forges another text, and none but the twin the text that is bent."""
    texts = [(place, row["jws"]) for place, row in ROWS]
    assert len(texts) == len(set(texts))
    unmodified = {row["id"] for place, row in ROWS if row["jws"] == unchanged(place).text}
    assert unmodified <= {"signed-again"}


def test_what_a_held_key_signs_is_signed_by_it() -> None:
    """Another library verifies it: a refusal of such a vector is not for its signature."""
    own = key("deployment")
    live = unchanged("bearer")
    forged = Forger(own.jwk, own, key("stranger")).forge(live, Recipe(claims={"x": 1}, sign="key"), NOW)
    public = jwt.PyJWK(own.jwk)
    options: Any = {"verify_aud": False, "verify_exp": False, "verify_iat": False}
    assert jwt.decode(forged, public, ["RS256"], options=options)["x"] == 1


@pytest.mark.parametrize("part", ["header", "payload", "signature"])
def test_a_bit_flip_changes_one_bit(part: str) -> None:
    """Of one part, another one each time, the last bit of it first."""
    live = unchanged("bearer")
    place = ("header", "payload", "signature").index(part)
    seen = set()
    for bent in bit_flips(live, part, 16):
        before, after = live.text.split("."), bent.split(".")
        changed = [number for number in range(3) if before[number] != after[number]]
        assert changed == [place]
        seen.add(after[place])
    assert len(seen) == 16
