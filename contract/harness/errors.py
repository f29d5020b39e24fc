"""The one tree of errors. Each that a user can meet says what to do."""


class ContractError(Exception):
    """Base of all errors that can prevent a verdict; the message is one sentence."""


class UsageError(ContractError):
    """The command, an option or a file given to it is wrong; nothing was sent."""


class TargetError(ContractError):
    """The target can't be tested at all: unreachable, not a relayauth, or it refuses our credential."""


class CouldNotTry(ContractError):
    """No response that counts (no connection, a time-out, a gateway), or no positive control."""


class NotTried(ContractError):
    """The target does not offer what a clause needs; the message names what is missing."""


class Blocked(ContractError):
    """A clause can't be judged, because the deployment breaks another one: `by` is that clause's id.

    Raise it where a precondition of a clause is what another clause promises. Where several may be to blame,
    `by` is a tuple, the likeliest first. If none of them fails in the same run, the outcome is an error: then
    nothing shows that the deployment is to blame.
    """

    def __init__(self, by: str | tuple[str, ...], why: str) -> None:
        super().__init__(why)
        self.by = (by,) if isinstance(by, str) else by


class Violation(AssertionError):
    """The service responded, and wrongly: request, requirement and response in one sentence."""
