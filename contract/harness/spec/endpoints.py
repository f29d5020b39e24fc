"""The mint endpoints as rows of data: each clause about minting is tested on every row."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

FILES = "/relayauth-contract/*"
FILE_SCOPES = (f"relayfile:fs:read:{FILES}", f"relayfile:fs:write:{FILES}")
AUDIENCE = ["relayauth", "relaycast", "cloud"]
"""An audience that a mint requests where it matters that it has several entries."""
READ_SCOPE = "relayauth:identity:read:*"
IDENTITY_SCOPES = (
    READ_SCOPE,
    "relayauth:token:read:*",
    "relayauth:api-key:read:*",
    FILE_SCOPES[0],
)
"""What an identity of the run holds: more than a mint usually requests, so that a wider grant shows."""

Shape = Literal["bare", "named", "identity"]
"""What a client sends: nothing of an agent, an agent that no identity has, or an identity of the org."""


@dataclass(frozen=True, eq=False)
class MintEndpoint:
    """One way to mint a pair.

    `credential` says which key is sent; `subject_field` names the identity or agent in the body; `bodies` are
    what clients send there, by the name of the body shape, the usual one first, with the run's own things as
    `{identity}`, `{workspace}` and `{agent}` (an agent that no identity has); `shape` is the one that this
    value sends. `scopes` are those that the credential can hand out for it, `fewer` the fields that request
    some of these, three or more; `prefix` stands before its tokens; `own_meta` are the entries that the
    endpoint itself puts into `meta`. `needs_identity` says that the subject must be an identity of the org,
    `takes_paths` that tokens are for paths and may have a `delegationNotAfter`.
    """

    name: str
    path: str
    credential: Literal["org", "workspace"]
    subject_field: Literal["identityId", "agentId"]
    bodies: Mapping[Shape, Mapping[str, Any]]
    scopes: tuple[str, ...]
    fewer: Mapping[str, Any]
    prefix: str
    own_meta: frozenset[str]
    needs_identity: bool
    takes_paths: bool
    delegated: bool
    shape: Shape

    def __str__(self) -> str:
        return self.name if len(self.bodies) == 1 else f"{self.name}-{self.shape}"

    @property
    def fields(self) -> frozenset[str]:
        """The names of all members that its body shapes send."""
        return frozenset(name for body in self.bodies.values() for name in body)

    @property
    def jti_prefix(self) -> str:
        """What the `jti` of its tokens begins with."""
        return self.prefix or "tok_"

    def naming(self, identity: str) -> dict[str, str]:
        """Return the field that mints a pair for `identity`."""
        return {self.subject_field: identity}

    def request(self, own: Mapping[str, str], fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return the JSON body of one mint: that of its shape with `fields` added or replaced.

        `own` has the run's own `identity`, `workspace` and `agent`.
        """
        usual = {
            name: value.format_map(own) if isinstance(value, str) else value
            for name, value in self.bodies[self.shape].items()
        }
        return usual | dict(fields)


DEFAULT_AGENT_NAME = "cloud-orchestrator"
"""The agent's name in `meta` of a path token where a mint names none (docs/contract.md, Mint endpoints)."""
_PATH_META = frozenset({"tokenClass", "agentName", "paths", "accessScopes", "accessAudience"})
_AGENT_META = frozenset({"tokenClass", "workspaceTokenId", "accessScopes", "accessAudience"})
_PATH_BODIES: Mapping[Shape, Mapping[str, Any]] = {
    "bare": {"paths": [FILES]},
    "named": {"agentId": "{agent}", "paths": [FILES]},
    "identity": {"agentId": "{identity}", "agentName": "relayauth-contract", "paths": [FILES]},
}
# The last scope is within the one before it, which is within one of the identity's.
_FEWER_SCOPES: Mapping[str, Any] = {
    "scopes": [
        *IDENTITY_SCOPES[1:-1],
        *(IDENTITY_SCOPES[-1].replace("*", place) for place in ("one/*", "one/two")),
    ]
}
_PATHS = [FILES.replace("*", f"{name}/*") for name in ("one", "two", "three")]
_FEWER_FILES: Mapping[str, Any] = {
    "paths": _PATHS,
    "scopes": [
        f"relayfile:fs:{action}:{path}"
        for action, path in zip(("read", "write", "read"), _PATHS, strict=True)
    ],
}

ENDPOINTS: Mapping[str, MintEndpoint] = {
    endpoint.name: endpoint
    for endpoint in (
        MintEndpoint(
            name="identity",
            path="/v1/tokens",
            credential="org",
            subject_field="identityId",
            bodies={"identity": {"identityId": "{identity}", "scopes": [READ_SCOPE]}},
            scopes=IDENTITY_SCOPES,
            fewer=_FEWER_SCOPES,
            prefix="",
            own_meta=frozenset(),
            needs_identity=True,
            takes_paths=False,
            delegated=False,
            shape="identity",
        ),
        MintEndpoint(
            name="agent",
            path="/v1/tokens/agent",
            credential="workspace",
            subject_field="agentId",
            bodies={"identity": {"agentId": "{identity}", "scopes": [READ_SCOPE]}},
            scopes=IDENTITY_SCOPES,
            fewer=_FEWER_SCOPES,
            prefix="relay_ag_",
            own_meta=_AGENT_META,
            needs_identity=True,
            takes_paths=False,
            delegated=True,
            shape="identity",
        ),
        MintEndpoint(
            name="path",
            path="/v1/tokens/path",
            credential="workspace",
            subject_field="agentId",
            bodies=_PATH_BODIES,
            scopes=FILE_SCOPES,
            fewer=_FEWER_FILES,
            prefix="relay_pa_",
            own_meta=_PATH_META | {"workspaceTokenId"},
            needs_identity=False,
            takes_paths=True,
            delegated=True,
            shape="bare",
        ),
        MintEndpoint(
            name="workspace-path",
            path="/v1/tokens/workspace-path",
            credential="org",
            subject_field="agentId",
            bodies={name: {"workspaceId": "{workspace}", **body} for name, body in _PATH_BODIES.items()},
            scopes=FILE_SCOPES,
            fewer=_FEWER_FILES,
            prefix="relay_pa_",
            own_meta=_PATH_META,
            needs_identity=False,
            takes_paths=True,
            delegated=True,
            shape="bare",
        ),
        # A new mint endpoint is one more row here.
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


SHAPED: Mapping[str, tuple[MintEndpoint, ...]] = {
    name: tuple(row if shape == row.shape else replace(row, shape=shape) for shape in row.bodies)
    for name, row in ENDPOINTS.items()
}
"""Every endpoint with each of its body shapes, the usual one first."""

NAMED = [rows[min(1, len(rows) - 1)] for rows in SHAPED.values()]
"""Each endpoint once, with a subject of the run's own, for what takes many requests."""


def takes_paths() -> list[MintEndpoint]:
    """Return the endpoints whose tokens are for paths, with each body shape."""
    return [row for name in GROUPS["paths"] for row in SHAPED[name]]
