"""A clause that is sampled is tried at one endpoint, with one body shape, in a run for first failures."""

from collections import Counter

import pytest

from contract.harness.run import Sample, Settings, TargetReport, run_contract
from contract.harness.run.left_out import LeftOut
from contract.harness.run.selection import Selection
from contract.harness.spec import catalogue
from contract.harness.targets import Target

REFERENCE = Target("reference", "reference")


@pytest.mark.parametrize(
    ("sampled", "at"),
    [
        pytest.param({}, {"identity", "agent", "path", "workspace-path"}, id="not sampled"),
        pytest.param({"META-03": Sample("path")}, {"path"}, id="sampled"),
        pytest.param({"META-03": Sample("path", "named")}, {"path"}, id="sampled with a body shape"),
        pytest.param(
            {"META-01": Sample("path")}, {"identity", "agent", "path", "workspace-path"}, id="another"
        ),
    ],
)
def test_a_sampled_clause_is_tried_at_its_endpoint_alone(sampled: dict[str, Sample], at: set[str]) -> None:
    """All other endpoints are left out, and that is no gap."""
    (report,) = run_contract(
        Settings(
            targets=(REFERENCE,),
            clauses=("META-03",),
            first_failure_only=True,
            sampled={"reference": sampled},
        )
    )
    assert {each.endpoint for each in report.results} == at
    assert {each.outcome for each in report.results} == {"pass"}
    shapes = {case.shape for each in report.results if each.endpoint == "path" for case in each.cases}
    expected = {
        Sample("path"): {"bare"},
        Sample("path", "named"): {"named"},
        None: {"bare", "named", "identity"},
    }
    assert shapes == expected[sampled.get("META-03")]


@pytest.mark.proof
def test_what_goes_through_time_is_sampled_too() -> None:
    """The hosts of CLK-03 and the sessions of CLK-08 are those of the endpoint that is tried."""
    numbers = {}
    for name, sampled in (("all", {}), ("one", dict.fromkeys(("CLK-03", "CLK-08"), Sample("agent")))):
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


def tried(clause: str, sample: Sample | None = None, *, skipped: int = 0) -> TargetReport:
    """A run of one clause for first failures."""
    (report,) = run_contract(
        Settings(
            targets=(REFERENCE,),
            clauses=(clause,),
            first_failure_only=True,
            skip_first={"reference": {clause: skipped}},
            sampled={"reference": {clause: sample} if sample else {}},
        )
    )
    assert report.verdict == "holds"
    return report


def cases(report: TargetReport) -> Counter[str]:
    """How many cases of each test have a result."""
    return Counter(case.case.partition("[")[0] for each in report.results for case in each.cases)


def test_few_cases_of_each_test_are_tried_of_a_sampled_clause() -> None:
    """Of a clause of the service as a whole, too; the others are no gap."""
    whole, few = cases(tried("SEC-04")), cases(tried("SEC-04", Sample()))
    assert few == {name: min(number, Sample.cases) for name, number in whole.items()}
    assert max(whole.values()) > Sample.cases


def test_of_one_test_no_other_is_tried() -> None:
    """Neither those before it nor those after it; what is not tried is no gap."""
    whole = tried("TTL-08").results
    places = {case.case.partition("[")[0]: case.endpoint for each in whole for case in each.cases}
    assert len(places) > 2
    for name, endpoint in places.items():
        assert cases(tried("TTL-08", Sample(endpoint, test=name, cases=1))) == {name: 1}


def test_a_case_of_one_test_is_found_by_its_number() -> None:
    """What stands before it in that test is passed over; other tests do not count."""
    whole = [case.case for each in tried("SEC-04").results for case in each.cases]
    name = whole[-1].partition("[")[0]
    last = len([case for case in whole if case.startswith(f"{name}[")]) - 1
    assert last > 0
    report = tried("SEC-04", Sample(test=name, skipped=last, cases=1), skipped=len(whole))
    assert [case.case for each in report.results for case in each.cases] == [whole[-1]]


def test_what_takes_many_requests_is_left_out_of_a_sampled_clause() -> None:
    """It is noted at the clause, as on a URL."""
    report = tried("SES-03", Sample("identity"))
    assert any("120 refreshes was not tried" in each.why for each in report.results)
    assert report.requests < tried("SES-03").requests / 4


def test_cases_are_skipped_by_their_number_in_the_whole_clause() -> None:
    """Those of other endpoints count, although none of them is tried."""
    everywhere = sum(cases(tried("TTL-02")).values())
    assert sum(cases(tried("TTL-02", Sample("workspace-path"), skipped=everywhere - 1)).values()) == 1


def test_a_clause_is_sampled_with_a_body_shape_that_it_has_on_its_target() -> None:
    """On a URL sessions that name nobody are not used in SES, REV and SEC."""
    target = Target("there", "http://127.0.0.1:1")
    settings = Settings(
        targets=(target,), first_failure_only=True, sampled={"there": {"SES-01": Sample("path")}}
    )
    (row,) = LeftOut(settings, Selection(settings)).rows(catalogue()["SES-01"], "test_it", ["there"])
    assert (row.name, row.shape) == ("path", "named")
