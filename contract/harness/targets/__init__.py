"""What is tested: how a target is named, opened, configured and observed."""

from contract.harness.targets.clocks import REAL, Clock, ObservedClock
from contract.harness.targets.connections import (
    ARROW,
    Access,
    Connection,
    Deployment,
    Launching,
    Target,
    environment,
)
from contract.harness.targets.credentials import access_from
from contract.harness.targets.grammar import connect, kind_of, opener
from contract.harness.targets.jwks_answers import DEFAULT_ORIGIN, USABLE, WAITING, StubAnswer
from contract.harness.targets.jwks_stubs import StubRequest, Stubs
from contract.harness.targets.pacing import Pace
from contract.harness.targets.running import Restartable
from contract.harness.targets.steering import SteeredClock, Steering
from contract.harness.targets.transport import ANSWER_DEADLINE, LONGEST_IDLE, exchange, is_loopback

__all__ = [
    "ANSWER_DEADLINE",
    "ARROW",
    "DEFAULT_ORIGIN",
    "LONGEST_IDLE",
    "REAL",
    "USABLE",
    "WAITING",
    "Access",
    "Clock",
    "Connection",
    "Deployment",
    "Launching",
    "ObservedClock",
    "Pace",
    "Restartable",
    "SteeredClock",
    "Steering",
    "StubAnswer",
    "StubRequest",
    "Stubs",
    "Target",
    "access_from",
    "connect",
    "environment",
    "exchange",
    "is_loopback",
    "kind_of",
    "opener",
]
