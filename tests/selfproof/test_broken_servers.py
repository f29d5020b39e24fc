"""Servers whose faults no mutant of the reference shows, each caught by the clause that is about it."""

import itertools
import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from contract.harness.jose import read_token
from contract.harness.spec import DAY, ENDPOINTS
from reference_impl.facts import Endpoint, Grant, Issue, Kind, Session, TokenState
from reference_impl.rules import Rules
from tests.support.deployments import App, Scope
from tests.support.variants import Server
from tests.support.variants.around import REFRESH, Wall, told


class IgnoresTheTtl(Rules):
    """Whatever TTL is requested, a mint gives 24 h."""

    def asked_ttl(self, endpoint: Endpoint, body: Mapping[str, Any]) -> Any:
        return None


@pytest.mark.proof
def test_a_server_that_ignores_the_ttl_fails_and_leaves_nothing_open() -> None:
    """ROT-01 and ROT-02 fail with what was requested, and no clause ends in an error."""
    report = Server(IgnoresTheTtl).check(profile="core")
    assert [(each.clause, each.why) for each in report.results if each.outcome == "error"] == []
    failed = {each.clause for each in report.results if each.outcome == "fail"}
    assert {"TTL-01", "TTL-02", "META-01", "ROT-01", "ROT-02", "ROT-09", "CLK-03"} == failed
    (why, *_) = [each.why for each in report.results if each.clause == "ROT-02"]
    assert "requested 7776000 s at mint" in why
    assert "exp - iat after rotation was 86400 s" in why
    blocked = {each.clause: each.blocked_by for each in report.results if each.outcome == "blocked"}
    assert blocked == {"CLK-08": "TTL-01"}


