"""Follows sessions along the links of `openapi.yaml`: an answer gives what the next request takes."""

from collections.abc import Callable, Mapping

from contract.harness.checks.api_answers import Answers
from contract.harness.checks.api_document import Operation, operations
from contract.harness.checks.api_requests import MINTS, UsualRequests
from contract.harness.checks.assertions import require
from contract.harness.client import Pair, Response, pair_of
from contract.harness.errors import NotTried
from contract.harness.spec import MintEndpoint
from contract.harness.spec.statuses import NO_ROUTE

# docs/contract.md, Other routes: how a refresh of a session that has ended is refused.
_ENDED = (400, 401, 403, 404)


class LinkedRequests:
    """Chains of requests at one mint endpoint; each answer is judged, and the last one is as it must be."""

    def __init__(self, requests: UsualRequests) -> None:
        self._requests = requests
        self._answers = Answers()

    def refresh_twice(self, mint: MintEndpoint) -> None:
        """Mint, refresh, refresh."""
        pair = self._mint(mint)
        for number in (1, 2):
            response = self._follow("refreshTokens", {"body": {"refreshToken": pair.refresh}})
            self._must(response, (200,), f"minted at {mint.path} and refreshed {number} times")
            pair = pair_of(response)

    def revoke_then_refresh(self, mint: MintEndpoint) -> None:
        """Mint, introspect, revoke what introspection told, refresh."""
        pair = self._mint(mint)
        shown = self._follow(
            "introspectToken", {"key": self._requests.own_org.org_key, "query": {"token": pair.refresh}}
        )
        self._must(shown, (200, 403), f"minted at {mint.path} and introspected the refresh token")
        session = shown.parsed.get("sid", pair.refresh.claims["sid"])
        revoked = self._follow(
            "revokeTokens", {"key": self._requests.own_org.org_key, "body": {"sessionId": session}}
        )
        if revoked.status == 403:
            raise NotTried("the API key lacks the scope to revoke")
        self._must(revoked, (204,), f"minted at {mint.path} and revoked the session")
        self._ended(pair, f"minted at {mint.path}, revoked the session, and refreshed")

    def suspend_then_refresh(self, mint: MintEndpoint) -> None:
        """Mint for an identity of its own, suspend that, refresh; reactivate it, and refresh again."""
        if not mint.needs_identity:
            return
        subject = self._requests.spare("active")
        pair = self._mint(mint, **mint.naming(subject))
        operation = operations()["suspendIdentity"]
        sent = {"key": self._requests.own_org.org_key, "id": subject, "body": {"reason": "example"}}
        response = self._requests.send(operation, sent)
        if response.status == 403 or response.status in NO_ROUTE:
            raise NotTried(f"{operation} was answered {response.summary}")
        self._answers.judge(response, operation, f"sent {operation}")
        self._ended(pair, f"minted at {mint.path}, suspended the identity, and refreshed")
        self._requests.spare("active")
        self._ended(pair, f"minted at {mint.path}, suspended and reactivated the identity, and refreshed")

    def _mint(self, mint: MintEndpoint, **fields: str) -> Pair:
        return self._requests.token_pairs.fresh(mint, **fields)

    def _follow(self, name: str, sent: Mapping[str, object]) -> Response:
        operation: Operation = operations()[name]
        response = self._requests.send(operation, dict(sent))
        self._answers.judge(response, operation, f"sent {operation}")
        return response

    def _ended(self, pair: Pair, sent: str) -> None:
        response = self._requests.service.refresh(pair.refresh)
        self._answers.judge(response, operations()["refreshTokens"], sent)
        self._must(response, _ENDED, sent)

    @staticmethod
    def _must(response: Response, statuses: tuple[int, ...], sent: str) -> None:
        require(
            response.status in statuses,
            sent=sent,
            requires=f"{response.request.method} {response.request.path} answers "
            f"{' or '.join(map(str, statuses))}",
            got=f"it answered {response.summary}",
        )


CHAINS: Mapping[str, Callable[[LinkedRequests, MintEndpoint], None]] = {
    "mint, refresh, refresh": LinkedRequests.refresh_twice,
    "mint, revoke, refresh": LinkedRequests.revoke_then_refresh,
    "mint, suspend, refresh": LinkedRequests.suspend_then_refresh,
}
"""The chains by what they do."""


def open_mints(requests: UsualRequests) -> list[MintEndpoint]:
    """Return the mint endpoints that the credentials of the run open."""
    return [mint for mint in MINTS.values() if mint.name not in requests.own_org.closed]
