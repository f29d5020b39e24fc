"""TTL: how long a refresh token lives."""

from datetime import UTC, datetime
from typing import Any

import pytest

from contract.harness.evidence import Evidence, redeemed
from contract.harness.exchanges import Pair, pair_of
from contract.harness.judging import clause, equal, hold, told
from contract.harness.mints import MINTS, Mint
from contract.harness.tokens import MARK
from contract.harness.trial import Trial

CAP = 7776000  # seconds, 90 days: wire.md
DEFAULT = 86400  # seconds, 24 h: wire.md
ACCESS_TTL = 3600  # seconds: wire.md, Token pairs
FIELD = "refreshTokenTtlSeconds"


def lifetime_is(pair: Pair, want: int, *, asked: str, contract: str) -> None:
    """Hold that the refresh token of `pair` lives `want` seconds."""
    equal(pair.refresh.lifetime, want, asked=asked, contract=contract, what="exp - iat")


def access_lives(pair: Pair, want: int, *, asked: str) -> None:
    """Hold that the access token of `pair` lives `want` seconds."""
    contract = f"the access token lives {want} s"
    equal(pair.access.lifetime, want, asked=asked, contract=contract, what="exp - iat of the access token")


@clause("TTL-01")
@pytest.mark.parametrize(
    "asked", [1, 60, 3600.9, 3600, 86399, 86400, 86401, 2592000, 7775999, 7776000], ids="{}s".format
)
def test_a_ttl_within_the_cap_is_given_to_the_second(evidence: Evidence, mint: Mint, asked: float) -> None:
    """`exp - iat` of the refresh token is the TTL that was asked, a fraction floored."""
    pair = evidence.pair(mint, refreshTokenTtlSeconds=asked)
    lifetime_is(pair, int(asked), asked=f"asked {asked} s", contract="a TTL within the cap is given, floored")


@clause("TTL-02")
@pytest.mark.parametrize("asked", [7776001, 31536000, 2**53, 1e300], ids="{}s".format)
def test_above_the_cap_the_mint_succeeds_and_gives_the_cap(
    evidence: Evidence, mint: Mint, asked: float
) -> None:
    """The refresh token lives exactly 7776000 s, whatever more was asked."""
    pair = evidence.pair(mint, refreshTokenTtlSeconds=asked)
    lifetime_is(pair, CAP, asked=f"asked {asked} s", contract=f"the cap is {CAP} s")


@clause("TTL-03")
@pytest.mark.parametrize("fields", [{}, {FIELD: None}], ids=["absent", "null"])
def test_asked_nothing_a_refresh_token_lives_a_day(
    evidence: Evidence, mint: Mint, fields: dict[str, None]
) -> None:
    """The refresh token lives exactly 86400 s."""
    asked = f"asked {FIELD} null" if fields else "asked nothing"
    lifetime_is(evidence.pair(mint, **fields), DEFAULT, asked=asked, contract=f"the default is {DEFAULT} s")


@clause("TTL-04")
@pytest.mark.parametrize("generation", [0, 1], ids=["at mint", "at refresh"])
@pytest.mark.parametrize("asked", [None, 60, CAP], ids=["nothing", "60s", "90d"])
def test_the_announced_expiries_are_the_tokens_exp(
    evidence: Evidence, mint: Mint, asked: int | None, generation: int
) -> None:
    """Each announced time is ISO 8601 in UTC with milliseconds, and is `exp` exactly."""
    pair = evidence.generation(mint, generation, **({FIELD: asked} if asked else {}))
    for name, token in pair.tokens.items():
        announced = pair.body.get(f"{name}TokenExpiresAt")
        hold(
            announced == iso(token.exp),
            asked=f"asked {'a refresh' if generation else 'a mint'} with {told(asked)}",
            contract=f"{name}TokenExpiresAt is the token's exp, {iso(token.exp)}",
            came=f"it announced {announced!r}, for a token with exp {token.exp}",
        )


