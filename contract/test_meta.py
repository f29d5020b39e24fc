"""META: the mark that both tokens of a pair carry when a TTL was requested."""

from typing import Any

import pytest

from contract.harness.checks import clause, require, require_equal, require_own_entries
from contract.harness.client import TokenPairs
from contract.harness.spec import (
    DEFAULT_REFRESH_TTL,
    REFRESH_TTL_CAP,
    REFRESH_TTL_FIELD,
    REFRESH_TTL_MARK,
    MintEndpoint,
)

ASKED = {
    "60s": 60,
    "odd": 86399,
    "the-default": DEFAULT_REFRESH_TTL,
    "90d": REFRESH_TTL_CAP,
    "above-the-cap": 31536000,
    "a-fraction": 3600.9,
}


@clause("META-01")
@pytest.mark.parametrize("sent", ASKED.values(), ids=ASKED)
def test_both_tokens_are_marked_with_the_effective_ttl(
    token_pairs: TokenPairs, mint: MintEndpoint, sent: float
) -> None:
    """`meta.refreshTokenTtl` is the effective TTL, in whole seconds, as a canonical decimal string."""
    pair = token_pairs.pair(mint, refreshTokenTtlSeconds=sent)
    mark = str(pair.refresh.lifetime)
    for name, token in pair.tokens.items():
        require_equal(
            token.mark,
            mark,
            sent=f"requested {sent} s, given {mark} s",
            requires=f"both tokens are marked {mark!r}",
            what=f"meta.{REFRESH_TTL_MARK} of the {name} token",
        )


@clause("META-02")
@pytest.mark.parametrize("generation", [0, 1], ids=["at mint", "at refresh"])
@pytest.mark.parametrize("fields", [{}, {REFRESH_TTL_FIELD: REFRESH_TTL_CAP}], ids=["nothing", "90d"])
def test_meta_holds_strings_and_the_endpoints_own_entries(
    token_pairs: TokenPairs, mint: MintEndpoint, fields: dict[str, Any], generation: int
) -> None:
    """All values of `meta` are strings, and what the endpoint itself enters is right, marked or not."""
    sent = f"requested {mint.path} for {fields or 'nothing'}"
    first, pair = (token_pairs.generation(mint, number, **fields) for number in (0, generation))
    for name, token in pair.tokens.items():
        odd = sorted(entry for entry, value in token.meta.items() if not isinstance(value, str))
        require(
            not odd,
            sent=sent,
            requires="all values of meta are strings",
            got=f"{odd} of the {name} token's meta are none",
        )
        missing = sorted(mint.own_meta - set(token.meta))
        require(
            not missing,
            sent=sent,
            requires=f"meta of {mint.path} holds {sorted(mint.own_meta)}",
            got=f"the {name} token's meta lacks {missing}",
        )
    require_own_entries(pair, mint, first, sent=sent)


@clause("META-03")
@pytest.mark.parametrize(
    ("fields", "generation"),
    [({}, 0), ({}, 1), ({"refreshTokenTtlSeconds": None}, 0)],
    ids=["absent", "absent, at refresh", "null"],
)
def test_without_a_requested_ttl_no_token_is_marked(
    token_pairs: TokenPairs, mint: MintEndpoint, fields: dict[str, None], generation: int
) -> None:
    """`meta.refreshTokenTtl` is absent from both tokens."""
    for name, token in token_pairs.generation(mint, generation, **fields).tokens.items():
        require_equal(
            token.mark,
            None,
            sent="requested refreshTokenTtlSeconds null" if fields else "requested no TTL",
            requires="there is no mark",
            what=f"meta.{REFRESH_TTL_MARK} of the {name} token",
        )
