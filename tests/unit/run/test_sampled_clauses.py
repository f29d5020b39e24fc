"""A clause that is sampled is tried at one endpoint, with one body shape, in a run for first failures."""

import pytest

from contract.harness.run import Settings, run_contract
from contract.harness.targets import Target

REFERENCE = Target("reference", "reference")


@pytest.mark.parametrize(
    ("sampled", "tried"),
    [
        pytest.param({}, {"identity", "agent", "path", "workspace-path"}, id="not sampled"),
        pytest.param({"META-03": "path"}, {"path"}, id="sampled"),
        pytest.param({"META-01": "path"}, {"identity", "agent", "path", "workspace-path"}, id="another"),
    ],
)
def test_a_sampled_clause_is_tried_at_its_endpoint_alone(sampled: dict[str, str], tried: set[str]) -> None:
    """All other endpoints are left out, and that is no gap."""
    (report,) = run_contract(
        Settings(
            targets=(REFERENCE,),
            clauses=("META-03",),
            first_failure_only=True,
            sampled={"reference": sampled},
        )
    )
    assert {each.endpoint for each in report.results} == tried
    assert {each.outcome for each in report.results} == {"pass"}
    shapes = {case.shape for each in report.results if each.endpoint == "path" for case in each.cases}
    assert shapes == ({"bare"} if "META-03" in sampled else {"bare", "named", "identity"})


def test_what_goes_through_time_is_sampled_too() -> None:
    """The hosts of CLK-03 and the sessions of CLK-08 are those of the endpoint that is tried."""
    numbers = {}
    for name, sampled in (("all", {}), ("one", {"CLK-03": "agent", "CLK-08": "agent"})):
        settings = Settings(
            targets=(REFERENCE,),
            clauses=("CLK-03", "CLK-08"),
            first_failure_only=True,
            sampled={"reference": sampled},
        )
        (report,) = run_contract(settings)
        assert {each.outcome for each in report.results} == {"pass"}
        numbers[name] = report.requests
    assert numbers["one"] < numbers["all"] / 3
