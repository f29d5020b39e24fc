"""Faults of revocation: acknowledged, and not carried out."""

import re

from contract.harness.spec import routes
from contract.harness.targets.faults.base import Fault
from contract.harness.targets.faults.exchanges import Call, Reply, refusal

_KEY = re.compile(routes.api_key_revocation("([^/?]+)"))


class SwallowsRevocations(Fault):
    """A revocation of tokens is answered 204 and never reaches the server."""

    breaks = frozenset({"CLK-08", "REV-01", "REV-04"})

    def on_request(self, call: Call) -> Call | Reply:
        """Answer in place of the server."""
        return Reply(204) if call.path == routes.REVOKE and call.body else call


class SwallowsRevocationsOfSessions(Fault):
    """A revocation by session id is answered 204 and never reaches the server."""

    breaks = frozenset({"CLK-08", "REV-01", "REV-04"})

    def on_request(self, call: Call) -> Call | Reply:
        """Answer in place of the server."""
        return Reply(204) if call.path == routes.REVOKE and "sessionId" in call.body else call


class SwallowsRevocationsOfIdentities(Fault):
    """A revocation by identity is answered 204 and never reaches the server."""

    breaks = frozenset({"REV-01", "REV-04"})

    def on_request(self, call: Call) -> Call | Reply:
        """Answer in place of the server."""
        return Reply(204) if call.path == routes.REVOKE and "identityId" in call.body else call


class SwallowsRevocationsOfTokens(Fault):
    """A revocation by token id is answered 204 and never reaches the server."""

    breaks = frozenset({"REV-01", "REV-04"})

    def on_request(self, call: Call) -> Call | Reply:
        """Answer in place of the server."""
        return Reply(204) if call.path == routes.REVOKE and "tokenId" in call.body else call


class SwallowsRevocationsOfKeys(Fault):
    """A revocation of an API key or workspace token is acknowledged and never reaches the server."""

    breaks = frozenset({"REV-02", "SEC-05", "SEC-08"})

    def on_request(self, call: Call) -> Call | Reply:
        """Answer in place of the server."""
        key = _KEY.fullmatch(call.path)
        if not key:
            return call
        return Reply(200, {"content-type": "application/json"}).with_body({"id": key[1], "revoked": True})


class SwallowsDeletions(Fault):
    """The deletion of an identity is answered 204 and never reaches the server."""

    breaks = frozenset({"REV-03", "SEC-08"})

    def on_request(self, call: Call) -> Call | Reply:
        """Answer in place of the server."""
        deletes = call.method == "DELETE" and call.path.startswith(routes.IDENTITIES)
        return Reply(204) if deletes else call


class ForbidsRevocations(Fault):
    """A revocation is refused as if the token were unknown."""

    breaks = frozenset({"CLK-08", "REV-01"})

    def on_request(self, call: Call) -> Call | Reply:
        """Refuse the request."""
        return refusal("token_not_found", 404) if call.path == routes.REVOKE and call.body else call
