"""The usual request of each operation of `openapi.yaml`, made of the run's own things."""

import itertools
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from contract.harness.checks.api_document import Operation, operations
from contract.harness.client import OwnOrg, Pair, Response, TokenPairs
from contract.harness.client.own_org import SPONSOR
from contract.harness.errors import ContractError, NotTried, Violation
from contract.harness.spec import ENDPOINTS, READ_SCOPE, SHAPED, MintEndpoint, routes
from contract.harness.spec.headers import CONFIRM_DELETE

Sent = dict[str, Any]
"""What `Service.call` takes besides method and path, and the path's own id as `id`."""

# The shape that names an agent of the run: on a URL no session may have everybody's subject.
MINTS: Mapping[str, MintEndpoint] = {
    name: next(row for row in SHAPED[mint] if row.shape in ("identity", "named"))
    for name, mint in {
        "mintIdentityTokens": "identity",
        "mintAgentTokens": "agent",
        "mintPathTokens": "path",
        "mintWorkspacePathTokens": "workspace-path",
    }.items()
}
"""The mint operations by their ids, each with the endpoint that it is."""


class UsualRequests:
    """Makes, for each operation, a request that the service accepts; each needs things of its own.

    A thing that a request ends is made for it, and an identity of its own is suspended, reactivated, retired
    and deleted: never the one that other cases use.
    """

    def __init__(self, token_pairs: TokenPairs) -> None:
        self.token_pairs = token_pairs
        self.own_org: OwnOrg = token_pairs.own_org
        self.service = token_pairs.service
        self._spare: str | None = None
        self._spare_is = "active"
        self._pair: Pair | None = None
        self._numbers = itertools.count()
        self._makers: Mapping[str, Callable[[], Sent]] = {
            **{name: self._mint(row) for name, row in MINTS.items()},
            "createWorkspaceToken": self._workspace_token,
            "refreshTokens": lambda: self._by_nobody({"refreshToken": self.pair().refresh}),
            "revokeTokens": lambda: self._by_org({"sessionId": self.fresh().refresh.claims["sid"]}),
            "introspectToken": lambda: {**self._by_org(), "query": {"token": self.pair().access}},
            "createRelayhistoryAssertion": self._assertion,
            "createApiKey": lambda: self._by_org({"name": self.name(), "scopes": [READ_SCOPE]}),
            "revokeApiKey": lambda: {**self._by_org(), "id": self.own_org.another_key(READ_SCOPE)[0]},
            "listIdentities": lambda: {**self._by_org(), "query": {"limit": 2, "status": "active"}},
            "createIdentity": self._identity,
            "getIdentity": lambda: {**self._by_org(), "id": self.own_org.own_identity},
            "updateIdentity": lambda: {**self._by_org({"roles": ["example"]}), "id": self.spare("active")},
            "suspendIdentity": lambda: {**self._by_org({"reason": "example"}), "id": self.spare("active")},
            "reactivateIdentity": lambda: {**self._by_org(), "id": self.spare("suspended")},
            "retireIdentity": lambda: {**self._by_org({"reason": "example"}), "id": self.spare("active")},
            "deleteIdentity": self._deletion,
            "getJwks": dict,
            "getHealth": dict,
        }

    def usual(self, operation: Operation) -> Sent:
        """Return what the usual request of `operation` sends; `NotTried` if the run has not what it needs."""
        if operation.name not in self._makers:
            raise NotTried(f"the suite does not know how to use {operation}")
        return self._makers[operation.name]()

    def send(self, operation: Operation, sent: Sent) -> Response:
        """Send a request to `operation`, and follow what became of the spare identity."""
        path = operation.path.replace("{id}", str(sent.get("id", "")))
        call = {name: value for name, value in sent.items() if name != "id"}
        response = self.service.call(operation.method, path, **call)
        # A generated request may have another method, such as OPTIONS, which changes nothing.
        done = response.status in (200, 204) and operation == operations().get(operation.name)
        if done and sent.get("id") == self._spare:
            became = {"suspendIdentity": "suspended", "reactivateIdentity": "active"}
            if operation.name in ("retireIdentity", "deleteIdentity"):
                self._spare = None
            else:
                self._spare_is = became.get(operation.name, self._spare_is)
        if operation.name == "refreshTokens":
            self._pair = None
        return response

    def name(self) -> str:
        """Return a name of the run's own that nothing has yet."""
        return f"{self.own_org.name}-{next(self._numbers)}-{secrets.token_hex(2)}"

    def pair(self) -> Pair:
        """Return a live pair that is shared until it is refreshed."""
        if self._pair is None:
            self._pair = self.fresh()
        return self._pair

    def fresh(self) -> Pair:
        """Return a new pair from the first endpoint that the credentials open."""
        closed = self.own_org.closed
        for name in ENDPOINTS:
            if name not in closed:
                return self.token_pairs.fresh(next(row for row in MINTS.values() if row.name == name))
        raise NotTried("; ".join(dict.fromkeys(closed.values())))

    def spare(self, status: str) -> str:
        """Return an identity that no other case uses, and that has this status."""
        if self._spare is None:
            self._spare, self._spare_is = self.own_org.another_identity(), "active"
        if self._spare_is != status:
            path = routes.reactivation if status == "active" else routes.suspension
            body = None if status == "active" else {"reason": "example"}
            answer = self.service.call("POST", path(self._spare), key=self.own_org.org_key, body=body)
            if answer.status != 200:
                raise NotTried(f"{answer.request.where} was answered {answer.summary}")
            self._spare_is = status
        return self._spare

    def _by_org(self, body: Any = None) -> Sent:
        return {"key": self.own_org.org_key, **({} if body is None else {"body": body})}

    @staticmethod
    def _by_nobody(body: Any) -> Sent:
        return {"body": body}

    def _mint(self, row: MintEndpoint) -> Callable[[], Sent]:
        def sent() -> Sent:
            if row.needs_identity:
                _ = self.own_org.own_identity
            return {"key": self.own_org.key_for(row), "body": self.own_org.mint_body(row)}

        return sent

    def _workspace_token(self) -> Sent:
        own = self.own_org
        return self._by_org({"workspaceId": own.workspace, "name": own.name, "scopes": [READ_SCOPE]})

    def _assertion(self) -> Sent:
        own = self.own_org
        if not isinstance(own.org, str):
            raise NotTried("no response has told the org's id")
        return self._by_org(
            {"orgId": own.org, "workspaceId": own.workspace, "sponsorId": SPONSOR, "scopes": ["rth:read"]}
        )

    def _identity(self) -> Sent:
        body = {"name": self.name(), "sponsorId": SPONSOR, "workspaceId": self.own_org.workspace}
        return self._by_org({**body, "scopes": [READ_SCOPE]})

    def _deletion(self) -> Sent:
        headers = CONFIRM_DELETE
        return {**self._by_org(), "id": self.spare("active"), "headers": headers}


def send_each(requests: UsualRequests) -> dict[str, str]:
    """Send the usual request of every operation; return, for those that could not be sent, the reason."""
    unsent = {}
    for operation in operations().values():
        try:
            requests.send(operation, requests.usual(operation))
        except (ContractError, Violation) as error:
            unsent[str(operation)] = str(error)
    return unsent
