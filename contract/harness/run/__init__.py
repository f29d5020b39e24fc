"""One run: which cases there are, the session of each target, what each case showed, and the verdict."""

from contract.harness.run.known import KnownFailure, Reconciled
from contract.harness.run.outcomes import CaseResult, ClauseResult, Outcome
from contract.harness.run.runner import run_contract
from contract.harness.run.samples import Sample
from contract.harness.run.session import TargetSession
from contract.harness.run.settings import Settings
from contract.harness.run.signals import ENDING, interruptible, shielded
from contract.harness.run.verdict import TargetReport, accepted, exit_code

__all__ = [
    "ENDING",
    "CaseResult",
    "ClauseResult",
    "KnownFailure",
    "Outcome",
    "Reconciled",
    "Sample",
    "Settings",
    "TargetReport",
    "TargetSession",
    "accepted",
    "exit_code",
    "interruptible",
    "run_contract",
    "shielded",
]
