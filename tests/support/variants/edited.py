"""Answers that differ from the reference's in what the contract leaves open."""

import json
from collections.abc import Mapping
from typing import Any

from reference_impl.errors import Forbidden
from reference_impl.facts import Answer, Endpoint
from reference_impl.rules import Rules


class Edited(Rules):
    """Answers go out with another body or other headers."""

    def body(self, operation: str, status: int, told: Any) -> Any:
        """Return another JSON body."""
        del operation, status
        return told

    def written(self, told: Any) -> bytes:
        """Return the body as bytes."""
        return json.dumps(told).encode()

    def headers(self, operation: str, status: int) -> Mapping[str, str]:
        """Return further headers."""
        del operation, status
        return {}

    def answer(self, operation: str, answer: Answer) -> Answer:
        headers = {**dict(answer.headers), **self.headers(operation, answer.status)}
        body = answer.body
        if body:
            body = self.written(self.body(operation, answer.status, json.loads(body)))
        return Answer(answer.status, tuple(headers.items()), body)


class PrettyPrinted(Edited):
    """Bodies are indented, and hold text beyond ASCII as it is."""

    def written(self, told: Any) -> bytes:
        return json.dumps(told, indent=4, ensure_ascii=False).encode() + b"\n"


class MoreHeaders(Edited):
    """Answers carry headers that the contract does not name, and name their character set."""

    def headers(self, operation: str, status: int) -> Mapping[str, str]:
        more = {"x-request-id": "r-1", "ratelimit-limit": "1000", "strict-transport-security": "max-age=1"}
        return more if status == 204 else {**more, "content-type": "application/json; charset=utf-8"}


class MoreMembers(Edited):
    """Answers hold members that the contract does not name."""

    def body(self, operation: str, status: int, told: Any) -> Any:
        ours = operation.startswith(("identities", "keys", "public.health"))
        return {**told, "apiVersion": "2026-11-01"} if ours else told


class NullForAbsent(Edited):
    """What others leave out is null: the cursor of the last page, and the end of an endless delegation."""

    def body(self, operation: str, status: int, told: Any) -> Any:
        if operation == "identities.index" and status == 200:
            return {"cursor": None, **told}
        if status == 201 and str(told.get("accessToken")).startswith("relay_pa_"):
            return {"delegationNotAfter": None, **told}
        return told


class ProseInError(Edited):
    """The machine code stands in `code` alone, where there is one; `error` is a sentence."""

    def body(self, operation: str, status: int, told: Any) -> Any:
        return {**told, "error": "Please see the manual."} if status >= 400 else told


class CodeInErrorAlone(Edited):
    """The 404s and the 403 for a missing scope carry their code in `error`, and have no `code`."""

    def body(self, operation: str, status: int, told: Any) -> Any:
        if status == 404 or (status == 403 and told["code"] == "insufficient_scope"):
            return {"error": told["code"]}
        return told


class ProseAtRefresh(Edited):
    """A 401 at refresh has prose in `error` and no code."""

    def body(self, operation: str, status: int, told: Any) -> Any:
        known = operation != "tokens.refresh" or status != 401 or told["code"] in (
            "workspace_token_revoked", "delegation_expired",
        )  # fmt: skip
        return told if known else {"error": "This token can not be refreshed."}


class ForbidsInactive(Edited):
    """A mint for an identity that is suspended or retired is refused with 403."""

    def mints_for(self, endpoint: Endpoint, status: str) -> bool:
        if endpoint in ("identity", "agent") and status in ("suspended", "retired"):
            raise Forbidden("the identity is not active", code="identity_not_active")
        return super().mints_for(endpoint, status)


class NoAssertions(Edited):
    """An older deployment has no route for assertions."""

    def answer(self, operation: str, answer: Answer) -> Answer:
        if not operation.startswith("assertions"):
            return answer
        return Answer(404, (("content-type", "application/json"),), b'{"error": "not_found"}')


class NeedsASponsor(Edited):
    """The org is bound to an identity provider, so that a key makes no identity, whatever it sends."""

    def answer(self, operation: str, answer: Answer) -> Answer:
        if operation != "identities.create" or answer.status == 401:
            return answer
        told = {"error": "sponsor_proof_required", "code": "sponsor_proof_required"}
        return Answer(403, (("content-type", "application/json"),), json.dumps(told).encode())
