"""What a run created is removed with proof, and what may live on is named."""

from collections.abc import Callable

import httpx
import pytest

from contract.harness.client import OwnOrg, Service, pair_of
from contract.harness.errors import ContractError, CouldNotTry
from contract.harness.spec import ENDPOINTS, SHAPED, MintEndpoint
from tests.unit.client.scripted import Change, Deployment, reference

ALL = [shape for shapes in SHAPED.values() for shape in shapes]
REVOKE = "/v1/tokens/revoke"


def after_a_run(
    deployment: Deployment, work: Callable[[OwnOrg], None], at_the_end: Change = lambda _request: None
) -> list[str]:
    """Open an org, let it work, and close it with `at_the_end` before the service; return what is left."""
    with deployment.connect() as connection:
        own_org = OwnOrg(Service(connection), deployment.key)
        own_org.open()
        work(own_org)
        deployment.watched.change = at_the_end
        return own_org.close()


def mint_everywhere(own_org: OwnOrg) -> None:
    """Several sessions of each endpoint and shape, some refreshed, one used up by a replay."""
    for mint in ALL:
        pairs = [own_org.pair(mint) for _ in range(3)]
        own_org.service.refresh(pairs[2].refresh)
    own_org.service.refresh(own_org.service.refresh(pairs[2].refresh).parsed.get("refreshToken"))


def alive(deployment: Deployment) -> int:
    """How many refresh tokens that the service ever gave are still accepted."""
    deployment.watched.change = lambda _request: None
    tokens = {
        text
        for _, response in deployment.watched.passed
        if response.content.startswith(b"{") and isinstance(text := response.json().get("refreshToken"), str)
    }
    with deployment.connect() as connection:
        statuses = [
            connection.http.get(
                "/v1/tokens/introspect",
                params={"token": text},
                headers={"x-api-key": deployment.key.reveal()},
            ).json()
            for text in tokens
        ]
    return sum(claims is not None for claims in statuses)


def test_everything_is_removed_with_few_requests() -> None:
    """Sessions of one agent are ended by one request, and one of them shows it."""
    with reference() as deployment:
        sent: list[int] = []

        def work(own_org: OwnOrg) -> None:
            mint_everywhere(own_org)
            own_org.another_identity()
            own_org.another_workspace_token()
            sent.append(len(deployment.watched.passed))

        assert after_a_run(deployment, work) == []
        assert len(deployment.watched.passed) - sent[0] < 45
        assert alive(deployment) == 0


def test_nothing_is_revoked_by_an_identity_of_somebody_else() -> None:
    """Sessions that name no agent are ended by their own id: others in the org have the same subject."""
    with reference() as deployment:
        after_a_run(deployment, mint_everywhere)
        bodies = deployment.watched.sent("POST", REVOKE)
        by_identity = [body["identityId"] for body in bodies if "identityId" in body]
        assert by_identity
        made = {
            response.json()["id"]
            for request, response in deployment.watched.passed
            if (request.method, request.url.path) == ("POST", "/v1/identities")
        }
        assert all(each in made or each.startswith("agent_relayauth-contract-") for each in by_identity)


def test_a_chapter_can_not_revoke_by_an_identity_of_somebody_else() -> None:
    """The request is not sent: on a deployment of others it would end their sessions."""

    def work(own_org: OwnOrg) -> None:
        bare = own_org.pair(ENDPOINTS["path"])
        before = len(deployment.watched.passed)
        with pytest.raises(CouldNotTry, match="not sent: POST /v1/tokens/revoke"):
            own_org.service.revoke(own_org.org_key, identityId=str(bare.refresh.claims["sub"]))
        with pytest.raises(CouldNotTry, match="not sent: DELETE"):
            own_org.service.call(
                "DELETE", f"/v1/identities/{bare.refresh.claims['sub']}", key=own_org.org_key
            )
        assert len(deployment.watched.passed) == before

    with reference() as deployment:
        assert after_a_run(deployment, work) == []


def unrevoked(status: int) -> Change:
    """Answer revocations with `status`, and the deletion of identities and keys too, and do none of it."""

    def change(request: httpx.Request) -> httpx.Response | None:
        if request.url.path == REVOKE:
            return httpx.Response(status, json={"error": "token_not_found"} if status == 404 else None)
        if request.method == "DELETE":
            return httpx.Response(204)
        if request.url.path.endswith("/revoke"):
            return httpx.Response(200, json={})
        return None

    return change


@pytest.mark.parametrize("status", [404, 204, 500])
@pytest.mark.parametrize("mint", ALL, ids=str)
def test_a_revocation_that_ends_nothing_leaves_a_session_that_is_named(
    status: int, mint: MintEndpoint
) -> None:
    """Whatever was answered, a session whose refresh token is accepted lives on."""
    sids: list[str] = []

    def work(own_org: OwnOrg) -> None:
        number = 1 if mint.shape == "bare" else 2
        sids.extend(str(own_org.pair(mint).refresh.claims["sid"]) for _ in range(number))

    with reference() as deployment:
        left = after_a_run(deployment, work, unrevoked(status))
        assert alive(deployment) == len(sids)
    assert sorted(left) == sorted(f"session {sid} ({mint.name})" for sid in sids)


def test_a_session_that_was_renewed_is_not_taken_for_one_that_has_ended() -> None:
    """Its first refresh token is refused because it was used: the newest one is asked."""

    def work(own_org: OwnOrg) -> None:
        pair = own_org.pair(SHAPED["path"][1])
        for _ in range(2):
            pair = pair_of(own_org.service.refresh(pair.refresh))

    with reference() as deployment:
        assert len(after_a_run(deployment, work, unrevoked(404))) == 1


@pytest.mark.parametrize("path", ["/v1/tokens/path", "/v1/identities", "/v1/tokens/workspace"])
def test_what_got_no_response_is_named(path: str) -> None:
    """Nobody knows whether it was created."""

    def silent(request: httpx.Request) -> httpx.Response | None:
        if request.method == "POST" and request.url.path == path:
            raise httpx.ReadTimeout("no response")
        return None

    def work(own_org: OwnOrg) -> None:
        deployment.watched.change = silent
        for create in (
            lambda: own_org.pair(SHAPED["path"][1]),
            own_org.another_identity,
            own_org.another_workspace_token,
        ):
            try:
                create()
            except ContractError:
                continue

    with reference() as deployment:
        (left,) = after_a_run(deployment, work)
    assert left.startswith("perhaps ")
    assert "got no response" in left


def test_an_identity_that_is_not_deleted_is_named() -> None:
    """A 404 to its deletion counts only if it can't be read either."""

    def kept(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(404, json={"error": "not_found"}) if request.method == "DELETE" else None

    with reference() as deployment:
        (left,) = after_a_run(deployment, lambda _own_org: None, kept)
    assert left.startswith("identity agent_")


def test_a_session_of_another_org_of_the_run_makes_nobody_a_stranger() -> None:
    """A token that names the second org's identity: that identity is the run's own and can be deleted."""
    with reference() as one, one.connect() as connection:
        service = Service(connection)
        first, second = OwnOrg(service, one.key), OwnOrg(service, one.key, whose="second ")
        first.open()
        second.open()
        first.pair(SHAPED["path"][1], None, agentId=second.own_identity)
        assert second.close() == []
        assert first.close() == []
