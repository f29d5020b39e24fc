"""Faults by which a mint ends other sessions of its subject."""

from reference_impl.facts import Grant
from reference_impl.mutants import Mutant


class OldestSessionsEndAtALimit(Mutant):
    """A subject has at most 20 sessions: a mint ends the oldest one."""

    breaks = frozenset({"SES-04"})

    def session_limit(self, grant: Grant) -> int | None:
        return 20


class OldestPathSessionsEndAtALimit(Mutant):
    """A subject has at most 20 path sessions: a mint ends the oldest one."""

    breaks = frozenset({"SES-04"})

    def session_limit(self, grant: Grant) -> int | None:
        return 20 if grant.endpoint in ("path", "workspace-path") else None


class OneSessionForManyAudiences(Mutant):
    """Who asks for several audiences has one session for them: a mint ends the one before."""

    breaks = frozenset({"SES-04"})

    def session_limit(self, grant: Grant) -> int | None:
        return 1 if len(grant.audience) > 2 else None
