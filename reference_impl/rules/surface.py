"""How a request to change an identity is read, and what an answer looks like once it is decided."""

from collections.abc import Mapping
from typing import Any

from reference_impl.errors import BadRequest
from reference_impl.facts import Answer


class SurfaceRules:
    """What is read of an update, and how decided answers go out."""

    def updated_status(self, body: Mapping[str, Any], status: str) -> str:
        """Return the status of an identity after an update: what it was, and no update may name one."""
        if "status" in body:
            raise BadRequest("status can't be set: use suspend, reactivate or retire")
        return status

    def written_identity(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the members of an identity that a creation or an update writes: as they were sent."""
        return said

    def answer(self, operation: str, answer: Answer) -> Answer:  # noqa: ARG002 - a mutant reads it
        """Return what goes out for `operation`, named `identities.create`: the answer as it was decided."""
        return answer
