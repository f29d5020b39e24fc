"""Puts the run's own things into generated requests: no other thing of the deployment is ever touched."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from contract.harness.checks.api_cases import GeneratedCase
from contract.harness.checks.api_document import Operation
from contract.harness.checks.api_requests import MINTS, Sent, UsualRequests
from contract.harness.client import Raw
from contract.harness.client.own_org import SPONSOR
from contract.harness.spec import FILES, READ_SCOPE, MintEndpoint

_SAFE_METHODS = frozenset({"GET"})
_LONGEST_NAME = 200
"""Characters of a generated name that are sent: how long one may be the contract does not say."""


class OwnThingsIn:
    """Makes what is sent of a generated case.

    A valid case gets the ids, scopes and paths that the run holds, and keeps all else that was generated. An
    invalid one keeps what is wrong with it: only texts that could name a thing are replaced, by the run's
    own or by random ones.
    """

    def __init__(self, requests: UsualRequests) -> None:
        self._requests = requests
        self._own = requests.own_org

    def sent(self, case: GeneratedCase, operation: Operation) -> Sent:
        """Return what is sent to `operation`; `NotTried` if the run has not what that needs."""
        usual = self._requests.usual(operation)
        sent: Sent = {"key": usual["key"]} if "key" in usual else {}
        headers = dict(case.headers)
        if case.valid:
            headers |= usual.get("headers", {})
        if headers:
            sent["headers"] = headers
        if "{id}" in operation.path:
            sent["id"] = usual["id"] if case.valid else self._wrong_id(case, operation, usual["id"])
        if case.has_body:
            sent["body"] = self._body(case, operation, usual.get("body", {}))
        elif case.valid and "body" in usual and operation.name != "retireIdentity":
            sent["body"] = usual["body"]
        query = dict(case.query)
        if case.valid:
            query.pop("cursor", None)  # One that no answer gave is not valid, whatever its form.
            query |= {name: value for name, value in usual.get("query", {}).items() if name == "token"}
        if query:
            sent["query"] = query
        return sent

    def _wrong_id(self, case: GeneratedCase, operation: Operation, usual: str) -> str:
        text = str(case.path.get("id", ""))
        if operation.method in _SAFE_METHODS and text.strip("./") and text.isprintable():
            return quote(text[:_LONGEST_NAME], safe="")
        if operation.name == "deleteIdentity":
            return f"agent_{secrets.token_hex(8)}"
        return usual

    def _body(self, case: GeneratedCase, operation: Operation, usual: Any) -> Any:
        if not isinstance(case.body, dict):
            return _as_json(case.body)
        body = dict(case.body)
        mint = MINTS.get(operation.name)
        for name in _REPLACED:
            value = body.get(name)
            if name in body and (case.valid or (isinstance(value, str) and value.strip())):
                body[name] = self._replaced(name, value, usual, mint)
        if case.valid:
            body |= self._valid(body, usual, mint)
        if mint is not None and mint.takes_paths and not isinstance(body.get("agentId"), str):
            body["agentId"] = self._own.agent
        return _as_json(body)

    def _replaced(self, name: str, value: Any, usual: Mapping[str, Any], mint: MintEndpoint | None) -> Any:
        if name == "agentId" and mint is not None and mint.takes_paths:
            return f"{self._own.agent}-{secrets.token_hex(2)}"
        if name == "name":
            return value if value is None else self._requests.name()
        if name == "agentName":
            return value if value is None else f"{self._own.name} {value}"[:_LONGEST_NAME]
        if name in usual:
            return usual[name]
        return _OTHERWISE[name](self) if name in _OTHERWISE else f"random_{secrets.token_hex(8)}"

    def _valid(self, body: Mapping[str, Any], usual: Any, mint: MintEndpoint | None) -> dict[str, Any]:
        """Return the members that must be the run's own for the request to be accepted."""
        own = {}
        if isinstance(body.get("scopes"), list):
            held = [READ_SCOPE] if mint is None else [*mint.scopes]
            own["scopes"] = usual.get("scopes", held[: len(body["scopes"])] or held)
        if mint is not None and mint.takes_paths:
            own["paths"] = [FILES]
        if body.get("delegationNotAfter") is not None:
            own["delegationNotAfter"] = int(self._requests.service.clock.now()) + 7200
        if isinstance(body.get("roles"), list):
            own["roles"] = [text[:_LONGEST_NAME] for text in body["roles"]]
        return own


_REPLACED = (
    "identityId", "agentId", "agentName", "tokenId", "sessionId", "workspaceId", "orgId", "sponsorId",
    "refreshToken", "name", "token",
)  # fmt: skip
_OTHERWISE: Mapping[str, Callable[[OwnThingsIn], Any]] = {
    "workspaceId": lambda it: it._own.workspace,  # noqa: SLF001 - a table of this module
    "sponsorId": lambda _: SPONSOR,
    "identityId": lambda it: it._requests.spare("active"),  # noqa: SLF001
    "tokenId": lambda it: it._requests.fresh().refresh.claims["jti"],  # noqa: SLF001
}


def _as_json(body: Any) -> Any:
    """Return a body that is sent as it is: one that JSON can't hold goes as text."""
    if body is None:
        return Raw(("null",))
    return Raw((body,)) if isinstance(body, bytes) else body
