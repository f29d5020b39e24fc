"""Mints of one org with the run's own things, and what a 403 to a mint means."""

from collections.abc import Mapping
from typing import Any

from contract.harness.client.bootstrap import MISSING_SCOPE, Credentials
from contract.harness.client.created import is_bare
from contract.harness.client.messages import Pair, Response, pair_of
from contract.harness.client.own_things import OwnThings
from contract.harness.client.removal import Removal
from contract.harness.client.service import Service
from contract.harness.errors import Blocked, CouldNotTry, NotTried, Violation
from contract.harness.redaction import Secret, scrub
from contract.harness.spec import MintEndpoint

# Fields that ask for a grant, which a key may lack although it holds what the usual body needs.
_GRANTS = frozenset({"scopes", "audience", "paths"})


class Mints:
    """Mints at every endpoint.

    A session whose mint named no agent has the subject of everybody's in that org. Where others use the org,
    which is on a URL, at most one such session is live: it is ended by its own id before the next mint.
    """

    def __init__(
        self, service: Service, things: OwnThings, credentials: Credentials, removal: Removal
    ) -> None:
        self._service = service
        self._things = things
        self._credentials = credentials
        self._removal = removal
        self.ended: set[str] = set()
        self._succeeded: set[str] = set()

    def mint(self, mint: MintEndpoint, key: Secret | None, fields: Mapping[str, Any]) -> Response:
        """Send one mint, with `key` in place of the credential that the run has for it."""
        key = key or self._things.key_for(mint)
        body = self._things.mint_body(mint, fields)
        if self._service.connection.kind == "url" and is_bare(mint, body):
            self._end_bare_sessions()
        return self._service.call("POST", mint.path, body=body, key=key)

    def pair(self, mint: MintEndpoint, key: Secret | None, fields: Mapping[str, Any]) -> Pair:
        """Mint a pair; a `Violation` if the mint fails, `NotTried` if the credentials do not permit it."""
        response = self.mint(mint, key, fields)
        if response.status != 201:
            self._blame_the_credentials(response, mint, key, fields)
            sent = ", ".join(f"{name} {scrub(repr(value))}" for name, value in fields.items())
            raise Violation(
                f"requested a pair at {mint.path} with {sent or 'no further fields'}; the contract requires "
                f"201; got {response.summary}"
            )
        if key is None:
            self._succeeded.add(str(mint))
        return pair_of(response)

    def _blame_the_credentials(
        self, response: Response, mint: MintEndpoint, key: Secret | None, fields: Mapping[str, Any]
    ) -> None:
        """Raise `NotTried` if a 403 is about what the credentials may do, and not about `fields`.

        It is about the fields if the same mint without them succeeds, unless they ask for a grant.
        """
        why = self._credentials.refusal(response)
        if why is None:
            return
        if key is None and fields and str(mint) not in self._succeeded:
            control = self.mint(mint, None, {})
            if control.status == 201:
                self._succeeded.add(str(mint))
        if key is None and str(mint) in self._succeeded:
            if _GRANTS.isdisjoint(fields):
                return
        elif key is None and (response.code in MISSING_SCOPE or mint.needs_identity):
            self._things.closed[mint.name] = why
        raise NotTried(why)

    def _end_bare_sessions(self) -> None:
        """End the session before whose mint named no agent; a `ContractError` if it may live on."""
        created = self._removal.created
        lost = any(entry.kind == "session" and not entry.subject for entry in created.uncertain)
        bare = list(created.bare_sessions())
        # Each takes a revocation and a look at it; then comes the mint.
        self._service.budget.require(2 * len(bare) + 1)
        with self._service.transcript.set_aside():
            ended = [self._removal.end_session(session) for session in bare]
        self.ended |= {session.entry.its_id for session in bare}
        why = (
            "not sent: a session whose mint named no agent may still be live, and others in this org use the "
            "same subject, so no second one is made"
        )
        if False in ended:
            raise Blocked("REV-01", f"{why}; its revocation did not end it")
        if lost or None in ended:
            raise CouldNotTry(why)
