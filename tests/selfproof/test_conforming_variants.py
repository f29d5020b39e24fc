"""Servers that differ from the reference in what the contract leaves open: none of them is blamed."""

import pytest

from contract.harness.run import TargetReport
from tests.support.command import Check
from tests.support.deployments import deployed
from tests.support.rows import rows
from tests.support.variants import VARIANTS, Server
from tests.support.variants.fronts import Chunked, ClosesEach, Front, Http10, in_front


def blamed(report: TargetReport, server: Server) -> list[tuple[str, str | None, str, str]]:
    """Return each result that is not a pass, and that the server's row does not explain."""
    return [
        (each.clause, each.endpoint, each.outcome, each.why)
        for each in report.results
        if each.outcome != "pass"
        and not (each.outcome == "not_tried" and server.untried and server.untried in each.why)
        and not (each.outcome == "error" and server.unjudged and server.unjudged in each.why)
    ]


# Their clauses take a second and more: those of `make proof` alone, which tries every clause as well.
LONG = (
    "no clock skew",
    "59 s of clock skew",
    "short access tokens after a refresh",
    "ends an access token alone",
    "UUIDs as ids of sessions",
    "prose in error",
    "codes in error alone",
    "prose and no code at refresh",
    "an identity provider",
    "limited identities",
    "answers to OPTIONS",
    "times as floats",
    "more claims",
    "more entries in meta",
    "users alone as sponsors",
    "losers of a race get 409",
    "refuses an unusable TTL",
    "pretty-printed JSON",
    "a revoked token ends its session again",
)


@pytest.mark.parametrize(
    "name", rows({name: name for name, server in VARIANTS.items() if server.touched}, proof=LONG)
)
def test_the_clauses_that_see_the_difference_hold(name: str) -> None:
    """With few generated values and small races; `test_every_clause_holds` tries all of them."""
    server = VARIANTS[name]
    report = server.check(*server.touched, fuzz_examples=1, polite=True)
    assert blamed(report, server) == []
    assert not server.unjudged or report.verdict == "open"


@pytest.mark.proof
@pytest.mark.parametrize("name", [name for name, server in VARIANTS.items() if not server.unjudged])
def test_every_clause_holds(name: str) -> None:
    """A whole run."""
    server = VARIANTS[name]
    report = server.check()
    assert blamed(report, server) == []
    assert report.verdict == "holds"


@pytest.mark.parametrize(
    ("front", "chosen"),
    [
        pytest.param(Http10, ("--clause", "TTL-0[1-4],SES-01"), id="some clauses"),
        *(
            pytest.param(each, (), marks=pytest.mark.proof, id=each.__name__)
            for each in (Http10, Chunked, ClosesEach)
        ),
    ],
)
def test_no_way_of_speaking_http_is_blamed(check: Check, front: type[Front], chosen: tuple[str, ...]) -> None:
    """Over a socket, with a key alone."""
    with deployed() as there, in_front(front, there.url) as url:
        said = check(url, *chosen, key=there.key)
    assert (said.code, said.clauses("fail"), said.clauses("error")) == (0, set(), set()), said.out


def test_there_are_as_many_as_promised() -> None:
    """Thirty servers and more."""
    assert len(VARIANTS) >= 30
