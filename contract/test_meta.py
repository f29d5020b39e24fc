"""META: the mark that both tokens of a pair carry when a TTL was asked."""

from typing import Any

import pytest

from contract.harness.evidence import Evidence
from contract.harness.judging import clause, equal, hold
from contract.harness.mints import Mint
from contract.harness.tokens import MARK

ASKED = {
    "60s": 60,
    "odd": 86399,
    "the-default": 86400,
    "90d": 7776000,
    "above-the-cap": 31536000,
    "a-fraction": 3600.9,
}


@clause("META-01")
@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_both_tokens_are_marked_with_the_effective_ttl(evidence: Evidence, mint: Mint, asked: float) -> None:
    """`meta.refreshTokenTtl` is the effective TTL, in whole seconds, as a canonical decimal string."""
    pair = evidence.pair(mint, refreshTokenTtlSeconds=asked)
    mark = str(pair.refresh.lifetime)
    for name, token in pair.tokens.items():
        equal(
            token.mark,
            mark,
            asked=f"asked {asked} s, given {mark} s",
            contract=f"both tokens are marked {mark!r}",
            what=f"meta.{MARK} of the {name} token",
        )


@clause("META-02")
@pytest.mark.parametrize("generation", [0, 1], ids=["at mint", "at refresh"])
@pytest.mark.parametrize("fields", [{}, {"refreshTokenTtlSeconds": 7776000}], ids=["nothing", "90d"])
def test_meta_holds_strings_and_the_endpoints_own_entries(
    evidence: Evidence, mint: Mint, fields: dict[str, Any], generation: int
) -> None:
    """All values of `meta` are strings, and what the endpoint itself enters is there, marked or not."""
    asked = f"asked {mint.path} for {fields or 'nothing'}"
    for name, token in evidence.generation(mint, generation, **fields).tokens.items():
        odd = sorted(entry for entry, value in token.meta.items() if not isinstance(value, str))
        hold(
            not odd,
            asked=asked,
            contract="all values of meta are strings",
            came=f"{odd} of the {name} token's meta are none",
        )
        missing = sorted(mint.own_meta - set(token.meta))
        hold(
            not missing,
            asked=asked,
            contract=f"meta of {mint.path} holds {sorted(mint.own_meta)}",
            came=f"the {name} token's meta lacks {missing}",
        )


@clause("META-03")
@pytest.mark.parametrize(
    ("fields", "generation"),
    [({}, 0), ({}, 1), ({"refreshTokenTtlSeconds": None}, 0)],
    ids=["absent", "absent, at refresh", "null"],
)
def test_asked_nothing_no_token_is_marked(
    evidence: Evidence, mint: Mint, fields: dict[str, None], generation: int
) -> None:
    """`meta.refreshTokenTtl` is absent from both tokens."""
    for name, token in evidence.generation(mint, generation, **fields).tokens.items():
        equal(
            token.mark,
            None,
            asked="asked refreshTokenTtlSeconds null" if fields else "asked nothing",
            contract="there is no mark",
            what=f"meta.{MARK} of the {name} token",
        )
