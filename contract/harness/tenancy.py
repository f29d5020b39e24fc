"""What a run owns on its target: made at the start, named for the run, and taken away at the end."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from contract.harness.admission import health, lacking_scope, what_was_made
from contract.harness.errors import ContractError, CouldNotTry, NotTried, TargetError, Violation
from contract.harness.exchanges import Answer, Pair, pair_of
from contract.harness.mints import FILE_SCOPES, MINTS, READ_SCOPE, Mint
from contract.harness.redaction import Secret, scrub
from contract.harness.service import Service
from contract.harness.surface import scopes_for
from contract.harness.tokens import Malformed, Token, admin_claims, read

_NOBODY = Token("none", "", {}, {})
SPONSOR = "user_relayauth-contract"
CREATE_SCOPE = "relayauth:token:create:*"
WORKSPACE_SCOPES = (CREATE_SCOPE, READ_SCOPE, *FILE_SCOPES)
WORKSPACE_NEEDS = {"agent": (CREATE_SCOPE, READ_SCOPE), "path": (CREATE_SCOPE, *FILE_SCOPES)}


class Tenant:
    """One org on the target, and the run's own things in it.

    `closed` says, for each mint endpoint that can't be tried with these credentials, why.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self.name = f"relayauth-contract-{secrets.token_hex(4)}"
        self.closed: dict[str, str] = {}
        self.workspace = f"ws_{self.name}"
        self.identity: str | None = None
        self.workspace_token: Secret | None = None
        self.org_key: Secret
        self._workspace_token_id: str | None = None
        self._org_key_id: str | None = None
        self._sessions: dict[str, dict[str, Token]] = {name: {} for name in MINTS}
        self._uncertain: list[str] = []
        self._waste: list[str] = []

    @property
    def subject(self) -> str:
        """The agent that tokens are made for: our identity, or a name like one where none could be made."""
        return self.identity or f"agent_{self.name}"

    def open(self) -> None:
        """Check that this is a relayauth that lets us in, and make one identity and one workspace token."""
        health(self.service)
        self.org_key = self._key()
        self._make_identity()
        self._make_workspace_token()

    def mint(self, mint: Mint, **fields: Any) -> Answer:
        """Ask `mint` for a pair, `fields` beside its usual body; what it makes is ours to take away."""
        key = self.org_key if mint.credential == "org" else self.workspace_token
        if mint.name in self.closed or key is None:
            raise NotTried(self.closed.get(mint.name, "there is no workspace token"))
        body = mint.request(self.subject, self.workspace, fields)
        try:
            answer = self.service.call("POST", mint.path, body=body, key=key)
        except CouldNotTry:
            self._uncertain.append(mint.path)
            raise
        if answer.status == 201:
            self.own(mint, answer)
        return answer

    def own(self, mint: Mint, answer: Answer) -> None:
        """Remember the session in `answer`, so that it can be taken away."""
        try:
            refresh = read(answer.object.get("refreshToken"))
        except (Malformed, Violation):
            self._uncertain.append(mint.path)
            return
        self.service.kids.add(str(refresh.header.get("kid")))
        self._sessions[mint.name][str(refresh.claims.get("sid"))] = refresh

    def pair(self, mint: Mint, **fields: Any) -> Pair:
        """Mint a pair; a `Violation` if the mint does not succeed."""
        answer = self.mint(mint, **fields)
        if answer.status != 201:
            if answer.status == 403:
                self.closed[mint.name] = lacking_scope(answer)
                raise NotTried(self.closed[mint.name])
            told = ", ".join(f"{name} {scrub(repr(value))}" for name, value in fields.items()) or "nothing"
            raise Violation(
                f"asked {mint.path} for a pair with {told}; the contract says 201; it answered {answer.told}"
            )
        return pair_of(answer)

    def _key(self) -> Secret:
        """Return the org API key: the one given, or one that our own admin bearer makes."""
        connection, service = self.service.connection, self.service
        if connection.access.api_key is not None:
            self._check(connection.access.api_key)
            return connection.access.api_key
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
        if answer.status == 401:
            raise CouldNotTry(
                "the admin bearer that the deployment's own key signed was refused with "
                f"{answer.told}, so nothing could be minted: see JWKS-01 and JWKS-08"
            )
        made = what_was_made(answer, "an org API key")
        self._org_key_id = str(made["apiKey"]["id"])
        return Secret("api key", str(made["key"]))

    def _check(self, key: Secret) -> None:
        """Refuse to go on with a key that the service does not know."""
        answer = self.service.introspect(_NOBODY, key)
        if answer.status == 401:
            variable = self.service.connection.access.api_key_env
            raise TargetError(
                f"the API key in {variable} is refused with {answer.told}: is it this deployment's, and live?"
            )

    def _make_identity(self) -> None:
        body = {
            "name": self.name,
            "sponsorId": SPONSOR,
            "workspaceId": self.workspace,
            "scopes": [READ_SCOPE],
        }
        answer = self.service.call("POST", "/v1/identities", key=self.org_key, body=body)
        if answer.status == 403:
            self.closed["identity"] = self.closed["agent"] = lacking_scope(answer)
            return
        self.identity = str(what_was_made(answer, "an identity")["id"])

    def _make_workspace_token(self) -> None:
        """Make the workspace token with all that the key may hand out; close what needs more."""
        answer = self._workspace_token(WORKSPACE_SCOPES)
        if answer.status == 403:
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
            answer = self._workspace_token([scope for scope in WORKSPACE_SCOPES if scope not in lacking])
        made = what_was_made(answer, "a workspace token")
        self._workspace_token_id = str(made["workspaceToken"]["id"])
        self.workspace_token = Secret("workspace token", str(made["key"]))

    def _workspace_token(self, scopes: Sequence[str]) -> Answer:
        body = {"workspaceId": self.workspace, "name": self.name, "scopes": list(scopes)}
        return self.service.call("POST", "/v1/tokens/workspace", key=self.org_key, body=body)

    def _may_hand_out(self, scope: str) -> bool:
        """Try a workspace token with `scope` alone, and take it away again."""
        answer = self._workspace_token([scope])
        if answer.status == 201:
            self._waste.append(str(what_was_made(answer, "a workspace token")["workspaceToken"]["id"]))
        return answer.status != 403

    def close(self) -> list[str]:
        """Take away all that the run made; return what could not be removed, each named for a person."""
        if not hasattr(self, "org_key"):
            return []
        left: list[str] = []
        if self.identity is not None:
            confirm = {"X-Confirm-Delete": "true"}
            revoked = self._gone("POST", "/v1/tokens/revoke", body={"identityId": self.identity})
            path = f"/v1/identities/{self.identity}"
            if not self._gone("DELETE", path, headers=confirm):
                left.append(f"identity {self.identity} (name {self.name})")
            elif not revoked:
                left.append(f"perhaps live tokens of identity {self.identity}")
        left += [
            f"workspace token {key_id} (name {self.name})"
            for key_id in filter(None, (*self._waste, self._workspace_token_id))
            if not self._gone("POST", f"/v1/api-keys/{key_id}/revoke")
        ]
        for name, sessions in self._sessions.items():
            left += self._end_sessions(name, sessions)
        left += [f"perhaps a session from a mint on {path} that got no answer" for path in self._uncertain]
        if self._org_key_id is not None and not self._gone("POST", f"/v1/api-keys/{self._org_key_id}/revoke"):
            left.append(f"API key {self._org_key_id} (name {self.name})")
        return left

    def kept(self) -> list[str]:
        """Name all that the run made, for a run that was told to leave it."""
        named = {
            "identity": self.identity,
            "workspace token": self._workspace_token_id,
            "API key": self._org_key_id,
        }
        sessions = sum(len(each) for each in self._sessions.values())
        return [f"{kind} {name} (name {self.name})" for kind, name in named.items() if name] + (
            [f"{sessions} sessions of {self.subject}"] if sessions else []
        )

    def _end_sessions(self, endpoint: str, sessions: Mapping[str, Token]) -> list[str]:
        """End what identity and workspace token did not take with them; a sample of one tells."""
        if not sessions or self._dead(list(sessions.values())[-1]):
            return []
        return [
            f"session {sid} ({endpoint})"
            for sid in sessions
            if not self._gone("POST", "/v1/tokens/revoke", body={"sessionId": sid})
        ]

    def _dead(self, token: Token) -> bool:
        if token.exp + 60 < self.service.clock.now():
            return True
        try:
            answer = self.service.introspect(token, self.org_key)
            return answer.status == 200 and answer.json is None
        except (ContractError, Violation):
            return False

    def _gone(self, method: str, path: str, **request: Any) -> bool:
        try:
            return self.service.call(method, path, key=self.org_key, **request).status in (200, 204, 404)
        except ContractError:
            return False
