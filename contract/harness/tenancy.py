"""What a run owns on its target: made at the start, named for the run, and taken away at the end."""

import secrets
from collections.abc import Sequence
from typing import Any

from contract.harness.admission import health, lacking_scope, what_was_made
from contract.harness.belongings import Belongings
from contract.harness.errors import CouldNotTry, NotTried, TargetError, Violation
from contract.harness.exchanges import Answer, Pair, called, pair_of
from contract.harness.mints import FILE_SCOPES, READ_SCOPE, Mint
from contract.harness.redaction import Secret, scrub
from contract.harness.service import Service
from contract.harness.surface import scopes_for
from contract.harness.tokens import Malformed, Token, admin_claims, read

_NOBODY = Token("none", "", {}, {})
SPONSOR = "user_relayauth-contract"
CREATE_SCOPE = "relayauth:token:create:*"
MINTING_SCOPES = (CREATE_SCOPE, "relayauth:api-key:manage:*")
WORKSPACE_SCOPES = (CREATE_SCOPE, READ_SCOPE, *FILE_SCOPES)
WORKSPACE_NEEDS = {"agent": (CREATE_SCOPE, READ_SCOPE), "path": (CREATE_SCOPE, *FILE_SCOPES)}


class Tenant:
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
        self.belongings = Belongings(service, self.name)
        self._given = given
        self._whose = whose
        self._name("workspace id", self.workspace)
        self._name("identity id", self.subject)

    @property
    def subject(self) -> str:
        """The agent that tokens are made for: our identity, or a name like one where none could be made."""
        return self.identity or f"agent_{self.name}"

    @property
    def own_identity(self) -> str:
        """Our identity; `NotTried` where none could be made."""
        if self.identity is None:
            raise NotTried(self.closed["identity"])
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

    def key_for(self, mint: Mint) -> Secret:
        """Return the credential that `mint` asks for; `NotTried` if there is none for it."""
        key = self.org_key if mint.credential == "org" else self.workspace_token
        if mint.name in self.closed or key is None:
            raise NotTried(self.closed.get(mint.name, "there is no workspace token"))
        return key

    def mint(self, mint: Mint, key: Secret | None = None, **fields: Any) -> Answer:
        """Ask `mint` for a pair, `fields` beside its usual body; what it makes is ours to take away.

        `key` takes the place of the credential that the run has for it.
        """
        key = key or self.key_for(mint)
        body = mint.request(self.subject, self.workspace, fields)
        try:
            answer = self.service.call("POST", mint.path, body=body, key=key)
        except CouldNotTry:
            self.belongings.add_uncertain(mint)
            raise
        if answer.status == 201:
            self.own(mint, answer)
        return answer

    def own(self, mint: Mint, answer: Answer) -> None:
        """Remember the session in `answer`, so that it can be taken away."""
        try:
            refresh = read(answer.object.get("refreshToken"))
        except (Malformed, Violation):
            self.belongings.add_uncertain(mint)
            return
        self.service.kids.add(str(refresh.header.get("kid")))
        self.belongings.add_session(mint, refresh)

    def pair(self, mint: Mint, key: Secret | None = None, **fields: Any) -> Pair:
        """Mint a pair; a `Violation` if the mint does not succeed."""
        answer = self.mint(mint, key, **fields)
        if answer.status != 201:
            if self._lacks_scope(answer):
                self.closed[mint.name] = lacking_scope(answer)
                raise NotTried(self.closed[mint.name])
            told = ", ".join(f"{name} {scrub(repr(value))}" for name, value in fields.items()) or "nothing"
            raise Violation(
                f"asked {mint.path} for a pair with {told}; the contract says 201; it answered {answer.told}"
            )
        return pair_of(answer)

    def _lacks_scope(self, answer: Answer) -> bool:
        """Say whether it is the credentials given that a 403 is about: a key of our own making holds all."""
        return answer.status == 403 and self._given is not None

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
        answer = service.call(
            "POST", "/v1/api-keys", bearer=bearer, body={"name": self.name, "scopes": ["*:*:*:*"]}
        )
        if answer.status == 401 and connection.deployment is None:
            raise TargetError(
                f"{connection.name}: a bearer signed with --signing-key was refused with {answer.told}: is "
                f"it this deployment's key? Or put an org API key into {connection.access.api_key_env}"
            )
        if answer.status == 401 or (answer.status >= 500 and connection.deployment is not None):
            raise CouldNotTry(
                "the admin bearer that the deployment's own key signed was answered "
                f"{answer.told}, so nothing could be minted: see JWKS-01 and JWKS-08"
            )
        return self._key_in(answer, self._whose)[1]

    def _check(self, key: Secret) -> None:
        """Refuse to go on with a key that the service does not know."""
        answer = self.service.introspect(_NOBODY, key)
        if answer.status == 401:
            access = self.service.connection.access
            second = key is access.second_api_key
            variable = access.second_api_key_env if second else access.api_key_env
            raise TargetError(
                f"the API key in {variable} is refused with {answer.told}: is it this deployment's, and live?"
            )

    def _make_identity(self) -> None:
        answer = self._ask_for_identity(self.name)
        if self._lacks_scope(answer):
            self.closed["identity"] = self.closed["agent"] = lacking_scope(answer)
            return
        self.identity = self._name("identity id", self._identity_in(answer))

    def another_identity(self) -> str:
        """Make one more identity in the run's workspace, for a case that ends it; return its id."""
        name = self._name("name", f"{self.name}-{secrets.token_hex(4)}", "another ")
        answer = self._ask_for_identity(name)
        if self._lacks_scope(answer):
            raise NotTried(lacking_scope(answer))
        return self._name("identity id", self._identity_in(answer), "another ")

    def _ask_for_identity(self, name: str) -> Answer:
        body = {"name": name, "sponsorId": SPONSOR, "workspaceId": self.workspace, "scopes": [READ_SCOPE]}
        return self.service.call("POST", "/v1/identities", key=self.org_key, body=body)

    def _identity_in(self, answer: Answer) -> str:
        made, _ = what_was_made(answer, "an identity")
        self.org = made.get("orgId")
        return self.belongings.add("identity", made["id"])

    def _make_workspace_token(self) -> None:
        """Make the workspace token with all that the key may hand out; close what needs more."""
        answer = self._ask_for_workspace_token(WORKSPACE_SCOPES)
        if self._lacks_scope(answer):
            lacking = [scope for scope in WORKSPACE_SCOPES if not self._may_hand_out(scope)]
            for endpoint, needed in WORKSPACE_NEEDS.items():
                if missing := [scope for scope in needed if scope in lacking]:
                    why = f"the API key lacks {', '.join(missing)}, and can't hand it to a workspace token"
                    self.closed.setdefault(endpoint, why)
            if len(lacking) == len(WORKSPACE_SCOPES):
                scopes = ", ".join(scopes_for("POST", "/v1/tokens/workspace"))
                why = f"the API key lacks {scopes}, so it can't make a workspace token"
                self.closed |= {"agent": self.closed["agent"], "path": why}
            if "path" in self.closed and "agent" in self.closed:
                return
            answer = self._ask_for_workspace_token(
                [scope for scope in WORKSPACE_SCOPES if scope not in lacking]
            )
        _, self.workspace_token = self._workspace_token_in(answer, self._whose)

    def another_workspace_token(self, *scopes: str) -> tuple[str, Secret]:
        """Make one more workspace token, for a case that ends it or needs a small one; return its id too."""
        answer = self._ask_for_workspace_token(scopes or WORKSPACE_SCOPES)
        if self._lacks_scope(answer):
            raise NotTried(lacking_scope(answer))
        return self._workspace_token_in(answer)

    def another_key(self, *scopes: str) -> tuple[str, Secret]:
        """Make one more org API key that holds `scopes`; return its id too."""
        body = {"name": self.name, "scopes": list(scopes)}
        answer = self.service.call("POST", "/v1/api-keys", key=self.org_key, body=body)
        if self._lacks_scope(answer):
            raise NotTried(lacking_scope(answer))
        return self._key_in(answer, "another ")

    def _key_in(self, answer: Answer, whose: str) -> tuple[str, Secret]:
        made, key = what_was_made(answer, "an org API key", "apiKey")
        return self.belongings.add("API key", made["id"]), Secret(f"{whose}api key", key)

    def keys_with(self, *scopes: str) -> dict[str, tuple[str, Secret]]:
        """Make a credential of each kind that holds `scopes` and no more; return their ids too."""
        return {"org": self.another_key(*scopes), "workspace": self.another_workspace_token(*scopes)}

    def _ask_for_workspace_token(self, scopes: Sequence[str]) -> Answer:
        body = {"workspaceId": self.workspace, "name": self.name, "scopes": list(scopes)}
        return self.service.call("POST", "/v1/tokens/workspace", key=self.org_key, body=body)

    def _workspace_token_in(self, answer: Answer, whose: str = "another ") -> tuple[str, Secret]:
        made, key = what_was_made(answer, "a workspace token", "workspaceToken")
        return self.belongings.add("workspace token", made["id"]), Secret(f"{whose}workspace token", key)

    def _may_hand_out(self, scope: str) -> bool:
        """Try a workspace token with `scope` alone."""
        answer = self._ask_for_workspace_token([scope])
        if answer.status == 201:
            self._workspace_token_in(answer)
        return answer.status != 403

    def close(self) -> list[str]:
        """Take away all that the run made; return what could not be removed, each named for a person."""
        return self.belongings.clear(self.org_key, self.pair) if hasattr(self, "org_key") else []

    def kept(self) -> list[str]:
        """Name all that the run made, for a run that was told to leave it."""
        return self.belongings.kept(self.subject)
