"""How a chapter cites a clause, and how it judges: each failure is one sentence with the numbers."""

from datetime import UTC, datetime
from typing import Any, NoReturn

import pytest

from contract.harness.checks.leaks import found
from contract.harness.client import Pair, Response, pair_of
from contract.harness.errors import Blocked, CouldNotTry, Violation
from contract.harness.redaction import holds_token, scrub
from contract.harness.spec import ACCESS_TTL, catalogue


def clause(clause_id: str) -> pytest.MarkDecorator:
    """Cite a clause; an id that is not in the catalogue stops the collection."""
    return pytest.mark.clause(catalogue()[clause_id].id)


def require(kept: bool, *, sent: str, requires: str, got: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Raise a `Violation` unless the contract was `kept`: what was sent, what it requires, what came back."""
    if not kept:
        raise Violation(scrub(f"{sent}; {requires}; {got}"))


def require_equal(got: Any, want: Any, *, sent: str, requires: str, what: str) -> None:
    """Check that `what` is exactly `want`, with its type; the sentence says what it was."""
    require(
        type(got) is type(want) and got == want,
        sent=sent,
        requires=requires,
        got=f"{what} was {describe(got)}, not {describe(want)}",
    )


def requested_ttl(seconds: float | None) -> str:
    """Return how a sentence names a mint's request for a refresh TTL: `requested 60 s`."""
    return "requested no TTL" if seconds is None else f"requested {seconds} s"


def describe(value: Any) -> str:
    """Return `value` for a sentence: seconds with their unit, None as `absent`."""
    if value is None:
        return "absent"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value} s"
    return scrub(repr(value))


def require_status(response: Response, *statuses: int, sent: str, requires: str) -> None:
    """Check that `response` has one of `statuses`."""
    require(
        response.status in statuses,
        sent=sent,
        requires=requires,
        got=f"it answered {response.summary}, not {' or '.join(map(str, statuses))}",
    )


def positive_control(response: Response, *, what: str, unless: str | tuple[str, ...] | None = None) -> None:
    """Check that the unchanged request is accepted: otherwise a later refusal proves nothing.

    `unless` is the clause that is broken where it is not: then this one is blocked, not an error. A 403
    counts as accepted: a path token has no scope for the API's own routes.
    """
    if response.status == 401 or response.status >= 500:
        _no_control(f"{what} got {response.summary}, so a refusal would prove nothing", unless)


def still_live(response: Response, *, what: str, unless: str | tuple[str, ...]) -> Pair:
    """Return the pair from the refresh of a token that must still be live; `Blocked` by `unless` otherwise.

    For a clause that is about something else: whatever ended the session early is what `unless` is about.
    """
    if response.status != 200:
        raise Blocked(unless, f"{what} should still be live, but its refresh got {response.summary}")
    return pair_of(response)


def _no_control(why: str, unless: str | tuple[str, ...] | None) -> NoReturn:
    if unless is None:
        raise CouldNotTry(f"positive control failed: {why}")
    raise Blocked(unless, f"positive control failed: {why}")


def require_nothing_minted(response: Response, *statuses: int, sent: str) -> None:
    """Check that a mint was refused with one of `statuses`, and that the response has no token."""
    require_status(response, *statuses, sent=sent, requires=f"it is refused with {statuses[0]}")
    require(
        not holds_token(response.content.decode("utf-8", "replace")),
        sent=sent,
        requires="nothing is minted",
        got=f"the response {response.summary} holds a token",
    )


def require_no_leak(response: Response) -> None:
    """Check that the body of an error reveals nothing that the request did not hold."""
    revealed = ", ".join(found(response.content.decode("utf-8", "replace"), response.request.text))
    require(
        not revealed,
        sent=f"sent {response.request.where}",
        requires="no error body reveals a secret or the server's machine",
        got=f"the body of {response.summary} holds {revealed}",
    )


def alike(one: Any, other: Any) -> bool:
    """Say whether two claims are equal; the order of `scopes` and `aud` means nothing."""
    if isinstance(one, list) and isinstance(other, list):
        return sorted(map(str, one)) == sorted(map(str, other))
    return bool(one == other)


def require_same_grant(before: Pair, after: Pair, *, sent: str) -> None:
    """Check that scopes and audience of both tokens are the same after a rotation."""
    for name in ("access", "refresh"):
        for claim in ("scopes", "aud"):
            kept, was = after.tokens[name].claims.get(claim), before.tokens[name].claims.get(claim)
            require(
                _as_set(kept) == _as_set(was),
                sent=sent,
                requires=f"{claim} are those granted at mint, {was}",
                got=f"{claim} of the rotated {name} token was {kept}",
            )


def require_access_no_longer(pair: Pair, *, sent: str, requires: str) -> None:
    """Check that the access token of `pair` lives, and no longer than the default."""
    lifetime = pair.access.lifetime
    require(
        0 < lifetime <= ACCESS_TTL,
        sent=sent,
        requires=f"{requires} lives {ACCESS_TTL} s, or shorter",
        got=f"exp - iat of the access token was {lifetime} s",
    )


def require_announced(pair: Pair, *, sent: str) -> None:
    """Check that each announced expiry is the token's `exp`, in ISO 8601, UTC, with milliseconds."""
    for name, token in pair.tokens.items():
        member = f"{name}TokenExpiresAt"
        want = datetime.fromtimestamp(token.exp, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        require(
            pair.body.get(member) == want,
            sent=sent,
            requires=f"{member} is the token's exp, {want}",
            got=f"it announced {pair.body.get(member)!r}, for a token with exp {token.exp}",
        )


def _as_set(value: Any) -> Any:
    """Order has no meaning in scopes and audiences (RFC 6749, section 3.3; RFC 7519, section 4.1.3)."""
    if isinstance(value, list):
        return frozenset(map(str, value))
    return frozenset([value])
