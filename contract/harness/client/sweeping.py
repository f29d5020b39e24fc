"""Removes what earlier runs left on a target: what their journals hold, and old identities of that name."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from contract.harness.client.bootstrap import Credentials
from contract.harness.client.journal import Entry, Owner
from contract.harness.client.own_things import RUN_PREFIX
from contract.harness.client.past_journals import PastJournal, ended, recorded_runs
from contract.harness.client.preflight import health
from contract.harness.client.service import Service
from contract.harness.errors import ContractError, TargetError
from contract.harness.redaction import fingerprint, plain
from contract.harness.spec import CLOCK_SKEW, routes
from contract.harness.spec.headers import CONFIRM_DELETE
from contract.harness.spec.limits import DAY
from contract.harness.targets import REAL, Connection, Target, connect

OLDER_THAN = float(DAY)
"""Seconds: how old an identity of a run must be to be removed where no journal knows it."""
_PAGE = 100
_MOST_PAGES = 50

Credential = Mapping[str, Any]
"""The credential of one request, as a keyword argument of `Service.call`: `key` or `bearer`."""
CredentialOf = Callable[[Owner], Credential | None]


def place_of(connection: Connection) -> str:
    """Return the name by which journals know a target."""
    return str(connection.http.base_url).rstrip("/") if connection.kind == "url" else connection.name


def sweep_target(target: Target, older_than: float = OLDER_THAN) -> list[str]:
    """Remove what killed runs left on `target`; return what could not be removed, each named for a person.

    Journals of runs in progress are left alone. An identity without a journal, by its name one of a run, is
    removed if it is older than `older_than` seconds. Raises `ContractError` if the target can't be opened.
    """
    with connect(target) as connection:
        if connection.disposable:
            return []
        service = Service(connection)
        health(service)
        credentials = Credentials(service, connection.access.api_key)
        if credentials.given is None:
            # Each run made an org of its own with the signing key.
            return sweep(
                service,
                lambda owner: {"bearer": credentials.admin_bearer(owner.org)} if owner.org else None,
                kept=True,
            )
        credentials.check(credentials.given)
        credential = {"key": credentials.given}
        try:
            identities = list(_identities(service, credential))
            unlisted = []
        except ContractError as error:
            identities, unlisted = [], [f"perhaps identities named {RUN_PREFIX}…: {error}"]
        org = next((each.get("orgId") for each in identities), None)
        mine = fingerprint(credentials.given.reveal())
        left = sweep(
            service,
            lambda owner: credential if owner.key == mine or (owner.org and owner.org == org) else None,
            kept=True,
        )
        strays = _strays(identities, recorded_runs(place_of(connection)), older_than)
        return [
            *left,
            *unlisted,
            *(name for stray in strays for name in _remove_stray(service, credential, stray)),
        ]


def sweep(
    service: Service, credential_of: CredentialOf, most: int | None = None, *, kept: bool = False
) -> list[str]:
    """Remove what the journals of ended runs on this target hold; return what could not be removed.

    `credential_of` has the credential for an org of a run, None if the caller has none. After `most` requests
    the rest is left for another sweep. What a run kept on purpose is removed only if `kept`.
    """
    left: list[str] = []
    with ended(place_of(service.connection)) as journals:
        for journal in journals:
            if journal.content.kept and not kept:
                continue
            for owner in [*journal.content.owners.values()]:
                credential = credential_of(owner)
                if credential is not None:
                    left += _Sweep(service, journal, owner, credential, most).run()
            try:
                journal.save()
            except OSError as error:
                left.append(f"the journal of {journal.content.run}: {error.strerror}")
    return [plain(each) for each in left]


class _Sweep:
    """Removes what one org of one ended run left."""

    def __init__(
        self,
        service: Service,
        journal: PastJournal,
        owner: Owner,
        credential: Credential,
        most: int | None,
    ) -> None:
        self._service = service
        self._journal = journal
        self._owner = owner
        self._credential = credential
        self._last = None if most is None else service.requests + most

    def run(self) -> list[str]:
        """Remove sessions, identities and keys in this order; return what is left."""
        left = self._sessions()
        for entry in self._of("identity"):
            left += self._remove(entry, "DELETE", routes.identity(entry.its_id), headers=CONFIRM_DELETE)
        for kind in ("workspace token", "API key"):
            for entry in self._of(kind):
                left += self._remove(entry, "POST", routes.api_key_revocation(entry.its_id))
        return left

    def _of(self, kind: str) -> list[Entry]:
        """Return the entries of this org, the newest first; what no response told the id of comes last."""
        entries = [
            entry
            for entry in reversed(self._journal.content.entries.values())
            if entry.kind == kind and entry.owner == self._owner.name
        ]
        return sorted(entries, key=lambda entry: not entry.its_id)

    def _sessions(self) -> list[str]:
        """End the sessions: by the agent that the run named, else each by its id.

        No refresh token is kept, so nothing but a 204 shows that a session has ended, or the time itself.
        """
        grouped: dict[str, list[Entry]] = {}
        for entry in self._of("session"):
            if entry.its_id and entry.expires + CLOCK_SKEW < REAL["time"]():
                self._journal.drop(entry)
            else:
                grouped.setdefault(entry.subject, []).append(entry)
        own = {entry.its_id for entry in self._of("identity")}
        left: list[str] = []
        for subject, entries in grouped.items():
            ours = subject in own or (subject and self._owner.name in subject)
            done = bool(ours) and self._status("POST", routes.REVOKE, body={"identityId": subject}) == 204
            for entry in entries:
                left += self._end(entry, done=done)
        return left

    def _end(self, entry: Entry, *, done: bool) -> list[str]:
        """End one session by its id unless that is `done`; return its name if it may live on."""
        status: int | None = 204 if done else None
        if not done and entry.its_id:
            status = self._status("POST", routes.REVOKE, body={"sessionId": entry.its_id})
            if status not in (204, 404):
                return [f"session {entry.its_id} ({entry.endpoint}) of an earlier run"]
        self._journal.drop(entry)
        return [] if status == 204 else [_perhaps(entry, status)]

    def _remove(self, entry: Entry, method: str, path: str, **request: Any) -> list[str]:
        if not entry.its_id:
            self._journal.drop(entry)
            return [_perhaps(entry, None)]
        if self._status(method, path, **request) in (200, 204, 404):
            self._journal.drop(entry)
            return []
        return [f"{entry.label} of an earlier run"]

    def _status(self, method: str, path: str, **request: Any) -> int | None:
        if self._last is not None and self._service.requests >= self._last:
            return None
        try:
            return self._service.call(method, path, **self._credential, **request).status
        except ContractError:
            return None


def _perhaps(entry: Entry, status: int | None) -> str:
    if entry.its_id:
        return (
            f"perhaps session {entry.its_id} ({entry.endpoint}) of an earlier run: its revocation was "
            f"answered {status}, which proves nothing"
        )
    what = (
        f"a session from a mint at {entry.endpoint}"
        if entry.kind == "session"
        else f"{entry.kind} {entry.name}"
    )
    return f"perhaps {what} of an earlier run that ended before the response"


def _identities(service: Service, credential: Credential) -> Iterator[Mapping[str, Any]]:
    """Yield the identities of the org, page by page; none where the deployment has no such list.

    `TargetError` if the list can't be read.
    """
    query: dict[str, Any] = {"limit": _PAGE}
    for _ in range(_MOST_PAGES):
        response = service.call("GET", routes.IDENTITIES, query=query, **credential)
        found = response.parsed.get("data")
        if response.status in (404, 405):
            return
        if response.status != 200 or not isinstance(found, list):
            raise TargetError(f"GET {routes.IDENTITIES} answered {response.summary}")
        yield from (each for each in found if isinstance(each, dict))
        cursor = response.parsed.get("cursor")
        if not isinstance(cursor, str) or not cursor:
            return
        query["cursor"] = cursor


def _strays(
    identities: list[Mapping[str, Any]], runs: set[str], older_than: float
) -> Iterator[tuple[str, str]]:
    """Yield id and name of the identities that a run made more than `older_than` seconds ago."""
    for each in identities:
        its_id, name, created = each.get("id"), each.get("name"), each.get("createdAt")
        if not (isinstance(its_id, str) and isinstance(name, str) and name.startswith(RUN_PREFIX)):
            continue
        if any(name.startswith(run) for run in runs):
            continue
        try:
            age = REAL["time"]() - datetime.fromisoformat(str(created)).timestamp()
        except ValueError:
            continue
        if age > older_than:
            yield its_id, name


def _remove_stray(service: Service, credential: Credential, stray: tuple[str, str]) -> list[str]:
    its_id, name = stray
    entry = Entry("identity", its_id, RUN_PREFIX, name=name)
    try:
        service.call("POST", routes.REVOKE, body={"identityId": its_id}, **credential)
        deleted = service.call("DELETE", routes.identity(its_id), headers=CONFIRM_DELETE, **credential)
        return [] if deleted.status in (204, 404) else [plain(entry.label)]
    except ContractError:
        return [plain(entry.label)]
