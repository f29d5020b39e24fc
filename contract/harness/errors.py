"""The one error tree: whatever a user can meet says what to do."""


class ContractError(Exception):
    """Base of all that stands between a run and its verdict; the message is one sentence."""


class UsageError(ContractError):
    """The command, an option or a file given to it is wrong; nothing was sent."""


class TargetError(ContractError):
    """The target can't be judged at all: unreachable, not a relayauth, or it refuses our credential."""


class CouldNotTry(ContractError):
    """One question got no answer that counts: a refused connection, a time-out, a gateway, or no twin."""


class NotTried(ContractError):
    """The target does not offer what a clause needs; the message names what is missing."""


class Blocked(ContractError):
    """A clause can't be judged, because the deployment breaks another one: `by` is that clause's id.

    Raise it where a precondition of a clause is what another clause promises. If `by` does not fail in the
    same run, the outcome is an error: then nobody has shown that it is broken.
    """

    def __init__(self, by: str, why: str) -> None:
        super().__init__(why)
        self.by = by


class Violation(AssertionError):
    """The service answered, and answered wrongly: asked, contract and answer in one sentence."""
