"""What one org's part of a run created on its target and did not remove yet, as the responses told."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from contract.harness.client.bodies import on_the_wire
from contract.harness.client.journal import Entry, Journal
from contract.harness.client.messages import Request, Response
from contract.harness.client.operations import MINTS, Kind, created_by
from contract.harness.client.subjects import Subjects
from contract.harness.errors import CouldNotTry
from contract.harness.jose import Malformed, Token, read_token
from contract.harness.redaction import Secret, fingerprint
from contract.harness.spec import MintEndpoint, routes

# What holds the id in the response that created a thing: docs/contract.md, Other routes.
_MEMBERS: dict[Kind, str] = {"API key": "apiKey", "workspace token": "workspaceToken"}
# docs/contract.md, Other routes: how the refresh token of a session that has ended is refused.
REFUSED = frozenset({401, 404})


@dataclass
class Session:
    """A session and its refresh tokens that were not used yet, the newest last.

    `refused` says that the service has refused the newest one since: then the session has ended.
    """

    entry: Entry
    tokens: dict[str, Token]
    refused: bool = False

    @property
    def newest(self) -> Token:
        """The newest refresh token."""
        return [*self.tokens.values()][-1]

    @property
    def name(self) -> str:
        """How a person is told of it."""
        return f"session {self.entry.its_id} ({self.entry.endpoint})"


def is_bare(mint: MintEndpoint, body: Mapping[str, Any]) -> bool:
    """Say whether a mint names no agent: its session has the subject of everybody else's that names none."""
    return mint.takes_paths and not {"agentId", "agentName"} & set(body)


