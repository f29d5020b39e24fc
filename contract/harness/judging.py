"""What a chapter says its piece with: the citation of a clause, and a judgement told in one sentence."""

from typing import Any

import pytest

from contract.harness.clauses import catalogue
from contract.harness.errors import CouldNotTry, Violation
from contract.harness.exchanges import Answer, Pair
from contract.harness.leaks import found
from contract.harness.redaction import holds_token, scrub


def clause(clause_id: str) -> pytest.MarkDecorator:
    """Cite a clause; an id that the catalogue does not know stops collection."""
    return pytest.mark.clause(catalogue()[clause_id].id)


def hold(kept: bool, *, asked: str, contract: str, came: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Raise a `Violation` unless the contract was `kept`: what was asked, what it says, what came back."""
    if not kept:
        raise Violation(scrub(f"{asked}; {contract}; {came}"))


def equal(got: Any, want: Any, *, asked: str, contract: str, what: str) -> None:
    """Hold that `what` is exactly `want`, type and all; the sentence tells what it was."""
    hold(
        type(got) is type(want) and got == want,
        asked=asked,
        contract=contract,
        came=f"{what} was {told(got)}, not {told(want)}",
    )


def told(value: Any) -> str:
    """Return `value` as a sentence names it: seconds with their unit, nothing as `absent`."""
    if value is None:
        return "absent"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value} s"
    return scrub(repr(value))


def refused(answer: Answer, *statuses: int, asked: str, contract: str) -> None:
    """Hold that `answer` is a refusal with one of `statuses`."""
    hold(
        answer.status in statuses,
        asked=asked,
        contract=contract,
        came=f"it answered {answer.told}, not {' or '.join(map(str, statuses))}",
    )


def twin(answer: Answer, *, what: str) -> None:
    """Demand that the unspoiled request is believed: else a later refusal proves nothing.

    A 403 was believed: a path token has no scope for the API's own routes.
    """
    if answer.status == 401 or answer.status >= 500:
        raise CouldNotTry(f"no twin: {what} was answered {answer.told}, so a refusal would prove nothing")


def nothing_minted(answer: Answer, *statuses: int, asked: str) -> None:
    """Hold that a mint was refused with one of `statuses`, and that no token came with it."""
    refused(answer, *statuses, asked=asked, contract=f"it is refused with {statuses[0]}")
    hold(
        not holds_token(answer.content.decode("utf-8", "replace")),
        asked=asked,
        contract="nothing is minted",
        came=f"{answer.told} came back with a token in it",
    )


def silent(answer: Answer) -> None:
    """Hold that the body of an error tells nothing but what it was asked."""
    told = ", ".join(found(answer.content.decode("utf-8", "replace"), answer.asked.text))
    hold(not told, asked=f"asked {answer.asked.method} {answer.asked.path}",
         contract="no error body tells a secret or of its machine",
         came=f"{answer.told} came back with {told}")  # fmt: skip


def same_grant(before: Pair, after: Pair, *, asked: str) -> None:
    """Hold that scopes and audience of both tokens came through a rotation unchanged."""
    for name in ("access", "refresh"):
        for claim in ("scopes", "aud"):
            kept, was = after.tokens[name].claims.get(claim), before.tokens[name].claims.get(claim)
            hold(
                _as_set(kept) == _as_set(was),
                asked=asked,
                contract=f"{claim} are those granted at mint, {was}",
                came=f"{claim} of the rotated {name} token was {kept}",
            )


def _as_set(value: Any) -> Any:
    """Order says nothing in scopes and audiences (RFC 6749, section 3.3; RFC 7519, section 4.1.3)."""
    if isinstance(value, list):
        return frozenset(map(str, value))
    return frozenset([value])
