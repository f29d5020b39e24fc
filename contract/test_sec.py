"""SEC: forgery and exposure."""

from collections.abc import Mapping
from typing import Any

import pytest

from contract.harness.errors import CouldNotTry
from contract.harness.evidence import Evidence
from contract.harness.exchanges import pair_of
from contract.harness.forgery import bit_flips
from contract.harness.judging import clause, hold, nothing_minted, refused, silent, twin
from contract.harness.keysources import KeySources, Setup
from contract.harness.leaks import PROVOCATIONS
from contract.harness.mints import MINTS, READ_SCOPE, Mint
from contract.harness.presenting import Presenter
from contract.harness.redaction import Secret
from contract.harness.tenancy import MINTING_SCOPES, Tenant
from contract.harness.traps import JWKS_PATH, Lie
from contract.harness.trial import Trial
from contract.harness.vectors import PLACES, Place, Vector, of

NOBODY = "agent_0123456789abcdef01234567"  # an identity that never was
NEVER = Secret("unknown api key", "rak_" + "0" * 40)
# RFC 9110, sections 15.5.14 and 15.5.15, and RFC 6585, section 5: so long a token may be turned away unread.
TOO_LONG = (400, 401, 413, 414, 431)


@pytest.fixture(scope="session")
def presenter(trial: Trial) -> Presenter:
    """What bends tokens and presents them."""
    return Presenter(trial.evidence, trial.connection.clock, trial.connection.key)


def vectors_of(clause_id: str) -> pytest.MarkDecorator:
    """Try a case with each vector of a clause, at each place where it is presented."""
    rows = of(clause_id)
    return pytest.mark.parametrize(
        ("vector", "place"), rows, ids=[f"{vector}-{place}" for vector, place in rows]
    )


@clause("SEC-01")
@vectors_of("SEC-01")
def test_no_other_algorithm_is_accepted(presenter: Presenter, vector: Vector, place: Place) -> None:
    """What the header says never chooses how a token is verified; signed by us where we hold the key."""
    presenter.judge(vector, place)


@clause("SEC-02")
@vectors_of("SEC-02")
def test_no_other_form_is_accepted(presenter: Presenter, vector: Vector, place: Place) -> None:
    """Three segments, whole, in the one spelling that their octets have."""
    presenter.judge(vector, place)


@clause("SEC-02")
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("part", ["header", "payload", "signature"])
def test_no_bit_may_change(trial: Trial, presenter: Presenter, part: str, place: Place) -> None:
    """Bits spread over header, payload and signature, the last one among them."""
    number = trial.volume.flips if place == "bearer" else trial.volume.flips // 4
    for turn, bent in enumerate(bit_flips(presenter.live(place), part, number)):
        presenter.turned_away(place, bent, f"bit flip {turn} of its {part}", "any changed bit is refused")


@clause("SEC-02")
@pytest.mark.parametrize("place", PLACES)
def test_a_token_of_great_length_is_turned_away(trial: Trial, presenter: Presenter, place: Place) -> None:
    """A signature lengthened by up to 1 MB is refused, and the service answers the next request."""
    try:
        answer = presenter.present(place, presenter.live(place).text + "A" * trial.volume.longest)
    except CouldNotTry:
        pass  # It may hang up on so much, too: nothing was opened, and the next request shows that it lives.
    else:
        refused(answer, *TOO_LONG, asked=f"presented a token of {trial.volume.longest} bytes as a {place}",
                contract="a lengthened signature is refused")  # fmt: skip
    twin(trial.service.call("GET", "/health"), what="/health after it")


@clause("SEC-03")
@pytest.mark.parametrize("lent", ["jku", "x5u", "jwk", "x5c", "kid", "iss"])
@pytest.mark.parametrize(
    "setup",
    [Setup("bound", "itself", trap=Lie.OTHER_KEY), Setup("unset", "trap")],
    ids=["bound key", "fetched key"],
)
def test_a_token_lends_no_trust(sources: KeySources, setup: Setup, lent: str) -> None:
    """A bearer that brings its own key or its address is refused, and nobody asks at that address."""
    seen = sources.lend(setup)
    if seen.own == 401:
        raise CouldNotTry("no twin: the bearer of the deployment's own key was refused too (see JWKS-01)")
    asked = f"{setup}, presented a bearer of another key that brings its own {lent}"
    status, visits = seen.lent[lent]
    hold(status == 401, asked=asked, contract="it is refused with 401", came=f"it answered {status}")
    strange = [url for url in visits if setup.public == "bound" or url != seen.origin + JWKS_PATH]
    hold(not strange, asked=asked, contract="no address in a token is ever fetched",
         came=f"it asked {', '.join(strange)}")  # fmt: skip


