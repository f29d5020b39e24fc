"""What the sessions of a walk share: an identity, an agent, a workspace token, and the server itself."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from contract.harness.checks.walk_judgement import must
from contract.harness.client import OwnOrg, Response, Service
from contract.harness.errors import NotTried
from contract.harness.spec import REFRESH_TTL_FIELD, MintEndpoint, routes
from contract.harness.spec.headers import CONFIRM_DELETE
from contract.harness.spec.statuses import NO_ROUTE

if TYPE_CHECKING:
    from contract.harness.redaction import Secret


class Surroundings:
    """Things of one walk alone, each made when it is first needed.

    `restart` restarts the server on the same database; None where that can't be done. `identity_is` is
    active, suspended or gone.
    """

    def __init__(self, own_org: OwnOrg, restart: Callable[[], object] | None) -> None:
        self.own_org = own_org
        self.restart = restart
        self.service: Service = own_org.service
        self.agent = own_org.another_agent()
        self.identity_is = "active"
        self._identity: str | None = None
        self._workspace_token: tuple[str, Secret] | None = None

    @property
    def now(self) -> float:
        """The service's time."""
        return self.service.clock.now()

    @property
    def inactive(self) -> str | None:
        """The identity while it is suspended."""
        return self._identity if self.identity_is == "suspended" else None

    def identity(self) -> str:
        """Return the walk's identity; another one once the first is retired or deleted."""
        if self._identity is None:
            self._identity, self.identity_is = self.own_org.another_identity(), "active"
        return self._identity

    def workspace_token(self) -> "tuple[str, Secret]":
        """Return the id and the text of the workspace token; another one once the first is revoked."""
        if self._workspace_token is None:
            self._workspace_token = self.own_org.another_workspace_token()
        return self._workspace_token

    def fields(self, mint: MintEndpoint, ttl: Any, horizon: int | None) -> dict[str, Any]:
        """Return what a mint sends beside its usual body; `horizon` counts from now."""
        fields: dict[str, Any] = {}
        if mint.shape == "identity":
            fields |= mint.naming(self.identity())
        elif mint.shape == "named":
            fields["agentId"] = self.agent
        if ttl is not None:
            fields[REFRESH_TTL_FIELD] = ttl
        if horizon is not None and mint.takes_paths:
            fields["delegationNotAfter"] = int(self.now) + horizon
        return fields

    def send_change(self, what: str) -> Response | None:
        """Send that the identity be suspended, reactivated, retired or deleted; None if it can't be that."""
        if self._identity is None or (what == "suspend" and self.identity_is != "active"):
            return None
        if what == "reactivate" and self.identity_is != "suspended":
            return None
        identity, key = self._identity, self.own_org.org_key
        if what == "delete":
            response = self.service.call("DELETE", routes.identity(identity), key=key, headers=CONFIRM_DELETE)
        else:
            place = {"suspend": routes.suspension, "retire": routes.retirement}.get(what, routes.reactivation)
            body = None if what == "reactivate" else {"reason": "relayauth-contract"}
            response = self.service.call("POST", place(identity), key=key, body=body)
        if response.status in (200, 204):
            self.identity_is = {"suspend": "suspended", "reactivate": "active"}.get(what, "gone")
            if self.identity_is == "gone":
                self._identity = None
        return response

    def change_identity(self, what: str) -> str | None:
        """Require that a change of the identity is done; return the identity, or None if it can't be done."""
        identity, response = self._identity, self.send_change(what)
        if response is None or response.status == 403 or response.status in NO_ROUTE:
            return None  # Or the deployment has no such route, or the key no scope for it.
        must(response.status in (200, 204), response, f"{what} is done")
        return identity

    def send_workspace_token_revocation(self) -> tuple[str, Response] | None:
        """Send that the workspace token be revoked; return its id too, or None if none was needed yet."""
        if self._workspace_token is None:
            return None
        its_id, self._workspace_token = self._workspace_token[0], None
        path = routes.api_key_revocation(its_id)
        return its_id, self.service.call("POST", path, key=self.own_org.org_key)

    def revoke_workspace_token(self) -> str | None:
        """Require that the workspace token is revoked; return its id, or None if none was needed yet."""
        sent = self.send_workspace_token_revocation()
        if sent is None:
            return None
        its_id, response = sent
        must(response.status == 200, response, "the workspace token is revoked")
        return its_id

    def revoke(self, **what: str) -> Response:
        """Revoke by `sessionId`, `tokenId` or `identityId`."""
        response = self.service.revoke(self.own_org.org_key, **what)
        if response.status == 403:
            raise NotTried("the API key lacks the scope to revoke")
        return response

    def introspect(self, token: Any) -> Response:
        """Introspect a token."""
        response = self.service.introspect(token, self.own_org.org_key)
        if response.status == 403:
            raise NotTried("the API key lacks the scope to introspect")
        must(response.status == 200, response, "introspection answers 200")
        return response
