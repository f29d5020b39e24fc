"""What a run owns on its target: made at the start, named for the run, and taken away at the end."""

import secrets
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from contract.harness.client.created import CreatedThings
from contract.harness.client.messages import Pair, Response, called, pair_of
from contract.harness.client.preflight import health, missing_scope, what_was_made
from contract.harness.client.service import Service
from contract.harness.errors import CouldNotTry, NotTried, TargetError, Violation
from contract.harness.jose import Malformed, Token, admin_claims, read_token
from contract.harness.redaction import Secret, scrub
from contract.harness.spec import ENDPOINTS, GROUPS, IDENTITY_SCOPES, MintEndpoint, routes, scopes_for

_NOBODY = Token("none", "", {}, {})
SPONSOR = "user_relayauth-contract"
CREATE_SCOPE = "relayauth:token:create:*"
MINTING_SCOPES = (CREATE_SCOPE, "relayauth:api-key:manage:*")
BY_WORKSPACE_TOKEN = {
    name: (CREATE_SCOPE, *row.scopes) for name, row in ENDPOINTS.items() if row.credential == "workspace"
}
"""The scopes that a workspace token must hold, for each endpoint that it mints on."""
WORKSPACE_SCOPES = tuple(dict.fromkeys(scope for needed in BY_WORKSPACE_TOKEN.values() for scope in needed))