@clause("SEC-04")
@vectors_of("SEC-04")
def test_signed_is_not_enough(presenter: Presenter, vector: Vector, place: Place) -> None:
    """Signed with the deployment's own key, a token that is not its own in every word is refused."""
    presenter.judge(vector, place)


def asked_for(evidence: Evidence, mint: Mint, **fields: Any) -> Mapping[str, Any]:
    """Return the body of a usual mint, shown once to succeed."""
    evidence.pair(mint)
    return mint.request(evidence.tenant.subject, evidence.tenant.workspace, fields)


@clause("SEC-05")
def test_without_a_credential_nothing_is_minted(evidence: Evidence, mint: Mint) -> None:
    """401 without a credential and with an API key that never was."""
    body, call = asked_for(evidence, mint), evidence.service.call
    for key, what in ((None, "without a credential"), (NEVER, "with an API key that never was")):
        nothing_minted(call("POST", mint.path, body=body, key=key), 401, asked=f"asked {mint.path} {what}")


# What each holds, what a mint with it is answered, and what it is.
WEAK = {
    "small": ((READ_SCOPE,), 403, "that may only read identities"),
    "poor": (MINTING_SCOPES, 403, "that may mint, and holds nothing of what it would hand out"),
    "revoked": ((READ_SCOPE,), 401, "that was revoked"),
}


@pytest.fixture(scope="session")
def weak_keys(trial: Trial) -> Mapping[tuple[str, str], Secret]:
    """Credentials by what is wrong with them and by their kind."""
    keys = {name: trial.tenant.keys_with(*scopes) for name, (scopes, _, _) in WEAK.items()}
    for key_id, _ in keys["revoked"].values():
        answer = trial.service.call("POST", f"/v1/api-keys/{key_id}/revoke", key=trial.tenant.org_key)
        refused(answer, 200, asked="revoked an API key or a workspace token", contract="it is revoked")
    return {(name, kind): key for name, kinds in keys.items() for kind, (_, key) in kinds.items()}


@clause("SEC-05")
@pytest.mark.parametrize("name", WEAK)
def test_a_weak_credential_mints_nothing(
    evidence: Evidence, mint: Mint, weak_keys: Mapping[tuple[str, str], Secret], name: str
) -> None:
    """403 with a live credential of the right kind that holds too little, 401 with one that was revoked."""
    _, status, what = WEAK[name]
    body = asked_for(evidence, mint)
    answer = evidence.service.call("POST", mint.path, body=body, key=weak_keys[name, mint.credential])
    nothing_minted(answer, status, asked=f"asked {mint.path} with a credential {what}")


# A path token is made out to any name of an agent: there is no identity elsewhere to ask for.
@clause("SEC-05")
@pytest.mark.parametrize("mint", [MINTS["identity"], MINTS["agent"]], ids=str)
def test_an_identity_elsewhere_mints_nothing(trial: Trial, mint: Mint) -> None:
    """404 for an identity of another org; where the harness has but one org, for one that never was."""
    whose, identity = "that never was", NOBODY
    if "orgs" not in trial.connection.lacking:
        whose, identity = "of another org", trial.stranger.identity or NOBODY
    answer = trial.tenant.mint(mint, None, **mint.naming(identity))
    nothing_minted(answer, 404, asked=f"asked {mint.path} for an identity {whose}")


@clause("SEC-05")
@pytest.mark.parametrize("mint", [MINTS["path"]], ids=str)
def test_a_workspace_token_mints_for_its_own_workspace_alone(evidence: Evidence, mint: Mint) -> None:
    """Asked for a pair in another workspace, it is refused, or the pair is in its own all the same."""
    own = evidence.pair(mint).access.claims["wks"]
    answer = evidence.tenant.mint(mint, workspaceId=f"{evidence.tenant.workspace}-elsewhere")
    asked = f"asked {mint.path} for a pair in another workspace than the token's own"
    if answer.status != 201:
        nothing_minted(answer, 403, 400, 401, 404, asked=asked)
        return
    for name, token in pair_of(answer).tokens.items():
        hold(token.claims.get("wks") == own, asked=asked, contract="a workspace token is bound to one",
             came=f"wks of the {name} token names the other")  # fmt: skip


