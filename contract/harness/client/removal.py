"""Removes what a run created, and shows that it is gone: what can't be shown is named for a person."""

from typing import Any

from contract.harness.client.created import REFUSED, CreatedThings, Session
from contract.harness.client.journal import Entry
from contract.harness.client.operations import Kind
from contract.harness.client.own_things import OwnThings
from contract.harness.client.service import Service
from contract.harness.errors import ContractError
from contract.harness.spec import routes

CONFIRM_DELETE = {"X-Confirm-Delete": "true"}


class Removal:
    """Removes what a run created in one org, with its API key.

    A revocation that was answered 404 proves nothing, nor does the deletion of an identity: a session has
    ended if its newest refresh token is refused. That is tried with one session for each endpoint and agent,
    which is shown to be alive before; the others of its kind were ended by the same request.
    """

    def __init__(self, service: Service, created: CreatedThings, things: OwnThings) -> None:
        self.created = created
        self._service = service
        self._things = things
        # The endpoints where a revocation by session id was seen to end a session.
        self._works: set[str] = set()

    def run(self) -> list[str]:
        """Remove everything; return what could not be removed."""
        created = self.created
        alive = {group: self._one_alive(sessions) for group, sessions in created.groups().items()}
        for subject in dict.fromkeys(subject for _, subject in created.groups() if created.is_own(subject)):
            self._status("POST", routes.REVOKE, body={"identityId": subject})
        left = [entry.label for entry in created.of_kind("identity") if not self._delete(entry)]
        left += self._end_keys("workspace token")
        for group, sessions in created.groups().items():
            left += self._end(sessions, alive.get(group))
        return [*left, *self.uncertain(), *self._end_keys("API key")]

    def uncertain(self) -> list[str]:
        """Name what may have been created by requests that got no response."""
        return [f"perhaps {_uncertain(entry)}" for entry in self.created.uncertain]

    def end_session(self, session: Session) -> bool:
        """Revoke one session by its own id; say whether it has ended."""
        endpoint = session.entry.endpoint
        status = self._status("POST", routes.REVOKE, body={"sessionId": session.entry.its_id})
        if status != 204 or endpoint not in self._works:
            if self._is_alive(session) is not False:
                return False
            self._works |= {endpoint} if status == 204 else set()
        self.created.forget(session.entry)
        return True

    def _one_alive(self, sessions: list[Session]) -> Session | None:
        """Return the newest session that is alive; those before it are seen to have ended, and forgotten."""
        for session in sessions:
            alive = self._is_alive(session)
            if alive:
                return session
            if alive is None:
                return None
            self.created.forget(session.entry)
        return None

    def _is_alive(self, session: Session) -> bool | None:
        """Say whether the newest refresh token of a session is accepted; None if that can't be told."""
        if session.refused or not session.tokens:
            return False if session.refused else None
        try:
            status = self._service.refresh(session.newest).status
        except ContractError:
            return None
        return {200: True}.get(status, False if status in REFUSED else None)

    def _end(self, sessions: list[Session], alive: Session | None) -> list[str]:
        """End what is left of one group of sessions; return the names of those that may live on."""
        if alive is not None and self.created.is_own(alive.entry.subject) and self._is_alive(alive) is False:
            for session in sessions:
                self.created.forget(session.entry)
            return []
        return [session.name for session in sessions if not self.end_session(session)]

    def _end_keys(self, kind: Kind) -> list[str]:
        return [
            entry.label
            for entry in self.created.of_kind(kind)
            if self._status("POST", routes.api_key_revocation(entry.its_id)) != 200
        ]

    def _delete(self, entry: Entry) -> bool:
        """Delete an identity; a 404 counts only if the identity can't be read either."""
        path = routes.identity(entry.its_id)
        status = self._status("DELETE", path, headers=CONFIRM_DELETE)
        if status == 404 and self._status("GET", path) == 404:
            self.created.forget(entry)
            status = 204
        return status == 204

    def _status(self, method: str, path: str, **request: Any) -> int | None:
        try:
            return self._service.call(method, path, key=self._things.org_key, **request).status
        except ContractError:
            return None


def _uncertain(entry: Entry) -> str:
    if entry.kind == "session":
        return f"a session from a mint at {entry.endpoint} that got no response"
    return f"{entry.kind} named {entry.name} from a request that got no response"
