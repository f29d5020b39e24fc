"""How the suite talks to a service: its API, its messages, and what a run creates there and removes."""

from contract.harness.client.bodies import Raw, Variable, displayable, on_the_wire
from contract.harness.client.budget import CORE_BUDGET, FULL_BUDGET, RequestBudget, budget_for
from contract.harness.client.concurrency import FULL, IN_PROCESS, SMALL, STAGGERS, Race, Racer, Volume
from contract.harness.client.exchange_kinds import ExchangeKinds, by_operation, operation_path
from contract.harness.client.messages import Pair, Request, Response, pair_of
from contract.harness.client.own_org import OwnOrg
from contract.harness.client.service import Service
from contract.harness.client.sweeping import OLDER_THAN, sweep_target
from contract.harness.client.token_pairs import ENDED_EARLY, TokenPairs, redeemed
from contract.harness.client.transcript import Transcript
from contract.harness.client.workspace_tokens import MINTING_SCOPES

__all__ = [
    "CORE_BUDGET",
    "ENDED_EARLY",
    "FULL",
    "FULL_BUDGET",
    "IN_PROCESS",
    "MINTING_SCOPES",
    "OLDER_THAN",
    "SMALL",
    "STAGGERS",
    "ExchangeKinds",
    "OwnOrg",
    "Pair",
    "Race",
    "Racer",
    "Raw",
    "Request",
    "RequestBudget",
    "Response",
    "Service",
    "TokenPairs",
    "Transcript",
    "Variable",
    "Volume",
    "budget_for",
    "by_operation",
    "displayable",
    "on_the_wire",
    "operation_path",
    "pair_of",
    "redeemed",
    "sweep_target",
]
