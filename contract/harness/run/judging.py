"""What an exception in a case says of the clause: only a wrong response of the service is a failure."""

from dataclasses import dataclass

import pytest

from contract.harness.errors import Blocked, ContractError, NotTried, Violation
from contract.harness.jose import Malformed
from contract.harness.redaction import plain
from contract.harness.run.outcomes import Outcome


@dataclass(frozen=True)
class Judgement:
    """The outcome of a case, the reason, and the clauses that block it, the likeliest first."""

    outcome: Outcome
    why: str
    blocked_by: tuple[str, ...] = ()


def judge(error: BaseException) -> Judgement:
    """Return what `error`, raised by a case or on the way to it, says of the clause."""
    match error:
        case NotTried() | pytest.skip.Exception():
            return Judgement("not_tried", plain(str(error)))
        case Violation():
            return Judgement("fail", plain(str(error)))
        case Malformed():
            return Judgement("fail", plain(f"the contract requires a well-formed token; {error}"))
        case Blocked():
            return Judgement("blocked", plain(str(error)), error.by)
        case ContractError():
            return Judgement("error", plain(str(error)))
    return Judgement("error", plain(f"a fault of the harness: {type(error).__name__}: {error}"))