class OwnOrg:
    """One org on the target, and the run's own things in it.

    It acts with the org API key `given`, else with one that its own admin bearer makes. `closed` says,
    for each mint endpoint that can't be tried with these credentials, why; `org` is what the service said of
    its identity. `whose` tells its keys and ids from those of the run's first org.
    """

    def __init__(self, service: Service, given: Secret | None, *, whose: str = "") -> None:
        self.service = service
        self.name = f"relayauth-contract-{secrets.token_hex(4)}"
        self.closed: dict[str, str] = {}
        self.workspace = f"ws_{self.name}"
        self.org: object = None
        self.identity: str | None = None
        self.workspace_token: Secret | None = None
        self.org_key: Secret
        self.created = CreatedThings(service, self.name)
        self._given = given
        self._whose = whose
        self._name("workspace id", self.workspace)
        self._name("identity id", self.subject)
        self._name("agent id", self.agent)

    @property
    def subject(self) -> str:
        """The agent that tokens are made for: our identity, or a name like one where none could be made."""
        return self.identity or f"agent_{self.name}"

    @property
    def agent(self) -> str:
        """The name of an agent that no identity has."""
        return f"agent_{self.name}-agent"

    @property
    def own_identity(self) -> str:
        """Our identity; `NotTried` where none could be made."""
        if self.identity is None:
            raise NotTried(self.closed[GROUPS["identity"][0]])
        return self.identity

    def _name(self, kind: str, its_id: str, whose: str | None = None) -> str:
        """Let the lines that ask again call an id by its kind; return it."""
        self.service.names[its_id] = called(f"{self._whose if whose is None else whose}{kind}")
        return its_id

    def open(self) -> None:
        """Check that this is a relayauth that lets us in, and make one identity and one workspace token."""
        health(self.service)
        self.org_key = self._key()
        self._make_identity()
        self._make_workspace_token()

    def key_for(self, mint: MintEndpoint) -> Secret:
        """Return the credential that `mint` asks for; `NotTried` if there is none for it."""
        key = self.org_key if mint.credential == "org" else self.workspace_token
        if mint.name in self.closed or key is None:
            raise NotTried(self.closed.get(mint.name, "there is no workspace token"))
        return key

    def mint_body(
        self, mint: MintEndpoint, fields: Mapping[str, Any] = MappingProxyType({})
    ) -> dict[str, Any]:
        """Return the JSON body of a mint for this org: that of the shape, with `fields` added or replaced."""
        own = {"identity": self.subject, "workspace": self.workspace, "agent": self.agent}
        return mint.request(own, fields)

    def mint(self, mint: MintEndpoint, key: Secret | None = None, **fields: Any) -> Response:
        """Ask `mint` for a pair, `fields` beside its usual body; what it makes is ours to take away.

        `key` takes the place of the credential that the run has for it.
        """
        key = key or self.key_for(mint)
        body = self.mint_body(mint, fields)
        try:
            response = self.service.call("POST", mint.path, body=body, key=key)
        except CouldNotTry:
            self.created.add_uncertain(mint)
            raise
        if response.status == 201:
            self.own(mint, response)
        return response

    def own(self, mint: MintEndpoint, response: Response) -> None:
        """Remember the session in `answer`, so that it can be taken away."""
        try:
            refresh = read_token(response.object.get("refreshToken"))
        except (Malformed, Violation):
            self.created.add_uncertain(mint)
            return
        self.service.kids.add(str(refresh.header.get("kid")))
        self.created.add_session(mint, refresh)

    def pair(self, mint: MintEndpoint, key: Secret | None = None, **fields: Any) -> Pair:
        """Mint a pair; a `Violation` if the mint does not succeed."""
        response = self.mint(mint, key, **fields)
        if response.status != 201:
            if self._is_missing_scope(response):
                self.closed[mint.name] = missing_scope(response)
                raise NotTried(self.closed[mint.name])
            told = ", ".join(f"{name} {scrub(repr(value))}" for name, value in fields.items()) or "nothing"
            raise Violation(
                f"requested a pair at {mint.path} with {told}; the contract requires 201; it answered "
                f"{response.summary}"
            )
        return pair_of(response)

    def _is_missing_scope(self, response: Response) -> bool:
        """Say whether it is the credentials given that a 403 is about: a key of our own making holds all."""
        return response.status == 403 and self._given is not None

    def _key(self) -> Secret:
        """Return the org API key: the one given, or one that our own admin bearer makes."""
        connection, service = self.service.connection, self.service
        if self._given is not None:
            self._check(self._given)
            return self._given
        if connection.key is None:
            raise TargetError(
                f"{connection.name}: needs an org API key in the variable {connection.access.api_key_env}"
            )
        bearer = connection.key.sign(admin_claims(service.clock.now(), f"org_{self.name}"))
        response = service.call(
            "POST", routes.API_KEYS, bearer=bearer, body={"name": self.name, "scopes": ["*:*:*:*"]}
        )
        if response.status == 401 and connection.deployment is None:
            raise TargetError(
                f"{connection.name}: a bearer signed with --signing-key was refused with {response.summary}: "
                f"is it this deployment's key? Or put an org API key into {connection.access.api_key_env}"
            )
        if response.status == 401 or (response.status >= 500 and connection.deployment is not None):
            raise CouldNotTry(
                "the admin bearer that the deployment's own key signed was answered "
                f"{response.summary}, so nothing could be minted: see JWKS-01 and JWKS-08"
            )
        return self._key_in(response, self._whose)[1]

    def _check(self, key: Secret) -> None:
        """Refuse to go on with a key that the service does not know."""
        response = self.service.introspect(_NOBODY, key)
        if response.status == 401:
            access = self.service.connection.access
            second = key is access.second_api_key
            variable = access.second_api_key_env if second else access.api_key_env
            raise TargetError(
                f"the API key in {variable} is refused with {response.summary}: is it this deployment's, "
                "and still valid?"
            )

    def _make_identity(self) -> None:
        response = self._ask_for_identity(self.name)
        if self._is_missing_scope(response):
            self.closed |= dict.fromkeys(GROUPS["identity"], missing_scope(response))
            return
        self.identity = self._name("identity id", self._identity_in(response))

    def another_identity(self, workspace: str | None = None) -> str:
        """Make one more identity in `workspace` (None: the run's), for a case of its own; return its id."""
        name = self._name("name", f"{self.name}-{secrets.token_hex(4)}", "another ")
        response = self._ask_for_identity(name, workspace)
        if self._is_missing_scope(response):
            raise NotTried(missing_scope(response))
        return self._name("identity id", self._identity_in(response), "another ")

    def _ask_for_identity(self, name: str, workspace: str | None = None) -> Response:
        scopes = list(IDENTITY_SCOPES)
        body = {
            "name": name,
            "sponsorId": SPONSOR,
            "workspaceId": workspace or self.workspace,
            "scopes": scopes,
        }
        return self.service.call("POST", routes.IDENTITIES, key=self.org_key, body=body)

    def _identity_in(self, response: Response) -> str:
        made, _ = what_was_made(response, "an identity")
        self.org = made.get("orgId")
        return self.created.add("identity", made["id"])

    def _make_workspace_token(self) -> None:
        """Make the workspace token with all that the key may hand out; close what needs more."""
        response = self._ask_for_workspace_token(WORKSPACE_SCOPES)
        if self._is_missing_scope(response):
            missing = [scope for scope in WORKSPACE_SCOPES if not self._may_hand_out(scope)]
            for endpoint, needed in BY_WORKSPACE_TOKEN.items():
                if short := [scope for scope in needed if scope in missing]:
                    why = f"the API key lacks {', '.join(short)}, and can't hand it to a workspace token"
                    self.closed.setdefault(endpoint, why)
            if len(missing) == len(WORKSPACE_SCOPES):
                scopes = ", ".join(scopes_for("POST", routes.WORKSPACE_TOKENS))
                why = f"the API key lacks {scopes}, so it can't make a workspace token"
                for endpoint in BY_WORKSPACE_TOKEN:
                    self.closed[endpoint] = why
            if self.closed.keys() >= BY_WORKSPACE_TOKEN.keys():
                return
            response = self._ask_for_workspace_token(
                [scope for scope in WORKSPACE_SCOPES if scope not in missing]
            )
        _, self.workspace_token = self._workspace_token_in(response, self._whose)

    def another_workspace_token(self, *scopes: str) -> tuple[str, Secret]:
        """Make one more workspace token, for a case that ends it or needs a small one; return its id too."""
        response = self._ask_for_workspace_token(scopes or WORKSPACE_SCOPES)
        if self._is_missing_scope(response):
            raise NotTried(missing_scope(response))
        return self._workspace_token_in(response)

    def another_key(self, *scopes: str) -> tuple[str, Secret]:
        """Make one more org API key that holds `scopes`; return its id too."""
        body = {"name": self.name, "scopes": list(scopes)}
        response = self.service.call("POST", routes.API_KEYS, key=self.org_key, body=body)
        if self._is_missing_scope(response):
            raise NotTried(missing_scope(response))
        return self._key_in(response, "another ")

    def _key_in(self, response: Response, whose: str) -> tuple[str, Secret]:
        made, key = what_was_made(response, "an org API key", "apiKey")
        return self.created.add("API key", made["id"]), Secret(f"{whose}api key", key)

    def keys_with(self, *scopes: str) -> dict[str, tuple[str, Secret]]:
        """Make a credential of each kind that holds `scopes` and no more; return their ids too."""
        return {"org": self.another_key(*scopes), "workspace": self.another_workspace_token(*scopes)}

    def _ask_for_workspace_token(self, scopes: Sequence[str]) -> Response:
        body = {"workspaceId": self.workspace, "name": self.name, "scopes": list(scopes)}
        return self.service.call("POST", routes.WORKSPACE_TOKENS, key=self.org_key, body=body)

    def _workspace_token_in(self, response: Response, whose: str = "another ") -> tuple[str, Secret]:
        made, key = what_was_made(response, "a workspace token", "workspaceToken")
        return self.created.add("workspace token", made["id"]), Secret(f"{whose}workspace token", key)

    def _may_hand_out(self, scope: str) -> bool:
        """Try a workspace token with `scope` alone."""
        response = self._ask_for_workspace_token([scope])
        if response.status == 201:
            self._workspace_token_in(response)
        return response.status != 403

    def close(self) -> list[str]:
        """Take away all that the run made; return what could not be removed, each named for a person."""
        return self.created.clear(self.org_key, self.pair) if hasattr(self, "org_key") else []

    def kept(self) -> list[str]:
        """Name all that the run made, for a run that was told to leave it."""
        return self.created.kept(self.subject)
