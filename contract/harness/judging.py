"""What a chapter says its piece with: the citation of a clause, and a judgement told in one sentence."""

from typing import Any

import pytest

from contract.harness.clauses import catalogue
from contract.harness.errors import CouldNotTry, Violation
from contract.harness.exchanges import Answer
from contract.harness.redaction import scrub


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