def iso(moment: int) -> str:
    """Return Unix seconds in ISO 8601, UTC, milliseconds."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def granted(evidence: Evidence, mint: Mint, fields: dict[str, Any], *, contract: str) -> Pair | None:
    """Mint with `fields` and return the pair, or None for a 400; any other answer breaks the contract."""
    answer = evidence.tenant.mint(mint, **fields)
    if answer.status == 400:
        return None
    came = f"it answered {answer.told}"
    hold(answer.status == 201, asked=f"asked {_short(fields)}", contract=contract, came=came)
    return pair_of(answer)


def judge_any_value(evidence: Evidence, mint: Mint, asked: Any) -> None:
    """Hold TTL-05 for one value: refused with 400, or alive, within the cap, and marked truly or not."""
    evidence.service.trail.clear()
    fields = {FIELD: asked}
    pair = granted(evidence, mint, fields, contract="a mint succeeds with 201 or refuses with 400")
    if pair is None:
        return
    said = f"asked {_short(fields)}"
    lifetime, marks = pair.refresh.lifetime, (pair.access.mark, pair.refresh.mark)
    hold(
        0 < lifetime <= CAP,
        asked=said,
        contract=f"a refresh token is alive and within the cap of {CAP} s",
        came=f"exp - iat was {lifetime} s",
    )
    hold(
        marks == (str(lifetime),) * 2 or (marks == (None, None) and lifetime == DEFAULT),
        asked=said,
        contract=f"a token is marked with its lifetime, or is an unmarked one of {DEFAULT} s",
        came=f"exp - iat was {lifetime} s, the marks {told(marks[0])} and {told(marks[1])}",
    )
    redeemed(evidence.service.refresh(pair.refresh))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


@clause("TTL-05")
def test_whatever_json_is_asked_no_monster_is_minted(evidence: Evidence, mint: Mint, trial: Trial) -> None:
    """A generated JSON value of any type is refused with 400, or gives a sound token that can be redeemed."""
    from contract.harness.generated import for_all, json_values

    settings = trial.settings
    count = settings.examples(trial.connection.kind)
    for_all(
        json_values,
        lambda value: judge_any_value(evidence, mint, value),
        first=(0, CAP + 1, "ninety days"),
        examples=count,
        seed=settings.seed,
        shrink=trial.connection.kind != "url",
    )


def refused_or_absent(evidence: Evidence, mint: Mint, fields: dict[str, Any], *, contract: str) -> None:
    """Hold that a mint with `fields` answers 400, or what it answers when asked for no refresh TTL."""
    pair = granted(evidence, mint, fields, contract=contract)
    if pair is None:
        return
    asked = f"asked {_short(fields)}"
    lifetime_is(pair, DEFAULT, asked=asked, contract=contract)
    for name, token in pair.tokens.items():
        equal(token.mark, None, asked=asked, contract=contract, what=f"meta.{MARK} of the {name} token")


UNUSED = "what is no usable number of seconds is refused with 400 or treated as absent"
UNUSABLE = {
    "zero": 0,
    "minus-one": -1,
    "half": 0.5,
    "minus-half": -0.5,
    "minus-1e300": -1e300,
    "true": True,
    "false": False,
    "empty-text": "",
    "words": "ninety days",
    "empty-list": [],
    "list": [3600],
    "object": {"seconds": 3600},
}


@clause("TTL-06")
@pytest.mark.parametrize("asked", UNUSABLE.values(), ids=UNUSABLE)
def test_what_is_no_usable_number_is_refused_or_absent(evidence: Evidence, mint: Mint, asked: Any) -> None:
    """The mint answers 400, or exactly as if nothing had been asked."""
    refused_or_absent(evidence, mint, {FIELD: asked}, contract=UNUSED)


@clause("TTL-07")
@pytest.mark.parametrize("asked", ["3600abc", "90d", "60 60", "7200,5"], ids=lambda text: text.split()[0])
def test_text_is_never_taken_by_a_numeric_prefix(evidence: Evidence, mint: Mint, asked: str) -> None:
    """Text that only begins with a number is refused with 400 or treated as absent."""
    refused_or_absent(evidence, mint, {FIELD: asked}, contract=UNUSED)


@clause("TTL-08")
@pytest.mark.parametrize(
    ("asked", "expires_in"),
    [(60, None), (60, 600), (CAP, None), (CAP, 600), (CAP, 7200)],
    ids=["60s-default", "60s-600s", "90d-default", "90d-600s", "90d-7200s"],
)
def test_the_access_ttl_does_not_depend_on_the_refresh_ttl(
    evidence: Evidence, mint: Mint, asked: int, expires_in: int | None
) -> None:
    """The access token lives as `expiresIn` says: 3600 s by default, and at most where it is delegated."""
    fields = {"expiresIn": expires_in} if expires_in else {}
    pair = evidence.pair(mint, refreshTokenTtlSeconds=asked, **fields)
    want = expires_in or ACCESS_TTL
    if mint.delegated:
        want = min(want, ACCESS_TTL)
    access_lives(pair, want, asked=f"asked {FIELD} {asked}, expiresIn {told(expires_in)}")


@clause("TTL-08")
def test_a_rotation_makes_no_access_token_live_longer(evidence: Evidence, mint: Mint) -> None:
    """Asked for no `expiresIn`, a rotated access token lives as a minted one does: 3600 s."""
    pair = evidence.generation(mint, 1, refreshTokenTtlSeconds=CAP)
    access_lives(pair, ACCESS_TTL, asked=f"asked {FIELD} {CAP}, and rotated")


@clause("TTL-08")
@pytest.mark.parametrize("mint", [MINTS["path"], MINTS["workspace-path"]], ids=str)
def test_no_field_makes_a_delegated_access_token_live_longer(evidence: Evidence, mint: Mint) -> None:
    """`ttlSeconds`, which path mints know as well, is bounded as `expiresIn` is."""
    pair = evidence.pair(mint, refreshTokenTtlSeconds=CAP, ttlSeconds=7200)
    lifetime = pair.access.lifetime
    hold(
        0 < lifetime <= ACCESS_TTL,
        asked=f"asked {FIELD} {CAP}, ttlSeconds 7200",
        contract=f"a delegated access token lives {ACCESS_TTL} s at most",
        came=f"exp - iat of the access token was {lifetime} s",
    )


OTHER_FIELDS = {
    "another-case": {"refreshTokenTTLSeconds": CAP},
    "lower-case": {"refreshtokenttlseconds": CAP},
    "snake-case": {"refresh_token_ttl_seconds": CAP},
    "without-unit": {"refreshTokenTtl": CAP},
    "meta": {"meta": {MARK: str(CAP)}},
    "expiresIn": {"expiresIn": 1800},
    "refreshExpiresIn": {"refreshExpiresIn": CAP},
    "ttlSeconds": {"ttlSeconds": 1800},
}


@clause("TTL-09")
@pytest.mark.parametrize("fields", OTHER_FIELDS.values(), ids=OTHER_FIELDS)
def test_no_other_field_sets_the_refresh_ttl(evidence: Evidence, mint: Mint, fields: dict[str, Any]) -> None:
    """A misspelt field is refused with 400, or leaves an unmarked token of 24 h."""
    refused_or_absent(evidence, mint, fields, contract=f"only {FIELD} sets the refresh TTL")
