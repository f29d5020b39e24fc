"""What a chapter says its piece with: the citation of a clause, and a judgement told in one sentence."""

from typing import Any, NoReturn

import pytest

from contract.harness.checks.leaks import found
from contract.harness.client import Pair, Response, pair_of
from contract.harness.errors import Blocked, CouldNotTry, Violation
from contract.harness.redaction import holds_token, scrub
from contract.harness.spec import catalogue


def clause(clause_id: str) -> pytest.MarkDecorator:
    """Cite a clause; an id that the catalogue does not know stops collection."""
    return pytest.mark.clause(catalogue()[clause_id].id)


def require(kept: bool, *, sent: str, requires: str, got: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Raise a `Violation` unless the contract was `kept`: what was asked, what it says, what came back."""
    if not kept:
        raise Violation(scrub(f"{sent}; {requires}; {got}"))


def require_equal(got: Any, want: Any, *, sent: str, requires: str, what: str) -> None:
    """Hold that `what` is exactly `want`, type and all; the sentence tells what it was."""
    require(
        type(got) is type(want) and got == want,
        sent=sent,
        requires=requires,
        got=f"{what} was {describe(got)}, not {describe(want)}",
    )


def describe(value: Any) -> str:
    """Return `value` as a sentence names it: seconds with their unit, nothing as `absent`."""
    if value is None:
        return "absent"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value} s"
    return scrub(repr(value))


def require_status(response: Response, *statuses: int, sent: str, requires: str) -> None:
    """Hold that `answer` is a refusal with one of `statuses`."""
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
    """Hold that a mint was refused with one of `statuses`, and that no token came with it."""
    require_status(response, *statuses, sent=sent, requires=f"it is refused with {statuses[0]}")
    require(
        not holds_token(response.content.decode("utf-8", "replace")),
        sent=sent,
        requires="nothing is minted",
        got=f"{response.summary} came back with a token in it",
    )


def require_no_leak(response: Response) -> None:
    """Hold that the body of an error tells nothing but what it was asked."""
    told = ", ".join(found(response.content.decode("utf-8", "replace"), response.request.text))
    require(
        not told,
        sent=f"asked {response.request.where}",
        requires="no error body tells a secret or of its machine",
        got=f"{response.summary} came back with {told}",
    )


def require_same_grant(before: Pair, after: Pair, *, sent: str) -> None:
    """Hold that scopes and audience of both tokens came through a rotation unchanged."""
    for name in ("access", "refresh"):
        for claim in ("scopes", "aud"):
            kept, was = after.tokens[name].claims.get(claim), before.tokens[name].claims.get(claim)
            require(
                _as_set(kept) == _as_set(was),
                sent=sent,
                requires=f"{claim} are those granted at mint, {was}",
                got=f"{claim} of the rotated {name} token was {kept}",
            )


def _as_set(value: Any) -> Any:
    """Order says nothing in scopes and audiences (RFC 6749, section 3.3; RFC 7519, section 4.1.3)."""
    if isinstance(value, list):
        return frozenset(map(str, value))
    return frozenset([value])
