"""JWKS: where a verifier finds its keys."""

from dataclasses import replace
from typing import Any

import pytest

from contract.harness import jwks
from contract.harness.errors import CouldNotTry, NotTried
from contract.harness.evidence import Evidence
from contract.harness.exchanges import Answer
from contract.harness.judging import clause, hold
from contract.harness.keysources import KeySources, Observation, Setup
from contract.harness.mints import MINTS
from contract.harness.traps import DEFAULT_ORIGIN, JWKS_PATH, Lie
from contract.harness.trial import Trial

PATIENCE = 15  # seconds until a verifier without keys must have refused: clauses.md, JWKS-07
BOUND_AND_TRAPPED = Setup("bound", "trap", trap=Lie.OTHER_KEY, default=Lie.OTHER_KEY)


def believed(seen: Observation, *, asked: str) -> None:
    """Hold that the deployment's own bearer was accepted: any answer but 401, no answer and 5xx."""
    hold(
        seen.own != 401 and 0 < seen.own < 500,
        asked=asked,
        contract="it is accepted",
        came=f"it answered {_said(seen.own)}",
    )


def _said(status: int) -> str:
    return str(status) if status else "nothing in time"


def only(seen: Observation, *urls: str, asked: str) -> None:
    """Hold that exactly `urls` were asked, perhaps more than once, and nothing anywhere else."""
    visited = {visit.url for visit in seen.visits}
    hold(
        visited == set(urls),
        asked=asked,
        contract=f"{'exactly ' + ', '.join(urls) if urls else 'no address'} is asked",
        came=f"it asked {', '.join(sorted(visited)) or 'nobody'}",
    )
    watched(seen)


def watched(seen: Observation) -> None:
    """Say that a verdict about who was asked was not reached where one of the addresses was out of sight."""
    if seen.blind:
        raise NotTried(seen.blind)


def trap_is_asked(seen: Observation, *, asked: str) -> None:
    """Hold that the JWKS of the trap's origin alone was asked, and that its key was believed."""
    only(seen, seen.origin + JWKS_PATH, asked=asked)
    believed(seen, asked=f"{asked}, presented a bearer of its key")


def default_is_asked(seen: Observation, *, asked: str) -> None:
    """Hold that the loopback default alone was asked, and that its key was believed."""
    watched(seen)
    only(seen, DEFAULT_ORIGIN + JWKS_PATH, asked=asked)
    believed(seen, asked=f"{asked}, presented a bearer of its key")


def on_trial(*setups: Setup) -> pytest.MarkDecorator:
    """Try a case with each setup; the ids say how they differ."""
    return pytest.mark.parametrize("setup", setups, ids=str)


@pytest.fixture
def seen(sources: KeySources, setup: Setup) -> Observation:
    """What a deployment with `setup` did."""
    return sources.observe(setup)


@clause("JWKS-01")
@on_trial(*(replace(BOUND_AND_TRAPPED, base_url=base_url) for base_url in ("dead", "itself", "trap")))
def test_a_bound_public_key_needs_no_network(setup: Setup, seen: Observation) -> None:
    """With the public key bound, a bearer is accepted wherever `BASE_URL` leads."""
    believed(seen, asked=f"{setup}, presented a bearer of the deployment's key")


@clause("JWKS-02")
@on_trial(BOUND_AND_TRAPPED)
def test_a_bound_public_key_asks_nobody(setup: Setup, seen: Observation) -> None:
    """With the public key bound, nobody asks the trap at start or at any of three verifications."""
    only(seen, asked=f"{setup}, three bearers verified")


@clause("JWKS-03")
@on_trial(BOUND_AND_TRAPPED)
def test_a_bound_public_key_is_the_only_key(setup: Setup, seen: Observation) -> None:
    """A bearer of the key that the trap serves is refused; its twin of the bound key is accepted."""
    if seen.own == 401:
        raise CouldNotTry("no twin: the bearer of the bound key itself was refused (see JWKS-01)")
    hold(
        seen.foreign == 401,
        asked=f"{setup}, the trap serves another key, presented a bearer of that other key",
        contract="it is refused with 401",
        came=f"it answered {_said(seen.foreign)}",
    )


@clause("JWKS-04")
@on_trial(*(Setup("unset", base_url) for base_url in ("trap", "slash", "path", "query", "path-query-slash")))
def test_without_a_bound_key_the_origin_of_base_url_is_asked(setup: Setup, seen: Observation) -> None:
    """Exactly `<origin>/.well-known/jwks.json` is asked, and a bearer of its key is accepted."""
    trap_is_asked(seen, asked=str(setup))


@clause("JWKS-05")
@on_trial(Setup("unset", "unset", trap=Lie.OTHER_KEY))
def test_with_neither_the_loopback_default_is_asked(setup: Setup, seen: Observation) -> None:
    """Neither public key nor `BASE_URL`: the default is asked, and a bearer of its key is accepted."""
    default_is_asked(seen, asked=str(setup))


@clause("JWKS-06")
@on_trial(Setup("blank", "trap"))
def test_a_blank_public_key_counts_as_unset(setup: Setup, seen: Observation) -> None:
    """With white space for a public key, `BASE_URL` is asked."""
    trap_is_asked(seen, asked=str(setup))


