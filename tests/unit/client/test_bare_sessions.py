"""On a URL at most one session is live whose mint named no agent: everybody's have the same subject."""

import contextlib
import json
from collections.abc import Iterator

import httpx
import pytest

from contract.harness.client import OwnOrg, Service, TokenPairs
from contract.harness.errors import Blocked
from contract.harness.run import Settings, run_contract
from contract.harness.spec import ENDPOINTS, REFRESH_TTL_FIELD
from tests.unit.client.scripted import Deployment, reference, reference_on_a_socket

MINTS = {"/v1/tokens/path", "/v1/tokens/workspace-path"}
PATH = ENDPOINTS["path"]


@contextlib.contextmanager
def counting(deployment: Deployment) -> Iterator["Counter"]:
    """Count the sessions of a deployment from now on."""
    with httpx.Client(base_url=deployment.address, trust_env=False) as http:
        counter = Counter(deployment, http)
        deployment.watched.change = counter
        yield counter


class Counter:
    """Follows the sessions of a deployment from outside, and counts after each mint those that are live."""

    def __init__(self, deployment: Deployment, http: httpx.Client) -> None:
        self._http = http
        self._key = deployment.key
        self._newest: dict[str, str] = {}
        self._passed = deployment.watched.passed
        self.minted = self.most = 0

    def __call__(self, request: httpx.Request) -> httpx.Response | None:
        """Look at what passed before this request."""
        for earlier, response in self._passed:
            self._follow(earlier, response)
        self._passed.clear()
        return None

    def _follow(self, request: httpx.Request, response: httpx.Response) -> None:
        if response.status_code not in (200, 201) or request.method != "POST":
            return
        body = response.json()
        sid = body.get("accessToken") and self._sid(body["accessToken"])
        bare = request.url.path in MINTS and "agentId" not in json.loads(request.content)
        if bare or sid in self._newest:
            self._newest[sid] = body["refreshToken"]
        if bare:
            self.minted += 1
            self._newest = {each: text for each, text in self._newest.items() if self._is_live(text)}
            self.most = max(self.most, len(self._newest))

    @staticmethod
    def _sid(token: str) -> str:
        from contract.harness.jose import read_token

        return str(read_token(token).claims["sid"])

    def _is_live(self, token: str) -> bool:
        key = {"x-api-key": self._key.reveal()}
        return (
            self._http.get("/v1/tokens/introspect", params={"token": token}, headers=key).json() is not None
        )

    def live(self) -> int:
        """How many are live now."""
        return sum(map(self._is_live, self._newest.values()))


def test_a_run_has_at_most_one_of_them_at_a_time() -> None:
    """Over a socket, with every clause that is tried in this shape; at the end none is left."""
    with reference_on_a_socket() as deployment, counting(deployment) as counter:
        (report,) = run_contract(
            Settings(targets=(deployment.target(),), clauses=("META-*", "ROT-*"), endpoints=("path",))
        )
        assert counter.minted > 10
        assert counter.most == 1
        assert counter.live() == 0
    assert report.count("pass")
    assert report.count("fail") == report.count("error") == 0
    assert report.leftovers == []


def test_a_pair_of_a_session_that_was_ended_is_not_handed_out_again() -> None:
    """Neither from the store of inspected pairs nor from the spare ones."""
    with reference() as deployment, deployment.connect() as connection:
        own_org = OwnOrg(Service(connection), deployment.key)
        own_org.open()
        pairs = TokenPairs(own_org)
        first = pairs.pair(PATH)
        assert pairs.generation(PATH, 1).refresh.claims["sid"] == first.refresh.claims["sid"]
        spare = pairs.spend(PATH)
        pairs.keep(PATH, spare)
        other = pairs.pair(PATH, **{REFRESH_TTL_FIELD: 60})
        assert own_org.was_ended(first)
        assert own_org.was_ended(spare)
        assert not own_org.was_ended(other)
        assert pairs.spend(PATH) != spare
        again = pairs.generation(PATH, 1)
        assert again.refresh.claims["sid"] != first.refresh.claims["sid"]
        assert own_org.close() == []


@pytest.mark.parametrize("status", [404, 204, 500])
def test_without_proof_that_the_one_before_has_ended_there_is_no_second_one(status: int) -> None:
    """It can't be tried then, and nothing is minted."""

    def unrevoked(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(status, json={"error": "x"}) if request.url.path.endswith("/revoke") else None

    with reference() as deployment, deployment.connect() as connection:
        own_org = OwnOrg(Service(connection), deployment.key)
        own_org.open()
        own_org.pair(PATH)
        deployment.watched.change = unrevoked
        with pytest.raises(Blocked, match="not sent: a session whose mint named no agent may"):
            own_org.pair(PATH)
        assert len(deployment.watched.sent("POST", PATH.path)) == 1
        deployment.watched.change = lambda _request: None
        assert own_org.close() == []
