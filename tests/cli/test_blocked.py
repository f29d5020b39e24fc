"""A clause that another one leaves nothing to judge is blocked by it: it neither fails nor is an error."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.harness.checks import positive_control, still_live
from contract.harness.client import Request, Response
from contract.harness.errors import Blocked, CouldNotTry, Violation
from contract.harness.redaction import Secret
from contract.harness.run import Settings, TargetSession, run_contract
from contract.harness.run.state import TargetRun
from contract.harness.spec import ENDPOINTS, routes
from contract.harness.targets import Access, Target
from tests.support.command import Check
from tests.support.deployments import Deployment, deployed

IGNORES_THE_TTL = "mutant:DelegatedEndpointsForgetTheTtl"
DELEGATED = ("agent", "path", "workspace-path")


@pytest.mark.proof
def test_a_deployment_that_ignores_the_ttl_gives_no_errors(check: Check) -> None:
    """Rotation fails; what needs a session of 90 days can't be judged, and the report names TTL-01."""
    said = check(IGNORES_THE_TTL, "--clause", "TTL-*,META-01,ROT-0[12],CLK-08")
    assert said.code == 1
    assert not said.whys("error")
    for clause in ("ROT-01", "ROT-02"):
        assert said.outcomes(clause) == {"identity": "pass"} | dict.fromkeys(DELEGATED, "fail")
    assert said.outcomes("CLK-08") == {"identity": "pass"} | dict.fromkeys(DELEGATED, "blocked")
    blocked = [row for row in said.target["results"] if row["outcome"] == "blocked"]
    assert {row["blocked_by"] for row in blocked} == {"TTL-01"}
    assert "blocked by TTL-01: CLK-08" in said.out


@pytest.mark.proof
def test_known_failures_and_what_they_block_give_a_verdict(check: Check, tmp_path: Path) -> None:
    """With a baseline of its failures such a deployment conforms: nothing is left in doubt."""
    baseline = tmp_path / "baseline.json"
    words = (IGNORES_THE_TTL, "--clause", "TTL-*,META-01,ROT-0[12],CLK-08")
    check(*words, "--baseline", str(baseline), "--update-baseline")
    assert IGNORES_THE_TTL in baseline.read_text()
    said = check(*words, "--baseline", str(baseline))
    assert said.code == 0, said.out
    assert {row["outcome"] for row in said.target["results"]} == {"pass", "known", "blocked"}


def test_what_is_blocked_by_a_clause_that_did_not_run_is_an_error(check: Check) -> None:
    """Nothing shows that the deployment is to blame; the reason says what to run as well."""
    said = check(IGNORES_THE_TTL, "--clause", "CLK-08")
    assert said.code == 2
    assert said.whys("error")
    for why in said.whys("error"):
        assert "points to TTL-01, which did not fail in this run: test it as well" in why


def test_a_cap_on_sessions_is_one_failure() -> None:
    """Each mint beyond ten ends the oldest session: SES-04 says so, and what it ended blames no other."""
    minted = re.compile("/v1/tokens(/agent|/path|/workspace-path)?")

    def cap(method: str, path: str, status: int, _body: bytes) -> None:
        if (method, status) == ("POST", 201) and minted.fullmatch(path):
            newest = "SELECT rowid FROM sessions ORDER BY rowid DESC LIMIT 10"
            there.service.store._db.execute(f"UPDATE sessions SET revoked = 1 WHERE rowid NOT IN ({newest})")

    clauses = ("TTL-04", "META-02", "ROT-0[13]", "SES-0[1246]")
    with deployed(cap) as there:
        target = Target(there.url, there.url, Access(api_key=Secret("api key", there.key)))
        (report,) = run_contract(Settings(targets=(target,), clauses=clauses))
    assert {each.clause for each in report.results if each.outcome == "fail"} == {"SES-04"}
    assert {each.blocked_by for each in report.results if each.outcome == "blocked"} == {"SES-04"}
    assert not report.count("error")


@contextlib.contextmanager
def opened(there: Deployment) -> Iterator[TargetSession]:
    """A session of the suite on a deployment."""
    target = Target(there.url, there.url, Access(api_key=Secret("api key", there.key)))
    with contextlib.closing(TargetRun(target, Settings(targets=(target,)))) as run:
        session = run.open()
        assert isinstance(session, TargetSession)
        yield session


def end_all_sessions(there: Deployment) -> None:
    """As a cap on sessions, or a replay elsewhere, does."""
    there.service.store._db.execute("UPDATE sessions SET revoked = 1")


def test_a_session_that_ended_early_blames_who_ended_it() -> None:
    """Whichever clause refreshes it next is blocked; the one after it gets a new session."""
    mint = ENDPOINTS["path"]
    with deployed() as there, opened(there) as session:
        session.token_pairs.generation(mint, 1)
        end_all_sessions(there)
        with pytest.raises(Blocked, match="had ended before its refresh") as raised:
            session.token_pairs.generation(mint, 2)
        assert raised.value.by == ("SES-04", "CLK-01")
        assert session.token_pairs.generation(mint, 2).refresh.lifetime == 86400


def test_a_spare_session_that_ended_early_blames_who_ended_it() -> None:
    """What was kept from an earlier case is not what this case is about."""
    mint = ENDPOINTS["path"]
    with deployed() as there, opened(there) as session:
        pairs = session.token_pairs
        pairs.keep(mint, pairs.fresh(mint))
        end_all_sessions(there)
        with pytest.raises(Blocked):
            pairs.attempt(mint, lambda pair: session.service.refresh(pair.refresh))
        pair, response = pairs.attempt(mint, lambda pair: session.service.refresh(pair.refresh))
        assert response.status == 200
        assert pair.response.status == 201


def test_a_refresh_that_never_works_is_a_failure() -> None:
    """A new session is refused as well: then it is the clause itself that is broken."""

    def refuses(
        method: str, path: str, _status: int, _body: bytes
    ) -> tuple[int, dict[str, str], bytes] | None:
        return (401, {}, b"{}") if path == routes.REFRESH else None

    mint = ENDPOINTS["path"]
    with deployed(refuses) as there, opened(there) as session:
        with pytest.raises(Violation, match="got 401"):
            session.token_pairs.generation(mint, 1)
        _, response = session.token_pairs.attempt(mint, lambda pair: session.service.refresh(pair.refresh))
        assert response.status == 401


def response(status: int) -> Response:
    """A response with nothing but its status."""
    return Response(Request("GET", "/", None, 0.0), status, {}, b"", 0.0)


@pytest.mark.parametrize("status", [401, 500, 503])
def test_a_positive_control_that_fails_names_the_clause_that_is_broken(status: int) -> None:
    """Without such a clause it is an error."""
    with pytest.raises(CouldNotTry, match="positive control failed: the bearer got"):
        positive_control(response(status), what="the bearer")
    with pytest.raises(Blocked, match="positive control failed: the bearer got") as raised:
        positive_control(response(status), what="the bearer", unless="JWKS-08")
    assert raised.value.by == ("JWKS-08",)


@pytest.mark.parametrize("status", [200, 403, 404])
def test_a_positive_control_that_holds_says_nothing(status: int) -> None:
    """A 403 was accepted: the token only lacks a scope."""
    positive_control(response(status), what="the bearer", unless="JWKS-08")


def test_a_token_that_must_still_be_live() -> None:
    """Refused, it blocks the clause that needs it."""
    with pytest.raises(Blocked, match="the bystander should still be live"):
        still_live(response(401), what="the bystander", unless="SES-04")
