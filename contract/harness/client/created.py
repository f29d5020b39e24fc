"""What a run made on its target, by kind and id: taken away at the end, or named for a person."""

from collections.abc import Callable
from typing import Any, Literal

from contract.harness.client.messages import Pair
from contract.harness.client.service import Service
from contract.harness.errors import ContractError, NotTried, Violation
from contract.harness.jose import Malformed, Token
from contract.harness.redaction import Secret
from contract.harness.spec import ENDPOINTS, MintEndpoint, routes

Kind = Literal["identity", "workspace token", "API key"]
ByHand = Callable[[MintEndpoint], Pair]


class CreatedThings:
    """Identities, keys and sessions of one org, all under the `name` of the run."""

    def __init__(self, service: Service, name: str) -> None:
        self._service = service
        self._name = name
        self._made: dict[str, Kind] = {}
        self._sessions: dict[str, dict[str, Token]] = {mint: {} for mint in ENDPOINTS}
        self._uncertain: list[str] = []

    def add(self, kind: Kind, its_id: str) -> str:
        """Remember a thing that was made, and return its id."""
        self._made[its_id] = kind
        return its_id

    def add_session(self, mint: MintEndpoint, refresh: Token) -> None:
        """Remember a session by its newest refresh token."""
        self._sessions[mint.name][str(refresh.claims.get("sid"))] = refresh

    def add_uncertain(self, mint: MintEndpoint) -> None:
        """Remember a mint of which nobody knows whether it made a session."""
        self._uncertain.append(mint.path)

    def clear(self, key: Secret, mint_one: ByHand) -> list[str]:
        """Take all of it away with `key`, the first one made last; return what could not be removed.

        `mint_one` makes one more session: whether that is dead once its owners are gone tells of the others.
        """
        samples = {
            name: self._sample(name, mint_one) for name, sessions in self._sessions.items() if sessions
        }
        left: list[str] = []
        for its_id in self._all("identity"):
            revoked = self._gone(key, "POST", routes.REVOKE, body={"identityId": its_id})
            confirm = {"X-Confirm-Delete": "true"}
            if not self._gone(key, "DELETE", routes.identity(its_id), headers=confirm):
                left.append(self._named(its_id))
            elif not revoked:
                left.append(f"perhaps live tokens of identity {its_id}")
        left += self._end_keys(key, "workspace token")
        for name, sample in samples.items():
            if sample is None or not self._dead(key, sample):
                left += self._end_sessions(key, name)
        left += [f"perhaps a session from a mint on {path} that got no answer" for path in self._uncertain]
        return left + self._end_keys(key, "API key")

    def kept(self, subject: str) -> list[str]:
        """Name all of it, for a run that was told to leave it; `subject` is whose sessions they are."""
        sessions = sum(len(each) for each in self._sessions.values())
        named = [self._named(its_id) for its_id in self._made]
        return named + ([f"{sessions} sessions of {subject}"] if sessions else [])

    def _all(self, kind: Kind) -> list[str]:
        return [its_id for its_id, its_kind in self._made.items() if its_kind == kind]

    def _named(self, its_id: str) -> str:
        return f"{self._made[its_id]} {its_id} (name {self._name})"

    def _sample(self, name: str, mint_one: ByHand) -> Token | None:
        try:
            return mint_one(ENDPOINTS[name]).refresh
        except (ContractError, NotTried, Violation, Malformed):
            return None

    def _end_keys(self, key: Secret, kind: Kind) -> list[str]:
        return [
            self._named(its_id)
            for its_id in reversed(self._all(kind))
            if not self._gone(key, "POST", routes.api_key_revocation(its_id))
        ]

    def _end_sessions(self, key: Secret, name: str) -> list[str]:
        return [
            f"session {sid} ({name})"
            for sid in self._sessions[name]
            if not self._gone(key, "POST", routes.REVOKE, body={"sessionId": sid})
        ]

    def _dead(self, key: Secret, token: Token) -> bool:
        try:
            response = self._service.introspect(token, key)
            return response.status == 200 and response.json is None
        except (ContractError, Violation):
            return False

    def _gone(self, key: Secret, method: str, path: str, **request: Any) -> bool:
        try:
            return self._service.call(method, path, key=key, **request).status in (200, 204, 404)
        except ContractError:
            return False
