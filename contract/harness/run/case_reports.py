"""What one case showed: as a result of ours, and in pytest's own report of it."""

import pytest

from contract.harness.redaction import scrub
from contract.harness.run.items import params_of
from contract.harness.run.judging import Judgement
from contract.harness.run.outcomes import CaseResult
from contract.harness.run.selection import CaseGroup, case_id
from contract.harness.run.session import TargetSession


def result_of(
    item: pytest.Item,
    call: pytest.CallInfo[None],
    judgement: Judgement,
    case: CaseGroup,
    opened: TargetSession | None,
) -> CaseResult:
    """Return what one phase of a case showed; `opened` is its target, if that is open."""
    mint = params_of(item).get("mint")
    shape = mint.shape if mint and len(mint.bodies) > 1 else None
    failed = judgement.outcome == "fail"
    keeps = opened is not None and opened.settings.transcripts
    return CaseResult(
        clause=case.clause,
        endpoint=case.endpoint,
        shape=shape,
        case=case_id(item.name, case.target),
        outcome=judgement.outcome,
        why=judgement.why + (f" (body shape: {shape})" if failed and shape else ""),
        started=call.start,
        seconds=call.duration,
        timeline=opened.timeline if opened else None,
        transcript=tuple(opened.service.transcript) if opened and (failed or keeps) else (),
        blocked_by=judgement.blocked_by,
    )


def describe(report: pytest.TestReport, result: CaseResult) -> None:
    """Say in pytest's own report what the result says, and nothing that is secret."""
    if result.outcome in ("not_tried", "blocked"):
        words = f"blocked by {' or '.join(result.blocked_by)}" if result.blocked_by else "not tried"
        report.outcome = "skipped"
        report.longrepr = (str(report.location[0]), report.location[1] or 0, f"{words}: {result.why}")
    elif report.longrepr is not None:
        report.longrepr = result.why if result.outcome == "fail" else scrub(str(report.longrepr))
    report.sections = [(name, scrub(text)) for name, text in report.sections]
