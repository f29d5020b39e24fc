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


class Violation(AssertionError):
    """The service answered, and answered wrongly: asked, contract and answer in one sentence."""