@clause("JWKS-06")
@on_trial(Setup("blank", "blank", trap=Lie.OTHER_KEY), Setup("unset", "blank", trap=Lie.OTHER_KEY))
def test_a_blank_base_url_counts_as_unset(setup: Setup, seen: Observation) -> None:
    """With white space for `BASE_URL` and no public key, the loopback default is asked."""
    default_is_asked(seen, asked=str(setup))


@clause("JWKS-06")
@on_trial(replace(BOUND_AND_TRAPPED, base_url="blank"))
def test_a_blank_base_url_does_not_disturb_a_bound_key(setup: Setup, seen: Observation) -> None:
    """With the public key bound and `BASE_URL` blank, bearers are accepted and nobody is asked."""
    believed(seen, asked=f"{setup}, presented a bearer of the deployment's key")
    only(seen, asked=f"{setup}, three bearers verified")


@clause("JWKS-07")
@on_trial(*(Setup("unset", "trap", trap=lie) for lie in Lie if lie is not Lie.TRUE))
def test_without_keys_a_bearer_is_refused(sources: KeySources, setup: Setup) -> None:
    """A JWKS that can't be fetched or read gives 401 within 15 s, and no other source is asked."""
    if sources.observe(replace(setup, trap=Lie.TRUE)).own == 401:
        raise CouldNotTry("no twin: with true keys at BASE_URL the same bearer was refused too (see JWKS-04)")
    seen = sources.observe(setup)
    asked = f"{setup}, the JWKS there is {setup.trap}, presented a bearer of the deployment's key"
    hold(
        seen.own == 401 and seen.own_again == 401,
        asked=asked,
        contract="it is refused with 401",
        came=f"it answered {_said(seen.own)}, then {_said(seen.own_again)}",
    )
    hold(
        seen.seconds <= PATIENCE,
        asked=asked,
        contract=f"it is refused within {PATIENCE} s",
        came=f"the answer took {seen.seconds:.0f} s",
    )
    hold(
        not seen.strangers,
        asked=asked,
        contract="no other source is asked",
        came=f"it asked {', '.join(seen.strangers)}",
    )
    watched(seen)


@clause("JWKS-08")
@pytest.mark.parametrize("generation", [0, 1], ids=["at mint", "at refresh"])
@pytest.mark.parametrize("endpoint", MINTS)
def test_a_deployment_believes_its_own_bearers(evidence: Evidence, endpoint: str, generation: int) -> None:
    """An access token that it minted or rotated is answered with anything but 401."""
    _offered(evidence, endpoint)
    mint = MINTS[endpoint]
    pair = evidence.rotate(evidence.spend(mint)) if generation else evidence.fresh(mint)
    evidence.keep(mint, pair)
    answer = evidence.service.knock(pair.access)
    hold(
        answer.status != 401 and answer.status < 500,
        asked=f"presented the access token that {MINTS[endpoint].path} gave",
        contract="a bearer that the deployment minted is accepted",
        came=f"it answered {answer.told}",
    )


def _offered(evidence: Evidence, endpoint: str) -> None:
    if endpoint in evidence.tenant.closed:
        raise NotTried(evidence.tenant.closed[endpoint])


@pytest.fixture(scope="session")
def published(trial: Trial) -> Answer:
    """The deployment's JWKS."""
    return trial.service.call("GET", JWKS_PATH)


@clause("JWKS-09")
def test_the_published_set_holds_public_keys_of_a_sound_form(published: Answer) -> None:
    """Each key has public members only, an RFC 7638 `kid`, `RS256` for `sig`, and at least 2048 bits."""
    keys = _keys(published)
    hold(
        bool(keys),
        asked=f"asked {JWKS_PATH}",
        contract="the set holds the key that signs",
        came="it is empty",
    )
    found = [fault for key in keys for fault in jwks.faults(key)]
    hold(not found, asked=f"asked {JWKS_PATH}", contract="keys are public and sound", came="; ".join(found))


@clause("JWKS-09")
@pytest.mark.parametrize("endpoint", MINTS)
def test_the_published_set_holds_the_kid_of_every_token(
    published: Answer, evidence: Evidence, endpoint: str
) -> None:
    """The `kid` of both tokens of a pair is in the set, and their `alg` is RS256."""
    _offered(evidence, endpoint)
    kids = {key.get("kid") for key in _keys(published)}
    for name, token in evidence.pair(MINTS[endpoint]).tokens.items():
        hold(
            token.header.get("kid") in kids and token.header.get("alg") == "RS256",
            asked=f"asked {JWKS_PATH} after a mint on {MINTS[endpoint].path}",
            contract="the set holds the kid of every token, and tokens are RS256",
            came=f"the {name} token has alg {token.header.get('alg')!r} and a kid that is "
            + ("there" if token.header.get("kid") in kids else "not there"),
        )


def _keys(published: Answer) -> list[dict[str, Any]]:
    asked, contract = f"asked {JWKS_PATH}", 'it answers 200 with {"keys": [...]}'
    hold(published.status == 200, asked=asked, contract=contract, came=f"it answered {published.told}")
    keys = published.object.get("keys")
    hold(
        isinstance(keys, list) and all(isinstance(key, dict) for key in keys),
        asked=asked,
        contract=contract,
        came="keys is no list of objects",
    )
    return list(keys or [])