class RefreshesAssertions(Wall):
    """Answers an assertion at refresh with the pair that was minted last."""

    def __init__(self, app: App) -> None:
        super().__init__(app)
        self._pair = b""

    def refusal(self, scope: Scope, body: bytes) -> tuple[int, dict[str, str], bytes] | None:
        if scope["path"] != REFRESH or not self._is_assertion(body):
            return None
        return 200, {"content-type": "application/json"}, self._pair

    def changed(
        self, scope: Scope, status: int, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        if b'"refreshToken"' in body:
            self._pair = body
        return status, headers, body

    @staticmethod
    def _is_assertion(body: bytes) -> bool:
        try:
            return bool(read_token(json.loads(body)["refreshToken"]).claims["aud"] == ["relayhistory"])
        except (ValueError, KeyError, TypeError):
            return False


def test_an_assertion_that_can_be_refreshed_is_a_failure() -> None:
    """The reference refuses it for three reasons, so no mutant with one changed rule shows this fault."""
    (result,) = Server(around=RefreshesAssertions).check("SEC-10").results
    assert result.outcome == "fail"
    assert "presented an assertion for a refresh" in result.why


class LimitOfTwoHundred(Rules):
    """A subject has at most 200 sessions: every 20th mint ends the oldest ones."""

    def __init__(self) -> None:
        super().__init__()
        self._mints = itertools.count(1)

    def session_limit(self, grant: Grant) -> int | None:
        return 200 if next(self._mints) % 20 == 0 else None


@pytest.mark.proof
def test_a_limit_of_two_hundred_sessions_is_a_failure_at_each_endpoint() -> None:
    """The proof of the mutants mints few sessions; a run in process mints 250 at each endpoint."""
    report = Server(LimitOfTwoHundred).check("SES-04", cases=("ends_no_other_session",))
    whys = {each.endpoint: each.why for each in report.results if each.outcome == "fail"}
    assert set(whys) == set(ENDPOINTS)
    for why in whys.values():
        assert why.startswith("minted 250 more sessions for the same subject")


class RemembersFiftyRevocations(Rules):
    """A session that was revoked is good again when fifty others were revoked after it."""

    def __init__(self) -> None:
        super().__init__()
        self._revoked: list[str] = []

    def revoking_session_ends(self, session: Session, now: float) -> bool:
        self._revoked.append(session.id)
        return super().revoking_session_ends(session, now)

    def redeemable(self, state: TokenState, now: float) -> bool:
        forgotten = state.session in self._revoked[:-50]
        return super().redeemable(replace(state, session_revoked=False) if forgotten else state, now)


@pytest.mark.proof
def test_a_revocation_that_fifty_others_undo_is_a_failure() -> None:
    """No rule of the reference knows of other revocations, so no mutant shows this fault."""
    (result,) = [
        each for each in Server(RemembersFiftyRevocations).check("REV-01").results if each.outcome == "fail"
    ]
    assert (result.clause, result.endpoint) == ("REV-01", "identity")
    assert "and 60 others after it" in result.why


class AnnouncesTheYearOfTheWeek(Rules):
    """Writes dates with the year of their ISO week."""

    def announced(self, kind: Kind, issue: Issue, now: float) -> float:
        moment = datetime.fromtimestamp(issue.exp(kind), UTC)
        return moment.replace(year=moment.isocalendar().year).timestamp()


class AnnouncesHalfDays(Rules):
    """Writes the hour of a clock of twelve hours."""

    def announced(self, kind: Kind, issue: Issue, now: float) -> float:
        moment = datetime.fromtimestamp(issue.exp(kind), UTC)
        return moment.replace(hour=(moment.hour - 1) % 12 + 1).timestamp()


@pytest.mark.proof
@pytest.mark.parametrize(
    ("rules", "sure"), [(AnnouncesTheYearOfTheWeek, "CLK-03"), (AnnouncesHalfDays, "TTL-04")]
)
def test_a_date_that_is_wrong_now_and_then_is_a_failure(rules: type[Rules], sure: str) -> None:
    """One clause sees it on any day and at any hour; on some the other one does as well."""
    report = Server(rules).check("TTL-04", "CLK-03")
    failed = {each.clause for each in report.results if each.outcome == "fail"}
    assert sure in failed
    assert {each.outcome for each in report.results} <= {"pass", "fail"}


class MintsSweepIdleSessions(Wall):
    """A mint deletes the sessions that were not refreshed for 24 h: their refresh tokens get 401."""

    def __init__(self, app: App) -> None:
        super().__init__(app)
        self._swept = 0.0

    def refusal(self, scope: Scope, body: bytes) -> tuple[int, dict[str, str], bytes] | None:
        if scope["path"] in {each.path for each in ENDPOINTS.values()}:
            self._swept = time.time()
        if scope["path"] != REFRESH:
            return None
        try:
            issued = read_token(json.loads(body)["refreshToken"]).claims["iat"]
        except (ValueError, KeyError, TypeError):
            return None
        if self._swept - issued <= DAY:
            return None
        return 401, {"content-type": "application/json"}, b'{"error": "invalid_token"}'


def test_a_mint_that_sweeps_idle_sessions_is_a_failure() -> None:
    """A session of 90 days that nobody refreshed for a day lives on, whatever else is minted."""
    report = Server(around=MintsSweepIdleSessions).check("CLK-01")
    assert {each.outcome for each in report.results} == {"fail"}


class CachesIntrospections(Rules):
    """What a token's fourth introspection says is said for ever."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: Counter[str] = Counter()

    def is_shown(self, state: TokenState | None, now: float) -> bool:
        if state is None:
            return False
        self._shown[state.id] += super().is_shown(state, now)
        return self._shown[state.id] >= 4 or super().is_shown(state, now)


class CachesKeysInUse(Wall):
    """A credential that was accepted five times is accepted for ever."""

    def __init__(self, app: App) -> None:
        super().__init__(app)
        self._accepted: Counter[bytes] = Counter()

    def changed(
        self, scope: Scope, status: int, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        key = dict(scope["headers"]).get(b"x-api-key", b"")
        self._accepted[key] += status != 401
        if status == 401 and self._accepted[key] >= 5:
            return told(404, {"error": "identity_not_found", "code": "identity_not_found"})
        return status, headers, body


@pytest.mark.proof
@pytest.mark.parametrize(
    ("server", "sure"),
    [(Server(CachesIntrospections), "REV-01"), (Server(around=CachesKeysInUse), "REV-02")],
    ids=["introspections", "keys"],
)
def test_a_cache_of_what_is_used_often_is_a_failure(server: Server, sure: str) -> None:
    """Only what is used a few times before it is revoked shows it."""
    whys = [each.why for each in server.check(sure).results if each.outcome == "fail"]
    assert any("in use" in why or "8 times" in why for why in whys)
