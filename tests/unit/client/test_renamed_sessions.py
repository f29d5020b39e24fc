"""A service that gives a session another id at a refresh: what the run keeps of it stays usable."""

from contract.harness.run import Settings, run_contract
from contract.harness.targets import Target

RENAMES = "proxy:SessionIsRenamed->reference"


def test_a_used_token_of_a_renamed_session_is_judged() -> None:
    """The old id has no token left when its used token is refused; that is no fault of the suite."""
    target = Target(RENAMES, RENAMES)
    (report,) = run_contract(
        Settings(targets=(target,), clauses=("SES-01",), endpoints=("identity",), polite=True)
    )
    assert [(result.outcome, result.why) for result in report.results] == [("pass", "")]
