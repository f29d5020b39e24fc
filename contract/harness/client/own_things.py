"""The names, ids and keys of one org's part in a run."""

import secrets
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from contract.harness.client.bodies import called
from contract.harness.errors import NotTried
from contract.harness.redaction import Secret
from contract.harness.spec import GROUPS, MintEndpoint

RUN_PREFIX = "relayauth-contract-"
"""What the names of everything begin with that a run makes on a target."""


class OwnThings:
    """What a run has in one org; it sends nothing.

    `closed` has, for each mint endpoint that can't be tested with the given credentials, the reason; `org` is
    the org's id as the service gave it with the identity, `org_key_id` the id of an org key of the run;
    `names` gets the shell variables for the ids.
    """

    def __init__(self, names: dict[str, str], whose: str) -> None:
        self.name = f"{RUN_PREFIX}{secrets.token_hex(4)}"
        self.workspace = f"ws_{self.name}"
        self.closed: dict[str, str] = {}
        self.org: object = None
        self.identity: str | None = None
        self.workspace_token: Secret | None = None
        self.org_key: Secret
        self.org_key_id = ""
        self._names = names
        self._whose = whose
        self.call_in_a_shell("workspace id", self.workspace)
        self.call_in_a_shell("identity id", self.subject)
        self.call_in_a_shell("agent id", self.agent)

    @property
    def subject(self) -> str:
        """The agent that tokens are for: the run's identity, or a name like one if none could be made."""
        return self.identity or f"agent_{self.name}"

    @property
    def agent(self) -> str:
        """The name of an agent that no identity has."""
        return f"agent_{self.name}-agent"

    @property
    def own_identity(self) -> str:
        """The run's identity; `NotTried` if none could be made."""
        if self.identity is None:
            raise NotTried(self.closed[GROUPS["identity"][0]])
        return self.identity

    def call_in_a_shell(self, kind: str, its_id: str, whose: str | None = None) -> str:
        """Name the shell variable for an id after its kind; return the id."""
        self._names[its_id] = called(f"{self._whose if whose is None else whose}{kind}")
        return its_id

    def key_for(self, mint: MintEndpoint) -> Secret:
        """Return the credential that `mint` needs; `NotTried` if the run has none for it."""
        key = self.org_key if mint.credential == "org" else self.workspace_token
        if mint.name in self.closed or key is None:
            raise NotTried(self.closed.get(mint.name, "there is no workspace token"))
        return key

    def mint_body(
        self, mint: MintEndpoint, fields: Mapping[str, Any] = MappingProxyType({})
    ) -> dict[str, Any]:
        """Return the JSON body of a mint for this org: that of the shape, with `fields` added or replaced."""
        own = {"identity": self.subject, "workspace": self.workspace, "agent": self.agent}
        return mint.request(own, fields)
