"""The four mint endpoints as rows of data: what is said of one is tried on all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

FILES = "/relayauth-contract/*"
FILE_SCOPES = (f"relayfile:fs:read:{FILES}", f"relayfile:fs:write:{FILES}")
READ_SCOPE = "relayauth:identity:read:*"


@dataclass(frozen=True, eq=False)
class Mint:
    """One way to mint a pair.

    `credential` says which key is sent; `body` is what every mint there sends, with the run's own things as
    `{identity}` and `{workspace}`; `own_meta` are the entries that the endpoint itself puts into `meta`.
    """

    name: str
    path: str
    credential: Literal["org", "workspace"]
    body: Mapping[str, Any]
    prefix: str
    own_meta: frozenset[str]

    def __str__(self) -> str:
        return self.name

    @property
    def delegated(self) -> bool:
        """Whether its tokens are for somebody whom the caller delegates to."""
        return self.name != "identity"

    @property
    def jti_prefix(self) -> str:
        """What the `jti` of its tokens begins with."""
        return self.prefix or "tok_"

    def naming(self, identity: str) -> dict[str, str]:
        """Return the field that makes a pair out to `identity`."""
        return {"identityId" if self.name == "identity" else "agentId": identity}

    def request(self, identity: str, workspace: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return the JSON body of one mint: the usual one with `fields` added or replaced."""
        own = {"{identity}": identity, "{workspace}": workspace}
        usual = {
            name: own.get(value, value) if isinstance(value, str) else value
            for name, value in self.body.items()
        }
        return usual | dict(fields)


_PATH_META = frozenset({"tokenClass", "agentName", "paths", "accessScopes", "accessAudience"})
_AGENT_META = frozenset({"tokenClass", "workspaceTokenId", "accessScopes", "accessAudience"})
_PATH_BODY = {"agentId": "{identity}", "agentName": "relayauth-contract", "paths": [FILES]}

MINTS: Mapping[str, Mint] = {
    mint.name: mint
    for mint in (
        Mint(
            name="identity",
            path="/v1/tokens",
            credential="org",
            body={"identityId": "{identity}", "scopes": [READ_SCOPE]},
            prefix="",
            own_meta=frozenset(),
        ),
        Mint(
            name="agent",
            path="/v1/tokens/agent",
            credential="workspace",
            body={"agentId": "{identity}", "scopes": [READ_SCOPE]},
            prefix="relay_ag_",
            own_meta=_AGENT_META,
        ),
        Mint(
            name="path",
            path="/v1/tokens/path",
            credential="workspace",
            body=_PATH_BODY,
            prefix="relay_pa_",
            own_meta=_PATH_META | {"workspaceTokenId"},
        ),
        Mint(
            name="workspace-path",
            path="/v1/tokens/workspace-path",
            credential="org",
            body={"workspaceId": "{workspace}"} | _PATH_BODY,
            prefix="relay_pa_",
            own_meta=_PATH_META,
        ),
    )
}