@clause("SEC-06")
@pytest.mark.parametrize("generation", [0, 1], ids=["at mint", "at refresh"])
def test_answers_with_tokens_are_not_stored(evidence: Evidence, mint: Mint, generation: int) -> None:
    """`Cache-Control` of the answer holds `no-store`."""
    answer = evidence.generation(mint, generation).answer
    told = answer.headers.get("cache-control")
    hold(
        "no-store" in (told or "").lower(),
        asked=f"asked {answer.asked.path}",
        contract="an answer that carries tokens is Cache-Control: no-store",
        came=f"Cache-Control was {told or 'absent'}",
    )


@clause("SEC-07")
@pytest.mark.parametrize("request_", PROVOCATIONS.values(), ids=PROVOCATIONS)
def test_a_provoked_error_tells_nothing(evidence: Evidence, request_: tuple[str, str, Any]) -> None:
    """A request that nobody would send gets an error without a word of where it came from."""
    method, path, body = request_
    key = None if path.endswith("refresh") else evidence.tenant.org_key
    silent(evidence.service.call(method, path, body=body, key=key))


@clause("SEC-07")
def test_no_error_of_the_run_told_anything(presenter: Presenter, evidence: Evidence) -> None:
    """Every refusal of the whole run, whatever clause it was for; a forged token's is among them."""
    for place in PLACES:
        presenter.present(place, f"{presenter.live(place).text}x")
    for answer in evidence.service.refusals:
        evidence.service.trail[:] = [answer]
        silent(answer)


@clause("SEC-08")
def test_each_org_has_tokens_of_its_own(evidence: Evidence, mint: Mint, stranger: Tenant) -> None:
    """`org` of both tokens is the org that minted, at mint and at refresh, and no two orgs share it."""
    theirs = stranger.pair(mint)
    for pair in (evidence.pair(mint), evidence.generation(mint, 1)):
        for name, token in pair.tokens.items():
            hold(token.claims.get("org") != theirs.tokens[name].claims.get("org"),
                 asked=f"minted on {mint.path} with the keys of two orgs",
                 contract="each org's tokens name that org",
                 came=f"both {name} tokens name the same org")  # fmt: skip


@clause("SEC-08")
def test_another_orgs_identity_is_out_of_sight(evidence: Evidence, mint: Mint, stranger: Tenant) -> None:
    """Key and bearer of one org can neither see nor delete another's identity, which is still there."""
    service, path = evidence.service, f"/v1/identities/{stranger.own_identity}"
    _, contract = evidence.tenant.own_identity, "another org's identity can be neither seen nor deleted"
    access = evidence.fresh(mint).access
    twin(service.knock(access), what="the bearer at a door of its own org")
    for method in ("GET", "DELETE"):
        asked, headers = f"{method} of another org's identity", {"X-Confirm-Delete": "true"}
        by_key = service.call(method, path, key=evidence.tenant.org_key, headers=headers)
        refused(by_key, 404, asked=f"{asked} with an API key", contract=contract)
        by_bearer = service.call(method, path, bearer=access, headers=headers)
        refused(by_bearer, 403, 404, asked=f"{asked} with a bearer", contract=contract)
    refused(service.call("GET", path, key=stranger.org_key), 200,
            asked="deleted another org's identity, then looked for it", contract=contract)  # fmt: skip


@clause("SEC-08")
@pytest.mark.parametrize("mint", [MINTS["agent"], MINTS["path"]], ids=str)
def test_another_orgs_keys_are_out_of_reach(evidence: Evidence, mint: Mint, stranger: Tenant) -> None:
    """An org can't revoke another's workspace token; what that mints goes on."""
    key_id, key = stranger.another_workspace_token()
    answer = evidence.service.call("POST", f"/v1/api-keys/{key_id}/revoke", key=evidence.tenant.org_key)
    asked, contract = "revoked another org's workspace token", "it is told that there is none"
    refused(answer, 404, asked=asked, contract=contract)
    refused(stranger.mint(mint, key), 201, asked=f"{asked}, then minted with it",
            contract="an org's keys are out of another's reach")  # fmt: skip
