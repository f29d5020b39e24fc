"""Tests a server that is not written in Python: its clock is set and its connections watched from outside."""

import contextlib
from collections.abc import Iterator

import pytest

from contract.harness.run import Settings, TargetSession
from contract.harness.run.state import TargetRun
from contract.harness.spec import ENDPOINTS, catalogue
from contract.harness.targets import Target
from tests.support.room import MINIATURE, Room, needs_faketime, needs_node
from tests.support.rows import rows

pytestmark = [needs_node, needs_faketime]


@pytest.mark.proof
def test_the_contract_holds_on_a_server_in_another_language(room: Room, untestable: set[str]) -> None:
    """At each endpoint, over years of its clock, with the key source that it is to ask."""
    chosen = [
        word
        for glob in ("TTL-0[1-48]", "ROT-0[1-4]", "CLK-0[1-3]", "SES-0[12]", "JWKS-0[12]")
        for word in ("--clause", glob)
    ]
    run = room.check(MINIATURE, *chosen)
    assert run.code == 0, run.said
    outcomes = {row["clause"]: row["outcome"] for row in run.target["results"] if row["outcome"] != "pass"}
    assert outcomes == dict.fromkeys(untestable & {"JWKS-02"}, "not_tried")
    years = [row for row in run.target["results"] if row["clause"] == "CLK-03"]
    assert {row["endpoint"] for row in years} == set(ENDPOINTS)


# What the miniature does not keep, and how each of these clauses ends.
NOT_KEPT = {
    "ROT-10": "fail",  # no scope may be broader than a path
    "SEC-05": "fail",  # a mint grants what the identity does not hold
    "REV-01": "fail",  # a revocation by identity does not reach the sessions of paths
    "REV-03": "not_tried",  # it can't suspend an identity
    "REV-07": "fail",  # its state is in memory
    "SEC-10": "not_tried",  # it makes no assertions
    "API-01": "fail",  # the record of a revoked key has no orgId
    "API-02": "fail",  # scopes of another type end in a 500
    "API-03": "error",  # after a restart the run's own key is unknown
}


@pytest.mark.proof
def test_the_whole_contract_is_tested_on_a_server_in_another_language(
    room: Room, untestable: set[str]
) -> None:
    """Every clause that the Node miniature keeps passes at every endpoint, and the others say so."""
    run = room.check(MINIATURE, "--env", "MINIATURE_PATIENCE_MS=2500")
    assert run.code == 1, run.said
    expected = NOT_KEPT | dict.fromkeys(untestable, "not_tried")
    rows = run.target["results"]
    assert {(row["clause"], row["outcome"]) for row in rows if row["outcome"] != "pass"} == set(
        expected.items()
    )
    assert len(rows) == sum(len(each.endpoints) or 1 for each in catalogue().clauses.values())
    assert run.target["abilities"] == ["clock", "key", "env", "orgs"]
    years = [row for row in rows if row["clause"] == "CLK-03"]
    assert {row["endpoint"] for row in years} == set(ENDPOINTS)


# Fault: what is tried, the clauses about that rule, and the chapters in which alone a failure may show.
FAULTS = {
    "no-cap": (["TTL-0[1-4]", "META-*", "ROT-0[1-5]"], {"TTL-02"}, {"TTL", "META"}),
    "forgets-ttl": (["TTL-0[1-4]", "META-*", "ROT-0[1-5]"], {"ROT-01"}, {"ROT"}),
    "never-expires": (["TTL-0[1-4]", "CLK-*"], {"CLK-01", "CLK-04", "CLK-06"}, {"CLK"}),
    "asks-itself": (["JWKS-0[1-3]"], {"JWKS-01", "JWKS-02"}, {"JWKS"}),
}


@pytest.mark.usefixtures("loopback_reserved")
@pytest.mark.parametrize(
    ("fault", "tried", "about", "chapters"),
    rows({name: (name, *row) for name, row in FAULTS.items()}, proof=("forgets-ttl", "never-expires")),
)
def test_a_broken_rule_fails_its_own_clauses(
    room: Room, fault: str, tried: list[str], about: set[str], chapters: set[str]
) -> None:
    """With one rule broken, the clauses about it fail, at each endpoint, and those about others do not."""
    selection = [word for glob in tried for word in ("--clause", glob)]
    run = room.check(MINIATURE, "--env", f"MINIATURE_FAULT={fault}", *selection)
    assert run.code == 1, run.said
    assert about <= run.clauses("fail")
    assert not about & run.clauses("pass"), "somewhere it was not noticed"
    assert {clause.partition("-")[0] for clause in run.clauses("fail")} <= chapters


@pytest.mark.usefixtures("loopback_reserved")
def test_a_refused_bootstrap_leaves_the_key_order_to_be_tried(room: Room) -> None:
    """Where its own bearers are refused nothing can be minted, and the key order is tried all the same."""
    chosen = ("--clause", "TTL-03", "--clause", "JWKS-0[12]")
    run = room.check(MINIATURE, "--env", "MINIATURE_FAULT=asks-itself", *chosen)
    assert run.code == 1, run.said
    assert run.clauses("error") == {"TTL-03"}
    assert run.clauses("fail") == {"JWKS-01", "JWKS-02"}


@pytest.fixture(scope="module")
def opened() -> Iterator[TargetSession]:
    """The miniature, launched and steered by this process."""
    target = Target("miniature", MINIATURE)
    with contextlib.closing(TargetRun(target, Settings(targets=(target,)))) as run:
        session = run.open()
        assert isinstance(session, TargetSession)
        yield session


@pytest.mark.parametrize("ahead", [1, 86400, 5 * 365 * 86400], ids=["a-second", "a-day", "five-years"])
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_iat_is_the_time_that_was_set(opened: TargetSession, endpoint: str, ahead: int) -> None:
    """The very next token after a move of the clock is issued at the second that was set."""
    clock = opened.connection.clock
    clock.set(clock.now() + ahead)
    assert opened.token_pairs.fresh(ENDPOINTS[endpoint]).access.iat == int(clock.now())


def test_a_steered_clock_does_not_go_back(opened: TargetSession) -> None:
    """A step back is refused, as on every other clock."""
    clock = opened.connection.clock
    with pytest.raises(ValueError, match="does not go back"):
        clock.set(clock.now() - 1)
