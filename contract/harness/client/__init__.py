"""How the suite talks to a service: its API, its messages, and the things that a run creates there."""

from contract.harness.client.concurrency import FULL, SMALL, STAGGERS, Race, Racer, Volume
from contract.harness.client.messages import (
    Pair,
    Raw,
    Request,
    Response,
    Variable,
    displayable,
    on_the_wire,
    pair_of,
)
from contract.harness.client.own_org import MINTING_SCOPES, OwnOrg
from contract.harness.client.service import Service
from contract.harness.client.token_pairs import TokenPairs, redeemed
from contract.harness.client.transcript import Transcript

__all__ = [
    "FULL",
    "MINTING_SCOPES",
    "SMALL",
    "STAGGERS",
    "OwnOrg",
    "Pair",
    "Race",
    "Racer",
    "Raw",
    "Request",
    "Response",
    "Service",
    "TokenPairs",
    "Transcript",
    "Variable",
    "Volume",
    "displayable",
    "on_the_wire",
    "pair_of",
    "redeemed",
]