class CreatedThings:
    """Follows the requests of one org, and knows what they created: identities, keys and sessions.

    `subjects` are those of all sessions of the run. If `guarded`, no request is sent that revokes, changes or
    deletes by one that the run neither made nor named.
    """

    def __init__(
        self, name: str, subjects: Subjects, *, journal: Journal | None = None, guarded: bool = False
    ) -> None:
        self.name = name
        self.journal = journal
        self.things: dict[str, Entry] = {}
        self.sessions: dict[str, Session] = {}
        self.uncertain: list[Entry] = []
        self.said_to_be_gone: list[Entry] = []
        self.subjects = subjects
        subjects.name(name)
        self._guarded = guarded
        self._by_token: dict[str, Session] = {}
        self._credentials: set[str] = set()

    def act_with(self, credential: Secret | str) -> None:
        """Take requests with `credential` for this org's own."""
        self._credentials.add(fingerprint(str(on_the_wire(credential))))

    def concerns(self, request: Request) -> bool:
        """Say whether `request` acts with a credential of this org, or refreshes one of its sessions."""
        if request.path == routes.REFRESH:
            return self._session_of(request) is not None
        credential = request.bearer if request.key is None else request.key
        return credential is not None and fingerprint(str(on_the_wire(credential))) in self._credentials

    def sending(self, request: Request) -> None:
        """Record what `request` may create; refuse one that would act on somebody else's identity."""
        subject = _acted_on(request)
        if self._guarded and subject is not None and self.subjects.is_of_others(subject):
            raise CouldNotTry(
                f"not sent: {request.where} with {subject}, whose sessions are not this run's alone"
            )
        if (planned := self._planned(request)) is not None and self.journal:
            self.journal.add(planned)

    def answered(self, response: Response) -> None:
        """Record what the request of `response` created, renewed or removed."""
        request, planned = response.request, self._planned(response.request)
        if planned is not None:
            created = self._created(planned, response) if response.status == 201 else None
            if created is not None and self.journal:
                self.journal.add(created)
            if response.status == 201 and created is None:
                self.uncertain.append(planned)
            elif self.journal:
                self.journal.remove(planned)
        elif request.path == routes.REFRESH:
            if response.status == 200:
                self._renew(response)
            elif response.status in REFUSED and (session := self._session_of(request)):
                # A service that renames sessions leaves the old one without any token.
                newest = session.newest.text if session.tokens else None
                session.refused = session.refused or newest == _presented(request)
        elif response.status in (200, 204) and (removed := self.things.get(_removed_by(request))):
            self.forget(removed)
            self.said_to_be_gone.append(removed)

    def unanswered(self, request: Request) -> None:
        """Remember a request of which nobody knows whether it created something."""
        if (planned := self._planned(request)) is not None:
            self.uncertain.append(planned)

    def forget(self, entry: Entry) -> None:
        """Drop what is gone."""
        self.things.pop(entry.its_id, None)
        self.sessions.pop(entry.its_id, None)
        if self.journal:
            self.journal.remove(entry)

    def of_kind(self, *kinds: Kind) -> list[Entry]:
        """Return the things of these kinds, the newest first."""
        return [entry for entry in reversed(self.things.values()) if entry.kind in kinds]

    def names(self, subject: str) -> list[str]:
        """Name everything, for a person who keeps it; `subject` is whose sessions they are."""
        sessions = [f"{len(self.sessions)} sessions of {subject}"] if self.sessions else []
        return [*(entry.label for entry in self.things.values()), *sessions]

    def groups(self) -> dict[tuple[str, str], list[Session]]:
        """Return the sessions by mint endpoint and by the agent that the request named, the newest first."""
        grouped: dict[tuple[str, str], list[Session]] = {}
        for session in reversed(self.sessions.values()):
            grouped.setdefault((session.entry.endpoint, session.entry.subject), []).append(session)
        return grouped

    def bare_sessions(self) -> Iterator[Session]:
        """Yield the sessions whose mint named no agent."""
        return (session for session in [*self.sessions.values()] if not session.entry.subject)

    def removal_cost(self) -> int:
        """Return how many requests it takes to remove everything and to see that it is gone.

        Each group of sessions takes two looks at one of them. Sessions that a service keeps alive against a
        revocation are ended one by one, as far as the budget goes: for that a few are added.
        """
        alive = [session.entry for session in self.sessions.values() if not session.refused]
        groups = len({(entry.endpoint, entry.subject) for entry in alive})
        subjects = len({entry.subject for entry in alive})
        return len(self.things) + subjects + 2 * groups + min(len(alive), 8)

    def _planned(self, request: Request) -> Entry | None:
        kind = created_by(request.method, request.path)
        if kind is None:
            return None
        body = request.members
        if kind != "session":
            return Entry(kind, "", self.name, name=str(body.get("name", "")))
        mint = MINTS[request.path]
        named = "" if is_bare(mint, body) else str(body.get(mint.subject_field) or body.get("agentName", ""))
        return Entry("session", "", self.name, endpoint=mint.name, subject=named)

    def _created(self, planned: Entry, response: Response) -> Entry | None:
        """Return what a 201 created; None if it does not say."""
        if planned.kind == "session":
            return self._new_session(planned, response)
        body = response.parsed
        thing = body.get(_MEMBERS[planned.kind]) if planned.kind in _MEMBERS else body
        its_id = thing.get("id") if isinstance(thing, dict) else None
        if not isinstance(its_id, str):
            return None
        if isinstance(body.get("key"), str):
            self.act_with(body["key"])
        entry = replace(planned, its_id=its_id)
        self.things[its_id] = entry
        if entry.kind == "identity":
            self.subjects.make(its_id)
        return entry

    def _new_session(self, planned: Entry, response: Response) -> Entry | None:
        try:
            token = read_token(response.parsed.get("refreshToken"))
            expires = float(token.exp)
        except Malformed:
            return None
        entry = replace(planned, its_id=str(token.claims.get("sid")), expires=expires)
        session = Session(entry, {token.text: token})
        self.sessions[entry.its_id] = self._by_token[token.text] = session
        self.subjects.see(str(token.claims.get("sub")))
        return entry

    def _session_of(self, request: Request) -> Session | None:
        """Return the session whose refresh token `request` presents."""
        return self._by_token.get(_presented(request))

    def _renew(self, response: Response) -> None:
        """Put the new refresh token of a session in the place of the presented one."""
        try:
            token = read_token(response.parsed.get("refreshToken"))
            sid, expires = str(token.claims.get("sid")), float(token.exp)
        except Malformed:
            return
        presented = self._session_of(response.request)
        before = presented or self.sessions.get(sid)
        if before is None:
            return
        if presented is not None:
            presented.tokens.pop(_presented(response.request), None)
        entry = replace(before.entry, its_id=sid, expires=max(expires, before.entry.expires))
        # A service that renames sessions gave a second one, which has to be removed as well.
        session = self.sessions.setdefault(sid, Session(entry, {}))
        session.entry = entry
        session.tokens[token.text] = token
        self._by_token[token.text] = session
        session.refused = False
        if self.journal and sid != before.entry.its_id:
            self.journal.add(entry)


def _presented(request: Request) -> str:
    """Return the text of the refresh token that `request` presents; empty if it presents none."""
    text = on_the_wire(request.members.get("refreshToken"))
    return text if isinstance(text, str) else ""


def _acted_on(request: Request) -> str | None:
    """Return the identity that a request revokes by, changes or deletes."""
    if request.path == routes.REVOKE:
        named = request.members.get("identityId")
        return named if isinstance(named, str) else None
    under = f"{routes.IDENTITIES}/"
    return request.path.removeprefix(under).split("/")[0] if request.path.startswith(under) else None


def _removed_by(request: Request) -> str:
    """Return the id of the identity or the key that a request removes; empty if it removes none."""
    head, _, last = request.path.rpartition("/")
    if request.method == "DELETE":
        return last
    return head.removeprefix(f"{routes.API_KEYS}/") if (request.method, last) == ("POST", "revoke") else ""
