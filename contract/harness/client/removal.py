"""Removes what a run created, and shows that it is gone: what can't be shown is named for a person."""

import contextlib
from collections.abc import Iterable
from typing import Any

from contract.harness.client.created import REFUSED, CreatedThings, Session
from contract.harness.client.journal import Entry
from contract.harness.client.own_things import OwnThings
from contract.harness.client.service import Service
from contract.harness.errors import ContractError
from contract.harness.spec import ENDPOINTS, routes
from contract.harness.spec.headers import CONFIRM_DELETE

_TRIED = 3
"""How many sessions of a group are tried for one that is alive."""
_KEPT = 5
"""Requests that are not spent on single sessions, but kept for the org's own key."""


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
        """Remove everything; return what could not be removed.

        What ends many sessions comes first, then each session that may have escaped: if the budget of
        requests does not last, few things are left.
        """
        created = self.created
        alive = {group: self._one_alive(sessions) for group, sessions in created.groups().items()}
        for subject in dict.fromkeys(
            subject for _, subject in created.groups() if created.subjects.is_own(subject)
        ):
            self._status("POST", routes.REVOKE, body={"identityId": subject})
        left = [entry.label for entry in created.of_kind("identity") if not self._delete(entry)]
        left += self._end_keys(created.of_kind("workspace token"))
        own_key, others = _parted(created.of_kind("API key"), self._things.org_key_id)
        left += self._end_keys(others)
        for group, sessions in created.groups().items():
            left += self._end(sessions, alive.get(group))
        return [*left, *self.uncertain(), *self._end_keys(own_key)]

    def remove_again(self) -> None:
        """Remove what responses called removed: a fault between may have swallowed the requests."""
        for entry in [*self.created.said_to_be_gone]:
            if entry.kind == "identity":
                self._delete(entry)
            else:
                self._end_keys([entry])

    def uncertain(self) -> list[str]:
        """Name what may have been created by requests that got no response."""
        return [f"perhaps {_uncertain(entry)}" for entry in self.created.uncertain]

    def end_session(self, session: Session) -> bool | None:
        """Revoke one session by its own id; say whether it has ended, None if that can't be told."""
        if session.refused:
            self.created.forget(session.entry)
            return True
        endpoint = session.entry.endpoint
        status = self._status("POST", routes.REVOKE, body={"sessionId": session.entry.its_id})
        if status != 204 or endpoint not in self._works:
            alive = self._is_alive(session)
            if alive is not False:
                return None if status is None or alive is None else False
            self._works |= {endpoint} if status == 204 else set()
        self.created.forget(session.entry)
        return True

    def _one_alive(self, sessions: list[Session]) -> Session | None:
        """Return a session of a group that is alive, if need be a new one; drop those that have ended."""
        tried = 0
        for session in sessions:
            if tried == _TRIED:
                return self._another(session)
            tried += not session.refused
            alive = self._is_alive(session)
            if alive:
                return session
            if alive is False:
                self.created.forget(session.entry)
        return None

    def _another(self, like: Session) -> Session | None:
        """Mint one more session of a group; None if that can't be done."""
        mint, subject = ENDPOINTS[like.entry.endpoint], like.entry.subject
        if not self.created.subjects.is_own(subject):
            return None
        with contextlib.suppress(ContractError):
            body = self._things.mint_body(mint, mint.naming(subject))
            response = self._service.call("POST", mint.path, body=body, key=self._things.key_for(mint))
            newest = next(reversed(self.created.sessions.values()))
            return newest if response.status == 201 else None
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
        if (
            alive is not None
            and self.created.subjects.is_own(alive.entry.subject)
            and self._is_alive(alive) is False
        ):
            for session in sessions:
                self.created.forget(session.entry)
            return []
        return [name for session in sessions for name in self._end_one(session, known=alive is not None)]

    def _end_one(self, session: Session, *, known: bool) -> list[str]:
        """End one session, after a look at it unless its group is `known` to be alive; name what is left."""
        if self._service.budget.left < _KEPT:
            return [f"perhaps {session.name}"]
        if not known and self._is_alive(session) is False:
            self.created.forget(session.entry)
            return []
        return [] if self.end_session(session) else [session.name]

    def _end_keys(self, entries: Iterable[Entry]) -> list[str]:
        return [
            entry.label
            for entry in entries
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


def _parted(entries: list[Entry], its_id: str) -> tuple[list[Entry], list[Entry]]:
    """Return the entry with `its_id`, and the others."""
    return [each for each in entries if each.its_id == its_id], [
        each for each in entries if each.its_id != its_id
    ]
