"""The subjects of a run's sessions: which of them the run made or named, and which others use as well."""


class Subjects:
    """Identities and agents by their ids, of all orgs of a run."""

    def __init__(self) -> None:
        self._made: set[str] = set()
        self._names: set[str] = set()
        self._seen: set[str] = set()

    def make(self, identity: str) -> None:
        """Remember an identity that the run made; it stays the run's own when it is deleted."""
        self._made.add(identity)

    def name(self, name: str) -> None:
        """Remember a name that only this run uses: agents that have it in theirs are the run's own."""
        self._names.add(name)

    def see(self, subject: str) -> None:
        """Remember the subject that the service gave to a session."""
        self._seen.add(subject)

    def is_own(self, subject: str) -> bool:
        """Say whether the run made the identity `subject`, or gave an agent this name."""
        return subject in self._made or any(name in subject for name in self._names)

    def is_of_others(self, subject: str) -> bool:
        """Say whether sessions of the run have `subject` although the run neither made nor named it."""
        return subject in self._seen and not self.is_own(subject)
