"""The mint endpoints as rows of data: each clause about minting is tested on every row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

FILES = "/relayauth-contract/*"
FILE_SCOPES = (f"relayfile:fs:read:{FILES}", f"relayfile:fs:write:{FILES}")
READ_SCOPE = "relayauth:identity:read:*"


@dataclass(frozen=True, eq=False)
class MintEndpoint:
    """One way to mint a pair.

    `credential` says which key is sent; `subject_field` names the identity or agent in the body; `body` is
    what every mint there sends, with the run's own things as `{identity}` and `{workspace}`; `scopes` are
    those that the credential hands out for this body; `prefix` stands before its tokens; `own_meta` are the
    entries that the endpoint itself puts into `meta`. `needs_identity` says that the subject must be an
    identity of the org, `takes_paths` that tokens are for paths and may have a `delegationNotAfter`.
    """

    name: str
    path: str
    credential: Literal["org", "workspace"]
    subject_field: Literal["identityId", "agentId"]
    body: Mapping[str, Any]
    scopes: tuple[str, ...]
    prefix: str
    own_meta: frozenset[str]
    needs_identity: bool
    takes_paths: bool
    delegated: bool

    def __str__(self) -> str:
        return self.name

    @property
    def jti_prefix(self) -> str:
        """What the `jti` of its tokens begins with."""
        return self.prefix or "tok_"

    def naming(self, identity: str) -> dict[str, str]:
        """Return the field that mints a pair for `identity`."""
        return {self.subject_field: identity}

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

ENDPOINTS: Mapping[str, MintEndpoint] = {
    endpoint.name: endpoint
    for endpoint in (
        MintEndpoint(
            name="identity",
            path="/v1/tokens",
            credential="org",
            subject_field="identityId",
            body={"identityId": "{identity}", "scopes": [READ_SCOPE]},
            scopes=(READ_SCOPE,),
            prefix="",
            own_meta=frozenset(),
            needs_identity=True,
            takes_paths=False,
            delegated=False,
        ),
        MintEndpoint(
            name="agent",
            path="/v1/tokens/agent",
            credential="workspace",
            subject_field="agentId",
            body={"agentId": "{identity}", "scopes": [READ_SCOPE]},
            scopes=(READ_SCOPE,),
            prefix="relay_ag_",
            own_meta=_AGENT_META,
            needs_identity=True,
            takes_paths=False,
            delegated=True,
        ),
        MintEndpoint(
            name="path",
            path="/v1/tokens/path",
            credential="workspace",
            subject_field="agentId",
            body=_PATH_BODY,
            scopes=FILE_SCOPES,
            prefix="relay_pa_",
            own_meta=_PATH_META | {"workspaceTokenId"},
            needs_identity=False,
            takes_paths=True,
            delegated=True,
        ),
        MintEndpoint(
            name="workspace-path",
            path="/v1/tokens/workspace-path",
            credential="org",
            subject_field="agentId",
            body={"workspaceId": "{workspace}"} | _PATH_BODY,
            scopes=FILE_SCOPES,
            prefix="relay_pa_",
            own_meta=_PATH_META,
            needs_identity=False,
            takes_paths=True,
            delegated=True,
        ),
    )
}

GROUPS: Mapping[str, tuple[str, ...]] = {
    "all": tuple(ENDPOINTS),
    "identity": tuple(name for name, row in ENDPOINTS.items() if row.needs_identity),
    "paths": tuple(name for name, row in ENDPOINTS.items() if row.takes_paths),
    "workspace-token": tuple(name for name, row in ENDPOINTS.items() if row.credential == "workspace"),
}
"""The words by which a clause may name its endpoints."""

TOKEN_PREFIXES = tuple(dict.fromkeys(row.prefix for row in ENDPOINTS.values() if row.prefix))
"""What a token may begin with, before the JWT itself."""


def takes_paths() -> list[MintEndpoint]:
    """Return the endpoints whose tokens are for paths."""
    return [ENDPOINTS[name] for name in GROUPS["paths"]]
