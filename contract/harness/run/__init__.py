"""One run: the pytest plugin, the session of each target, and what came of every case."""

from contract.harness.run.outcomes import CaseResult, ClauseResult, Outcome, TargetReport, accepted, exit_code
from contract.harness.run.runner import run_contract
from contract.harness.run.session import TargetSession
from contract.harness.run.settings import Settings

__all__ = [
    "CaseResult",
    "ClauseResult",
    "Outcome",
    "Settings",
    "TargetReport",
    "TargetSession",
    "accepted",
    "exit_code",
    "run_contract",
]
