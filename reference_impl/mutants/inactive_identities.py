"""Faults in what the end of an identity reaches, and in what may be minted for it."""

from collections.abc import Mapping
from typing import Any

from reference_impl.facts import Cause, Ending, Endpoint, Session
from reference_impl.mutants import Mutant


class BearersOutliveTheirIdentity(Mutant):
    """A deleted identity's access tokens are good until their exp."""

    breaks = frozenset({"REV-03"})

    def ending_ends(self, ending: Ending, session: Session) -> bool:
        return False


class DeletionReachesWhatIsThere(Mutant):
    """A deletion ends the tokens of its identity that there are: what a refresh issues meanwhile escapes."""

    breaks = frozenset({"REV-05"})

    def ends_whole_sessions(self, cause: Cause) -> bool:
        return cause != "delete"


class SuspensionSparesBearers(Mutant):
    """A suspended identity can't refresh or mint; its access tokens work until their exp."""

    breaks = frozenset({"REV-03"})

    def ending_ends(self, ending: Ending, session: Session) -> bool:
        return ending != "suspend"


class RetirementSparesBearers(Mutant):
    """A retired identity can't refresh or mint; its access tokens work until their exp."""

    breaks = frozenset({"REV-03"})

    def ending_ends(self, ending: Ending, session: Session) -> bool:
        return ending != "retire"


class TheSuspendedMayMint(Mutant):
    """Pairs can be minted for a suspended identity."""

    breaks = frozenset({"REV-03"})

    def mints_for(self, endpoint: Endpoint, status: str) -> bool:
        return status in ("active", "suspended")


class TheRetiredMayMintAsAgents(Mutant):
    """Pairs can be minted for a retired identity on /v1/tokens/agent."""

    breaks = frozenset({"REV-03"})

    def mints_for(self, endpoint: Endpoint, status: str) -> bool:
        return status == "active" or (endpoint == "agent" and status == "retired")


class ChildrenOfOtherWorkspacesGoOn(Mutant):
    """A suspension reaches the children in the identity's own workspace."""

    breaks = frozenset({"REV-03"})

    def is_sponsored(self, sponsor: Mapping[str, Any], identity: Mapping[str, Any]) -> bool:
        return bool(sponsor["workspace"] == identity["workspace"])


class TheRetiredMayBeSuspended(Mutant):
    """An identity that is retired can be suspended."""

    breaks = frozenset({"REV-03"})

    def may_be_suspended(self, status: str) -> bool:
        return status in ("active", "retired")


class AnyConfirmationDeletes(Mutant):
    """An identity is deleted if the header X-Confirm-Delete is there, whatever it says."""

    breaks = frozenset({"REV-03"})

    def confirms_deletion(self, header: str | None) -> bool:
        return header is not None


class NoConfirmationIsNeeded(Mutant):
    """An identity is deleted without the header X-Confirm-Delete."""

    breaks = frozenset({"REV-03"})

    def confirms_deletion(self, header: str | None) -> bool:
        return header in (None, "true")


class ReactivationRevivesOldTokens(Mutant):
    """A reactivated identity has its old sessions again."""

    breaks = frozenset({"REV-03"})

    def reactivation_revives(self, session: Session) -> bool:
        return True
