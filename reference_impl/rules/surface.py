"""What an answer looks like once it is decided: the last decision of every request."""

from reference_impl.facts import Answer


class SurfaceRules:
    """How decided answers go out."""

    def answer(self, operation: str, answer: Answer) -> Answer:  # noqa: ARG002 - a mutant reads it
        """Return what goes out for `operation`, named `identities.create`: the answer as it was decided."""
        return answer
