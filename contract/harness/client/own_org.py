"""One org of a run: opened with an API key, given identities and keys of the run, and emptied at the end."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from contract.harness.client.bootstrap import SCOPE_ESCALATION, Credentials
from contract.harness.client.created import CreatedThings
from contract.harness.client.journal import Journal, Owner
from contract.harness.client.messages import Pair, Response
from contract.harness.client.mints import Mints
from contract.harness.client.own_things import OwnThings
from contract.harness.client.preflight import health, what_was_made
from contract.harness.client.removal import Removal
from contract.harness.client.service import Service
from contract.harness.client.sweeping import Credential, place_of, sweep
from contract.harness.client.workspace_tokens import WORKSPACE_SCOPES, widest
from contract.harness.errors import NotTried
from contract.harness.redaction import Secret, fingerprint
from contract.harness.spec import GROUPS, IDENTITY_SCOPES, READ_SCOPE, MintEndpoint, routes

SPONSOR = "user_relayauth-contract"
SWEPT_AT_START = 150
"""Requests that a run spends at most on what earlier runs left; `sweep` has no such limit."""


class OwnOrg(OwnThings):
    """One org on the target, and the run's own things in it.

    It acts with the org API key `given`, else with one that an admin bearer of the deployment's key makes.
    `whose` tells its shell variables from those of the run's first org.
    """

    def __init__(self, service: Service, given: Secret | None, *, whose: str = "") -> None:
        super().__init__(service.names, whose)
        self.service = service
        lasting = not service.connection.disposable
        self.created = CreatedThings(self.name, service.subjects, guarded=lasting)
        self._credentials = Credentials(service, given)
        self._removal = Removal(service, self.created, self)
        self._mints = Mints(service, self, self._credentials, self._removal)
        self._lasting = lasting
        self._identity_scopes: Sequence[str] = IDENTITY_SCOPES
        self._opened_journal = False
        self._left_before: list[str] = []
        service.observers.append(self.created)
        service.budget.reserve(self.created.removal_cost)

    def open(self) -> None:
        """Check that this is a relayauth that accepts the key; make one identity and one workspace token."""
        health(self.service)
        self._open_journal()
        self._get_key()
        self._make_identity()
        if self.service.journal is not None:
            self._own_in_journal()
            self._left_before = sweep(self.service, self._credential_for, SWEPT_AT_START)
        self._make_workspace_token()

    def mint(self, mint: MintEndpoint, key: Secret | None = None, **fields: Any) -> Response:
        """Request a pair from `mint` with `fields` beside its usual body; the run removes what it makes.

        `key` takes the place of the credential that the run has for it.
        """
        return self._mints.mint(mint, key, fields)

    def pair(self, mint: MintEndpoint, key: Secret | None = None, **fields: Any) -> Pair:
        """Mint a pair; a `Violation` if the mint does not succeed."""
        return self._mints.pair(mint, key, fields)

    def was_ended(self, pair: Pair) -> bool:
        """Say whether the run itself has ended the session of `pair`, to make room for another."""
        return str(pair.refresh.claims.get("sid")) in self._mints.ended

    def another_identity(self, workspace: str | None = None, sponsor: str = SPONSOR) -> str:
        """Make one more identity in `workspace` (None: the run's), for a case of its own; return its id."""
        name = self.call_in_a_shell("name", f"{self.name}-{secrets.token_hex(4)}", "another ")
        response = self._request_identity(name, workspace, sponsor)
        if sponsor != SPONSOR and response.status == 400:
            raise NotTried(f"the deployment takes no identity as a sponsor: {response.summary}")
        return self.call_in_a_shell("identity id", self._identity_in(response), "another ")

    def another_agent(self) -> str:
        """Return one more name that no identity has, for a case that ends all its sessions."""
        return self.call_in_a_shell("agent id", f"{self.agent}-{secrets.token_hex(4)}", "another ")

    def another_workspace_token(self, *scopes: str) -> tuple[str, Secret]:
        """Make one more workspace token, for a case that ends it or needs a small one; return its id too."""
        response = self._permitted(self._request_workspace_token(scopes or WORKSPACE_SCOPES))
        return _key_in(response, "a workspace token", "workspaceToken", "another workspace token")

    def another_key(self, *scopes: str) -> tuple[str, Secret]:
        """Make one more org API key that holds `scopes`; return its id too."""
        body = {"name": self.name, "scopes": list(scopes)}
        response = self.service.call("POST", routes.API_KEYS, key=self.org_key, body=body)
        return _key_in(self._permitted(response), "an org API key", "apiKey", "another api key")

    def keys_with(self, *scopes: str) -> dict[str, tuple[str, Secret]]:
        """Make a credential of each kind that holds only `scopes`; return their ids too."""
        return {"org": self.another_key(*scopes), "workspace": self.another_workspace_token(*scopes)}

    def close(self) -> list[str]:
        """Remove all that the run made; return what could not be removed, each named for a person."""
        self.service.budget.begin_removal()
        left = self._removal.run() if hasattr(self, "org_key") else self._removal.uncertain()
        self._close_journal()
        return [*self._left_before, *left]

    def remove_again(self) -> None:
        """Remove what responses called removed, once no fault stands between the run and the target."""
        self.service.budget.begin_removal()
        if hasattr(self, "org_key"):
            self._removal.remove_again()

    def kept(self) -> list[str]:
        """Name all that the run made, for a run that was told to leave it."""
        if self.service.journal is not None:
            self.service.journal.keep()
        self._close_journal()
        return [*self._left_before, *self.created.names(self.subject)]

    def _get_key(self) -> None:
        given = self._credentials.given
        if given is not None:
            self._credentials.check(given)
            self.org_key = given
        else:
            self.org = f"org_{self.name}"
            bearer = self._credentials.admin_bearer(f"{self.org}")
            self.created.act_with(bearer)
            self._own_in_journal()
            response = self._credentials.make_key(self.name, bearer)
            whose = f"{self._whose}api key"
            self.org_key_id, self.org_key = _key_in(response, "an org API key", "apiKey", whose)
        self.created.act_with(self.org_key)
        self._own_in_journal()

    def _make_identity(self) -> None:
        response = self._request_identity(self.name)
        if why := self._credentials.refusal(response):
            self.closed |= dict.fromkeys(GROUPS["identity"], why)
            return
        self.identity = self.call_in_a_shell("identity id", self._identity_in(response))

    def _request_identity(self, name: str, workspace: str | None = None, sponsor: str = SPONSOR) -> Response:
        """Request an identity with as many scopes as the key may grant, the one that it needs at least."""
        body = {"name": name, "sponsorId": sponsor, "workspaceId": workspace or self.workspace}
        response = self._request_identity_with(body, self._identity_scopes)
        if response.status == 403 and response.code == SCOPE_ESCALATION:
            self._identity_scopes = (READ_SCOPE,)
            response = self._request_identity_with(body, self._identity_scopes)
        return response

    def _request_identity_with(self, body: Mapping[str, Any], scopes: Sequence[str]) -> Response:
        whole = {**body, "scopes": list(scopes)}
        return self.service.call("POST", routes.IDENTITIES, key=self.org_key, body=whole)

    def _identity_in(self, response: Response) -> str:
        made, _ = what_was_made(self._permitted(response), "an identity")
        self.org = made.get("orgId", self.org)
        return str(made["id"])

    def _make_workspace_token(self) -> None:
        response, closed = widest(self._request_workspace_token, self._credentials)
        self.closed = closed | self.closed
        if response is not None:
            whose = f"{self._whose}workspace token"
            self.workspace_token = _key_in(response, "a workspace token", "workspaceToken", whose)[1]

    def _request_workspace_token(self, scopes: Sequence[str]) -> Response:
        body = {"workspaceId": self.workspace, "name": self.name, "scopes": list(scopes)}
        return self.service.call("POST", routes.WORKSPACE_TOKENS, key=self.org_key, body=body)

    def _permitted(self, response: Response) -> Response:
        """Return `response`; `NotTried` if it is a 403 about what the credentials may do."""
        if why := self._credentials.refusal(response):
            raise NotTried(why)
        return response

    def _open_journal(self) -> None:
        """Let the first org of a run open its journal, unless all that it makes vanishes with the target."""
        if self._lasting and self.service.journal is None:
            self.service.journal = Journal(place_of(self.service.connection), self.name)
            self._opened_journal = True
        self.created.journal = self.service.journal

    def _own_in_journal(self) -> None:
        if self.service.journal is not None:
            key = fingerprint(self.org_key.reveal()) if hasattr(self, "org_key") else ""
            org = self.org if isinstance(self.org, str) else None
            self.service.journal.own(Owner(self.name, key, org))

    def _credential_for(self, owner: Owner) -> Credential | None:
        """Return the org key if an earlier run acted with it, or for the same org."""
        same_key = owner.key == fingerprint(self.org_key.reveal())
        same_org = owner.org is not None and owner.org == self.org
        return {"key": self.org_key} if same_key or same_org else None

    def _close_journal(self) -> None:
        if self._opened_journal and self.service.journal is not None:
            self.service.journal.close()


def _key_in(response: Response, what: str, member: str, kind: str) -> tuple[str, Secret]:
    """Return the id and the text of the key that `response` made."""
    made, key = what_was_made(response, what, member)
    return str(made["id"]), Secret(kind, key)
