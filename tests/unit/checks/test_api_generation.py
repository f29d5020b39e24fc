"""Generated requests against the reference: how many valid ones succeed, and what they may touch."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from contract.harness.checks.api_cases import GeneratedCase, generated
from contract.harness.checks.api_document import operations
from contract.harness.checks.api_generation import GeneratedRequests
from contract.harness.checks.api_own_things import OwnThingsIn
from contract.harness.checks.api_requests import UsualRequests
from contract.harness.client import displayable, on_the_wire
from contract.harness.errors import Violation
from contract.harness.run import Settings
from contract.harness.run.session import TargetSession, open_target
from contract.harness.targets import Target


def opened(spec: str) -> TargetSession:
    session = open_target(Target(spec, spec), Settings(), lambda _: None)
    assert isinstance(session, TargetSession)
    return session


@pytest.fixture(scope="module")
def session() -> Iterator[TargetSession]:
    made = opened("reference")
    yield made
    made.close()


@pytest.mark.proof
def test_nine_of_ten_valid_requests_succeed_at_every_operation(session: TargetSession) -> None:
    for name, operation in operations().items():
        requests = GeneratedRequests(UsualRequests(session.token_pairs), on_a_url=False)
        requests.try_all(operation, (), coverage=25, examples=4, seed=1)
        assert requests.tally.valid, name
        assert requests.tally.accepted >= 0.9 * requests.tally.valid, name


def test_one_seed_gives_the_same_cases() -> None:
    def cases(seed: int) -> list[str]:
        generated.cache_clear()
        made = generated(operations()["mintPathTokens"], coverage=8, examples=3, seed=seed)
        return [json.dumps(each.as_json(), default=str) for each in made]

    assert cases(1) == cases(1)
    assert cases(1) != cases(2)


IDS = ("identityId", "agentId", "tokenId", "sessionId", "workspaceId", "orgId", "sponsorId")


@pytest.mark.parametrize("name", [name for name, each in operations().items() if each.method != "GET"])
def test_a_request_that_changes_state_names_things_of_the_run_alone(
    session: TargetSession, name: str
) -> None:
    """Every text in a member that names a thing is the run's own or random; so is the id in the path."""
    own, operation = session.own_org, operations()[name]
    things = OwnThingsIn(UsualRequests(session.token_pairs))
    for number, case in enumerate(generated(operation, coverage=15, examples=2, seed=3)):
        sent = things.sent(case, operation)
        body = on_the_wire(sent.get("body"))
        named = [body[each] for each in IDS if each in body] if isinstance(body, dict) else []
        known = {*session.service.names, own.org, *own.created.things, *own.created.sessions}
        for text in [*named, *([sent["id"]] if "id" in sent else [])]:
            if isinstance(text, str) and text.strip():
                own_or_random = text in known or own.name in text or text.startswith(("random_", "tok_"))
                assert own_or_random or "relayauth-contract" in text or operation.name == "deleteIdentity", (
                    number,
                    case.what,
                    text,
                )
        assert sent.get("id") not in {own.identity, _id_of_key(session)}


def _id_of_key(session: TargetSession) -> str | None:
    (first, *_) = [each.its_id for each in session.own_org.created.things.values() if each.kind == "API key"]
    return first


def test_a_failing_request_is_made_small() -> None:
    """What has nothing to do with the failure is left out of the body."""
    session = opened("mutant:NoCap")
    try:
        requests = GeneratedRequests(UsualRequests(session.token_pairs), on_a_url=False)
        body: dict[str, Any] = {
            "identityId": "x",
            "scopes": ["cloud:a:read"],
            "expiresIn": 60,
            "audience": ["relayauth"],
            "refreshTokenTtlSeconds": 9_000_000,
        }
        case = GeneratedCase("mintIdentityTokens", True, "by hand", "POST", body=body, has_body=True)
        with pytest.raises(Violation) as raised:
            requests.try_all(operations()["mintIdentityTokens"], [case], coverage=0, examples=0, seed=0)
        last = [*session.service.transcript][-1]
    finally:
        session.close()
    assert "9000000" in str(raised.value)
    assert set(displayable(last.request.body)) <= {"identityId", "refreshTokenTtlSeconds"}
