"""What holds of every answer to a generated request, whatever was generated."""

from typing import Any

from contract.harness.checks.api_document import Operation, differences, operation_of
from contract.harness.checks.api_requests import MINTS
from contract.harness.checks.assertions import require, require_no_leak
from contract.harness.client import ExchangeKinds, Response, pair_of
from contract.harness.redaction import plain, scrub
from contract.harness.spec import DEFAULT_REFRESH_TTL, REFRESH_TTL_CAP, REFRESH_TTL_FIELD

PAIRS = frozenset({*MINTS, "refreshTokens"})
"""The operations that answer with a pair."""
_NOT_IMPLEMENTED = 501  # RFC 9110, section 15.6.2: a method that the server does not know


class Answers:
    """Judges answers; each kind of them is held against the document once."""

    def __init__(self) -> None:
        self._kinds = ExchangeKinds()

    def judge(self, response: Response, operation: Operation, sent: str) -> None:
        """Raise a `Violation` for an answer that no request may get; `sent` says what was sent."""
        known = operation_of(response) == operation
        require(
            response.status < 500
            or response.tells_of_storage
            or (not known and response.status == _NOT_IMPLEMENTED),
            sent=sent,
            requires="no request makes the service fail",
            got=f"it answered {response.summary}",
        )
        if response.status >= 400:
            self._judge_refusal(response, sent)
        elif operation.name in PAIRS and known:
            judge_pair(response, sent)
        before = len(self._kinds)
        self._kinds.add(response)
        if known and len(self._kinds) > before:
            found = differences(response, operation)
            require(
                not found,
                sent=sent,
                requires="the answer is as openapi.yaml describes it",
                got=f"{operation}: {'; '.join(found)}",
            )

    @staticmethod
    def _judge_refusal(response: Response, sent: str) -> None:
        minted = {"accessToken", "refreshToken", "key"} & set(response.parsed)
        require(
            not minted,
            sent=sent,
            requires="a refusal mints nothing",
            got=f"{response.summary} came with {', '.join(sorted(minted))}",
        )
        require_no_leak(response)


def judge_pair(response: Response, sent: str) -> None:
    """Require that a pair lives within the cap, and that its mark, if it has one, is what it lives."""
    pair = pair_of(response)
    lifetime, mark = pair.refresh.lifetime, pair.refresh.mark
    body: dict[str, Any] = response.request.body if isinstance(response.request.body, dict) else {}
    requested = body.get(REFRESH_TTL_FIELD)
    require(
        0 < lifetime <= REFRESH_TTL_CAP,
        sent=sent,
        requires=f"a refresh token lives at most {REFRESH_TTL_CAP} s",
        got=f"exp - iat was {lifetime} s",
    )
    require(
        pair.access.mark == mark,
        sent=sent,
        requires="both tokens carry the same mark",
        got=f"they were {plain(str(pair.access.mark))} and {plain(str(mark))}",
    )
    if "delegationNotAfter" in pair.refresh.claims.get("meta", {}):
        return
    require(
        str(lifetime) == (str(DEFAULT_REFRESH_TTL) if mark is None else mark),
        sent=sent,
        requires="the mark is the lifetime in seconds, and without one it is the default",
        got=f"exp - iat was {lifetime} s, the mark {plain(str(mark))}",
    )
    if isinstance(requested, int) and not isinstance(requested, bool) and requested >= 1:
        wanted = min(requested, REFRESH_TTL_CAP)
        require(
            lifetime == wanted,
            sent=scrub(f"{sent}, {REFRESH_TTL_FIELD} {requested} among it"),
            requires=f"the refresh token lives {wanted} s",
            got=f"exp - iat was {lifetime} s",
        )
